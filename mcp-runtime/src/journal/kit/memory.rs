//! One call in memory, fenced like one in a database.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::value::RawValue;
use tokio::sync::Notify;

use super::super::home::{Arrived, BoxFuture, Commit, Home, HomeError, Inbox, Promote, Promoted};
use super::super::key::Key;
use super::super::record::{Json, Question};
use super::super::saved::{Asked, Saved, Standing};

/// A [`Home`] in memory, for tests: it keeps one call, refuses old epochs, and takes its time, so
/// that an attempt can be cut off before and after a commit takes place. It checks what a journal
/// promises to a store: see [`violations`](Self::violations).
#[derive(Debug, Default)]
pub struct MemoryHome {
    row: Mutex<Option<Row>>,
    changed: Notify,
}

#[derive(Debug)]
struct Row {
    saved: Saved,
    epoch: u64,
    questions: BTreeMap<Key, Question>,
    answers: BTreeMap<Key, (u64, Json)>,
    cancelled: Option<u64>,
    /// Goes up with each arrival, and what it was at the last look.
    arrivals: u64,
    seen: u64,
    commits: u64,
    violations: Vec<String>,
}

/// A claim of a call: what [`Run::stored`](super::super::Run::stored) needs.
#[derive(Clone, Debug)]
pub struct Claim {
    /// The epoch of this claim; all earlier ones are fenced off.
    pub epoch: u64,
    /// What is known of the call.
    pub saved: Saved,
}

impl MemoryHome {
    /// A home with this call in it.
    pub fn with(saved: Saved) -> Arc<Self> {
        let home = MemoryHome::default();
        *home.lock() = Some(Row::new(saved, Vec::new()));
        Arc::new(home)
    }

    /// A home without a call, for one to be promoted into.
    pub fn empty() -> Arc<Self> {
        Arc::default()
    }

    /// Claims the call for a new attempt. `None` without a call.
    pub fn claim(&self) -> Option<Claim> {
        let mut row = self.lock();
        let row = row.as_mut()?;
        row.epoch += 1;
        Some(Claim { epoch: row.epoch, saved: row.saved.clone() })
    }

    /// The client answers, at this time in milliseconds since the epoch. Says whether the answer
    /// was taken: the question must be open, and the first answer wins.
    pub fn answer(&self, key: &str, at: u64, answer: Box<RawValue>) -> bool {
        let mut row = self.lock();
        let Some(row) = row.as_mut() else { return false };
        let Some((key, _)) = row.questions.get_key_value(key) else { return false };
        if row.answers.contains_key(key) {
            return false;
        }
        row.answers.insert(key.clone(), (at, answer.into()));
        row.arrivals += 1;
        self.changed.notify_waiters();
        true
    }

    /// The client cancels the call, at this time in milliseconds since the epoch.
    pub fn cancel(&self, at: u64) {
        if let Some(row) = self.lock().as_mut() {
            row.cancelled.get_or_insert(at);
            row.arrivals += 1;
            self.changed.notify_waiters();
        }
    }

    /// What is known of the call. `None` without one.
    pub fn saved(&self) -> Option<Saved> {
        self.lock().as_ref().map(|row| row.saved.clone())
    }

    /// The open questions.
    pub fn questions(&self) -> Vec<Key> {
        self.lock().as_ref().map(|row| row.questions.keys().cloned().collect()).unwrap_or_default()
    }

    /// How many commits took place.
    pub fn commits(&self) -> u64 {
        self.lock().as_ref().map_or(0, |row| row.commits)
    }

    /// Promises to a store that were broken: a key recorded twice, a settled question put again.
    pub fn violations(&self) -> Vec<String> {
        self.lock().as_ref().map(|row| row.violations.clone()).unwrap_or_default()
    }

    fn lock(&self) -> MutexGuard<'_, Option<Row>> {
        self.row.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fenced<T>(
        &self,
        epoch: u64,
        transaction: impl FnOnce(&mut Row) -> T,
    ) -> Result<T, HomeError> {
        match self.lock().as_mut() {
            Some(row) if row.epoch == epoch => Ok(transaction(row)),
            Some(_) => Err(HomeError::Fenced),
            None => Err(HomeError::Unavailable("there is no such call".into())),
        }
    }
}

