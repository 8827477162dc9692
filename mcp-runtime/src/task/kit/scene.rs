//! What most cases begin with.

use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde_json::json;
use serde_json::value::to_raw_value;

use super::{Bench, Broken};
use crate::task::{
    Access, Admission, Answer, AskedBefore, CallId, Claim, Claimed, Claims, Commit, Created, Json,
    Key, Learned, NewTask, NodeId, Outcome, Owner, Question, Record, Saved, Standing, TaskDetail,
    TaskId, TaskStore, TaskView,
};

/// A lease that does not run out by itself.
pub const LONG: u32 = 100_000;

/// A fresh store, and a node of it.
pub struct Scene<'b> {
    pub bench: &'b dyn Bench,
    pub store: Arc<dyn TaskStore>,
    pub node: NodeId,
}

impl<'b> Scene<'b> {
    pub async fn open(bench: &'b dyn Bench) -> Result<Self, Broken> {
        let store = bench.fresh().await;
        let scene = Self { bench, store, node: NodeId([0; 16]) };
        let node = scene.join(LONG).await?;
        Ok(Self { node, ..scene })
    }

    pub fn units(&self, units: u32) -> Duration {
        self.bench.unit() * units
    }

    pub async fn pass(&self, units: u32) {
        self.bench.advance(self.units(units)).await;
    }

    /// So many units from now.
    pub fn after(&self, units: u32) -> u64 {
        self.bench.now() + u64::try_from(self.units(units).as_millis()).unwrap_or(u64::MAX)
    }

    /// One more node.
    pub async fn join(&self, units: u32) -> Result<NodeId, Broken> {
        let node = NodeId::random().map_err(Broken::new)?;
        self.store.join(node, self.units(units)).await?;
        Ok(node)
    }

    pub async fn create(&self, task: NewTask) -> Result<Created, Broken> {
        Ok(self.store.create(task, Admission::UNBOUNDED).await?)
    }

    pub async fn queued(&self, task: NewTask) -> Result<TaskId, Broken> {
        Ok(self.create(task).await?.record.id)
    }

    /// A task that the scene's node works on.
    pub async fn working(&self, task: NewTask) -> Result<Claim, Broken> {
        self.working_on(self.node, task).await
    }

    pub async fn working_on(&self, node: NodeId, mut task: NewTask) -> Result<Claim, Broken> {
        task.claim = Some(node);
        let created = self.create(task).await?;
        created.claim.ok_or_else(|| Broken::new("a task that is born claimed has a claim"))
    }

    pub async fn claims(&self, tools: &[&str], most: usize) -> Result<Claims, Broken> {
        let tools = tools.iter().map(|tool| (*tool).to_owned()).collect();
        Ok(self.store.claim(self.node, tools, most).await?)
    }

    /// Claims a task of the tool `tool`.
    pub async fn claim(&self) -> Result<Claimed, Broken> {
        let due = self.claims(&[TOOL], 1).await?.claimed.pop();
        due.ok_or_else(|| Broken::new("a task is due and is not claimed"))
    }

    /// Nothing of the tool `tool` is due.
    pub async fn nothing_due(&self, what: impl Display) -> Result<(), Broken> {
        let claimed = self.claims(&[TOOL], 1).await?.claimed;
        super::ensure(claimed.is_empty(), format_args!("{what}: {claimed:?}"))
    }

    pub async fn find(&self, id: &TaskId) -> Result<Option<TaskView>, Broken> {
        Ok(self.store.get(&Access::Operator, id).await?)
    }

    /// Frees the tasks of the dead, and says how many.
    pub async fn reap(&self) -> Result<usize, Broken> {
        Ok(self.store.reap(self.node, interrupted()).await?.freed)
    }

    pub async fn view(&self, id: &TaskId) -> Result<TaskView, Broken> {
        self.find(id).await?.ok_or_else(|| Broken::new(format_args!("{id} is not there")))
    }

    pub async fn detail(&self, id: &TaskId) -> Result<TaskDetail, Broken> {
        let detail = self.store.inspect(id).await?;
        detail.ok_or_else(|| Broken::new(format_args!("{id} is not there")))
    }

    pub async fn commit(&self, claim: &Claim, commit: Commit) -> Result<(), Broken> {
        Ok(self.store.commit(claim, commit).await?)
    }

    pub async fn ask(&self, claim: &Claim, keys: &[&str]) -> Result<(), Broken> {
        self.commit(claim, put(keys)).await
    }

    /// Answers with the key itself.
    pub async fn answer(&self, id: &TaskId, keys: &[&str]) -> Result<TaskView, Broken> {
        let answers = keys.iter().map(|key| given(key)).collect();
        let view = self.store.answer(&Access::Operator, id, answers).await?;
        view.ok_or_else(|| Broken::new(format_args!("{id} is not there")))
    }
}

pub const TOOL: &str = "tool";

/// A task of alice's for the tool `tool`.
pub fn task() -> NewTask {
    let id = TaskId::random().expect("a test has randomness");
    let saved = Saved::new(CallId([7; 16]), "1");
    NewTask::new(id, alice(), TOOL, json(json!({"name": TOOL, "arguments": {}})), saved)
}

pub fn alice() -> Owner {
    Owner::from_text("alice")
}

pub fn bob() -> Owner {
    Owner::from_text("bob")
}

pub fn json(value: impl Serialize) -> Json {
    to_raw_value(&value).expect("the kit's values can be written").into()
}

pub fn question(key: &str) -> Question {
    Question::new(json!({"method": "elicitation/create", "params": {"message": key}}).to_string())
}

pub fn asked(key: &str, standing: Standing) -> AskedBefore {
    AskedBefore { key: key.into(), digest: question(key).digest(), standing }
}

pub fn given(key: &str) -> (Key, Answer) {
    (key.into(), Answer::Given(json(key)))
}

pub fn put(keys: &[&str]) -> Commit {
    let put = keys.iter().map(|key| (Key::from(*key), question(key))).collect();
    Commit { put, ..Commit::default() }
}

pub fn record(key: &str, learned: Learned) -> Record {
    Record { key: key.into(), learned }
}

pub fn records(keys: &[&str]) -> Commit {
    let value = |key: &&str| record(key, Learned::Value(json(key)));
    Commit { records: keys.iter().map(value).collect(), ..Commit::default() }
}

pub fn keys(view: &TaskView) -> Vec<&str> {
    view.questions.iter().map(|(key, _)| key.as_str()).collect()
}

pub fn returned(text: &str) -> Outcome {
    let body = json(json!({"content": [{"type": "text", "text": text}]}));
    Outcome::Returned { is_error: false, body }
}

pub fn interrupted() -> Outcome {
    Outcome::Failed(json(json!({"code": -32603, "message": "interrupted"})))
}

/// With timers in an order of their own: a store need not keep theirs.
pub fn sorted(mut saved: Saved) -> Saved {
    saved.timers.sort();
    saved
}
