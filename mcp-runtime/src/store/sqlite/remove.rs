//! Deleting tasks.

use super::statements::{self as say, Statements};
use super::trouble::Trouble;
use super::tx::Tx;
use super::values::Int;
use crate::task::{Owner, TaskId};

/// A task that goes.
struct Gone {
    number: i64,
    id: TaskId,
    owner: Owner,
    live: bool,
}

impl Gone {
    fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        let ended_at: Option<i64> = row.get(3)?;
        Ok(Self {
            number: row.get(0)?,
            id: row.get(1)?,
            owner: row.get(2)?,
            live: ended_at.is_none(),
        })
    }
}

pub(super) fn expire(tx: &mut Tx<'_>, limit: usize) -> Result<usize, Trouble> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let gone = tx.sql.all(say::EXPIRED, (Int(tx.now), limit), Gone::read)?;
    delete(tx, gone)
}

pub(super) fn purge_one(tx: &mut Tx<'_>, id: &TaskId) -> Result<usize, Trouble> {
    let gone = tx.sql.all(say::ENDED_ONE, (id, Int(tx.now)), Gone::read)?;
    delete(tx, gone)
}

/// A stretch of tasks that was looked through.
pub(super) struct Purged {
    pub deleted: usize,
    /// The first task behind it. `None`: there is none.
    pub next: Option<i64>,
}

/// Of a stretch of tasks that begins with this number, those that ended before a time.
pub(super) fn purge_from(tx: &mut Tx<'_>, first: i64, before: u64) -> Result<Purged, Trouble> {
    const STRETCH: i64 = 2_000;
    let last = first.saturating_add(STRETCH);
    let stretch = (first - 1, last, Int(before), Int(tx.now));
    let gone = tx.sql.all(say::ENDED_BEFORE, stretch, Gone::read)?;
    let deleted = delete(tx, gone)?;
    let next = tx.sql.one(say::NUMBER_AFTER, [last], |row| row.get(0))?.flatten();
    Ok(Purged { deleted, next })
}

fn delete(tx: &mut Tx<'_>, gone: Vec<Gone>) -> Result<usize, Trouble> {
    for task in &gone {
        for statement in say::DELETE {
            tx.sql.run(statement, [task.number])?;
        }
        tx.counts.add(tx.sql, &task.owner, -i64::from(task.live), -1)?;
        tx.changed(&task.id);
    }
    Ok(gone.len())
}
