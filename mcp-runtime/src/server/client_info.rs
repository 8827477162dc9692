//! What a client says of itself.

use mcp_schema::shared::Implementation;
use mcp_schema::v2026_07_28::{
    ClientCapabilities, ClientCapabilitiesElicitation, ClientCapabilitiesSampling,
};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::definition::ClientFeature;
use crate::protocol::legacy;
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

    /// Whether it answers such a request as a task of its own, when it is asked to: [`Context::ask_as_task`]. A part of
    /// revision 2025-11-25 alone (X93).
    ///
    /// [`Context::ask_as_task`]: crate::Context::ask_as_task
    pub fn hosts_tasks(&self, feature: ClientFeature) -> bool {
        let method = match feature {
            ClientFeature::Elicitation | ClientFeature::ElicitationUrl => "elicitation/create",
            ClientFeature::Sampling | ClientFeature::SamplingTools => "sampling/createMessage",
            ClientFeature::Roots => return false,
        };
        self.supports(feature) && self.hosts(method)
    }

    /// Whether it declared that it answers requests of this method as tasks (L4 to L6).
    pub(crate) fn hosts(&self, method: &str) -> bool {
        let declared = self.capabilities.extra.get("tasks");
        self.revision == Revision::V2025_11_25
            && declared.is_some_and(|tasks| legacy::hosted::is_hosted(tasks, method))
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
