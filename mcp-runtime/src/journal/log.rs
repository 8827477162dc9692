//! The journal proper: its lines, who has called for them, and which have been delivered.

use std::collections::HashMap;

use super::key::Key;
use super::record::{Learned, Record};

/// How far a line has come in this attempt.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Delivery {
    /// Nobody has it yet.
    Held,
    /// Its operation may take it when it is polled next.
    Offered,
    /// The function has it.
    Taken,
    /// The tool's new version has no use for it.
    Abandoned,
}

struct Line {
    record: Record,
    /// Its operation was called in this attempt, or has written it in this attempt.
    claimed: bool,
    delivery: Delivery,
}

/// The lines in the order of the journal. The number of a line never changes.
pub(super) struct Log {
    lines: Vec<Line>,
    by_key: HashMap<Key, usize>,
    unclaimed: usize,
    /// No line before this one is unclaimed.
    first_unclaimed: usize,
}

impl Log {
    pub fn new(records: Vec<Record>) -> Self {
        let by_key = records.iter().enumerate().map(|(line, r)| (r.key.clone(), line)).collect();
        let unclaimed = records.len();
        let line = |record| Line { record, claimed: false, delivery: Delivery::Held };
        let lines = records.into_iter().map(line).collect();
        Log { lines, by_key, unclaimed, first_unclaimed: 0 }
    }

    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    pub fn find(&self, key: &str) -> Option<usize> {
        self.by_key.get(key).copied()
    }

    pub fn learned(&self, line: usize) -> &Learned {
        &self.lines[line].record.learned
    }

    pub fn delivery(&self, line: usize) -> Delivery {
        self.lines[line].delivery
    }

    pub fn claim(&mut self, line: usize) {
        if !std::mem::replace(&mut self.lines[line].claimed, true) {
            self.unclaimed -= 1;
            self.skip_claimed();
        }
    }

    /// Adds a line that this attempt has written.
    pub fn append(&mut self, record: Record) -> usize {
        let line = self.lines.len();
        self.by_key.insert(record.key.clone(), line);
        self.lines.push(Line { record, claimed: true, delivery: Delivery::Held });
        self.skip_claimed();
        line
    }

    pub fn offer(&mut self, line: usize) {
        self.lines[line].delivery = Delivery::Offered;
    }

    pub fn take(&mut self, line: usize) -> Learned {
        let line = &mut self.lines[line];
        line.delivery = Delivery::Taken;
        line.record.learned.clone()
    }

    /// Whether a line before this one was not called for yet.
    pub fn is_late(&self, line: usize) -> bool {
        self.first_unclaimed < line
    }

    pub fn all_claimed(&self) -> bool {
        self.unclaimed == 0
    }

    /// The keys that nobody has called for, in the order of the journal.
    pub fn unclaimed(&self) -> impl Iterator<Item = &Key> {
        self.lines.iter().filter(|line| !line.claimed).map(|line| &line.record.key)
    }

    /// Gives up the lines that nobody has called for. A later operation of such a key starts anew.
    pub fn abandon_unclaimed(&mut self) -> Vec<Key> {
        let mut abandoned = Vec::new();
        for line in self.lines.iter_mut().filter(|line| !line.claimed) {
            line.claimed = true;
            line.delivery = Delivery::Abandoned;
            self.by_key.remove(&line.record.key);
            abandoned.push(line.record.key.clone());
        }
        self.unclaimed = 0;
        self.skip_claimed();
        abandoned
    }

    pub fn records(&self) -> impl Iterator<Item = &Record> {
        let kept = self.lines.iter().filter(|line| line.delivery != Delivery::Abandoned);
        kept.map(|line| &line.record)
    }

    fn skip_claimed(&mut self) {
        while self.lines.get(self.first_unclaimed).is_some_and(|line| line.claimed) {
            self.first_unclaimed += 1;
        }
    }
}
