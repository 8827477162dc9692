//! The server that is fuzzed, and what must hold whatever it is sent.

use std::time::Duration;

use mcp_runtime::{Context, InputError, Json, Limits, Server, mcp_prompt, mcp_resource, mcp_tool};
use serde_json::Value;

/// The start of most conversations: without it nearly all that is tried is refused at the door.
pub const INITIALIZE: &str = r#"{"jsonrpc":"2.0","id":"i","method":"initialize","params":{"protocolVersion":"2025-03-26","capabilities":{"elicitation":{},"sampling":{},"roots":{}},"clientInfo":{"name":"fuzz","version":"0"}}}"#;

/// The metadata of a modern request.
pub const META: &str = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{"elicitation":{},"sampling":{},"roots":{}},"progressToken":1}"#;

/// Adds numbers.
#[mcp_tool]
async fn add(numbers: Vec<i64>, #[arg(default)] start: i64) -> Json<i64> {
    Json(numbers.iter().fold(start, |sum, number| sum.wrapping_add(*number)))
}

/// Asks for a number, twice.
#[mcp_tool]
async fn ask(cx: &Context, prompt: String) -> Result<String, InputError> {
    let schema = || serde_json::json!({ "type": "object", "properties": {} });
    cx.progress(1.0).await;
    let first = cx.elicit_with::<Value>("first", &prompt, schema()).await?;
    let second = cx.elicit_with::<Value>("second", &prompt, schema()).await?;
    Ok(format!("{first:?} {second:?}"))
}

/// Greets.
#[mcp_prompt]
async fn greet(name: String, times: Option<u8>) -> String {
    name.repeat(usize::from(times.unwrap_or(1)))
}

/// A page.
#[mcp_resource("page://{book}/{+path}")]
async fn page(book: u32, path: String) -> String {
    format!("{book}: {path}")
}

/// A server with one of everything, and short waits.
pub fn server() -> Server {
    let mut limits = Limits::default();
    limits.input_timeout = Duration::from_millis(1);
    limits.cancel_grace = Duration::from_millis(1);
    limits.drain = Duration::from_millis(20);
    limits.message = 64 << 10;
    mcp_runtime::server!()
        .tool::<add>()
        .tool::<ask>()
        .prompt::<greet>()
        .resource::<page>()
        .limits(limits)
        .build()
        .expect("a server without mistakes")
}

/// Every line that a server writes is one JSON-RPC message, or a batch of them.
///
/// # Panics
///
/// When it is not.
pub fn judge_lines(output: &[u8]) {
    for line in output.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let message: Value = serde_json::from_slice(line).expect("a line that is JSON");
        match message {
            Value::Array(messages) => messages.iter().for_each(judge),
            message => judge(&message),
        }
    }
}

/// One message is as JSON-RPC wants it, and no defect.
///
/// # Panics
///
/// When it is not.
pub fn judge(message: &Value) {
    assert_eq!(message["jsonrpc"], "2.0", "{message}");
    let members = ["result", "error", "method"].iter().filter(|key| message.get(**key).is_some());
    assert_eq!(members.count(), 1, "{message}");
    if let Some(error) = message.get("error") {
        assert!(error["code"].is_i64() && error["message"].is_string(), "{message}");
        assert!(!message.to_string().contains("panicked"), "{message}");
    }
}

/// Runs a future to its end; one that takes long has hung.
///
/// # Panics
///
/// When it takes longer than five seconds.
pub fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        tokio::time::timeout(Duration::from_secs(5), future).await.expect("it hangs")
    })
}
