//! The words of the extension `io.modelcontextprotocol/tasks`.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use mcp_schema::{JsonObject, Map};
use serde_json::json;
use serde_json::value::RawValue;

use super::super::params::Params;
use super::super::write::Writer;
use super::super::{envelope, notification};
use super::{complete, error, input_request, write_meta};
use crate::error::{RpcError, code};
use crate::journal::Json;
use crate::protocol::envelope::Id;
use crate::server::listen::subscription_id;
use crate::task::{Outcome, TaskRecord, TaskState, TaskView};

/// The extension's identifier (X1).
pub(crate) const EXTENSION: &str = "io.modelcontextprotocol/tasks";

/// Whether this very request declares the extension: what its client said before does not count, nor does what it declared
/// for another era (X2, X5, X93).
pub(crate) fn declared(params: &Params<'_>) -> bool {
    fn field<'a>(object: &'a RawValue, name: &'static str) -> Option<&'a RawValue> {
        envelope::fields(object.get(), &[name]).ok().and_then(|[field]| field)
    }
    let extensions = params.meta.client_capabilities.and_then(|all| field(all, "extensions"));
    extensions
        .and_then(|all| field(all, EXTENSION))
        .is_some_and(|settings| settings.get().starts_with('{'))
}

/// The error for a request that needs the extension and does not declare it (X8, X74, X75).
pub(crate) fn missing(what: &str) -> RpcError {
    RpcError::new(
        code::MISSING_REQUIRED_CLIENT_CAPABILITY,
        format!("{what} needs the extension `{EXTENSION}`, which the request does not declare"),
    )
    .with_data(json!({ "requiredCapabilities": { "extensions": { EXTENSION: {} } } }))
}

/// The result of a call that has become a task (X11, X21). It has no room for an outcome, nor for questions (E13, D14).
pub(crate) fn created(out: &mut Vec<u8>, record: &TaskRecord, poll: Duration, server_info: &[u8]) {
    let mut result = Writer::new(out);
    result.field("resultType", "task");
    task(&mut result, record, poll);
    write_meta(&mut result, None, server_info);
    result.end();
}

/// The result of `tasks/get` (X30 to X37).
pub(crate) fn get(out: &mut Vec<u8>, view: &TaskView, poll: Duration, server_info: &[u8]) {
    let mut result = Writer::new(out);
    complete(&mut result);
    detailed(&mut result, view, poll, server_info);
    write_meta(&mut result, None, server_info);
    result.end();
}

/// The result of `tasks/update` and `tasks/cancel`: nothing (X48, X54, X56, X61).
pub(crate) fn acknowledged(out: &mut Vec<u8>, server_info: &[u8]) {
    let mut result = Writer::new(out);
    complete(&mut result);
    write_meta(&mut result, None, server_info);
    result.end();
}

/// `notifications/tasks`: what `tasks/get` would say now (X66), for one stream of changes (C16).
pub(crate) fn changed(
    view: &TaskView,
    poll: Duration,
    server_info: &[u8],
    stream: &Id,
) -> Option<Box<str>> {
    notification("notifications/tasks", |params| {
        params.object("_meta", |meta| subscription_id(meta, stream));
        detailed(params, view, poll, server_info);
    })
}

fn task(writer: &mut Writer<'_>, record: &TaskRecord, poll: Duration) {
    writer.field("taskId", record.id.as_str());
    writer.field("status", status(record.state));
    writer.optional("statusMessage", record.message.as_ref());
    writer.field("createdAt", &timestamp(record.created_at));
    writer.field("lastUpdatedAt", &timestamp(record.updated_at));
    // Required, and `null` where there is none (D15).
    writer.field("ttlMs", &ttl(record));
    writer.field("pollIntervalMs", &milliseconds(poll));
}

fn detailed(writer: &mut Writer<'_>, view: &TaskView, poll: Duration, server_info: &[u8]) {
    task(writer, &view.record, poll);
    match &view.outcome {
        Some(Outcome::Returned { body, .. }) => {
            writer.raw("result", &inlined(body, server_info));
        }
        Some(Outcome::Failed(stored)) => {
            writer.field("error", &error(stored_error(stored)).0.to_wire());
        }
        None if view.record.state == TaskState::InputRequired => {
            // All of them (X33).
            writer.object("inputRequests", |requests| {
                for (key, question) in &view.questions {
                    requests.raw(key.as_str(), &input_request(question.body()));
                }
            });
        }
        None => {}
    }
}

