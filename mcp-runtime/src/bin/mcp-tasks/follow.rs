//! Keeps up with the tasks of a store.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::time::{Duration, Instant};

use mcp_runtime::task::{Position, StoreError, TaskId, TaskRecord, TaskStore};

use crate::tasks::{self, Pages};

/// How far back new tasks are looked for, in milliseconds: another process may have waited so long between the time that it
/// gave a task and writing it.
const OVERLAP: u64 = 2_000;

/// How long tasks that nobody sees are looked at in one go. Ten thousand of them must not keep a processor busy.
const BUDGET: Duration = Duration::from_millis(50);

/// What is new of a task.
pub struct Change {
    /// As it is now, or as it was last.
    pub record: TaskRecord,
    /// Whether it does not exist any more.
    pub gone: bool,
}

/// The tasks that have not ended, and what becomes of them. Takes as much memory as these.
#[derive(Default)]
pub struct Follower {
    live: BTreeMap<TaskId, TaskRecord>,
    /// Tasks that were created lately: they are listed again and again.
    recent: BTreeSet<Position>,
    /// When the newest was created.
    newest: Option<u64>,
    /// The last of the live tasks that was looked at.
    cursor: Option<TaskId>,
}

impl Follower {
    /// The tasks that have not ended.
    pub fn live(&self) -> impl Iterator<Item = &TaskRecord> {
        self.live.values()
    }

    /// What has changed since the last call. The first call finds everything that has not ended. Those in `first` are looked
    /// at in any case.
    pub async fn changes(
        &mut self,
        store: &dyn TaskStore,
        first: &[TaskId],
    ) -> Result<Vec<Change>, StoreError> {
        let mut changes = Vec::new();
        self.find_new(store, &mut changes).await?;
        for id in first {
            self.look_at(store, id.clone(), &mut changes).await?;
        }
        let begin = Instant::now();
        for _ in 0..self.live.len() {
            let Some(id) = self.next() else { break };
            if !first.contains(&id) {
                self.look_at(store, id, &mut changes).await?;
            }
            if begin.elapsed() > BUDGET {
                break;
            }
        }
        Ok(changes)
    }

    async fn find_new(
        &mut self,
        store: &dyn TaskStore,
        changes: &mut Vec<Change>,
    ) -> Result<(), StoreError> {
        let known = self.newest.is_some();
        let mut pages = match self.newest {
            Some(newest) => Pages::since(store, newest.saturating_sub(OVERLAP)),
            None => Pages::new(store),
        };
        while let Some(page) = pages.next().await? {
            for record in page {
                if !self.recent.insert(record.position()) {
                    continue;
                }
                self.newest = self.newest.max(Some(record.created_at));
                let ended = record.state.is_final();
                if !ended {
                    self.live.insert(record.id.clone(), record.clone());
                }
                // What had ended when this began is no news.
                if known || !ended {
                    changes.push(Change { record, gone: false });
                }
            }
            let created_at = self.newest.unwrap_or(0).saturating_sub(OVERLAP);
            self.recent = self.recent.split_off(&Position { created_at, id: TaskId::from("") });
        }
        // An empty store has nothing that is old.
        self.newest = self.newest.or(Some(0));
        Ok(())
    }

    /// The live tasks in turn.
    fn next(&mut self) -> Option<TaskId> {
        let after = self.cursor.take().map_or(Bound::Unbounded, Bound::Excluded);
        let next = self.live.range((after, Bound::Unbounded)).next().or(self.live.iter().next());
        self.cursor = next.map(|(id, _)| id.clone());
        self.cursor.clone()
    }

    async fn look_at(
        &mut self,
        store: &dyn TaskStore,
        id: TaskId,
        changes: &mut Vec<Change>,
    ) -> Result<(), StoreError> {
        let Some(known) = self.live.get_mut(&id) else { return Ok(()) };
        match tasks::view(store, &id).await? {
            Some(view) if view.record == *known => {}
            Some(view) => {
                *known = view.record.clone();
                if view.record.state.is_final() {
                    self.live.remove(&id);
                }
                changes.push(Change { record: view.record, gone: false });
            }
            None => {
                let gone = self.live.remove(&id).map(|record| Change { record, gone: true });
                changes.extend(gone);
            }
        }
        Ok(())
    }
}
