//! What the worker of a task does: all of it under a claim, and nothing without one.

use std::collections::HashSet;

use rusqlite::Connection;

use super::end;
use super::statements::{self as say, Statements};
use super::trouble::{Trouble, is_unreadable};
use super::tx::Tx;
use super::values::{self, Int};
use crate::journal::{Arrived, Commit, Inbox, Record, Standing};
use crate::task::{Claim, Json, Key, Note, Outcome, Owner, Release, StoreError, TaskState};

/// The task of a claim that stands.
struct Held {
    number: i64,
    owner: Owner,
    state: TaskState,
    /// When it was cancelled: nothing else ends a task and leaves the claim.
    cancelled: Option<u64>,
    told: Option<f64>,
    called: bool,
    /// Whether it has, or had, questions or timers.
    waited: bool,
}

fn held(tx: &Tx<'_>, claim: &Claim) -> Result<Held, Trouble> {
    let params = (&claim.task, claim.node, Int(claim.epoch), Int(tx.now));
    let held = tx.sql.one(say::HELD, params, |row| {
        Ok(Held {
            number: row.get(0)?,
            owner: row.get(1)?,
            state: row.get(2)?,
            cancelled: row.get::<_, Option<Int>>(3)?.map(|Int(time)| time),
            told: row.get(4)?,
            called: row.get(5)?,
            waited: row.get(6)?,
        })
    })?;
    held.ok_or(Trouble::Refused(StoreError::Fenced))
}

pub(super) fn commit(tx: &mut Tx<'_>, claim: &Claim, commit: &Commit) -> Result<(), Trouble> {
    let held = held(tx, claim)?;
    if held.cancelled.is_some() {
        return Err(StoreError::Cancelled.into());
    }
    let (sql, number) = (tx.sql, held.number);
    if is_made(sql, number, &commit.records)? {
        return Ok(());
    }
    if held.told != commit.progress {
        sql.run(say::SET_TOLD, (number, commit.progress))?;
    }
    let waits = held.waited || !(commit.put.is_empty() && commit.set.is_empty());
    if !waits {
        return Ok(apply(tx, number, commit, waits)?);
    }
    if !held.waited {
        sql.run(say::WAITED, [number])?;
    }
    let questions = || sql.all(say::QUESTIONS, [number], |row| row.get::<_, Key>(0));
    let before = questions()?;
    apply(tx, number, commit, waits)?;
    let after = questions()?;
    let state = standing(after.is_empty());
    if before != after || state != held.state {
        sql.run(say::SET_STATE, (number, state, Int(tx.now)))?;
        tx.changed(&claim.task);
    }
    Ok(())
}

