//! Return values: what a handler may return, and what becomes of it.

use std::any::Any;
use std::fmt::Display;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mcp_schema::v2026_07_28::{
    AudioContent, BlobResourceContents, CallToolResult, ContentBlock, EmbeddedResource,
    ImageContent, PromptMessage, ResourceLink, Role, TextContent, TextOrBlobResourceContents,
    TextResourceContents,
};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde_json::value::RawValue;

use super::call::Call;
use super::definition::SchemaOf;
use super::outcome::{Answer, Outcome, PromptOutput, ResourceOutput, ToolOutput};
use crate::content;
use crate::error::RpcError;

/// What a tool returns: text, content, [`Json`], [`ToolOutput`], or a `Result` of these.
#[diagnostic::on_unimplemented(
    message = "a tool cannot return `{Self}`",
    label = "`{Self}` is no result of a tool",
    note = "return text (`String`), content (`Vec<ContentBlock>`), `Json<T>` for structured output and numbers, `ToolOutput` for all of it, `()` for nothing, or a `Result` of one of these"
)]
pub trait IntoToolOutput {
    /// How the schema of its structured output is made, if it has any.
    #[doc(hidden)]
    fn output_schema() -> Option<SchemaOf> {
        None
    }
    /// The outcome.
    #[doc(hidden)]
    fn into_tool_output(self) -> Result<ToolOutput, RpcError>;
}

/// An error with which a tool may fail: anything with `Display`.
///
/// It becomes a result with `isError`, so that the model can read it and do better. Only an [`RpcError`] refuses the call.
#[diagnostic::on_unimplemented(
    message = "a tool cannot fail with `{Self}`",
    label = "`{Self}` has no text that the model could read",
    note = "implement `std::fmt::Display` for it (`#[derive(thiserror::Error)]` does), or map it: `.map_err(|error| format!(\"{{error:?}}\"))`",
    note = "`Box<dyn Error>` may not change threads, which a call may: fail with `mcp_runtime::BoxError`, that is `Box<dyn Error + Send + Sync>`"
)]
pub trait ToolFailure: Send + 'static {
    /// The failure as the client gets it.
    #[doc(hidden)]
    fn into_failure(self) -> Result<ToolOutput, RpcError>;
}

#[diagnostic::do_not_recommend]
impl<E: Display + Send + 'static> ToolFailure for E {
    fn into_failure(self) -> Result<ToolOutput, RpcError> {
        match (&self as &dyn Any).downcast_ref::<RpcError>() {
            Some(error) => Err(error.clone()),
            // The alternate form is where error types with causes put the whole chain.
            None => Ok(ToolOutput::failed(format!("{self:#}"))),
        }
    }
}

impl<R: IntoToolOutput, E: ToolFailure> IntoToolOutput for Result<R, E> {
    fn output_schema() -> Option<SchemaOf> {
        R::output_schema()
    }

    fn into_tool_output(self) -> Result<ToolOutput, RpcError> {
        match self {
            Ok(value) => value.into_tool_output(),
            Err(error) => error.into_failure(),
        }
    }
}

/// Structured output: `T` as `structuredContent`, with its schema as the tool's `outputSchema`, and the same JSON as text for
/// clients that know nothing else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Json<T>(pub T);

impl<T: OutputJson + OutputSchema> IntoToolOutput for Json<T> {
    fn output_schema() -> Option<SchemaOf> {
        Some(T::schema)
    }

    fn into_tool_output(self) -> Result<ToolOutput, RpcError> {
        structured(self.0.to_raw_value())
    }
}

/// What [`Json`] can hold for a tool, one half: anything with `serde::Serialize`. The other is [`OutputSchema`]; they are two
/// so that the compiler says which is missing.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the structured output of a tool: it has no JSON",
    label = "`serde::Serialize` is missing for `{Self}`",
    note = "derive `serde::Serialize` for it"
)]
pub trait OutputJson {
    /// Its JSON.
    #[doc(hidden)]
    fn to_raw_value(&self) -> Result<Box<RawValue>, serde_json::Error>;
}

#[diagnostic::do_not_recommend]
impl<T: Serialize> OutputJson for T {
    fn to_raw_value(&self) -> Result<Box<RawValue>, serde_json::Error> {
        serde_json::value::to_raw_value(self)
    }
}

/// What [`Json`] can hold for a tool, the other half: anything with `schemars::JsonSchema`. See [`OutputJson`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the structured output of a tool: it has no schema",
    label = "`schemars::JsonSchema` is missing for `{Self}`",
    note = "derive `schemars::JsonSchema` for it"
)]
pub trait OutputSchema {
    /// Its schema.
    #[doc(hidden)]
    fn schema(generator: &mut SchemaGenerator) -> Schema;
}

