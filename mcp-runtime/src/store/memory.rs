//! Tasks in memory.

mod row;
mod table;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use self::table::{News, Table};
use crate::task::{
    Access, Admission, Answer, BoxFuture, Cancelled, Claim, Claims, Clock, Commit, Created, Ears,
    Inbox, Key, NewTask, NodeId, Note, Outcome, Position, Purge, Reaped, Release, Stats,
    StoreError, TaskDetail, TaskId, TaskRecord, TaskState, TaskStore, TaskView,
};

/// Tasks in memory: gone with the process.
///
/// Arguments, journals, answers and results may take 256 MiB together, or what [`with_capacity`](Self::with_capacity) says:
/// beyond that no task is created ([`Refusal::Kept`](crate::task::Refusal::Kept)). What is there stays, and may grow within the
/// bounds of its engine.
///
/// For servers whose clients can live with that, and for tests. Several engines of one process may share it. Nothing here
/// waits: every operation is done in the first poll of its future.
pub struct MemoryStore {
    clock: Clock,
    capacity: usize,
    table: Mutex<Table>,
    ears: Mutex<Vec<Weak<dyn Ears>>>,
}

impl MemoryStore {
    /// A store without tasks.
    pub fn new() -> Self {
        Self::default()
    }

    /// A store without tasks that goes by this clock.
    pub fn with_clock(clock: Clock) -> Self {
        Self { clock, ..Self::default() }
    }

    /// The same with room for so many bytes.
    #[must_use]
    pub fn with_capacity(mut self, bytes: usize) -> Self {
        self.capacity = bytes;
        self
    }

    /// One transaction: on what has not expired, and with the ears called after the lock is gone.
    fn transact<T>(&self, work: impl FnOnce(&mut Table, u64, &mut News) -> T) -> T {
        let mut news = News::default();
        let done = {
            let mut table = lock(&self.table);
            // Within the lock: times are in the order of the transactions.
            let now = self.clock.now();
            table.bury(now);
            work(&mut table, now, &mut news)
        };
        self.tell(news);
        done
    }

    fn tell(&self, news: News) {
        if news.changed.is_empty() && !news.due {
            return;
        }
        let ears: Vec<Arc<dyn Ears>> = lock(&self.ears).iter().filter_map(Weak::upgrade).collect();
        for ears in ears {
            news.changed.iter().for_each(|id| ears.changed(id));
            if news.due {
                ears.due();
            }
        }
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        let (table, ears) = (Mutex::default(), Mutex::default());
        Self { clock: Clock::default(), capacity: 256 << 20, table, ears }
    }
}

/// A transaction that panicked has left whole rows behind: they do not run anybody's code.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl std::fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MemoryStore").field("clock", &self.clock).finish_non_exhaustive()
    }
}

impl TaskStore for MemoryStore {
    fn listen(&self, ears: Weak<dyn Ears>) {
        let mut all = lock(&self.ears);
        all.retain(|ears| ears.strong_count() > 0);
        all.push(ears);
    }