impl Row {
    fn new(saved: Saved, questions: Vec<(Key, Question)>) -> Self {
        Row {
            saved,
            epoch: 0,
            questions: questions.into_iter().collect(),
            answers: BTreeMap::new(),
            cancelled: None,
            arrivals: 0,
            seen: 0,
            commits: 0,
            violations: Vec::new(),
        }
    }

    fn apply(&mut self, commit: Commit) {
        self.commits += 1;
        self.saved.records.retain(|record| !commit.abandoned.contains(&record.key));
        if let Some(version) = commit.version {
            self.saved.version = version;
        }
        for (key, question) in commit.put {
            self.put(key, question);
        }
        for (key, deadline) in commit.set {
            self.saved.timers.retain(|(known, _)| *known != key);
            self.saved.timers.push((key, deadline));
        }
        for key in &commit.withdrawn {
            self.close(key, Standing::Withdrawn);
        }
        self.saved.timers.retain(|(key, _)| !commit.unset.contains(key));
        for key in &commit.refused {
            self.answers.remove(key);
        }
        for record in commit.records {
            if self.saved.records.iter().any(|known| known.key == record.key) {
                self.violations.push(format!("`{}` is recorded twice", record.key));
            }
            self.close(&record.key, Standing::Settled);
            self.saved.timers.retain(|(key, _)| *key != record.key);
            self.saved.records.push(record);
        }
        self.saved.progress = commit.progress;
    }

    fn put(&mut self, key: Key, question: Question) {
        let digest = question.digest();
        match self.saved.asked.iter_mut().find(|asked| asked.key == key) {
            Some(asked) => {
                if asked.standing == Standing::Settled || asked.digest != digest {
                    self.violations.push(format!("`{key}` is put again"));
                }
                asked.standing = Standing::Open;
            }
            None => {
                let (key, standing) = (key.clone(), Standing::Open);
                self.saved.asked.push(Asked { key, digest, standing });
            }
        }
        self.questions.insert(key, question);
    }

    fn close(&mut self, key: &Key, standing: Standing) {
        self.questions.remove(key);
        self.answers.remove(key);
        if let Some(asked) = self.saved.asked.iter_mut().find(|asked| asked.key == *key) {
            asked.standing = standing;
        }
    }
}

impl Home for MemoryHome {
    fn commit(&self, epoch: u64, commit: Commit) -> BoxFuture<'_, Result<(), HomeError>> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            let done = self.fenced(epoch, |row| row.apply(commit));
            tokio::task::yield_now().await;
            done
        })
    }

    fn take_in(&self, epoch: u64, _surely: bool) -> BoxFuture<'_, Result<Inbox, HomeError>> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            self.fenced(epoch, |row| {
                row.seen = row.arrivals;
                let arrived = |(key, (at, json)): (&Key, &(u64, Json))| Arrived {
                    key: key.clone(),
                    at: *at,
                    reply: Ok(json.clone()),
                };
                Inbox {
                    answers: row.answers.iter().map(arrived).collect(),
                    cancelled: row.cancelled,
                }
            })
        })
    }

    fn arrived(self: Arc<Self>, _epoch: u64) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            loop {
                // Made before the look: what comes after the look wakes it.
                let changed = self.changed.notified();
                if self.lock().as_ref().is_none_or(|row| row.arrivals != row.seen) {
                    return;
                }
                changed.await;
            }
        })
    }
}

/// Promotes into a home that must be empty still.
impl Promote for Arc<MemoryHome> {
    fn create(
        &self,
        mut saved: Saved,
        questions: Vec<(Key, Question)>,
    ) -> BoxFuture<'_, Result<Promoted, HomeError>> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            {
                let mut row = self.lock();
                if row.is_some() {
                    return Err(HomeError::Unavailable("there is a call already".into()));
                }
                let held = std::mem::take(&mut saved.held);
                let mut created = Row::new(saved, questions);
                for (key, json) in held {
                    if created.questions.contains_key(&key) {
                        created.answers.insert(key, (0, json));
                    }
                }
                created.epoch = 1;
                *row = Some(created);
            }
            tokio::task::yield_now().await;
            Ok(Promoted { home: self.clone(), epoch: 1 })
        })
    }
}
