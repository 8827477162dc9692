//! What a server says of a task, in the words of either era.

use std::time::Duration;

use mcp_schema::v2025_11_25::TaskStatus;
use mcp_schema::{Map, Value};
use serde_json::value::RawValue;

use super::super::connection::wire_error;
use super::super::error::ClientError;
use crate::error::RpcError;
use crate::protocol::envelope;

/// What is known of a task, whichever era it is of.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct TaskInfo {
    /// Its id: all that is needed to reach the task, where the server knows no users.
    pub id: String,
    /// How far it is. `failed` means different things: a tool's own error (`isError`) is `failed` on a legacy connection and
    /// `completed` on a modern one.
    pub status: TaskStatus,
    /// What the server says of that, for people and models to read (X14).
    pub message: Option<String>,
    /// When it was created, as the server wrote it: ISO 8601.
    pub created_at: Option<String>,
    /// When it changed last, likewise.
    pub updated_at: Option<String>,
    /// How long it exists from its creation on; for ever, or for as long as the server likes, where there is none.
    pub ttl: Option<Duration>,
    /// How often the server wants to be asked, at most. What is no positive number is none.
    pub poll_interval: Option<Duration>,
}

impl TaskInfo {
    /// Whether it has ended: it changes no more.
    pub fn has_ended(&self) -> bool {
        has_ended(self.status)
    }

    /// Whether it was surely written before the other one. Times that are not written alike tell nothing.
    pub(super) fn is_older_than(&self, other: &Self) -> bool {
        match (&self.updated_at, &other.updated_at) {
            (Some(one), Some(other)) => {
                one.len() == other.len()
                    && one.ends_with('Z')
                    && other.ends_with('Z')
                    && one < other
            }
            _ => false,
        }
    }
}

pub(super) fn has_ended(status: TaskStatus) -> bool {
    match status {
        TaskStatus::Working | TaskStatus::InputRequired => false,
        TaskStatus::Completed | TaskStatus::Failed | TaskStatus::Cancelled => true,
    }
}

/// All that one message says of a task.
#[derive(Debug)]
pub(super) struct Seen {
    pub info: TaskInfo,
    /// What else stands there depends on the status, and on the era (X30 to X36).
    pub result: Option<Box<RawValue>>,
    pub error: Option<RpcError>,
    pub questions: Option<Map<Value>>,
}

impl Seen {
    /// Reads a task; `method` is what it came with, for the error.
    pub fn read(method: &str, text: &str) -> Result<Self, ClientError> {
        let invalid = |problem: String| ClientError::invalid(method, problem);
        const KEYS: [&str; 12] = [
            "taskId",
            "status",
            "statusMessage",
            "createdAt",
            "lastUpdatedAt",
            "ttlMs",
            "ttl",
            "pollIntervalMs",
            "pollInterval",
            "result",
            "error",
            "inputRequests",
        ];
        let [
            id,
            status,
            message,
            created_at,
            updated_at,
            ttl_ms,
            ttl,
            poll_ms,
            poll,
            result,
            error,
            questions,
        ] = envelope::fields(text, &KEYS).map_err(|error| invalid(error.to_string()))?;
        let string = |raw: Option<&RawValue>| raw.and_then(envelope::text).map(String::from);
        let id = string(id)
            .filter(|id| !id.is_empty())
            .ok_or_else(|| invalid("a task without a `taskId`".to_owned()))?;
        let status = status.ok_or_else(|| invalid(format!("task `{id}` has no `status`")))?;
        let status = serde_json::from_str(status.get())
            .map_err(|error| invalid(format!("`status` of task `{id}`: {error}")))?;
        let questions = questions
            .map(|raw| serde_json::from_str(raw.get()))
            .transpose()
            .map_err(|error| invalid(format!("`inputRequests` of task `{id}`: {error}")))?;
        let info = TaskInfo {
            id,
            status,
            message: string(message),
            created_at: string(created_at),
            updated_at: string(updated_at),
            // Each era has its own name, and neither means anything else in the other.
            ttl: ttl_ms.or(ttl).and_then(milliseconds),
            poll_interval: poll_ms.or(poll).and_then(milliseconds),
        };
        let result = result.map(ToOwned::to_owned);
        Ok(Self { info, result, error: error.map(wire_error), questions })
    }
}

/// A number of milliseconds, which need not be an integer. What is not positive, or no number, says nothing.
fn milliseconds(raw: &RawValue) -> Option<Duration> {
    let number: f64 = serde_json::from_str(raw.get()).ok()?;
    // Whatever is longer than this is as good as for ever, and can be added to any time.
    const LONGEST: f64 = 1e15;
    (number > 0.0).then(|| Duration::from_secs_f64(number.min(LONGEST) / 1e3))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Seen, ClientError> {
        Seen::read("tasks/get", text)
    }

    #[test]
    fn both_eras_are_read() {
        for text in [
            r#"{"taskId":"a","status":"working","ttl":1000,"pollInterval":20,"createdAt":"x"}"#,
            r#"{"taskId":"a","status":"working","ttlMs":1000,"pollIntervalMs":20,"createdAt":"x"}"#,
        ] {
            let info = read(text).expect("a task").info;
            assert_eq!(info.ttl, Some(Duration::from_secs(1)));
            assert_eq!(info.poll_interval, Some(Duration::from_millis(20)));
            assert_eq!((info.created_at.as_deref(), info.has_ended()), (Some("x"), false));
        }
    }

    #[test]
    fn numbers_that_say_nothing_are_none_and_the_longest_is_finite() {
        for (number, expected) in [
            ("0", None),
            ("-5", None),
            ("null", None),
            ("\"soon\"", None),
            ("1.5", Some(Duration::from_micros(1500))),
            ("1e300", Some(Duration::from_secs(1_000_000_000_000))),
        ] {
            let text = format!(r#"{{"taskId":"a","status":"working","pollIntervalMs":{number}}}"#);
            assert_eq!(read(&text).expect("a task").info.poll_interval, expected, "{number}");
        }
    }

    #[test]
    fn what_is_no_task_says_why() {
        for (text, why) in [
            ("[]", "object"),
            ("{}", "taskId"),
            (r#"{"taskId":7,"status":"working"}"#, "taskId"),
            (r#"{"taskId":"","status":"working"}"#, "taskId"),
            (r#"{"taskId":"a"}"#, "status"),
            (r#"{"taskId":"a","status":"asleep"}"#, "asleep"),
            (r#"{"taskId":"a","status":"input_required","inputRequests":[]}"#, "inputRequests"),
        ] {
            let error = read(text).expect_err(text);
            assert!(error.to_string().contains(why), "{error}");
        }
    }
}
