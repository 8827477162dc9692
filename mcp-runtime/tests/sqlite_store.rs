//! Tasks in a file: what is particular to files. What holds for every store is in the contract kit.

#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used, clippy::print_stdout)]

#[path = "sqlite_store/bench.rs"]
mod bench;
#[cfg(feature = "kit")]
#[path = "sqlite_store/contract.rs"]
mod contract;
#[path = "sqlite_store/crash.rs"]
mod crash;
#[path = "sqlite_store/file.rs"]
mod file;
#[path = "sqlite_store/life.rs"]
mod life;
#[path = "sqlite_store/others.rs"]
mod others;
#[path = "sqlite_store/trouble.rs"]
mod trouble;

use std::path::{Path, PathBuf};
use std::time::Duration;

use mcp_runtime::store::SqliteStore;
use mcp_runtime::task::{
    Access, Admission, CallId, Claim, Clock, Created, Json, NewTask, NodeId, Outcome, Owner, Saved,
    StoreError, TaskId, TaskStore,
};
use serde_json::value::RawValue;
use tempfile::TempDir;

const LEASE: Duration = Duration::from_secs(60);

/// A folder with a file that goes with the test.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("tasks.db")
    }

    fn open(&self) -> SqliteStore {
        SqliteStore::open(self.path()).unwrap()
    }

    fn open_at(&self, clock: &Clock) -> SqliteStore {
        SqliteStore::options().clock(clock.clone()).open(self.path()).unwrap()
    }
}

fn json(text: impl Into<String>) -> Json {
    RawValue::from_string(text.into()).unwrap().into()
}

fn alice() -> Owner {
    Owner::from_text("alice")
}

fn task(id: &str) -> NewTask {
    let saved = Saved::new(CallId([7; 16]), "1.0");
    NewTask::new(id.into(), alice(), "work", json(r#"{"name":"work"}"#), saved)
}

fn returned(body: &str) -> Outcome {
    Outcome::Returned { is_error: false, body: json(body) }
}

fn done() -> Outcome {
    returned(r#"{"content":[{"type":"text","text":"done"}]}"#)
}

async fn node(store: &SqliteStore, number: u8) -> NodeId {
    let node = NodeId([number; 16]);
    store.join(node, LEASE).await.unwrap();
    node
}

async fn create(store: &SqliteStore, task: NewTask) -> Result<Created, StoreError> {
    store.create(task, Admission::UNBOUNDED).await
}

async fn born_claimed(store: &SqliteStore, node: NodeId, id: &str) -> Claim {
    let mut task = task(id);
    task.claim = Some(node);
    create(store, task).await.unwrap().claim.unwrap()
}

async fn state(store: &SqliteStore, id: &str) -> Option<&'static str> {
    let view = store.get(&Access::Operator, &TaskId::from(id)).await.unwrap();
    view.map(|view| view.record.state.as_str())
}

fn refused(path: &Path) -> String {
    SqliteStore::open(path).unwrap_err().to_string()
}
