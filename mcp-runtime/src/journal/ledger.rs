//! Questions and timers as the outside knows them, over all attempts.

use std::collections::{BTreeMap, HashMap};

use super::key::Key;
use super::record::{Digest, Question};
use super::saved::{Asked, Standing};

/// Which questions were ever put, which are open, and which timers run.
///
/// What the function has not called for yet in this attempt stays as the last attempt left it: a
/// deadline must not move, and an open question not blink, because a rerun is slow to get there.
#[derive(Default)]
pub(super) struct Ledger {
    asked: Vec<Asked>,
    by_key: HashMap<Key, usize>,
    timers: BTreeMap<Key, u64>,
    /// What a home has not been told yet.
    pub news: News,
}

/// What has changed since the last commit.
#[derive(Default)]
pub(super) struct News {
    pub put: Vec<(Key, Question)>,
    pub withdrawn: Vec<Key>,
    pub set: Vec<(Key, u64)>,
    pub unset: Vec<Key>,
    pub refused: Vec<Key>,
}

impl News {
    pub fn is_empty(&self) -> bool {
        let News { put, withdrawn, set, unset, refused } = self;
        let keys = [withdrawn, unset, refused].iter().all(|keys| keys.is_empty());
        keys && put.is_empty() && set.is_empty()
    }
}

impl Ledger {
    pub fn new(asked: Vec<Asked>, timers: Vec<(Key, u64)>) -> Self {
        let by_key = asked.iter().enumerate().map(|(at, asked)| (asked.key.clone(), at)).collect();
        Ledger { asked, by_key, timers: timers.into_iter().collect(), news: News::default() }
    }

    pub fn get(&self, key: &str) -> Option<&Asked> {
        self.by_key.get(key).map(|at| &self.asked[*at])
    }

    pub fn is_open(&self, key: &str) -> bool {
        self.get(key).is_some_and(|asked| asked.standing == Standing::Open)
    }

    /// The place of a question in the order of asking.
    pub fn order(&self, key: &str) -> usize {
        self.by_key.get(key).copied().unwrap_or(usize::MAX)
    }

    pub fn deadline(&self, key: &str) -> Option<u64> {
        self.timers.get(key).copied()
    }

    /// Puts a question, unless it is open already from an earlier attempt.
    pub fn put(&mut self, key: &Key, digest: Digest, question: &Question) {
        match self.by_key.get(key) {
            Some(at) if self.asked[*at].standing == Standing::Open => return,
            Some(at) => self.asked[*at].standing = Standing::Open,
            None => {
                self.by_key.insert(key.clone(), self.asked.len());
                self.asked.push(Asked { key: key.clone(), digest, standing: Standing::Open });
            }
        }
        self.news.put.push((key.clone(), question.clone()));
    }

    pub fn set(&mut self, key: &Key, deadline: u64) {
        if self.timers.insert(key.clone(), deadline) != Some(deadline) {
            self.news.set.push((key.clone(), deadline));
        }
    }

    pub fn unset(&mut self, key: &Key) {
        if self.timers.remove(key).is_some() {
            let known = self.news.set.len();
            self.news.set.retain(|(set, _)| set != key);
            if self.news.set.len() == known {
                self.news.unset.push(key.clone());
            }
        }
    }

    /// The author has dropped the operation: nobody waits for its answer or its timer.
    pub fn withdraw(&mut self, key: &Key) {
        self.unset(key);
        let Some(asked) = self.by_key.get(key).map(|at| &mut self.asked[*at]) else { return };
        if asked.standing == Standing::Open {
            asked.standing = Standing::Withdrawn;
            let known = self.news.put.len();
            self.news.put.retain(|(put, _)| put != key);
            if self.news.put.len() == known {
                self.news.withdrawn.push(key.clone());
            }
        }
    }

    /// The same in a live run, which keeps no questions.
    pub fn withdraw_live(&mut self, key: Key) {
        let known = self.news.put.len();
        self.news.put.retain(|(put, _)| *put != key);
        if self.news.put.len() == known {
            self.news.withdrawn.push(key);
        }
    }

    /// Forgets that other questions than these are open: a new home has only these.
    pub fn keep_only(&mut self, questions: &[(Key, Question)]) {
        for asked in self.asked.iter_mut().filter(|asked| asked.standing == Standing::Open) {
            if !questions.iter().any(|(key, _)| *key == asked.key) {
                asked.standing = Standing::Withdrawn;
            }
        }
    }

    /// A record closes the question and the timer of its key.
    pub fn close(&mut self, key: &str) {
        self.timers.remove(key);
        if let Some(at) = self.by_key.get(key) {
            self.asked[*at].standing = Standing::Settled;
        }
    }

    pub fn asked(&self) -> &[Asked] {
        &self.asked
    }

    pub fn timers(&self) -> impl Iterator<Item = (&Key, u64)> {
        self.timers.iter().map(|(key, deadline)| (key, *deadline))
    }
}
