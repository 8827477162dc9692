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

/// Answers take up room like everything else, until they are read.
#[tokio::test]
async fn answers_have_a_weight() {
    use mcp_runtime::task::{
        Access, Admission, Answer, CallId, Commit, Json, NewTask, NodeId, Owner, Question, Refusal,
        Saved, StoreError, TaskId, TaskStore,
    };

    let json = |length: usize| -> Json {
        let raw = serde_json::value::RawValue::from_string(format!("\"{}\"", "x".repeat(length)));
        raw.expect("JSON").into()
    };
    let store = MemoryStore::new().with_capacity(2_000);
    let node = NodeId([1; 16]);
    store.join(node, Duration::from_secs(60)).await.expect("a store");
    let create = async |id: &str| {
        let id = TaskId::from(id);
        let saved = Saved::new(CallId([0; 16]), "");
        let mut task = NewTask::new(id, Owner::anonymous(), "job", json(500), saved);
        task.claim = Some(node);
        store
            .create(task, Admission::UNBOUNDED)
            .await
            .map(|created| created.claim.expect("a claim"))
    };
    let claim = create("a").await.expect("room");
    for (round, key) in ["p", "q", "r"].into_iter().enumerate() {
        let mut commit = Commit::default();
        commit.put.push((key.into(), Question::new("{}")));
        store.commit(&claim, commit).await.expect("a commit");
        let answers = vec![(key.into(), Answer::Given(json(1_400)))];
        store.answer(&Access::Operator, &claim.task, answers).await.expect("a task");
        let full = create("b").await.map(drop);
        assert_eq!(full, Err(StoreError::Refused(Refusal::Kept)), "{key}");
        let mut gone = Commit::default();
        match round {
            0 => gone.withdrawn.push(key.into()),
            1 => gone.refused.push(key.into()),
            _ => {
                store.cancel(&Access::Operator, &claim.task).await.expect("a task");
                continue;
            }
        }
        store.commit(&claim, gone).await.expect("a commit");
        let brief = create(&format!("brief {round}")).await.expect("room again");
        store.cancel(&Access::Operator, &brief.task).await.expect("a task");
        store.purge(mcp_runtime::task::Purge::One(brief.task)).await.expect("a store");
    }
    create("c").await.expect("room again");
}
