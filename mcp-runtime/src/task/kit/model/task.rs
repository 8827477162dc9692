//! One task of the model.

use std::sync::Arc;

use super::super::scene::sorted;
use super::super::{Broken, ensure, same};
use super::millis;
use crate::Restart;
use crate::task::{
    AskedBefore, Claim, Commit, Json, Key, NewTask, Outcome, Question, Saved, Standing, TaskDetail,
    TaskRecord, TaskState, TaskView,
};

/// A task. `change` and `updated_at` of its record are what the store has shown last.
pub struct Task {
    pub record: TaskRecord,
    pub outcome: Option<Outcome>,
    pub saved: Saved,
    pub open: Vec<Open>,
    pub claim: Option<Claim>,
    pub due: Option<u64>,
    pub call: Json,
    pub times: Vec<u64>,
    pub restart: Restart,
    pub dedupe: Option<String>,
    pub epoch: u64,
    pub parked: bool,
    pub called: bool,
    pub cancelled: Option<u64>,
    /// Its message is that of an attempt that failed.
    pub failed: bool,
    /// What clients saw when they looked last.
    seen: TaskView,
    /// It may count as a change, whether clients see a difference or not.
    pub touched: bool,
}

pub struct Open {
    pub key: Key,
    pub question: Question,
    pub answer: Option<Arrival>,
}

/// When an answer came, and what it says.
pub type Arrival = (u64, Result<Json, Arc<str>>);

impl Task {
    pub fn new(new: NewTask, now: u64) -> Self {
        let mut record = TaskRecord::new(new.id, new.owner, new.tool, now);
        record.expires_at = new.ttl.map(|ttl| now + millis(ttl));
        record.retry_of = new.retry_of;
        let mut saved = new.saved;
        let held = std::mem::take(&mut saved.held);
        let answer = |key: &Key| held.iter().find(|(held, _)| held == key);
        let open = new.questions.into_iter().map(|(key, question)| {
            let answer = answer(&key).map(|(_, json)| (0, Ok(json.clone())));
            Open { key, question, answer }
        });
        let open = open.collect();
        let seen = TaskView { record: record.clone(), outcome: None, questions: Vec::new() };
        let mut task = Self {
            times: vec![now; saved.records.len()],
            record,
            outcome: None,
            saved,
            open,
            claim: None,
            due: None,
            call: new.call,
            restart: new.restart,
            dedupe: new.dedupe,
            epoch: 0,
            parked: false,
            called: false,
            cancelled: None,
            failed: false,
            seen,
            touched: true,
        };
        task.called = task.open.iter().any(|open| open.answer.is_some());
        task.settle();
        task.seen = task.view();
        task
    }

    pub fn has_ended(&self) -> bool {
        self.record.state.is_final()
    }

    pub fn settle(&mut self) {
        let waits = self.open.iter().any(|open| open.answer.is_none());
        self.record.state = if waits { TaskState::InputRequired } else { TaskState::Working };
    }

    pub fn view(&self) -> TaskView {
        let open = self.open.iter().filter(|open| open.answer.is_none());
        let place = |open: &&Open| self.saved.asked.iter().position(|asked| asked.key == open.key);
        let mut open: Vec<&Open> = open.collect();
        open.sort_by_key(place);
        let questions = open.iter().map(|open| (open.key.clone(), open.question.clone()));
        TaskView {
            record: self.record.clone(),
            outcome: self.outcome.clone(),
            questions: questions.collect(),
        }
    }

    fn detail(&self) -> TaskDetail {
        let mut detail = TaskDetail::new(
            self.view(),
            self.call.clone(),
            sorted(self.saved.clone()),
            self.times.clone(),
            self.restart,
        );
        (detail.claim, detail.due_at) = (self.claim.clone(), self.due);
        detail
    }

    /// Takes over when it changed from what the store shows, if that can be.
    pub fn look(&mut self, shown: &TaskRecord, now: u64) -> Result<(), Broken> {
        let comparable = |mut view: TaskView| {
            view.record.attempt = 0;
            view
        };
        let (change, updated_at) = (self.seen.record.change, self.seen.record.updated_at);
        let differs = comparable(self.view()) != comparable(self.seen.clone());
        let touched = std::mem::take(&mut self.touched);
        let (right, what) = if differs {
            let later = shown.updated_at == updated_at.max(now);
            (shown.change > change && later, "clients see something new: that is a change")
        } else if touched {
            (shown.change >= change, "changes are counted upwards")
        } else {
            let same = shown.change == change && shown.updated_at == updated_at;
            (same, "D13: clients see nothing new: that is no change")
        };
        ensure(right, format_args!("{what}: {shown:?} after {:?}", self.seen.record))?;
        (self.record.change, self.record.updated_at) = (shown.change, shown.updated_at);
        self.seen = self.view();
        same(shown, &self.record, "the record")
    }

    pub fn compare(&self, found: TaskDetail) -> Result<(), Broken> {
        let parts = |detail: TaskDetail| {
            let TaskDetail { view, call, saved, times, restart, claim, due_at, .. } = detail;
            (view, call, sorted(saved), times, restart, claim, due_at)
        };
        same(parts(found), parts(self.detail()), "the task")
    }

    fn put(&mut self, key: &Key, question: &Question) {
        match self.saved.asked.iter_mut().find(|asked| asked.key == *key) {
            Some(asked) => asked.standing = Standing::Open,
            None => self.saved.asked.push(AskedBefore {
                key: key.clone(),
                digest: question.digest(),
                standing: Standing::Open,
            }),
        }
        let (key, question) = (key.clone(), question.clone());
        self.open.push(Open { key, question, answer: None });
    }

    fn close(&mut self, key: &Key, standing: Standing) {
        self.open.retain(|open| open.key != *key);
        for asked in self.saved.asked.iter_mut().filter(|asked| asked.key == *key) {
            asked.standing = standing;
        }
    }

    pub fn apply(&mut self, commit: &Commit, now: u64) {
        let Commit { abandoned, put, set, withdrawn, unset, refused, records, .. } = commit;
        for key in abandoned {
            while let Some(at) = self.saved.records.iter().position(|line| line.key == *key) {
                self.saved.records.remove(at);
                self.times.remove(at);
            }
        }
        if let Some(version) = &commit.version {
            self.saved.version.clone_from(version);
        }
        put.iter().for_each(|(key, question)| self.put(key, question));
        for (key, deadline) in set {
            self.saved.timers.retain(|(known, _)| known != key);
            self.saved.timers.push((key.clone(), *deadline));
        }
        withdrawn.iter().for_each(|key| self.close(key, Standing::Withdrawn));
        self.saved.timers.retain(|(key, _)| !unset.contains(key));
        for open in self.open.iter_mut().filter(|open| refused.contains(&open.key)) {
            open.answer = None;
        }
        for record in records {
            self.close(&record.key, Standing::Settled);
            self.saved.timers.retain(|(key, _)| *key != record.key);
            self.saved.records.push(record.clone());
            self.times.push(now);
        }
        self.saved.progress = commit.progress;
        self.touched = !(put.is_empty() && withdrawn.is_empty() && refused.is_empty())
            || records.iter().any(|record| self.saved.asked.iter().any(|q| q.key == record.key));
        self.settle();
    }

    pub fn end(&mut self, state: TaskState, outcome: Option<Outcome>) {
        if let Some(message) = outcome.as_ref().and_then(Outcome::message) {
            self.record.message = Some(message);
        }
        (self.record.state, self.outcome) = (state, outcome);
        self.open.clear();
        self.saved.timers.clear();
        (self.due, self.dedupe, self.parked) = (None, None, false);
    }
}