#[diagnostic::do_not_recommend]
impl<T: JsonSchema> OutputSchema for T {
    fn schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

fn structured(raw: Result<Box<RawValue>, serde_json::Error>) -> Result<ToolOutput, RpcError> {
    let raw = raw.map_err(|error| {
        RpcError::internal(format!("the tool's result cannot be written as JSON: {error}"))
    })?;
    Ok(ToolOutput {
        structured: Some(raw.clone()),
        ..ToolOutput::text(String::from(Box::<str>::from(raw)))
    })
}

impl IntoToolOutput for ToolOutput {
    fn into_tool_output(self) -> Result<ToolOutput, RpcError> {
        Ok(self)
    }
}

impl IntoToolOutput for CallToolResult {
    fn into_tool_output(self) -> Result<ToolOutput, RpcError> {
        let structured =
            self.structured_content.map(|value| serde_json::value::to_raw_value(&value));
        let meta = self.meta.as_ref().and_then(|meta| match serde_json::to_value(meta) {
            Ok(serde_json::Value::Object(meta)) => Some(meta),
            _ => None,
        });
        Ok(ToolOutput {
            content: self.content,
            structured: structured
                .transpose()
                .map_err(|error| RpcError::internal(error.to_string()))?,
            is_error: self.is_error.unwrap_or(false),
            meta,
        })
    }
}

impl IntoToolOutput for String {
    fn into_tool_output(self) -> Result<ToolOutput, RpcError> {
        Ok(ToolOutput::text(self))
    }
}

impl IntoToolOutput for &'static str {
    fn into_tool_output(self) -> Result<ToolOutput, RpcError> {
        Ok(ToolOutput::text(self))
    }
}

impl IntoToolOutput for () {
    fn into_tool_output(self) -> Result<ToolOutput, RpcError> {
        Ok(ToolOutput::default())
    }
}

impl<B: Into<ContentBlock>> IntoToolOutput for Vec<B> {
    fn into_tool_output(self) -> Result<ToolOutput, RpcError> {
        Ok(ToolOutput {
            content: self.into_iter().map(Into::into).collect(),
            ..ToolOutput::default()
        })
    }
}

impl<B: Into<ContentBlock>, const N: usize> IntoToolOutput for [B; N] {
    fn into_tool_output(self) -> Result<ToolOutput, RpcError> {
        Ok(ToolOutput {
            content: self.into_iter().map(Into::into).collect(),
            ..ToolOutput::default()
        })
    }
}

macro_rules! blocks {
    ($($block:ty),*) => {
        $(impl IntoToolOutput for $block {
            fn into_tool_output(self) -> Result<ToolOutput, RpcError> {
                Ok(ToolOutput { content: vec![self.into()], ..ToolOutput::default() })
            }
        })*
    };
}
blocks!(ContentBlock, TextContent, ImageContent, AudioContent, EmbeddedResource, ResourceLink);

/// What a prompt returns: text, messages, [`PromptOutput`], or a `Result` of these.
#[diagnostic::on_unimplemented(
    message = "a prompt cannot return `{Self}`",
    label = "`{Self}` is no result of a prompt",
    note = "return `String` for one message of the user, `Vec<PromptMessage>`, `PromptOutput`, or a `Result` of one of these"
)]
pub trait IntoPrompt {
    /// The outcome.
    #[doc(hidden)]
    fn into_prompt(self) -> Result<PromptOutput, RpcError>;
}

impl<R: IntoPrompt, E: ToolFailure> IntoPrompt for Result<R, E> {
    fn into_prompt(self) -> Result<PromptOutput, RpcError> {
        self.map_err(refusal)?.into_prompt()
    }
}

/// Prompts and resources have no `isError`: their errors are errors of the protocol.
fn refusal(error: impl ToolFailure) -> RpcError {
    match error.into_failure() {
        Err(error) => error,
        Ok(output) => {
            RpcError::internal(output.content.into_iter().fold(String::new(), |all, block| {
                match block {
                    ContentBlock::Text(text) => all + &text.text,
                    _ => all,
                }
            }))
        }
    }
}

impl IntoPrompt for PromptOutput {
    fn into_prompt(self) -> Result<PromptOutput, RpcError> {
        Ok(self)
    }
}

impl IntoPrompt for Vec<PromptMessage> {
    fn into_prompt(self) -> Result<PromptOutput, RpcError> {
        Ok(PromptOutput { messages: self, ..PromptOutput::default() })
    }
}

impl<const N: usize> IntoPrompt for [PromptMessage; N] {
    fn into_prompt(self) -> Result<PromptOutput, RpcError> {
        Vec::from(self).into_prompt()
    }
}

impl IntoPrompt for PromptMessage {
    fn into_prompt(self) -> Result<PromptOutput, RpcError> {
        vec![self].into_prompt()
    }
}

