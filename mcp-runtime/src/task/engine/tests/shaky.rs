//! A store that fails on command.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::Notify;

use crate::journal::{BoxFuture, Clock, Commit, Inbox, Key};
use crate::store::MemoryStore;
use crate::task::{
    Access, Admission, Answer, Cancelled, Claim, Claims, Created, Ears, NewTask, NodeId, Note,
    Outcome, Position, Purge, Reaped, Release, Stats, StoreError, TaskDetail, TaskId, TaskRecord,
    TaskState, TaskStore, TaskView,
};

/// What is wrong with an operation.
#[derive(Clone, Copy, PartialEq)]
pub enum Fault {
    /// Nothing happens, and it says so.
    Fails,
    /// It happens, and nobody is told.
    Mute,
    /// Nothing happens until all is well.
    Hangs,
    /// It happens, and is told once all is well.
    Late,
}

/// A store in memory, shared by some, as one of them sees it.
pub struct Shaky {
    inner: Arc<MemoryStore>,
    state: Mutex<State>,
    mended: Notify,
}

#[derive(Default)]
struct State {
    faults: HashMap<&'static str, Fault>,
    calls: HashMap<&'static str, u32>,
    deaf: bool,
}

impl Shaky {
    pub fn new() -> Arc<Self> {
        Self::over(Arc::default())
    }

    pub fn over(inner: Arc<MemoryStore>) -> Arc<Self> {
        Arc::new(Self { inner, state: Mutex::default(), mended: Notify::new() })
    }

    /// One whose clock goes with the runtime's time, which may be paused.
    pub fn in_time() -> Arc<Self> {
        let clock = Clock::simulated(Clock::System.now());
        let store = Self::over(Arc::new(MemoryStore::with_clock(clock.clone())));
        tokio::spawn(async move {
            const TICK: Duration = Duration::from_millis(20);
            loop {
                tokio::time::sleep(TICK).await;
                clock.advance(TICK);
            }
        });
        store
    }

    pub fn inner(&self) -> &Arc<MemoryStore> {
        &self.inner
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on these operations go wrong.
    pub fn spoil(&self, fault: Fault, operations: &[&'static str]) {
        self.state().faults.extend(operations.iter().map(|operation| (*operation, fault)));
    }

    /// This one works again.
    pub fn repair(&self, operation: &'static str) {
        self.state().faults.remove(operation);
        self.mended.notify_waiters();
    }

    /// All is well again.
    pub fn mend(&self) {
        self.state().faults.clear();
        self.mended.notify_waiters();
    }

    /// How often it was asked for this.
    pub fn calls(&self, operation: &'static str) -> u32 {
        self.state().calls.get(operation).copied().unwrap_or(0)
    }

    /// Whoever listens from now on hears nothing.
    pub fn be_deaf(&self) {
        self.state().deaf = true;
    }

    async fn well(&self, operation: &'static str) {
        loop {
            let mended = self.mended.notified();
            if !self.state().faults.contains_key(operation) {
                return;
            }
            mended.await;
        }
    }

    async fn through<T>(
        &self,
        operation: &'static str,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let fault = {
            let mut state = self.state();
            *state.calls.entry(operation).or_default() += 1;
            state.faults.get(operation).copied()
        };
        let failed = || StoreError::unavailable(format_args!("{operation} fails on command"));
        match fault {
            None => work.await,
            Some(Fault::Fails) => Err(failed()),
            Some(Fault::Mute) => work.await.and_then(|_| Err(failed())),
            Some(Fault::Hangs) => {
                self.well(operation).await;
                work.await
            }
            Some(Fault::Late) => {
                let done = work.await;
                self.well(operation).await;
                done
            }
        }
    }
}

impl TaskStore for Shaky {
    fn listen(&self, ears: Weak<dyn Ears>) {
        if !self.state().deaf {
            self.inner.listen(ears);
        }
    }

