//! The audit log.

use std::fmt::{Debug, Write as _};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::tasks_peer::{get, modern, server, task, text};

/// Keeps the lines of the audit log.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    /// The lines that name this task.
    fn about(&self, id: &str) -> Vec<String> {
        let lines = self.0.lock().expect("no panic");
        lines.iter().filter(|line| line.contains(id)).cloned().collect()
    }
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, "{field}={value:?} ").expect("a string takes everything");
    }
}

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "mcp::audit"
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

fn one(lines: &[String], words: &[&str]) {
    let found = lines.iter().filter(|line| words.iter().all(|word| line.contains(word))).count();
    assert_eq!(found, 1, "{words:?} in {lines:#?}");
}

// L107, L108: a call that has become a task while it ran was created, and its end is noted, too.
#[tokio::test(start_paused = true)]
async fn a_task_that_began_as_a_call_is_noted() {
    let log = log();
    let (server, gate) = server();
    let mut peer = modern(&server);
    let id = task(&mut peer, "slow").await;
    gate.open();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let result = get(&mut peer, &id).await["result"].take();
    assert_eq!(text(&result), "done");
    let lines = log.about(&id);
    for operation in ["create", "end", "result"] {
        one(&lines, &[&format!("operation={operation:?}"), "owner="]);
    }
    assert!(!lines.concat().contains("done"), "no results in the log: {lines:#?}");
}
