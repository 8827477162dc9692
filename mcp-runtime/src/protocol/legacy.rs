//! The wire of revisions that begin with `initialize` (2024-11-05 to 2025-11-25).

use mcp_schema::shared::Implementation;
use mcp_schema::v2026_07_28::{ContentBlock, PromptMessage, ServerCapabilities};
use mcp_schema::{JsonObject, Value};
use serde_json::json;
use serde_json::value::RawValue;

use super::envelope;
use super::modern;
use super::revision::Revision;
use super::write::Writer;
use crate::error::{RpcError, code};
use crate::server::client_info::ClientInfo;
use crate::server::definition::{TaskSupport, ToolDefinition};
use crate::server::outcome::Answer;

pub(crate) mod hosted;
pub(crate) mod tasks;

/// The longest `clientInfo` and `capabilities`, together and in bytes of JSON: a session keeps them as long as it lives.
const MAX_CLIENT: usize = 64 << 10;

/// What `initialize` asks for, and who asks.
pub(crate) struct Initialize {
    pub revision: Revision,
    pub client: ClientInfo,
}

impl Initialize {
    pub fn read(params: Option<&RawValue>) -> Result<Self, RpcError> {
        let raw = params.map_or("{}", RawValue::get);
        let [version, capabilities, info] =
            envelope::fields(raw, &["protocolVersion", "capabilities", "clientInfo"])
                .map_err(|error| RpcError::invalid_params(error.to_string()))?;
        let version = version.and_then(envelope::text).ok_or_else(|| {
            RpcError::invalid_params("`protocolVersion` must be there, and a string")
        })?;
        let kept = info.map_or(0, |raw| raw.get().len());
        if kept + capabilities.map_or(0, |raw| raw.get().len()) > MAX_CLIENT {
            return Err(RpcError::invalid_params(format!(
                "`clientInfo` and `capabilities` may have {MAX_CLIENT} bytes at most"
            )));
        }
        // Another version is answered with the newest of this era; the client decides (2025-11-25, Version Negotiation).
        let revision = Revision::from_version(&version)
            .filter(|revision| !revision.is_modern())
            .unwrap_or(Revision::LATEST_LEGACY);
        Ok(Self { revision, client: ClientInfo::read(revision, info, capabilities) })
    }
}

/// The result of `initialize`. `tasks` is the capability of that name, where there are any.
pub(crate) fn initialized(
    revision: Revision,
    capabilities: &ServerCapabilities,
    tasks: Option<Value>,
    info: &Implementation,
    instructions: Option<&str>,
) -> Vec<u8> {
    let mut capabilities = serde_json::to_value(capabilities).unwrap_or_default();
    if let Some(capabilities) = capabilities.as_object_mut() {
        // Extensions are negotiated since 2026-07-28: that of tasks means nothing here (X92).
        capabilities.shift_remove("extensions");
        // A part of the core in this revision only.
        if let Some(tasks) = tasks.filter(|_| revision == Revision::V2025_11_25) {
            capabilities.insert("tasks".into(), tasks);
        }
        if revision < Revision::V2025_03_26 {
            capabilities.shift_remove("completions");
        }
    }
    let mut info = serde_json::to_value(info).unwrap_or_default();
    if let Some(info) = info.as_object_mut() {
        if revision < Revision::V2025_11_25 {
            for key in ["icons", "websiteUrl", "description"] {
                info.shift_remove(key);
            }
        }
        if revision < Revision::V2025_06_18 {
            info.shift_remove("title");
        }
    }
    let mut out = Vec::with_capacity(256);
    let mut result = Writer::new(&mut out);
    result.field("protocolVersion", revision.as_str());
    result.field("capabilities", &capabilities);
    result.field("serverInfo", &info);
    result.optional("instructions", instructions);
    result.end();
    out
}

/// An error as this era says it.
pub(crate) fn error(mut error: RpcError) -> RpcError {
    if error.code == code::MISSING_REQUIRED_CLIENT_CAPABILITY {
        // A code that came with 2026-07-28. The request cannot be served to this client, whatever its arguments.
        error.code = code::INVALID_REQUEST;
    }
    error
}

/// A tool as `tools/list` has it.
pub(crate) fn tool(revision: Revision, definition: &ToolDefinition) -> Value {
    let mut tool = modern::tool(definition);
    let Some(object) = tool.as_object_mut() else { return tool };
    if revision < Revision::V2025_11_25 {
        object.shift_remove("icons");
    } else if definition.task.support != TaskSupport::Forbidden {
        object
            .insert("execution".into(), json!({ "taskSupport": definition.task.support.as_str() }));
    }
    // Only objects were possible before 2026-07-28.
    let is_object = |schema: &Value| schema.get("type").and_then(Value::as_str) == Some("object");
    if revision < Revision::V2025_06_18 || !object.get("outputSchema").is_some_and(is_object) {
        object.shift_remove("outputSchema");
    }
    if revision < Revision::V2025_06_18 {
        object.shift_remove("title");
        object.shift_remove("_meta");
    }
    if revision < Revision::V2025_03_26 {
        object.shift_remove("annotations");
    }
    tool
}