    fn join(&self, node: NodeId, lease: Duration) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(self.through("join", self.inner.join(node, lease)))
    }

    fn beat(&self, node: NodeId, lease: Duration) -> BoxFuture<'_, Result<Vec<Claim>, StoreError>> {
        Box::pin(self.through("beat", self.inner.beat(node, lease)))
    }

    fn leave(&self, node: NodeId) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(self.through("leave", self.inner.leave(node)))
    }

    fn create(
        &self,
        task: NewTask,
        admission: Admission,
    ) -> BoxFuture<'_, Result<Created, StoreError>> {
        Box::pin(self.through("create", self.inner.create(task, admission)))
    }

    fn get<'a>(
        &'a self,
        access: &'a Access,
        id: &'a TaskId,
    ) -> BoxFuture<'a, Result<Option<TaskView>, StoreError>> {
        Box::pin(self.through("get", self.inner.get(access, id)))
    }

    fn list<'a>(
        &'a self,
        access: &'a Access,
        after: Option<Position>,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<TaskRecord>, StoreError>> {
        Box::pin(self.through("list", self.inner.list(access, after, limit)))
    }

    fn inspect<'a>(
        &'a self,
        id: &'a TaskId,
    ) -> BoxFuture<'a, Result<Option<TaskDetail>, StoreError>> {
        Box::pin(self.through("inspect", self.inner.inspect(id)))
    }

    fn claim(
        &self,
        node: NodeId,
        tools: Vec<String>,
        most: usize,
    ) -> BoxFuture<'_, Result<Claims, StoreError>> {
        Box::pin(self.through("claim", self.inner.claim(node, tools, most)))
    }

    fn commit<'a>(
        &'a self,
        claim: &'a Claim,
        commit: Commit,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(self.through("commit", self.inner.commit(claim, commit)))
    }

    fn take_in<'a>(&'a self, claim: &'a Claim) -> BoxFuture<'a, Result<Inbox, StoreError>> {
        Box::pin(self.through("take_in", self.inner.take_in(claim)))
    }

    fn note<'a>(&'a self, claim: &'a Claim, note: Note) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(self.through("note", self.inner.note(claim, note)))
    }

    fn finish<'a>(
        &'a self,
        claim: &'a Claim,
        outcome: Outcome,
    ) -> BoxFuture<'a, Result<TaskState, StoreError>> {
        Box::pin(self.through("finish", self.inner.finish(claim, outcome)))
    }

    fn release<'a>(
        &'a self,
        claim: &'a Claim,
        release: Release,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(self.through("release", self.inner.release(claim, release)))
    }

    fn answer<'a>(
        &'a self,
        access: &'a Access,
        id: &'a TaskId,
        answers: Vec<(Key, Answer)>,
    ) -> BoxFuture<'a, Result<Option<TaskView>, StoreError>> {
        Box::pin(self.through("answer", self.inner.answer(access, id, answers)))
    }

    fn cancel<'a>(
        &'a self,
        access: &'a Access,
        id: &'a TaskId,
    ) -> BoxFuture<'a, Result<Option<Cancelled>, StoreError>> {
        Box::pin(self.through("cancel", self.inner.cancel(access, id)))
    }

    fn reap(
        &self,
        node: NodeId,
        interrupted: Outcome,
    ) -> BoxFuture<'_, Result<Reaped, StoreError>> {
        Box::pin(self.through("reap", self.inner.reap(node, interrupted)))
    }

    fn expire(&self, limit: usize) -> BoxFuture<'_, Result<usize, StoreError>> {
        Box::pin(self.through("expire", self.inner.expire(limit)))
    }

    fn purge(&self, which: Purge) -> BoxFuture<'_, Result<usize, StoreError>> {
        Box::pin(self.through("purge", self.inner.purge(which)))
    }

    fn stats(&self) -> BoxFuture<'_, Result<Stats, StoreError>> {
        Box::pin(self.through("stats", self.inner.stats()))
    }
}