/// What the call would have returned (X84): as this era returns it, so with a type and the server's name (P10), and without
/// a word about the task (D14). The text that the tool wrote stays as it is.
fn inlined(body: &Json, server_info: &[u8]) -> Vec<u8> {
    let text = body.as_str();
    let mut out = Vec::with_capacity(text.len() + server_info.len() + 64);
    match envelope::fields(text, &["_meta"]) {
        Ok([None]) => {
            let members = text.trim().strip_prefix('{').and_then(|text| text.strip_suffix('}'));
            out.extend_from_slice(br#"{"resultType":"complete","#);
            if let Some(members) = members.map(str::trim).filter(|members| !members.is_empty()) {
                out.extend_from_slice(members.as_bytes());
                out.push(b',');
            }
            out.extend_from_slice(br#""_meta":"#);
            out.extend_from_slice(server_info);
            out.push(b'}');
        }
        // The tool has metadata of its own.
        _ => {
            let members: Map<Box<RawValue>> = serde_json::from_str(text).unwrap_or_default();
            let mut result = Writer::new(&mut out);
            complete(&mut result);
            for (key, value) in members.iter().filter(|(key, _)| *key != "_meta") {
                result.raw(key, value.get().as_bytes());
            }
            let own = members.get("_meta");
            let own: Option<JsonObject> = own.and_then(|raw| serde_json::from_str(raw.get()).ok());
            write_meta(&mut result, own.as_ref(), server_info);
            result.end();
        }
    }
    out
}

/// The word for a state: what the tool itself reports as an error is complete for the protocol (D4, X19, X20).
fn status(state: TaskState) -> &'static str {
    match state {
        TaskState::Working => "working",
        TaskState::InputRequired => "input_required",
        TaskState::Returned | TaskState::ReturnedError => "completed",
        TaskState::Failed => "failed",
        TaskState::Cancelled => "cancelled",
    }
}

/// A protocol error as a store has kept it.
pub(crate) fn stored_error(stored: &Json) -> RpcError {
    let error: Option<mcp_schema::shared::Error> = serde_json::from_str(stored.as_str()).ok();
    match error {
        Some(error) => RpcError { code: error.code, message: error.message, data: error.data },
        // Of another version, or tampered with.
        None => RpcError::internal("the task has failed, and why cannot be read any more"),
    }
}

/// ISO 8601 with milliseconds. Times beyond the year 9999, which it has no words for, stop there.
pub(crate) fn timestamp(milliseconds: u64) -> String {
    const LAST: u64 = 253_402_300_799_999;
    let time: SystemTime = UNIX_EPOCH + Duration::from_millis(milliseconds.min(LAST));
    humantime::format_rfc3339_millis(time).to_string()
}

/// How long the task exists, from its creation on, in milliseconds (D11).
pub(crate) fn ttl(record: &TaskRecord) -> Option<u64> {
    record.expires_at.map(|at| at.saturating_sub(record.created_at))
}

pub(crate) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> Json {
        RawValue::from_string(text.to_owned()).expect("JSON").into()
    }

    /// X84, P10: number for number as the tool wrote it.
    #[test]
    fn an_inlined_result_is_what_the_tool_wrote_and_says_its_type() {
        let own =
            |body: &str| String::from_utf8(inlined(&json(body), br#"{"s":1}"#)).expect("text");
        assert_eq!(
            own(r#"{"content":[],"structuredContent":12345678901234567890.5}"#),
            r#"{"resultType":"complete","content":[],"structuredContent":12345678901234567890.5,"_meta":{"s":1}}"#
        );
        assert_eq!(
            own(r#"{"_meta":{"a":2},"structuredContent":null}"#),
            r#"{"resultType":"complete","structuredContent":null,"_meta":{"s":1,"a":2}}"#
        );
        assert_eq!(own("{}"), r#"{"resultType":"complete","_meta":{"s":1}}"#);
    }

    #[test]
    fn no_time_is_too_late_to_be_written() {
        assert_eq!(timestamp(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(timestamp(1_785_196_800_123), "2026-07-28T00:00:00.123Z");
        assert_eq!(timestamp(u64::MAX), "9999-12-31T23:59:59.999Z");
    }

    /// X2: an empty object, and nothing else.
    #[test]
    fn the_extension_is_declared_by_an_object() {
        for (extensions, yes) in [
            (r#"{"io.modelcontextprotocol/tasks":{}}"#, true),
            (r#"{"io.modelcontextprotocol/tasks":null}"#, false),
            (r#"{"io.modelcontextprotocol/tasks":true}"#, false),
            ("[]", false),
            ("{}", false),
        ] {
            let params = format!(
                r#"{{"_meta":{{"io.modelcontextprotocol/clientCapabilities":{{"extensions":{extensions}}}}}}}"#
            );
            let raw = RawValue::from_string(params).expect("JSON");
            assert_eq!(declared(&Params::read(Some(&raw)).expect("params")), yes, "{extensions}");
        }
    }
}
