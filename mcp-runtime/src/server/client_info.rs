//! What a client says of itself.

use mcp_schema::shared::Implementation;
use mcp_schema::v2026_07_28::{
    ClientCapabilities, ClientCapabilitiesElicitation, ClientCapabilitiesSampling,
};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::definition::ClientFeature;
use crate::protocol::revision::Revision;

/// Name and abilities of the client, from `initialize` or from the request itself.
#[derive(Clone, Debug)]
pub struct ClientInfo {
    pub(crate) implementation: Option<Implementation>,
    pub(crate) capabilities: ClientCapabilities,
    revision: Revision,
}

impl ClientInfo {
    /// Reads what a request or `initialize` carries. Capabilities that nobody can read count as none.
    pub(crate) fn read(
        revision: Revision,
        implementation: Option<&RawValue>,
        capabilities: Option<&RawValue>,
    ) -> Self {
        Self {
            implementation: implementation.and_then(|raw| serde_json::from_str(raw.get()).ok()),
            capabilities: capabilities
                .and_then(|raw| serde_json::from_str(raw.get()).ok())
                .unwrap_or_default(),
            revision,
        }
    }

    /// The program, by its own account: for display and logs, never for decisions.
    pub fn implementation(&self) -> Option<&Implementation> {
        self.implementation.as_ref()
    }

    /// What it declared.
    pub fn capabilities(&self) -> &ClientCapabilities {
        &self.capabilities
    }

    /// Whether it declared this, in words that its revision has.
    pub fn supports(&self, feature: ClientFeature) -> bool {
        let elicitation = self.capabilities.elicitation.as_ref();
        match feature {
            // An empty object means forms, and nothing else (2025-11-25, Elicitation, Capabilities).
            ClientFeature::Elicitation => {
                self.revision >= Revision::V2025_06_18
                    && elicitation.is_some_and(|modes| modes.form.is_some() || modes.url.is_none())
            }
            ClientFeature::ElicitationUrl => {
                self.revision >= Revision::V2025_11_25
                    && elicitation.is_some_and(|modes| modes.url.is_some())
            }
            ClientFeature::Sampling => self.capabilities.sampling.is_some(),
            ClientFeature::SamplingTools => {
                self.revision >= Revision::V2025_11_25
                    && self.capabilities.sampling.as_ref().is_some_and(|all| all.tools.is_some())
            }
            ClientFeature::Roots => self.capabilities.roots.is_some(),
        }
    }

    /// Whether it declared this extension.
    pub fn supports_extension(&self, identifier: &str) -> bool {
        self.capabilities.extensions.as_ref().is_some_and(|all| all.contains_key(identifier))
    }
}

impl ClientFeature {
    /// The capability that stands for it, as `data.requiredCapabilities` lists it (2026-07-28).
    pub(crate) fn as_capability(self) -> Value {
        let mut capabilities = ClientCapabilities::new();
        let yes = || Some(mcp_schema::JsonObject::new());
        match self {
            Self::Elicitation => {
                capabilities.elicitation = Some(ClientCapabilitiesElicitation::new())
            }
            Self::ElicitationUrl => {
                let mut modes = ClientCapabilitiesElicitation::new();
                modes.url = yes();
                capabilities.elicitation = Some(modes);
            }
            Self::Sampling => capabilities.sampling = Some(ClientCapabilitiesSampling::new()),
            Self::SamplingTools => {
                let mut abilities = ClientCapabilitiesSampling::new();
                abilities.tools = yes();
                capabilities.sampling = Some(abilities);
            }
            Self::Roots => capabilities.roots = yes(),
        }
        serde_json::to_value(capabilities).unwrap_or_else(|_| json!({}))
    }

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Elicitation => "elicitation",
            Self::ElicitationUrl => "elicitation.url",
            Self::Sampling => "sampling",
            Self::SamplingTools => "sampling.tools",
            Self::Roots => "roots",
        }
    }
}
