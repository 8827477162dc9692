//! Reading tasks: on the readers' connections, and in the writer's transactions.

use rusqlite::{Connection, OptionalExtension as _, Row};

use super::statements::{self as say, Statements};
use super::values::{self, Int};
use crate::journal::{AskedBefore, Record, Saved};
use crate::task::{
    Access, Claim, Json, Outcome, Position, Stats, TaskDetail, TaskId, TaskRecord, TaskState,
    TaskView,
};

/// How many columns [`record`] reads.
const RECORD: usize = 14;

/// The number of a task, and what is short about it.
pub(super) fn record(row: &Row<'_>) -> rusqlite::Result<(i64, TaskRecord)> {
    let time = |column| row.get(column).map(|Int(time)| time);
    let mut record = TaskRecord::new(row.get(1)?, row.get(2)?, row.get::<_, String>(3)?, time(9)?);
    record.state = row.get(4)?;
    record.change = time(5)?;
    record.message = row.get(6)?;
    record.progress = match row.get::<_, Option<f64>>(7)? {
        Some(progress) => Some((progress, row.get(8)?)),
        None => None,
    };
    record.updated_at = time(10)?;
    record.expires_at = row.get::<_, Option<Int>>(11)?.map(|Int(time)| time);
    record.attempt = row.get(12)?;
    record.retry_of = row.get(13)?;
    Ok((row.get(0)?, record))
}

/// Whether a task exists for somebody at this time.
pub(super) fn is_there(record: &TaskRecord, access: &Access, now: u64) -> bool {
    access.allows(&record.owner) && record.expires_at.is_none_or(|expires_at| expires_at > now)
}

/// One task as clients see it, and its number.
pub(super) fn view(
    sql: &Connection,
    access: &Access,
    id: &TaskId,
    now: u64,
) -> rusqlite::Result<Option<(i64, TaskView)>> {
    let mut statement = sql.prepare_cached(say::TASK_AND_RESULT)?;
    // While this row is not let go of, the next statement sees the same instant (D1).
    let mut rows = statement.query([id])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let (number, record) = record(row)?;
    if !is_there(&record, access, now) {
        return Ok(None);
    }
    let outcome = match row.get::<_, Option<Json>>(RECORD)? {
        Some(error) if record.state == TaskState::Failed => Some(Outcome::Failed(error)),
        Some(body) => {
            Some(Outcome::Returned { is_error: record.state == TaskState::ReturnedError, body })
        }
        None => None,
    };
    let questions = match record.state {
        TaskState::InputRequired => {
            sql.all(say::QUESTIONS, [number], |row| Ok((row.get(0)?, row.get(1)?)))?
        }
        _ => Vec::new(),
    };
    Ok(Some((number, TaskView { record, outcome, questions })))
}

pub(super) fn list(
    sql: &Connection,
    access: &Access,
    after: Option<&Position>,
    limit: usize,
    now: u64,
) -> rusqlite::Result<Vec<TaskRecord>> {
    // Every id is after the empty one, and nothing was created before the beginning of time.
    let (at, id) = after.map_or((0, ""), |after| (after.created_at, after.id.as_str()));
    let read = |row: &Row<'_>| record(row).map(|(_, record)| record);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    match access {
        Access::Owner(owner) => {
            sql.all(say::PAGE_OF_OWNER, (owner, Int(at), id, Int(now), limit), read)
        }
        Access::Operator => sql.all(say::PAGE_OF_ALL, (Int(at), id, Int(now), limit), read),
    }
}

/// The call as it was written down, the journal, and when each of its records was written.
pub(super) fn journal(
    sql: &Connection,
    number: i64,
) -> rusqlite::Result<Option<(Json, Saved, Vec<u64>)>> {
    let read = |row: &Row<'_>| {
        let mut saved = Saved::new(row.get(1)?, row.get::<_, String>(2)?);
        saved.progress = row.get(3)?;
        Ok((row.get(0)?, saved))
    };
    let Some((call, mut saved)) = sql.one(say::CALL, [number], read)? else { return Ok(None) };
    let mut times = Vec::new();
    saved.records = sql.all(say::RECORDS, [number], |row| {
        times.push(row.get(3).map(|Int(time)| time)?);
        Ok(Record { key: row.get(0)?, learned: values::learned(row, 1, 2)? })
    })?;
    saved.timers = sql.all(say::TIMERS, [number], |row| {
        Ok((row.get(0)?, row.get(1).map(|Int(deadline)| deadline)?))
    })?;
    saved.asked = sql.all(say::ASKED, [number], |row| {
        Ok(AskedBefore { key: row.get(0)?, digest: row.get(1)?, standing: row.get(2)? })
    })?;
    Ok(Some((call, saved, times)))
}

pub(super) fn inspect(
    sql: &Connection,
    id: &TaskId,
    now: u64,
) -> rusqlite::Result<Option<TaskDetail>> {
    // All of it at one instant. It is rolled back by being dropped, which for a reader is the same.
    let sql = sql.unchecked_transaction()?;
    let Some((number, view)) = view(&sql, &Access::Operator, id, now)? else { return Ok(None) };
    let Some((call, saved, times)) = journal(&sql, number)? else { return Ok(None) };
    let detail = sql.query_row(say::CLAIM_OF, [number], |row| {
        let node: Option<_> = row.get(1)?;
        let mut detail = TaskDetail::new(view, call, saved, times, row.get(0)?);
        detail.claim = match node {
            Some(node) => {
                Some(Claim { task: id.clone(), node, epoch: row.get(2).map(|Int(epoch)| epoch)? })
            }
            None => None,
        };
        detail.due_at = row.get::<_, Option<Int>>(3)?.map(|Int(time)| time);
        Ok(detail)
    });
    detail.optional()
}

pub(super) fn stats(sql: &Connection, now: u64) -> rusqlite::Result<Stats> {
    let sql = sql.unchecked_transaction()?;
    let count = |row: &Row<'_>, column| {
        row.get::<_, i64>(column).map(|count| usize::try_from(count).unwrap_or(0))
    };
    let mut stats = Stats::default();
    sql.one(say::CLAIM_STATS, [Int(now)], |row| {
        stats.running = count(row, 0)?;
        stats.due = count(row, 1)?;
        stats.waiting = count(row, 2)?;
        stats.due_since = row.get::<_, Option<Int>>(3)?.map(|Int(time)| time);
        Ok(())
    })?;
    stats.ended = sql.one(say::ENDED_STATS, [Int(now)], |row| count(row, 0))?.unwrap_or(0);
    Ok(stats)
}
