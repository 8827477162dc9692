//! What the client's log says of its tasks.

use std::fmt::{Debug, Write as _};
use std::sync::{Arc, LazyLock, Mutex};

use mcp_runtime::client::Client;
use serde_json::json;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::fake::{form, hi, modern, task_with};

/// Keeps the lines about tasks.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, "{field}={value:?} ").expect("a string takes everything");
    }
}

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "mcp::tasks"
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(String::new());
        event.record(&mut line);
        self.0.lock().expect("no panic").push(line.0);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// The log of the process: one of a thread alone would miss what other tests have made the macros forget.
fn log() -> &'static Log {
    static LOG: LazyLock<Log> = LazyLock::new(|| {
        let log = Log::default();
        tracing::subscriber::set_global_default(log.clone()).expect("nobody else keeps a log");
        log
    });
    &LOG
}

// L110, L111
#[tokio::test(start_paused = true)]
async fn the_life_of_a_task_is_logged_with_its_id() {
    let log = log();
    let (client, mut server) = modern(Client::builder()).await;
    let here = |status: &str, more: serde_json::Value| {
        let mut task = task_with(status, more);
        task["taskId"] = json!("logged-1");
        task
    };
    let handle = tokio::spawn(client.call_tool("render", ()).task());
    server.create(here("working", json!({}))).await;
    let handle = handle.await.expect("no panic").expect("a handle");
    let answering = tokio::spawn({
        let handle = handle.clone();
        async move { handle.answer("a", json!({ "action": "decline" })).await }
    });
    let asks = json!({ "inputRequests": { "a": form("The secret?") } });
    server.expect("tasks/get", here("input_required", asks)).await;
    server.expect("tasks/update", json!({})).await;
    answering.await.expect("no panic").expect("answered");
    let cancelling = tokio::spawn({
        let handle = handle.clone();
        async move { handle.cancel().await }
    });
    server.expect("tasks/cancel", json!({})).await;
    cancelling.await.expect("no panic").expect("acknowledged");
    let result = tokio::spawn(async move { handle.result().await });
    server.expect("tasks/get", here("completed", json!({ "result": hi() }))).await;
    result.await.expect("no panic").expect("a result");
    let lines = log.0.lock().expect("no panic").clone();
    let lines: Vec<_> = lines.iter().filter(|line| line.contains("task=\"logged-1\"")).collect();
    let events = ["created", "status", "answered", "cancel", "status", "ended"];
    assert_eq!(lines.len(), events.len(), "{lines:#?}");
    for (line, event) in lines.iter().zip(events) {
        assert!(line.contains(&format!("event=\"{event}\"")), "{event}: {line}");
        assert!(line.contains("tool=\"render\"") && line.contains("status="), "{line}");
        assert!(!line.contains("secret"), "no contents in the log: {line}");
    }
}
