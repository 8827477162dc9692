//! What programs read: one JSON document a line.

use std::io::{self, Write};

use mcp_runtime::client::{RemoteTask, TaskInfo, ToolResult};
use mcp_schema::{JsonObject, Value};
use serde::Serialize;
use serde_json::json;

use crate::shown;

/// Writes a document. What a terminal could stumble over is escaped, also where JSON need not.
pub fn json_line(out: &mut impl Write, document: &impl Serialize) -> io::Result<()> {
    let text = serde_json::to_string(document).map_err(io::Error::other)?;
    let mut line = String::with_capacity(text.len() + 1);
    for char in text.chars() {
        if shown::is_harmless(char) {
            line.push(char);
        } else {
            // Outside of strings, JSON has no such characters.
            let mut units = [0; 2];
            for unit in char.encode_utf16(&mut units) {
                line.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    line.push('\n');
    out.write_all(line.as_bytes())?;
    out.flush()
}

/// A `CallToolResult`, as it is on the wire.
pub fn tool_result(result: &ToolResult) -> Value {
    let mut document = JsonObject::from_iter([("content".to_owned(), json!(result.content))]);
    if let Some(structured) = &result.structured {
        document.insert("structuredContent".to_owned(), structured.clone());
    }
    if result.is_error {
        document.insert("isError".to_owned(), true.into());
    }
    if let Some(meta) = &result.meta {
        document.insert("_meta".to_owned(), json!(meta));
    }
    Value::Object(document)
}

/// What is known of a task, in the words of 2026-07-28.
pub fn task(info: &TaskInfo) -> JsonObject {
    let milliseconds = |duration: Option<std::time::Duration>| {
        duration.map(|duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
    };
    let all = [
        ("taskId", json!(info.id)),
        ("status", json!(info.status)),
        ("statusMessage", json!(info.message)),
        ("createdAt", json!(info.created_at)),
        ("lastUpdatedAt", json!(info.updated_at)),
        ("ttlMs", json!(milliseconds(info.ttl))),
        ("pollIntervalMs", json!(milliseconds(info.poll_interval))),
    ];
    let known = all.into_iter().filter(|(_, value)| !value.is_null());
    known.map(|(key, value)| (key.to_owned(), value)).collect()
}

/// The same with what it asks.
pub fn task_and_questions(task_of: &RemoteTask) -> Option<JsonObject> {
    let mut document = task(&task_of.info()?);
    let questions = task_of.questions();
    if !questions.is_empty() {
        document.insert("inputRequests".to_owned(), json!(questions));
    }
    Some(document)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_finds_nothing_to_do_in_json() {
        let mut out = Vec::new();
        let text = "\u{1b}[2J \u{9b}2J \u{202e} ä 😀 \u{7f}";
        json_line(&mut out, &text).expect("written");
        let line = String::from_utf8(out).expect("text");
        assert!(line.trim_end().chars().all(shown::is_harmless), "{line:?}");
        assert_eq!(serde_json::from_str::<String>(&line).expect("JSON"), text);
        assert!(line.contains("ä 😀"), "{line}");
    }
}
