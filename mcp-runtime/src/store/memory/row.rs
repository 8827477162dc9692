//! One task, and what happens to it alone.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::server::definition::Restart;
use crate::task::{
    Answer, Arrived, AskedBefore, Claim, Claimed, Commit, Inbox, Json, Key, NewTask, NodeId, Note,
    Outcome, Question, Record, Saved, Standing, TaskDetail, TaskRecord, TaskState, TaskView,
};

/// A place in the queue of those that nobody works on: when it is due, and a number that keeps the order among equals.
pub(super) type Slot = (u64, u64);

/// One task. What is also in an index ([`Table`](super::table::Table)) is changed there only: `worker`, `slot`, `dedupe`, and
/// whether it has ended.
pub(super) struct Row {
    pub record: TaskRecord,
    pub outcome: Option<Outcome>,
    pub dedupe: Option<String>,
    pub restart: Restart,
    pub epoch: u64,
    /// Who works on it, or has not acknowledged yet that it was cancelled.
    pub worker: Option<NodeId>,
    /// `None` while somebody works on it, while it is parked without a time, and when it has ended.
    pub slot: Option<Slot>,
    /// An answer makes it due.
    pub parked: bool,
    /// Something came that no worker has taken in.
    pub called: bool,
    pub cancelled: Option<u64>,
    /// Its message says why its last attempt failed.
    failed: bool,
    call: Json,
    saved: Saved,
    /// When each of the records was committed.
    times: Vec<u64>,
    /// What it takes, in bytes: the parts that can be large.
    pub weight: usize,
    /// By the place in [`Saved::asked`].
    open: BTreeMap<usize, Open>,
}

/// An open question.
struct Open {
    key: Key,
    question: Question,
    /// When its answer came, and what it says.
    answer: Option<(u64, Result<Json, Arc<str>>)>,
}

impl Open {
    /// Takes an answer in, and says how many bytes it has.
    fn take(&mut self, now: u64, reply: Result<Json, Arc<str>>) -> usize {
        self.answer = Some((now, reply));
        self.weight()
    }

    /// What the answer takes, in bytes.
    fn weight(&self) -> usize {
        match &self.answer {
            Some((_, Ok(json))) => json.as_str().len(),
            Some((_, Err(reason))) => reason.len(),
            None => 0,
        }
    }
}

