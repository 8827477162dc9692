//! What a tool returned, with short ways to it.

use mcp_schema::Value;
use mcp_schema::v2026_07_28::{CallToolResult, ContentBlock, ResultMetaObject};
use serde::de::DeserializeOwned;

use super::error::ClientError;

/// What a tool returned.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ToolResult {
    /// For the model to read, in order.
    pub content: Vec<ContentBlock>,
    /// For programs; legacy servers have objects only.
    pub structured: Option<Value>,
    /// Whether the tool says that it failed.
    pub is_error: bool,
    /// Metadata, the server's name among it.
    pub meta: Option<ResultMetaObject>,
}

impl From<CallToolResult> for ToolResult {
    fn from(result: CallToolResult) -> Self {
        Self {
            content: result.content,
            structured: result.structured_content,
            is_error: result.is_error.unwrap_or(false),
            meta: result.meta,
        }
    }
}

impl ToolResult {
    /// All text, block by block on lines of its own; other content is passed over.
    pub fn text(&self) -> String {
        let texts: Vec<&str> = self
            .content
            .iter()
            .filter_map(|block| match block {
                ContentBlock::Text(text) => Some(text.text.as_str()),
                _ => None,
            })
            .collect();
        texts.join("\n")
    }

    /// The structured output as a `T`; where there is none, its text read as JSON.
    ///
    /// # Errors
    ///
    /// [`ClientError::Tool`] if the tool failed, [`ClientError::Invalid`] if it returned something else.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, ClientError> {
        let read = match &self.structured {
            _ if self.is_error => return Err(ClientError::Tool(self.text())),
            Some(value) => T::deserialize(value),
            None => serde_json::from_str(&self.text()),
        };
        read.map_err(|error| ClientError::invalid("tools/call", error))
    }

    /// The result, if the tool did not fail.
    ///
    /// # Errors
    ///
    /// [`ClientError::Tool`] with its text if it did.
    pub fn success(self) -> Result<Self, ClientError> {
        if self.is_error { Err(ClientError::Tool(self.text())) } else { Ok(self) }
    }
}