impl IntoPrompt for String {
    fn into_prompt(self) -> Result<PromptOutput, RpcError> {
        PromptMessage::new(Role::User, content::text(self)).into_prompt()
    }
}

impl IntoPrompt for &'static str {
    fn into_prompt(self) -> Result<PromptOutput, RpcError> {
        self.to_owned().into_prompt()
    }
}

/// What a resource returns: text, bytes, [`Json`], contents, [`ResourceOutput`], or a `Result` of these.
#[diagnostic::on_unimplemented(
    message = "a resource cannot return `{Self}`",
    label = "`{Self}` is no content of a resource",
    note = "return `String` for text, `Vec<u8>` for bytes, `Json<T>`, contents made with `content::text_resource`, `ResourceOutput`, or a `Result` of one of these"
)]
pub trait IntoResource {
    /// The outcome of reading `uri`; `mime_type` is what the definition says.
    #[doc(hidden)]
    fn into_resource(self, uri: &str, mime_type: Option<&str>) -> Result<ResourceOutput, RpcError>;
}

impl<R: IntoResource, E: ToolFailure> IntoResource for Result<R, E> {
    fn into_resource(self, uri: &str, mime_type: Option<&str>) -> Result<ResourceOutput, RpcError> {
        self.map_err(refusal)?.into_resource(uri, mime_type)
    }
}

/// Nothing there: the resource does not exist.
impl<R: IntoResource> IntoResource for Option<R> {
    fn into_resource(self, uri: &str, mime_type: Option<&str>) -> Result<ResourceOutput, RpcError> {
        match self {
            Some(contents) => contents.into_resource(uri, mime_type),
            None => {
                Err(RpcError::new(crate::error::code::RESOURCE_NOT_FOUND, "resource not found")
                    .with_data(serde_json::json!({ "uri": uri })))
            }
        }
    }
}

impl IntoResource for ResourceOutput {
    fn into_resource(self, _: &str, _: Option<&str>) -> Result<ResourceOutput, RpcError> {
        Ok(self)
    }
}

impl IntoResource for Vec<TextOrBlobResourceContents> {
    fn into_resource(self, _: &str, _: Option<&str>) -> Result<ResourceOutput, RpcError> {
        Ok(ResourceOutput { contents: self, ..ResourceOutput::default() })
    }
}

impl IntoResource for TextOrBlobResourceContents {
    fn into_resource(self, uri: &str, mime_type: Option<&str>) -> Result<ResourceOutput, RpcError> {
        vec![self].into_resource(uri, mime_type)
    }
}

impl IntoResource for String {
    fn into_resource(self, uri: &str, mime_type: Option<&str>) -> Result<ResourceOutput, RpcError> {
        let mut text = TextResourceContents::new(uri, self);
        text.mime_type = Some(mime_type.unwrap_or("text/plain").to_owned());
        TextOrBlobResourceContents::from(text).into_resource(uri, mime_type)
    }
}

impl IntoResource for &'static str {
    fn into_resource(self, uri: &str, mime_type: Option<&str>) -> Result<ResourceOutput, RpcError> {
        self.to_owned().into_resource(uri, mime_type)
    }
}

impl IntoResource for Vec<u8> {
    fn into_resource(self, uri: &str, mime_type: Option<&str>) -> Result<ResourceOutput, RpcError> {
        let mut blob = BlobResourceContents::new(uri, STANDARD.encode(self));
        blob.mime_type = Some(mime_type.unwrap_or("application/octet-stream").to_owned());
        TextOrBlobResourceContents::from(blob).into_resource(uri, mime_type)
    }
}

impl<T: Serialize> IntoResource for Json<T> {
    fn into_resource(self, uri: &str, mime_type: Option<&str>) -> Result<ResourceOutput, RpcError> {
        let text = serde_json::to_string(&self.0).map_err(|error| {
            RpcError::internal(format!("the resource cannot be written as JSON: {error}"))
        })?;
        text.into_resource(uri, Some(mime_type.unwrap_or("application/json")))
    }
}

/// The outcome of a tool's return value.
pub fn tool_outcome<R: IntoToolOutput>(value: R) -> Outcome {
    Outcome(value.into_tool_output().map_or_else(Answer::Error, Answer::Tool))
}

/// The outcome of a prompt's return value.
pub fn prompt_outcome<R: IntoPrompt>(value: R) -> Outcome {
    Outcome(value.into_prompt().map_or_else(Answer::Error, Answer::Prompt))
}

/// The outcome of a resource's return value.
pub fn resource_outcome<R: IntoResource>(call: &Call, value: R) -> Outcome {
    let (uri, mime_type) = call.resource();
    Outcome(value.into_resource(uri, mime_type).map_or_else(Answer::Error, Answer::Resource))
}
