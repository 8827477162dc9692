//! How fast tasks go through the engine, beside a bare loop that writes the same rows. Run with
//! `cargo test --release -p mcpwright-runtime --features sqlite --lib engine::bench -- --ignored --nocapture`.

use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Runtime};

use super::tests::{WithTask as _, request_with};
use super::*;
use crate::server::definition::{TaskOptions, TaskSupport};
use crate::store::SqliteStore;
use crate::task::TaskState;
use crate::{TaskSettings, ToolOutput};

#[path = "../../../tests/sqlite_store/bare.rs"]
mod bare;

const TASKS: usize = 6_000;

#[test]
#[ignore = "a benchmark"]
fn bench_create_to_complete() {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.expect("a runtime");
    for callers in [64, 256] {
        let (mut engine, mut loops, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        // Turn by turn, as a machine is not equally fast at all times.
        for _ in 0..7 {
            let folder = tempfile::tempdir().expect("a folder");
            let path = folder.path().join("bare.db");
            drop(SqliteStore::open(&path).expect("a store"));
            let bare = bare::run(&runtime, &path, callers, TASKS);
            let through = through_engine(&runtime, &folder.path().join("tasks.db"), callers);
            let rate = |took: Duration| TASKS as f64 / took.as_secs_f64();
            engine.push(rate(through));
            loops.push(rate(bare));
            ratios.push(rate(through) / rate(bare));
        }
        for all in [&mut engine, &mut loops, &mut ratios] {
            all.sort_unstable_by(f64::total_cmp);
        }
        eprintln!(
            "{callers:3} callers: {:6.0} tasks/s through the engine, {:6.0} in a bare loop, ratio {:.2} ({:.2} to {:.2})",
            engine[3], loops[3], ratios[3], ratios[0], ratios[6]
        );
    }
}

/// Creates a task, waits for its end, and again.
fn through_engine(runtime: &Runtime, path: &std::path::Path, callers: usize) -> Duration {
    let _entered = runtime.enter();
    let options = TaskOptions { support: TaskSupport::Optional, ..TaskOptions::DEFAULT };
    let settings = TaskSettings { kept: 1 << 20, ..TaskSettings::default() };
    let store = SqliteStore::open(path).expect("a store");
    let server = Server::builder("bench", "1")
        .tasks(settings)
        .task_store(store)
        .task(options, |_| async { ToolOutput::text(bare::result()) });
    runtime.block_on(async {
        let begun = Instant::now();
        let all: Vec<_> = (0..callers)
            .map(|_| {
                let server = server.clone();
                tokio::spawn(async move {
                    let engine = &server.0.tasks;
                    for _ in 0..TASKS / callers {
                        let arguments = serde_json::json!({ "text": "a".repeat(260) });
                        let request = request_with(&server, arguments);
                        let id = engine.create(request).await.expect("a task").id;
                        let end = engine.wait(&Access::Operator, id.as_str()).await;
                        let state = end.expect("a task").record.state;
                        assert_eq!(state, TaskState::Returned);
                    }
                })
            })
            .collect();
        for caller in all {
            caller.await.expect("a caller");
        }
        begun.elapsed()
    })
}