impl Row {
    pub fn new(task: NewTask, now: u64) -> Self {
        let NewTask { id, owner, tool, call, mut saved, questions, ttl, restart, .. } = task;
        let mut record = TaskRecord::new(id, owner, tool, now);
        record.retry_of = task.retry_of;
        record.expires_at =
            ttl.map(|ttl| now.saturating_add(u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX)));
        let held = std::mem::take(&mut saved.held);
        let mut row = Self {
            record,
            outcome: None,
            dedupe: task.dedupe,
            restart,
            epoch: 0,
            worker: None,
            slot: None,
            parked: false,
            called: false,
            cancelled: None,
            failed: false,
            weight: call.as_str().len() + saved.records.iter().map(Record::size).sum::<usize>(),
            call,
            times: vec![now; saved.records.len()],
            saved,
            open: BTreeMap::new(),
        };
        for (key, question) in questions {
            row.put(key, question);
        }
        for (key, json) in held {
            if let Some(open) = row.open.values_mut().find(|open| open.key == key) {
                row.weight += open.take(0, Ok(json));
                row.called = true;
            }
        }
        row.record.state = row.standing();
        row
    }

    pub fn has_ended(&self) -> bool {
        self.record.state.is_final()
    }

    pub fn is_worked_on(&self) -> bool {
        self.worker.is_some() && !self.has_ended()
    }

    pub fn claim(&self) -> Option<Claim> {
        let (task, epoch) = (self.record.id.clone(), self.epoch);
        self.worker.map(|node| Claim { task, node, epoch })
    }

    pub fn claimed(&self) -> Option<Claimed> {
        Some(Claimed {
            claim: self.claim()?,
            record: self.record.clone(),
            call: self.call.clone(),
            saved: self.saved.clone(),
        })
    }

    pub fn view(&self) -> TaskView {
        let open = self.open.values().filter(|open| open.answer.is_none());
        TaskView {
            record: self.record.clone(),
            outcome: self.outcome.clone(),
            questions: open.map(|open| (open.key.clone(), open.question.clone())).collect(),
        }
    }

    pub fn detail(&self) -> TaskDetail {
        TaskDetail {
            view: self.view(),
            call: self.call.clone(),
            saved: self.saved.clone(),
            times: self.times.clone(),
            restart: self.restart,
            claim: self.claim(),
            due_at: self.slot.map(|(due, _)| due),
        }
    }

    /// Clients can see something new.
    pub fn touch(&mut self, now: u64) {
        self.record.change += 1;
        self.record.updated_at = self.record.updated_at.max(now);
    }

    /// L38, L41: what the questions make of the state.
    fn standing(&self) -> TaskState {
        if self.open.values().any(|open| open.answer.is_none()) {
            TaskState::InputRequired
        } else {
            TaskState::Working
        }
    }

    fn questions_changed(&mut self, now: u64) {
        self.record.state = self.standing();
        self.touch(now);
    }

    /// Says whether clients can see something new.
    pub fn apply(&mut self, commit: Commit, now: u64) -> bool {
        if !commit.records.is_empty() && self.saved.records.ends_with(&commit.records) {
            // It has been made before, and whoever asked for it was not told.
            return false;
        }
        if !commit.abandoned.is_empty() {
            self.abandon(&commit.abandoned);
        }
        if let Some(version) = commit.version {
            self.saved.version = version;
        }
        let mut visible = !commit.put.is_empty();
        for (key, question) in commit.put {
            self.put(key, question);
        }
        for (key, deadline) in commit.set {
            self.saved.timers.retain(|(known, _)| *known != key);
            self.saved.timers.push((key, deadline));
        }
        for key in &commit.withdrawn {
            visible |= self.close(key, Standing::Withdrawn);
        }
        self.saved.timers.retain(|(key, _)| !commit.unset.contains(key));
        for key in &commit.refused {
            for open in self.open.values_mut().filter(|open| open.key == *key) {
                self.weight -= open.weight();
                visible |= open.answer.take().is_some();
            }
        }
        for record in commit.records {
            visible |= self.close(&record.key, Standing::Settled);
            self.saved.timers.retain(|(key, _)| *key != record.key);
            self.weight += record.size();
            self.saved.records.push(record);
            self.times.push(now);
        }
        self.saved.progress = commit.progress;
        if visible {
            self.questions_changed(now);
        }
        visible
    }

    fn abandon(&mut self, keys: &[Key]) {
        let stays: Vec<bool> =
            self.saved.records.iter().map(|record| !keys.contains(&record.key)).collect();
        let mut each = stays.iter();
        let weight = &mut self.weight;
        self.saved.records.retain(|record| {
            let stays = each.next().is_none_or(|stays| *stays);
            *weight -= if stays { 0 } else { record.size() };
            stays
        });
        let mut each = stays.iter();
        self.times.retain(|_| each.next().is_none_or(|stays| *stays));
    }

    fn put(&mut self, key: Key, question: Question) {
        let place = match self.saved.asked.iter().position(|asked| asked.key == key) {
            Some(place) => {
                self.saved.asked[place].standing = Standing::Open;
                place
            }
            None => {
                let (key, digest) = (key.clone(), question.digest());
                self.saved.asked.push(AskedBefore { key, digest, standing: Standing::Open });
                self.saved.asked.len() - 1
            }
        };
        let answer = self.open.remove(&place).and_then(|open| open.answer);
        self.open.insert(place, Open { key, question, answer });
    }

    /// Says whether clients could see the question.
    fn close(&mut self, key: &Key, standing: Standing) -> bool {
        // Most records are those of steps, in a call that has asked nothing.
        let Some(place) = self.saved.asked.iter().position(|asked| asked.key == *key) else {
            return false;
        };
        self.saved.asked[place].standing = standing;
        let Some(open) = self.open.remove(&place) else { return false };
        self.weight -= open.weight();
        open.answer.is_none()
    }

    /// Says whether one of them answers something.
    pub fn answer(&mut self, mut given: HashMap<Key, Answer>, now: u64) -> bool {
        let mut some = false;
        for open in self.open.values_mut().filter(|open| open.answer.is_none()) {
            let Some(answer) = given.remove(&open.key) else { continue };
            let reply = match answer {
                Answer::Given(json) => Ok(json),
                Answer::Refused(reason) => Err(reason.into()),
            };
            self.weight += open.take(now, reply);
            some = true;
        }
        if some {
            self.called = true;
            self.questions_changed(now);
        }
        some
    }

    pub fn take_in(&mut self) -> Inbox {
        self.called = false;
        let arrived = self.open.values().filter_map(|open| {
            let (at, reply) = open.answer.clone()?;
            Some(Arrived { key: open.key.clone(), at, reply })
        });
        Inbox { answers: arrived.collect(), cancelled: self.cancelled }
    }

    pub fn note(&mut self, note: Note, now: u64) {
        let Note { message, progress } = note;
        self.record.message = message.or_else(|| self.record.message.take());
        self.record.progress = progress.or(self.record.progress);
        self.touch(now);
    }

    /// A failed attempt is over.
    pub fn fail_attempt(&mut self, message: String, now: u64) {
        let before: usize = self.saved.records.iter().map(Record::size).sum();
        self.saved.forget_last_failures();
        let after: usize = self.saved.records.iter().map(Record::size).sum();
        self.weight -= before - after;
        self.times.truncate(self.saved.records.len());
        self.record.attempt = self.record.attempt.saturating_add(1);
        self.record.message = Some(message);
        self.failed = true;
        self.touch(now);
    }

    /// The next attempt begins: what is said of a failed one is over. Says whether there was such a thing.
    pub fn begin_attempt(&mut self, now: u64) -> bool {
        let failed = std::mem::take(&mut self.failed);
        if failed {
            self.record.message = None;
            self.touch(now);
        }
        failed
    }

    /// The first end stands: there must have been none before.
    pub fn end(
        &mut self,
        state: TaskState,
        outcome: Option<Outcome>,
        message: Option<String>,
        now: u64,
    ) {
        self.record.state = state;
        self.record.message = message.or_else(|| self.record.message.take());
        self.weight += outcome.as_ref().map_or(0, |outcome| outcome.json().as_str().len());
        self.outcome = outcome;
        self.weight -= self.open.values().map(Open::weight).sum::<usize>();
        self.open.clear();
        self.saved.timers.clear();
        self.touch(now);
    }
}
