//! What a client remembers of its server.

use mcp_schema::Value;
use mcp_schema::v2026_07_28::SubscriptionFilter;
use serde_json::json;

use super::cache::Cache;
use super::definitions::Definitions;

/// What a client remembers of its server, as far as it may change.
#[derive(Default)]
pub(super) struct Memory {
    pub cache: Cache,
    pub definitions: Definitions,
}

impl Memory {
    /// What a stream of changes is about may have changed unheard.
    pub fn missed(&self, about: &SubscriptionFilter) {
        let lists = [
            (about.tools_list_changed, "notifications/tools/list_changed"),
            (about.prompts_list_changed, "notifications/prompts/list_changed"),
            (about.resources_list_changed, "notifications/resources/list_changed"),
        ];
        for (_, method) in lists.into_iter().filter(|(wanted, _)| *wanted == Some(true)) {
            self.hear(method, &Value::Null);
        }
        for uri in about.resource_subscriptions.iter().flatten() {
            self.hear("notifications/resources/updated", &json!({ "uri": uri }));
        }
    }

    /// A notification, wherever it was heard.
    pub fn hear(&self, method: &str, params: &Value) {
        self.cache.hear(method, params);
        if method == "notifications/tools/list_changed" {
            self.definitions.forget();
        }
    }
}
