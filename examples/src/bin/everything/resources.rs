//! Resources: fixed ones, one to watch, and a template.

use mcp_runtime::{Json, mcp_resource};
use serde_json::{Value, json};

use crate::content::PNG;

/// A text that never changes.
#[mcp_resource("test://static-text", mime_type = "text/plain")]
pub async fn static_text() -> &'static str {
    "This is the content of the static text resource."
}

/// A picture that never changes.
#[mcp_resource("test://static-binary", mime_type = "image/png")]
pub async fn static_binary() -> Vec<u8> {
    PNG.to_vec()
}

/// A resource to subscribe to.
#[mcp_resource("test://watched-resource", mime_type = "text/plain")]
pub async fn watched_resource() -> &'static str {
    "Watch me."
}

/// Whatever has an id.
#[mcp_resource("test://template/{id}/data", mime_type = "application/json")]
pub async fn template(
    /// Any text.
    id: String,
) -> Json<Value> {
    Json(json!({ "id": id, "data": format!("Data for ID: {id}") }))
}
