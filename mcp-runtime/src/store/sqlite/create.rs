//! New tasks.

use std::time::Duration;

use rusqlite::Connection;

use super::read;
use super::remove;
use super::statements::{self as say, Statements};
use super::trouble::Trouble;
use super::tx::Tx;
use super::values::{self, Int};
use crate::task::{
    Admission, Claim, Created, Key, NewTask, Owner, Refusal, Standing, StoreError, TaskRecord,
    TaskState,
};

pub(super) fn create(
    tx: &mut Tx<'_>,
    task: &NewTask,
    admission: Admission,
) -> Result<Created, Trouble> {
    if let Some(node) = task.claim
        && !tx.is_alive(node)?
    {
        return Err(StoreError::Fenced.into());
    }
    if let Some(record) = same(tx, task)? {
        return Ok(Created { record, joined: true, claim: None });
    }
    admit(tx, &task.owner, admission)?;
    let record = record(task, tx.now);
    let Some(number) = add(tx, task, &record)? else {
        return Err(StoreError::unavailable("there is a task of this id already").into());
    };
    tx.counts.add(tx.sql, &task.owner, 1, 1)?;
    let claim = task.claim.map(|node| Claim { task: task.id.clone(), node, epoch: 1 });
    let called = task.saved.held.iter().any(|(held, _)| is_open(task, held));
    tx.sql.run(
        say::ADD_CLAIM,
        (
            number,
            &task.tool,
            task.claim,
            i64::from(claim.is_some()),
            task.claim.is_none().then_some(Int(tx.now)),
            called,
            !(task.questions.is_empty() && task.saved.timers.is_empty()),
            record.expires_at.map(Int),
        ),
    )?;
    tx.news.due |= claim.is_none();
    Ok(Created { record, joined: false, claim })
}

/// The task that is joined instead.
fn same(tx: &Tx<'_>, task: &NewTask) -> rusqlite::Result<Option<TaskRecord>> {
    let Some(key) = &task.dedupe else { return Ok(None) };
    let params = (&task.owner, &task.tool, key, Int(tx.now));
    let Some(number) = tx.sql.one(say::SAME, params, |row| row.get::<_, i64>(0))? else {
        return Ok(None);
    };
    tx.sql.one(say::TASK_BY_NUMBER, [number], |row| read::record(row).map(|(_, record)| record))
}

/// Whether there may be one more.
fn admit(tx: &mut Tx<'_>, owner: &Owner, admission: Admission) -> Result<(), Trouble> {
    // What has expired does not count, but is in the counts until it is deleted.
    const AT_ONCE: usize = 100;
    while let Some(refusal) = refusal(tx, owner, admission)? {
        if remove::expire(tx, AT_ONCE)? == 0 {
            return Err(StoreError::Refused(refusal).into());
        }
    }
    Ok(())
}

fn refusal(
    tx: &mut Tx<'_>,
    owner: &Owner,
    admission: Admission,
) -> rusqlite::Result<Option<Refusal>> {
    let (live, kept) = tx.counts.of_all(tx.sql)?;
    if live >= admission.live {
        return Ok(Some(Refusal::Live));
    }
    if !owner.is_anonymous() {
        let (live, kept) = tx.counts.of_owner(tx.sql, owner)?;
        if live >= admission.live_per_owner {
            return Ok(Some(Refusal::PerOwner));
        }
        if kept >= admission.kept_per_owner {
            return Ok(Some(Refusal::KeptPerOwner));
        }
    }
    Ok((kept >= admission.kept).then_some(Refusal::Kept))
}

fn record(task: &NewTask, now: u64) -> TaskRecord {
    let mut record = TaskRecord::new(task.id.clone(), task.owner.clone(), task.tool.as_str(), now);
    let waits = |key| !task.saved.held.iter().any(|(held, _)| held == key);
    if task.questions.iter().any(|(key, _)| waits(key)) {
        record.state = TaskState::InputRequired;
    }
    record.expires_at = task.ttl.map(|ttl| now.saturating_add(milliseconds(ttl)));
    record.retry_of = task.retry_of.clone();
    record
}

pub(super) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn is_open(task: &NewTask, key: &str) -> bool {
    task.questions.iter().any(|(open, _)| *open == *key)
}

/// The task and its journal. `None` if the id is taken; nothing was written then.
fn add(tx: &Tx<'_>, task: &NewTask, record: &TaskRecord) -> rusqlite::Result<Option<i64>> {
    let sql = tx.sql;
    let saved = &task.saved;
    let added = sql.run(
        say::ADD_TASK,
        (
            &record.id,
            &record.owner,
            &record.tool,
            record.state,
            saved.progress,
            Int(record.created_at),
            record.expires_at.map(Int),
            task.restart,
            &task.dedupe,
            &task.retry_of,
        ),
    )?;
    if added == 0 {
        return Ok(None);
    }
    let number = sql.last_insert_rowid();
    sql.run(say::ADD_CALL, (number, saved.call, &saved.version, &task.call))?;
    for record in &saved.records {
        let (kind, body) = values::parts(&record.learned);
        sql.run(say::ADD_RECORD, (number, &record.key, kind, body, Int(tx.now)))?;
    }
    for (key, deadline) in &saved.timers {
        sql.run(say::ADD_TIMER, (number, key, Int(*deadline)))?;
    }
    add_questions(sql, number, task)?;
    Ok(Some(number))
}

fn add_questions(sql: &Connection, number: i64, task: &NewTask) -> rusqlite::Result<()> {
    for asked in &task.saved.asked {
        let open = task.questions.iter().find(|(key, _)| *key == asked.key);
        let body = open.map(|(_, question)| question);
        sql.run(say::ADD_QUESTION, (number, &asked.key, asked.digest, asked.standing, body))?;
    }
    let known = |key: &Key| task.saved.asked.iter().any(|asked| asked.key == *key);
    for (key, question) in task.questions.iter().filter(|(key, _)| !known(key)) {
        let digest = question.digest();
        sql.run(say::ADD_QUESTION, (number, key, digest, Standing::Open, question))?;
    }
    for (key, answer) in &task.saved.held {
        sql.run(say::ANSWER, (number, key, Int(0), Some(answer), None::<&str>))?;
    }
    Ok(())
}