/// Whether these records are the last ones of the journal already: the commit was made before, and whoever asked for it was not
/// told. Mostly the key of the last one says no.
fn is_made(sql: &Connection, number: i64, records: &[Record]) -> rusqlite::Result<bool> {
    if records.is_empty() {
        return Ok(false);
    }
    let mut statement = sql.prepare_cached(say::LAST_RECORDS)?;
    let mut rows = statement.query([number])?;
    for record in records.iter().rev() {
        let Some(row) = rows.next()? else { return Ok(false) };
        let (kind, body) = values::parts(&record.learned);
        let same = row.get_ref(0)?.as_str()? == record.key.as_str()
            && row.get_ref(1)?.as_str()? == kind
            && row.get_ref(2)?.as_str_or_null()? == body;
        if !same {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Where a task stands that has not ended (L38, L41).
pub(super) fn standing(nothing_asked: bool) -> TaskState {
    if nothing_asked { TaskState::Working } else { TaskState::InputRequired }
}

/// In the order that [`Commit`] gives. A task that never waited has neither questions nor timers to close.
fn apply(tx: &Tx<'_>, number: i64, commit: &Commit, waits: bool) -> rusqlite::Result<()> {
    let sql = tx.sql;
    abandon(sql, number, &commit.abandoned)?;
    if let Some(version) = &commit.version {
        sql.run(say::SET_VERSION, (number, version))?;
    }
    for (key, question) in &commit.put {
        let row = (number, key, question.digest(), Standing::Open, question);
        sql.run(say::ADD_QUESTION, row)?;
    }
    for (key, deadline) in &commit.set {
        sql.run(say::ADD_TIMER, (number, key, Int(*deadline)))?;
    }
    for key in &commit.withdrawn {
        sql.run(say::CLOSE_QUESTION, (number, key, Standing::Withdrawn))?;
    }
    for key in &commit.unset {
        sql.run(say::DROP_TIMER, (number, key))?;
    }
    for key in &commit.refused {
        sql.run(say::DROP_ANSWER, (number, key))?;
    }
    for record in &commit.records {
        if waits {
            sql.run(say::CLOSE_QUESTION, (number, &record.key, Standing::Settled))?;
            sql.run(say::DROP_TIMER, (number, &record.key))?;
        }
        let (kind, body) = values::parts(&record.learned);
        sql.run(say::ADD_RECORD, (number, &record.key, kind, body, Int(tx.now)))?;
    }
    Ok(())
}

fn abandon(sql: &Connection, number: i64, abandoned: &[Key]) -> rusqlite::Result<()> {
    if abandoned.is_empty() {
        return Ok(());
    }
    let abandoned: HashSet<&Key> = abandoned.iter().collect();
    let places: Vec<(i64, Key)> =
        sql.all(say::RECORD_KEYS, [number], |row| Ok((row.get(0)?, row.get(1)?)))?;
    for (place, _) in places.iter().filter(|(_, key)| abandoned.contains(key)) {
        sql.run(say::DROP_RECORD, (number, place))?;
    }
    Ok(())
}

pub(super) fn take_in(tx: &mut Tx<'_>, claim: &Claim) -> Result<Inbox, Trouble> {
    let held = held(tx, claim)?;
    let answers = tx.sql.all(say::ANSWERS, [held.number], |row| {
        let reply = match row.get::<_, Option<Json>>(2) {
            Ok(Some(json)) => Ok(json),
            Ok(None) => Err(row.get_ref(3)?.as_str_or_null()?.unwrap_or_default().into()),
            // Otherwise nothing would ever come in any more.
            Err(error) if is_unreadable(&error) => {
                Err("the answer was damaged in the store".into())
            }
            Err(error) => return Err(error),
        };
        Ok(Arrived { key: row.get(0)?, at: row.get(1).map(|Int(time)| time)?, reply })
    })?;
    if held.called {
        tx.sql.run(say::SEEN, [held.number])?;
    }
    Ok(Inbox { answers, cancelled: held.cancelled })
}

pub(super) fn note(tx: &mut Tx<'_>, claim: &Claim, note: &Note) -> Result<(), Trouble> {
    let held = match held(tx, claim) {
        Err(Trouble::Refused(_)) => return Ok(()),
        held => held?,
    };
    if held.cancelled.is_some() || *note == Note::default() {
        return Ok(());
    }
    let (progress, total) = note.progress.unzip();
    let row = (held.number, &note.message, progress, total.flatten(), Int(tx.now));
    tx.sql.run(say::SET_NOTE, row)?;
    tx.changed(&claim.task);
    Ok(())
}

pub(super) fn finish(
    tx: &mut Tx<'_>,
    claim: &Claim,
    outcome: &Outcome,
) -> Result<TaskState, Trouble> {
    let held = held(tx, claim)?;
    tx.sql.run(say::END_CLAIM, [held.number])?;
    if held.cancelled.is_some() {
        return Ok(TaskState::Cancelled);
    }
    if held.waited {
        end::waiting(tx, held.number)?;
    }
    end::with(tx, held.number, &held.owner, outcome)?;
    tx.changed(&claim.task);
    Ok(outcome.state())
}

pub(super) fn release(tx: &mut Tx<'_>, claim: &Claim, release: &Release) -> Result<(), Trouble> {
    let held = held(tx, claim)?;
    let (sql, number) = (tx.sql, held.number);
    if held.cancelled.is_some() {
        sql.run(say::END_CLAIM, [number])?;
        return Ok(());
    }
    match release {
        Release::Park { until } => {
            let due_at = sql.one(say::PARK, (number, Int(tx.now), until.map(Int)), |row| {
                row.get::<_, Option<i64>>(0)
            })?;
            tx.news.due |= due_at.flatten().is_some();
        }
        Release::Retry { at, message } => {
            forget_last_failures(sql, number)?;
            sql.run(say::SET_FAILED, (number, message, Int(tx.now)))?;
            sql.run(say::LET_GO_FAILED, (number, Int(*at)))?;
            tx.changed(&claim.task);
            tx.news.due = true;
        }
        Release::HandBack => {
            sql.run(say::LET_GO, (number, Int(tx.now)))?;
            tx.news.due = true;
        }
    }
    Ok(())
}

/// As [`Saved::forget_last_failures`](crate::journal::Saved::forget_last_failures) does it.
fn forget_last_failures(sql: &Connection, number: i64) -> rusqlite::Result<()> {
    let last = || sql.one(say::LAST_RECORD, [number], |row| Ok((row.get(0)?, row.get(1)?)));
    while let Some((place, true)) = last()? {
        let place: i64 = place;
        sql.run(say::DROP_RECORD, (number, place))?;
    }
    Ok(())
}
