//! The store in memory keeps the contract of stores.
#![cfg(feature = "kit")]

use std::sync::Arc;
use std::time::Duration;

use mcp_runtime::store::MemoryStore;
use mcp_runtime::task::kit::{self, Bench};
use mcp_runtime::task::{BoxFuture, Clock, TaskStore};

struct InMemory(Clock);

impl Bench for InMemory {
    fn fresh(&self) -> BoxFuture<'_, Arc<dyn TaskStore>> {
        let store: Arc<dyn TaskStore> = Arc::new(MemoryStore::with_clock(self.0.clone()));
        Box::pin(std::future::ready(store))
    }

    fn advance(&self, time: Duration) -> BoxFuture<'_, ()> {
        self.0.advance(time);
        Box::pin(std::future::ready(()))
    }

    fn now(&self) -> u64 {
        self.0.now()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keeps_the_contract() {
    let bench = InMemory(Clock::simulated(1_700_000_000_000));
    if let Err(failed) = kit::check(&bench).await {
        panic!("{failed}");
    }
}

/// Bounded in bytes as well: a few tasks with large results must not fill the memory.
#[tokio::test]
async fn no_task_is_created_when_there_is_no_room_for_it() {
    use mcp_runtime::task::{
        Admission, CallId, NewTask, Owner, Purge, Refusal, Saved, StoreError, TaskId, TaskStore,
    };

    let store = MemoryStore::new().with_capacity(2_000);
    let create = async |id: &str| {
        let call = serde_json::value::RawValue::from_string(format!("\"{}\"", "x".repeat(898)));
        let saved = Saved::new(CallId([0; 16]), "");
        let id = TaskId::from(id);
        let task = NewTask::new(id, Owner::anonymous(), "job", call.expect("JSON").into(), saved);
        store.create(task, Admission::UNBOUNDED).await.map(drop)
    };
    assert_eq!(create("a").await, Ok(()));
    assert_eq!(create("b").await, Ok(()));
    assert_eq!(create("c").await, Err(StoreError::Refused(Refusal::Kept)));
    let access = mcp_runtime::task::Access::Operator;
    store.cancel(&access, &TaskId::from("a")).await.expect("a store");
    store.purge(Purge::One(TaskId::from("a"))).await.expect("a store");
    assert_eq!(create("c").await, Ok(()));
}
