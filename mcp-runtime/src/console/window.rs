//! The part of a store that one console sees: its latest tasks, and older ones that have not ended.

use std::collections::BTreeMap;

use crate::task::operator::Pages;
use crate::task::{Access, Position, StoreError, TaskId, TaskRecord, TaskStore};

/// The latest tasks that are kept in view.
const LATEST: usize = 200;

/// Older ones that have not ended, beside those. Each is looked up by itself.
const OLDER: usize = 200;

/// What was seen last: bounded, whatever the store has.
#[derive(Default)]
pub(super) struct Window {
    latest: BTreeMap<Position, TaskRecord>,
    older: BTreeMap<Position, TaskRecord>,
    /// It has looked at least once.
    begun: bool,
}

/// What is new since the last look.
#[derive(Debug, Default, PartialEq)]
pub(super) struct News {
    /// Newest first.
    pub changed: Vec<TaskRecord>,
    pub gone: Vec<TaskId>,
}

impl News {
    pub fn is_none(&self) -> bool {
        self.changed.is_empty() && self.gone.is_empty()
    }
}

impl Window {
    /// Looks at the store, once over all of it, and then at what is in view and what came since.
    pub async fn look(&mut self, store: &dyn TaskStore) -> Result<News, StoreError> {
        let mut pages = match self.latest.first_key_value() {
            Some((first, _)) if self.latest.len() >= LATEST => {
                Pages::since(store, first.created_at)
            }
            _ => Pages::new(store),
        };
        let (mut latest, mut aside) = (BTreeMap::new(), BTreeMap::new());
        while let Some(page) = pages.next().await? {
            for record in page {
                latest.insert(record.position(), record);
                if latest.len() > LATEST {
                    let pushed = latest.pop_first().filter(|(_, record)| !record.state.is_final());
                    aside.extend(pushed);
                    if aside.len() > OLDER {
                        aside.pop_first();
                    }
                }
            }
        }
        let mut older = BTreeMap::new();
        for (position, record) in &self.older {
            if aside.contains_key(position) || latest.contains_key(position) {
                continue; // It was read with the others.
            }
            if let Some(view) = store.get(&Access::Operator, &record.id).await? {
                older.insert(position.clone(), view.record);
            }
        }
        older.append(&mut aside);
        while older.len() > OLDER {
            older.pop_first();
        }
        Ok(self.turn(latest, older))
    }

    /// Puts what was seen now in the place of what was seen before.
    fn turn(
        &mut self,
        latest: BTreeMap<Position, TaskRecord>,
        older: BTreeMap<Position, TaskRecord>,
    ) -> News {
        let mut before = std::mem::take(&mut self.latest);
        before.append(&mut self.older);
        let now = older.iter().rev().chain(latest.iter().rev());
        let mut changed: Vec<_> = now
            .filter(|(position, record)| before.remove(*position).as_ref() != Some(*record))
            .map(|(_, record)| record.clone())
            .collect();
        changed.sort_by_key(|record| std::cmp::Reverse(record.position()));
        let gone = before.into_values().map(|record| record.id).collect();
        // An older one that has ended was shown as such, and need not be looked at again.
        self.older = older.into_iter().filter(|(_, record)| !record.state.is_final()).collect();
        (self.latest, self.begun) = (latest, true);
        News { changed, gone }
    }

    /// Whether nothing was seen yet.
    pub fn is_new(&self) -> bool {
        !self.begun
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::{CallId, Saved};
    use crate::store::MemoryStore;
    use crate::task::{Admission, NewTask, Owner, Purge};

    async fn create(store: &MemoryStore) -> TaskId {
        let call = serde_json::value::RawValue::from_string("{}".to_owned()).expect("JSON");
        let id = TaskId::random().expect("randomness");
        let saved = Saved::new(CallId([7; 16]), "");
        let task = NewTask::new(id.clone(), Owner::anonymous(), "tool", call.into(), saved);
        store.create(task, Admission::UNBOUNDED).await.expect("a task");
        id
    }

    fn ids(records: &[TaskRecord]) -> Vec<&TaskId> {
        records.iter().map(|record| &record.id).collect()
    }

    #[tokio::test]
    async fn a_look_says_what_is_new_changed_and_gone() -> Result<(), StoreError> {
        let (store, mut window) = (MemoryStore::new(), Window::default());
        let (one, two) = (create(&store).await, create(&store).await);
        assert!(window.is_new());
        let first = window.look(&store).await?;
        assert_eq!(first.changed.len(), 2);
        assert!(window.look(&store).await?.is_none());
        store.cancel(&Access::Operator, &one).await?;
        let news = window.look(&store).await?;
        assert_eq!(ids(&news.changed), [&one]);
        let three = create(&store).await;
        store.purge(Purge::One(one.clone())).await?;
        let news = window.look(&store).await?;
        assert_eq!((ids(&news.changed), &news.gone), (vec![&three], &vec![one]));
        store.cancel(&Access::Operator, &two).await?;
        assert_eq!(ids(&window.look(&store).await?.changed), [&two]);
        Ok(())
    }

    /// However many there are, no more than a window is kept; what has not ended stays in view.
    #[tokio::test]
    async fn a_window_is_bounded_and_keeps_what_is_alive() -> Result<(), StoreError> {
        let (store, mut window) = (MemoryStore::new(), Window::default());
        let old = create(&store).await;
        // Later ones in the order of lists.
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        for _ in 0..LATEST + 50 {
            let id = create(&store).await;
            store.cancel(&Access::Operator, &id).await?;
        }
        let first = window.look(&store).await?;
        assert_eq!(first.changed.len(), LATEST + 1);
        assert_eq!(first.changed.last().map(|record| &record.id), Some(&old));
        assert!(window.look(&store).await?.is_none());
        store.cancel(&Access::Operator, &old).await?;
        assert_eq!(ids(&window.look(&store).await?.changed), [&old]);
        // It has ended, and falls out of view.
        assert_eq!(window.look(&store).await?.changed, []);
        for _ in 0..2 * (LATEST + OLDER) {
            create(&store).await;
        }
        window.look(&store).await?;
        assert_eq!((window.latest.len(), window.older.len()), (LATEST, OLDER));
        Ok(())
    }
}