/// A prompt, resource or template as its list has it.
pub(crate) fn listed(revision: Revision, mut item: Value) -> Value {
    if let Some(object) = item.as_object_mut() {
        if revision < Revision::V2025_11_25 {
            object.shift_remove("icons");
        }
        if revision < Revision::V2025_06_18 {
            object.shift_remove("title");
            object.shift_remove("_meta");
            if let Some(arguments) = object.get_mut("arguments").and_then(Value::as_array_mut) {
                for argument in arguments.iter_mut().filter_map(Value::as_object_mut) {
                    argument.shift_remove("title");
                }
            }
        }
    }
    item
}

/// Writes what came of a call; errors, and what clients answer as tasks, are written elsewhere.
pub(crate) fn answer(out: &mut Vec<u8>, revision: Revision, answer: &Answer) {
    let mut result = Writer::new(out);
    let meta = match answer {
        Answer::Tool(output) => {
            if output.content.iter().all(|block| knows(revision, block)) {
                result.field("content", &output.content);
            } else {
                let content: Vec<_> = output.content.iter().map(|it| known(revision, it)).collect();
                result.field("content", &content);
            }
            // Structured output came with 2025-06-18, as an object; any other value with 2026-07-28.
            if revision >= Revision::V2025_06_18 {
                let object = output.structured.as_ref().filter(|raw| raw.get().starts_with('{'));
                result.optional("structuredContent", object);
            }
            if output.is_error {
                result.field("isError", &true);
            }
            output.meta.as_ref()
        }
        Answer::Prompt(output) => {
            result.optional("description", output.description.as_ref());
            let messages: Vec<PromptMessage> = output
                .messages
                .iter()
                .map(|message| PromptMessage::new(message.role, known(revision, &message.content)))
                .collect();
            result.field("messages", &messages);
            output.meta.as_ref()
        }
        Answer::Resource(output) => {
            result.field("contents", &output.contents);
            output.meta.as_ref()
        }
        Answer::Client(_) | Answer::Error(_) => None,
    };
    write_meta(&mut result, meta);
    result.end();
}

pub(crate) fn write_meta(result: &mut Writer<'_>, own: Option<&JsonObject>) {
    result.optional("_meta", own);
}

fn knows(revision: Revision, block: &ContentBlock) -> bool {
    match block {
        ContentBlock::Audio(_) => revision >= Revision::V2025_03_26,
        ContentBlock::ResourceLink(_) => revision >= Revision::V2025_06_18,
        _ => true,
    }
}

/// A block that an old revision does not know, as text that says what it was.
fn known(revision: Revision, block: &ContentBlock) -> ContentBlock {
    match block {
        block if knows(revision, block) => block.clone(),
        ContentBlock::ResourceLink(link) => crate::content::text(&link.uri),
        ContentBlock::Audio(audio) => crate::content::text(format!(
            "({}, {} bytes in Base64: this client's revision has no audio)",
            audio.mime_type,
            audio.data.len()
        )),
        other => other.clone(),
    }
}

/// A question as a request of this era: the method, and the parameters in the words of the revision.
///
/// # Errors
///
/// A question that the revision has no words for, or that is no JSON, which would be a defect.
pub(crate) fn question(
    revision: Revision,
    body: &str,
    unique: impl FnOnce() -> String,
) -> Result<(String, Option<Value>), String> {
    let mut question: Value = serde_json::from_str(body).map_err(|error| error.to_string())?;
    let method = question
        .get("method")
        .and_then(Value::as_str)
        .map(str::to_owned)
        .ok_or("a question without a method")?;
    let mut params = question.get_mut("params").map(Value::take);
    if let Some(params) = params.as_mut().and_then(Value::as_object_mut)
        && method == "elicitation/create"
    {
        if params.get("mode").and_then(Value::as_str) == Some("url") {
            // Only 2025-11-25 has it, and requires it.
            params.insert("elicitationId".into(), unique().into());
        } else if revision < Revision::V2025_11_25 {
            params.shift_remove("mode");
            let properties = params
                .get_mut("requestedSchema")
                .and_then(|schema| schema.get_mut("properties"))
                .and_then(Value::as_object_mut);
            for (name, field) in properties.into_iter().flatten() {
                if field.get("type").and_then(Value::as_str) == Some("array") {
                    return Err(format!(
                        "the field `{name}` is a list, which a form of {revision} cannot have"
                    ));
                }
                titles_as_names(field);
            }
        }
    }
    Ok((method, params))
}

/// Before 2025-11-25 the titles of choices stand in `enumNames`, and lists of choices do not exist.
fn titles_as_names(field: &mut Value) {
    let Some(object) = field.as_object_mut() else { return };
    let Some(Value::Array(choices)) = object.shift_remove("oneOf") else { return };
    let part = |key: &str| -> Vec<Value> {
        choices.iter().filter_map(|choice| choice.get(key)).cloned().collect()
    };
    let (values, names) = (part("const"), part("title"));
    object.insert("enum".into(), values.into());
    object.insert("enumNames".into(), names.into());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_choices_is_asked_for_since_2025_11_25() {
        let body = json!({ "method": "elicitation/create", "params": { "mode": "form", "message": "Which?", "requestedSchema": {
            "type": "object",
            "properties": { "all": { "type": "array", "items": { "type": "string", "enum": ["a", "b"] } } },
        } } });
        let ask = |revision| question(revision, &body.to_string(), String::new);
        assert!(ask(Revision::V2025_11_25).is_ok());
        let problem = ask(Revision::V2025_06_18).expect_err("flat and primitive");
        assert!(problem.contains("`all`"), "{problem}");
    }
}
