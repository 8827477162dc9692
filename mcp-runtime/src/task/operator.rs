//! What whoever looks after tasks does with a store, beside its own operations: reading all of it, a task as JSON, and
//! the same call once more.
//!
//! The command `mcp-tasks` and the development console rest on it, and so can a program of your own. As JSON a task is an
//! object with times in RFC 3339; what is not there is `null`.

use std::time::{Duration, UNIX_EPOCH};

use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::value::RawValue;

use super::id::TaskId;
use super::store::{
    Access, Claim, NewTask, Outcome, Position, StoreError, TaskDetail, TaskRecord, TaskStore,
};
use crate::journal::{CallId, Learned, Record, Saved, Standing};
use crate::server::definition::Restart;

/// How many tasks are read at a time.
const PAGE: usize = 500;

/// All tasks of everybody, oldest first, a page at a time: what is created meanwhile is read, too.
pub struct Pages<'a> {
    store: &'a dyn TaskStore,
    after: Option<Position>,
    last: bool,
}

impl<'a> Pages<'a> {
    /// From the first task on.
    pub fn new(store: &'a dyn TaskStore) -> Self {
        Self { store, after: None, last: false }
    }

    /// From the first task on that was created at this time, in milliseconds since the epoch.
    pub fn since(store: &'a dyn TaskStore, created_at: u64) -> Self {
        let after = Some(Position { created_at, id: TaskId::from("") });
        Self { store, after, last: false }
    }

    /// The next tasks. `None` after the last.
    ///
    /// # Errors
    ///
    /// The store cannot be used. The next call asks for the same page.
    pub async fn next(&mut self) -> Result<Option<Vec<TaskRecord>>, StoreError> {
        if self.last {
            return Ok(None);
        }
        let page = self.store.list(&Access::Operator, self.after.clone(), PAGE).await?;
        self.last = page.len() < PAGE;
        if let Some(record) = page.last() {
            self.after = Some(record.position());
        }
        Ok(Some(page))
    }
}

/// The task that does the same again as one that has ended, which stays as it is (P20): a call of its own, with an empty
/// journal and new idempotency keys, that names the old one. `None` if the old one has not ended.
///
/// # Errors
///
/// The system has no randomness to give.
pub fn again(old: TaskDetail) -> Result<Option<NewTask>, getrandom::Error> {
    let record = old.view.record;
    if !record.state.is_final() {
        return Ok(None);
    }
    let mut call = [0; 16];
    getrandom::fill(&mut call)?;
    // A call of its own: services that know the old one's idempotency keys must not take this for a repetition.
    let saved = Saved::new(CallId(call), old.saved.version);
    let mut task = NewTask::new(TaskId::random()?, record.owner, record.tool, old.call, saved);
    task.ttl =
        record.expires_at.map(|at| Duration::from_millis(at.saturating_sub(record.created_at)));
    task.restart = old.restart;
    task.retry_of = Some(record.id);
    Ok(Some(task))
}

/// A time in UTC, in RFC 3339 with milliseconds, from milliseconds since the epoch.
pub fn time(milliseconds: u64) -> String {
    // The year 9999 has the last that can be written. A store may say "never" with a later one.
    const LAST: u64 = 253_402_300_799_999;
    let time = UNIX_EPOCH.checked_add(Duration::from_millis(milliseconds.min(LAST)));
    humantime::format_rfc3339_millis(time.unwrap_or(UNIX_EPOCH)).to_string()
}

/// What is short about a task, as JSON.
pub struct Short<'a>(pub &'a TaskRecord);

/// All of a task, as JSON: what [`Short`] has, the call, the journal with its times, questions, timers, and how it ended.
pub struct Whole<'a>(pub &'a TaskDetail);

impl Serialize for Short<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        record(&mut map, self.0)?;
        map.end()
    }
}

impl Serialize for Whole<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let TaskDetail { view, call, saved, restart, claim, due_at, .. } = self.0;
        let mut map = serializer.serialize_map(None)?;
        record(&mut map, &view.record)?;
        map.serialize_entry("version", &saved.version)?;
        map.serialize_entry("restart", restart_word(*restart))?;
        map.serialize_entry("claim", &claim.as_ref().map(Held))?;
        map.serialize_entry("due_at", &due_at.map(time))?;
        map.serialize_entry("call_id", &saved.call)?;
        map.serialize_entry("call", call)?;
        map.serialize_entry("journal", &lines(self.0).collect::<Vec<_>>())?;
        map.serialize_entry("questions", &questions(self.0).collect::<Vec<_>>())?;
        let timers = saved.timers.iter().map(|(key, at)| Timer { key, at: *at });
        map.serialize_entry("timers", &timers.collect::<Vec<_>>())?;
        match &view.outcome {
            None => map.serialize_entry("result", &())?,
            Some(Outcome::Returned { body, .. }) => map.serialize_entry("result", body)?,
            Some(Outcome::Failed(error)) => map.serialize_entry("error", error)?,
        }
        map.end()
    }
}

