//! What a handler makes of a call, in words that no revision knows.

use mcp_schema::JsonObject;
use mcp_schema::v2026_07_28::{
    CacheScope, ContentBlock, PromptMessage, TextOrBlobResourceContents,
};
use serde_json::value::RawValue;

use crate::error::RpcError;
use crate::journal::Json;

/// What a handler returns to the server. Made from the function's return value by the traits of
/// [`output`](crate::IntoToolOutput).
pub struct Outcome(pub(crate) Answer);

pub(crate) enum Answer {
    Tool(ToolOutput),
    Prompt(PromptOutput),
    Resource(ResourceOutput),
    /// What a client answers its server, taken as it is.
    #[cfg_attr(not(feature = "client"), allow(dead_code, reason = "made by clients only"))]
    Client(Json),
    Error(RpcError),
}

impl Answer {
    /// What is wrong, if something is.
    pub fn problem(&self) -> Option<String> {
        match self {
            Self::Error(error) => Some(error.message.clone()),
            Self::Tool(output) if output.is_error => Some(output.first_text().to_owned()),
            _ => None,
        }
    }
}

impl Outcome {
    /// The call is refused.
    pub fn error(error: RpcError) -> Self {
        Self(Answer::Error(error))
    }

    /// The tool ran into trouble: `isError`, with the reason for the model to read.
    pub fn failed(reason: impl Into<String>) -> Self {
        Self(Answer::Tool(ToolOutput::failed(reason)))
    }
}

/// The result of a tool.
///
/// Most tools return something simpler: a `String`, [`Json`](crate::Json), content blocks. This is for those that need all
/// of it.
///
/// ```
/// use mcp_runtime::ToolOutput;
///
/// let output = ToolOutput::text("2 hits").with_structured(serde_json::json!({"hits": 2}));
/// ```
#[derive(Clone, Debug, Default)]
pub struct ToolOutput {
    /// For the model to read, in order.
    pub content: Vec<ContentBlock>,
    /// For programs; it must conform to the tool's output schema where there is one.
    pub structured: Option<Box<RawValue>>,
    /// Whether the tool ran into trouble.
    pub is_error: bool,
    /// Metadata of your own.
    pub meta: Option<JsonObject>,
}

impl ToolOutput {
    /// Its first block, if that is text.
    pub(crate) fn first_text(&self) -> &str {
        match self.content.first() {
            Some(ContentBlock::Text(text)) => &text.text,
            _ => "",
        }
    }

    /// Text.
    pub fn text(text: impl Into<String>) -> Self {
        Self { content: vec![crate::content::text(text)], ..Self::default() }
    }

    /// A failure, with the reason for the model to read.
    pub fn failed(reason: impl Into<String>) -> Self {
        Self { is_error: true, ..Self::text(reason) }
    }

    /// Adds structured output.
    ///
    /// # Panics
    ///
    /// Never: a value that JSON cannot say (a map whose keys are no strings) turns the output into a failure.
    #[must_use]
    pub fn with_structured(mut self, value: impl serde::Serialize) -> Self {
        match serde_json::value::to_raw_value(&value) {
            Ok(raw) => self.structured = Some(raw),
            Err(error) => {
                return Self::failed(format!("the result cannot be written as JSON: {error}"));
            }
        }
        self
    }

    /// Adds a content block.
    #[must_use]
    pub fn with(mut self, block: impl Into<ContentBlock>) -> Self {
        self.content.push(block.into());
        self
    }

    /// Sets metadata.
    #[must_use]
    pub fn with_meta(mut self, meta: JsonObject) -> Self {
        self.meta = Some(meta);
        self
    }
}

/// The result of a prompt.
#[derive(Clone, Debug, Default)]
pub struct PromptOutput {
    /// The messages, in order.
    pub messages: Vec<PromptMessage>,
    /// What they are good for; the prompt's own description where it is absent.
    pub description: Option<String>,
    /// Metadata of your own.
    pub meta: Option<JsonObject>,
}

/// The result of reading a resource.
#[derive(Clone, Debug, Default)]
pub struct ResourceOutput {
    /// The contents, at least one.
    pub contents: Vec<TextOrBlobResourceContents>,
    /// How long clients may keep it, and who; the server's default where it is absent.
    pub cache: Option<Cache>,
    /// Metadata of your own.
    pub meta: Option<JsonObject>,
}

/// How long a result may be kept by clients, and whether it is the same for everybody (2026-07-28, Caching).
#[derive(Clone, Debug, PartialEq)]
pub struct Cache {
    /// How long; written in milliseconds.
    pub ttl: std::time::Duration,
    /// For whom.
    pub scope: CacheScope,
}
