//! Requests that are made once more, because their failure says how they would succeed, or that nobody knows whether they did.

use mcp_schema::JsonObject;

use super::error::ClientError;
use super::lifecycle::{chosen, supported};
use super::methods::Client;
use crate::error::code;

impl Client {
    /// Whether a request that has failed is to be made once more.
    pub(super) async fn once_more(
        &self,
        method: &str,
        params: &JsonObject,
        error: &ClientError,
    ) -> bool {
        match error {
            ClientError::Interrupted { .. } => self.is_harmless(method, params),
            ClientError::Rpc { error, .. }
                if self.is_modern() && error.code == code::UNSUPPORTED_PROTOCOL_VERSION =>
            {
                let found = chosen(&supported(error), self.revision());
                let found = found.filter(|revision| revision.is_modern());
                if let Some(revision) = found {
                    self.speak(revision);
                }
                found.is_some()
            }
            error => self.defined_anew(method, error).await,
        }
    }

    /// Whether twice is no worse than once: what asks, and tools that say so of themselves (P19). A stream of changes is its owner's
    /// to open again, since what changed meanwhile is not told.
    fn is_harmless(&self, method: &str, params: &JsonObject) -> bool {
        match method {
            "tools/call" => {
                let name = params.get("name").and_then(|name| name.as_str()).unwrap_or_default();
                let known = self.definitions().tool(name);
                known.and_then(|known| known.tool.annotations.clone()).is_some_and(|hints| {
                    hints.read_only_hint == Some(true) || hints.idempotent_hint == Some(true)
                })
            }
            "subscriptions/listen" => false,
            "ping"
            | "server/discover"
            | "completion/complete"
            | "prompts/get"
            | "resources/read"
            | "tasks/get"
            | "tasks/list"
            | "tasks/result" => true,
            method => method.ends_with("/list"),
        }
    }
}