fn record<M: serde::ser::SerializeMap>(map: &mut M, record: &TaskRecord) -> Result<(), M::Error> {
    let (done, total) = record.progress.map_or((None, None), |(done, total)| (Some(done), total));
    map.serialize_entry("id", record.id.as_str())?;
    map.serialize_entry("tool", &record.tool)?;
    map.serialize_entry("owner", record.owner.as_str())?;
    map.serialize_entry("state", record.state.as_str())?;
    map.serialize_entry("message", &record.message)?;
    map.serialize_entry("progress", &done)?;
    map.serialize_entry("total", &total)?;
    map.serialize_entry("attempt", &record.attempt)?;
    map.serialize_entry("created_at", &time(record.created_at))?;
    map.serialize_entry("updated_at", &time(record.updated_at))?;
    map.serialize_entry("expires_at", &record.expires_at.map(time))?;
    map.serialize_entry("retry_of", &record.retry_of.as_ref().map(|id| id.as_str()))
}

struct Held<'a>(&'a Claim);

impl Serialize for Held<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("node", &self.0.node.to_string())?;
        map.serialize_entry("epoch", &self.0.epoch)?;
        map.end()
    }
}

struct Timer<'a> {
    key: &'a str,
    at: u64,
}

impl Serialize for Timer<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("key", self.key)?;
        map.serialize_entry("due_at", &time(self.at))?;
        map.end()
    }
}

/// One line of the journal, and when it was written, in milliseconds since the epoch.
pub struct Line<'a> {
    /// What was learned, under which key.
    pub record: &'a Record,
    /// When. `None` if the store does not know.
    pub at: Option<u64>,
}

/// The lines of the journal.
pub fn lines(detail: &TaskDetail) -> impl Iterator<Item = Line<'_>> {
    let times = detail.times.iter().copied().map(Some).chain(std::iter::repeat(None));
    detail.saved.records.iter().zip(times).map(|(record, at)| Line { record, at })
}

impl Line<'_> {
    /// What was learned, in a word.
    pub fn kind(&self) -> &'static str {
        match self.record.learned {
            Learned::Value(_) => "step",
            Learned::Error(_) => "error",
            Learned::Answer(_) => "answer",
            Learned::Fired => "timer",
            Learned::Cancelled => "cancelled",
        }
    }

    /// How many bytes were learned.
    pub fn size(&self) -> usize {
        match &self.record.learned {
            Learned::Value(json) | Learned::Answer(json) => json.as_str().len(),
            Learned::Error(text) => text.len(),
            Learned::Fired | Learned::Cancelled => 0,
        }
    }
}

impl Serialize for Line<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("key", &self.record.key)?;
        map.serialize_entry("kind", self.kind())?;
        map.serialize_entry("at", &self.at.map(time))?;
        match &self.record.learned {
            Learned::Value(json) | Learned::Answer(json) => map.serialize_entry("value", json)?,
            Learned::Error(text) => map.serialize_entry("value", &**text)?,
            Learned::Fired | Learned::Cancelled => {}
        }
        map.end()
    }
}

/// A question that was put, and what has become of it.
pub struct Put<'a> {
    /// Its key.
    pub key: &'a str,
    /// What has become of it, in words.
    pub standing: &'static str,
    /// JSON of method and parameters, while there is no answer.
    pub body: Option<&'a str>,
}

/// The questions that were put, in the order of asking.
pub fn questions(detail: &TaskDetail) -> impl Iterator<Item = Put<'_>> {
    detail.saved.asked.iter().map(|asked| {
        let mut open = detail.view.questions.iter();
        let body = open.find(|(key, _)| *key == asked.key).map(|(_, question)| question.body());
        let learned = detail.saved.records.iter().find(|record| record.key == asked.key);
        let standing = match (asked.standing, learned.map(|record| &record.learned)) {
            (Standing::Withdrawn, _) => "withdrawn",
            (Standing::Open, _) if body.is_some() => "open",
            (Standing::Open, _) if detail.view.record.state.is_final() => "open at the end",
            (Standing::Open, _) => "answered, and not read yet",
            (Standing::Settled, Some(Learned::Fired)) => "timed out",
            (Standing::Settled, Some(Learned::Error(_))) => "refused",
            (Standing::Settled, _) => "answered",
        };
        Put { key: asked.key.as_str(), standing, body }
    })
}

impl Serialize for Put<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("key", self.key)?;
        map.serialize_entry("standing", self.standing)?;
        if let Some(body) = self.body.and_then(|body| serde_json::from_str::<&RawValue>(body).ok())
        {
            map.serialize_entry("question", body)?;
        }
        map.end()
    }
}

/// The author's word.
pub fn restart_word(restart: Restart) -> &'static str {
    match restart {
        Restart::Fail => "fail",
        Restart::Replay => "replay",
    }
}
