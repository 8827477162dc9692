//! The audit log of tasks: who did what with which task, and what came of it.
//!
//! One test and a process of its own: whether anybody keeps a log is decided once for a process, by whoever comes first.

mod tasks_peer;

use std::fmt;
use std::sync::{Arc, Mutex};

use serde_json::json;
use tracing::field::{Field, Visit};
use tracing::span;

use crate::tasks_peer::{augmented, legacy, server};

/// Keeps the lines of the audit log.
#[derive(Clone, Default)]
struct Audit(Arc<Mutex<Vec<String>>>);

impl tracing::Subscriber for Audit {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.target() == "mcp::audit"
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        struct Line(String);
        impl Visit for Line {
            fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
                self.0.push_str(&format!("{}={value:?} ", field.name()));
            }
        }
        let mut line = Line(String::new());
        event.record(&mut line);
        self.0.lock().expect("no panic").push(line.0);
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

// L107, L108, L109
#[tokio::test(start_paused = true)]
async fn who_did_what_is_noted() {
    let audit = Audit::default();
    let _noting = tracing::subscriber::set_default(audit.clone());
    let (server, gate) = server();
    let mut peer = legacy(&server).await;
    let id = augmented(&mut peer, "job").await;
    gate.open();
    peer.result("tasks/result", json!({ "taskId": id })).await;
    peer.error("tasks/cancel", json!({ "taskId": id })).await;
    peer.error("tasks/get", json!({ "taskId": "a guess" })).await;
    let lines = audit.0.lock().expect("no panic").clone();
    for (operation, task, outcome) in [
        ("create", &*id, "job"),
        ("result", &id, "returned"),
        ("cancel", &id, "returned"),
        ("get", "a guess", "unknown"),
    ] {
        let noted = lines.iter().any(|line| {
            line.contains(&format!("operation={operation:?}"))
                && line.contains(&format!("task={task}"))
                && line.contains("owner=")
                && line.contains(outcome)
        });
        assert!(noted, "{operation} {task} {outcome}: {lines:#?}");
    }
}