    fn join(&self, node: NodeId, lease: Duration) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            self.transact(|table, _, _| table.join(node, self.clock.after(lease)));
            Ok(())
        })
    }

    fn beat(&self, node: NodeId, lease: Duration) -> BoxFuture<'_, Result<Vec<Claim>, StoreError>> {
        Box::pin(async move {
            self.transact(|table, now, _| table.beat(node, now, self.clock.after(lease)))
        })
    }

    fn leave(&self, node: NodeId) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            self.transact(|table, _, _| table.leave(node));
            Ok(())
        })
    }

    fn create(
        &self,
        task: NewTask,
        admission: Admission,
    ) -> BoxFuture<'_, Result<Created, StoreError>> {
        Box::pin(async move {
            let capacity = self.capacity;
            self.transact(|table, now, news| table.create(task, admission, capacity, now, news))
        })
    }

    fn get<'a>(
        &'a self,
        access: &'a Access,
        id: &'a TaskId,
    ) -> BoxFuture<'a, Result<Option<TaskView>, StoreError>> {
        Box::pin(async move {
            Ok(self.transact(|table, _, _| table.row(access, id).map(|row| row.view())))
        })
    }

    fn list<'a>(
        &'a self,
        access: &'a Access,
        after: Option<Position>,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<TaskRecord>, StoreError>> {
        Box::pin(async move { Ok(self.transact(|table, _, _| table.list(access, after, limit))) })
    }

    fn inspect<'a>(
        &'a self,
        id: &'a TaskId,
    ) -> BoxFuture<'a, Result<Option<TaskDetail>, StoreError>> {
        Box::pin(async move {
            let detail = |table: &mut Table| Some(table.row(&Access::Operator, id)?.detail());
            Ok(self.transact(|table, _, _| detail(table)))
        })
    }

    fn claim(
        &self,
        node: NodeId,
        tools: Vec<String>,
        most: usize,
    ) -> BoxFuture<'_, Result<Claims, StoreError>> {
        Box::pin(async move {
            self.transact(|table, now, news| table.claim(node, tools, most, now, news))
        })
    }

    fn commit<'a>(
        &'a self,
        claim: &'a Claim,
        commit: Commit,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            self.transact(|table, now, news| {
                if table.commit(claim, commit, now)? {
                    news.changed(&claim.task);
                }
                Ok(())
            })
        })
    }

    fn take_in<'a>(&'a self, claim: &'a Claim) -> BoxFuture<'a, Result<Inbox, StoreError>> {
        Box::pin(async move {
            self.transact(|table, _, _| table.claimed(claim).map(|row| row.take_in()))
        })
    }

    fn note<'a>(&'a self, claim: &'a Claim, note: Note) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            self.transact(|table, now, news| {
                if note != Note::default()
                    && let Ok(row) = table.claimed(claim)
                    && !row.has_ended()
                {
                    row.note(note, now);
                    news.changed(&claim.task);
                }
            });
            Ok(())
        })
    }

    fn finish<'a>(
        &'a self,
        claim: &'a Claim,
        outcome: Outcome,
    ) -> BoxFuture<'a, Result<TaskState, StoreError>> {
        Box::pin(async move {
            // Outside of the lock: it may have to look into a large result.
            let message = outcome.message();
            self.transact(|table, now, news| {
                let state = table.claimed(claim)?.record.state;
                table.unclaim(&claim.task);
                if state.is_final() {
                    return Ok(state);
                }
                let state = outcome.state();
                table.end(&claim.task, state, Some(outcome), message, now, news);
                Ok(state)
            })
        })
    }

    fn release<'a>(
        &'a self,
        claim: &'a Claim,
        release: Release,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            self.transact(|table, now, news| table.release(claim, release, now, news))
        })
    }

    fn answer<'a>(
        &'a self,
        access: &'a Access,
        id: &'a TaskId,
        answers: Vec<(Key, Answer)>,
    ) -> BoxFuture<'a, Result<Option<TaskView>, StoreError>> {
        Box::pin(async move {
            let mut given = HashMap::with_capacity(answers.len());
            for (key, answer) in answers {
                given.entry(key).or_insert(answer);
            }
            Ok(self.transact(|table, now, news| table.answer(access, id, given, now, news)))
        })
    }

    fn cancel<'a>(
        &'a self,
        access: &'a Access,
        id: &'a TaskId,
    ) -> BoxFuture<'a, Result<Option<Cancelled>, StoreError>> {
        Box::pin(async move {
            Ok(self.transact(|table, now, news| table.cancel(access, id, now, news)))
        })
    }

    fn reap(
        &self,
        node: NodeId,
        interrupted: Outcome,
    ) -> BoxFuture<'_, Result<Reaped, StoreError>> {
        Box::pin(async move {
            let message = interrupted.message();
            self.transact(|table, now, news| table.reap(node, &interrupted, &message, now, news))
        })
    }

    fn expire(&self, limit: usize) -> BoxFuture<'_, Result<usize, StoreError>> {
        Box::pin(async move { Ok(self.transact(|table, _, news| table.unearth(limit, news))) })
    }

    fn purge(&self, which: Purge) -> BoxFuture<'_, Result<usize, StoreError>> {
        Box::pin(async move { Ok(self.transact(|table, _, news| table.purge(which, news))) })
    }

    fn stats(&self) -> BoxFuture<'_, Result<Stats, StoreError>> {
        Box::pin(async move { Ok(self.transact(|table, now, _| table.stats(now))) })
    }
}
