//! The words of tasks in revision 2025-11-25, the only one that has them in its core.

use std::time::Duration;

use mcp_schema::shared::LoggingLevel;
use mcp_schema::v2025_11_25::meta_key::RELATED_TASK;
use mcp_schema::{JsonObject, Map, Value};
use serde_json::json;
use serde_json::value::RawValue;

use super::super::modern::tasks::{milliseconds, timestamp, ttl};
use super::super::write::Writer;
use super::super::{envelope, notification};
use super::question;
use crate::error::RpcError;
use crate::journal::Json;
use crate::protocol::revision::Revision;
use crate::server::context::Report;
use crate::task::{TaskId, TaskRecord, TaskState};

/// How long a call that asks for a task wants it to exist: `params.task` (L15).
///
/// # Errors
///
/// It is no object, or its `ttl` no number of milliseconds.
pub(crate) fn requested_ttl(task: &RawValue) -> Result<Option<Duration>, RpcError> {
    let [ttl] = envelope::fields(task.get(), &["ttl"])
        .map_err(|error| RpcError::invalid_params(format!("`task`: {error}")))?;
    let Some(ttl) = ttl else { return Ok(None) };
    let number: Option<f64> = serde_json::from_str(ttl.get()).ok();
    match number.filter(|ttl| *ttl >= 0.0) {
        Some(ttl) => Ok(Some(Duration::from_millis(ttl as u64))),
        None => Err(RpcError::invalid_params("`task.ttl` must be a number of milliseconds")),
    }
}

/// The capability (L2): `tasks/list` for those only who can be told from others (L97, P7).
pub(crate) fn capability(list: bool) -> Value {
    let mut tasks = json!({ "cancel": {}, "requests": { "tools": { "call": {} } } });
    if list {
        tasks["list"] = json!({});
    }
    tasks
}

/// The result of a call that is a task (L16, L49), with the metadata that every message about a task has (L54, P16).
pub(crate) fn created(out: &mut Vec<u8>, record: &TaskRecord, poll: Duration) {
    let mut result = Writer::new(out);
    result.object("task", |task| write(task, record, poll));
    result.object("_meta", |meta| meta.field(RELATED_TASK, &related(&record.id)));
    result.end();
}

/// The result of `tasks/get` and `tasks/cancel`: no metadata, since the id stands there (L59, L80).
pub(crate) fn task(out: &mut Vec<u8>, record: &TaskRecord, poll: Duration) {
    let mut result = Writer::new(out);
    write(&mut result, record, poll);
    result.end();
}

/// The result of `tasks/list`: a cursor if there is more, and only then (L68).
pub(crate) fn list(
    out: &mut Vec<u8>,
    records: &[TaskRecord],
    poll: Duration,
    next: Option<&String>,
) {
    let mut result = Writer::new(out);
    let mut tasks = vec![b'['];
    for (index, record) in records.iter().enumerate() {
        if index > 0 {
            tasks.push(b',');
        }
        task(&mut tasks, record, poll);
    }
    tasks.push(b']');
    result.raw("tasks", &tasks);
    result.optional("nextCursor", next);
    result.end();
}

/// The result of `tasks/result`: what the request would have returned in this revision, member by member as the store has
/// kept it (L53, L93), and whose result it is (L81).
pub(crate) fn result(out: &mut Vec<u8>, id: &TaskId, body: &Json) {
    let members: Map<Box<RawValue>> = serde_json::from_str(body.as_str()).unwrap_or_default();
    let mut meta = JsonObject::new();
    let mut result = Writer::new(out);
    for (key, value) in &members {
        match key.as_str() {
            "_meta" => meta = serde_json::from_str(value.get()).unwrap_or_default(),
            // Other values than objects came with 2026-07-28.
            "structuredContent" if !value.get().starts_with('{') => {}
            _ => result.field(key, value),
        }
    }
    meta.insert(RELATED_TASK.to_owned(), related(id));
    result.field("_meta", &meta);
    result.end();
}

/// `notifications/tasks/status`: all of the task, and no metadata (L25, L62).
pub(crate) fn changed(record: &TaskRecord, poll: Duration) -> Option<Box<str>> {
    notification("notifications/tasks/status", |params| write(params, record, poll))
}

/// `notifications/progress` of a task: the token of the call that created it (L63 to L65), and whose it is (L54).
pub(crate) fn progress(id: &TaskId, token: &str, report: &Report) -> Option<Box<str>> {
    notification("notifications/progress", |params| {
        params.object("_meta", |meta| meta.field(RELATED_TASK, &related(id)));
        params.raw("progressToken", token.as_bytes());
        params.field("progress", &report.progress);
        params.optional("total", report.total.as_ref());
        params.optional("message", report.message.as_ref());
    })
}

/// `notifications/message` of a task (L54).
pub(crate) fn log(
    id: &TaskId,
    level: &LoggingLevel,
    logger: Option<&str>,
    data: Option<&RawValue>,
) -> Option<Box<str>> {
    notification("notifications/message", |params| {
        params.object("_meta", |meta| meta.field(RELATED_TASK, &related(id)));
        params.field("level", level);
        params.optional("logger", logger);
        match data {
            Some(data) => params.field("data", data),
            None => params.field("data", &()),
        }
    })
}

/// A question of a task as a request: method and parameters, and whose it is (L39, L55).
///
/// # Errors
///
/// As for [`question`].
pub(crate) fn task_question(
    id: &TaskId,
    revision: Revision,
    body: &str,
    unique: impl FnOnce() -> String,
) -> Result<(String, Value), String> {
    let (method, params) = question(revision, body, unique)?;
    let mut params = params.unwrap_or_else(|| json!({}));
    if let Some(params) = params.as_object_mut() {
        let meta = params.entry("_meta").or_insert_with(|| json!({}));
        if let Some(meta) = meta.as_object_mut() {
            meta.insert(RELATED_TASK.into(), related(id));
        }
    }
    Ok((method, params))
}

/// `notifications/cancelled` of a question: whose it was, if it was a task's (L54, L79).
pub(crate) fn taken_back(request: i64, task: Option<&TaskId>) -> Option<Box<str>> {
    notification("notifications/cancelled", |params| {
        if let Some(id) = task {
            params.object("_meta", |meta| meta.field(RELATED_TASK, &related(id)));
        }
        params.field("requestId", &request);
        params.field("reason", "the server does not need it any more");
    })
}

fn related(id: &TaskId) -> Value {
    json!({ "taskId": id.as_str() })
}

fn write(writer: &mut Writer<'_>, record: &TaskRecord, poll: Duration) {
    writer.field("taskId", record.id.as_str());
    writer.field("status", status(record.state));
    writer.optional("statusMessage", record.message.as_ref());
    // In all of them (L42, L43), and the lifetime, `null` where there is no end (L45, D15).
    writer.field("createdAt", &timestamp(record.created_at));
    writer.field("lastUpdatedAt", &timestamp(record.updated_at));
    writer.field("ttl", &ttl(record));
    writer.field("pollInterval", &milliseconds(poll));
}

/// The word for a state: what the tool itself reports as an error has failed (D4, L78, L89).
pub(crate) fn status(state: TaskState) -> &'static str {
    match state {
        TaskState::Working => "working",
        TaskState::InputRequired => "input_required",
        TaskState::Returned => "completed",
        TaskState::ReturnedError | TaskState::Failed => "failed",
        TaskState::Cancelled => "cancelled",
    }
}
