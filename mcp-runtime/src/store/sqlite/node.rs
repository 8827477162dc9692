//! Nodes, and how they come by work.

use std::time::Duration;

use rusqlite::Row;

use super::create::milliseconds;
use super::end;
use super::read;
use super::statements::{self as say, Statements};
use super::trouble::{Trouble, is_unreadable};
use super::tx::Tx;
use super::values::Int;
use crate::server::definition::Restart;
use crate::task::{
    Claim, Claimed, Claims, NodeId, Outcome, Owner, Reaped, StoreError, TaskId, TaskState,
    crash_backoff,
};

pub(super) fn join(tx: &mut Tx<'_>, node: NodeId, lease: Duration) -> Result<(), Trouble> {
    tx.forget_leases();
    tx.sql.run(say::JOIN, (node, Int(tx.now.saturating_add(milliseconds(lease)))))?;
    Ok(())
}

pub(super) fn beat(tx: &mut Tx<'_>, node: NodeId, lease: Duration) -> Result<Vec<Claim>, Trouble> {
    tx.forget_leases();
    let until = Int(tx.now.saturating_add(milliseconds(lease)));
    if tx.sql.run(say::BEAT, (node, until, Int(tx.now)))? == 0 {
        return Err(StoreError::Fenced.into());
    }
    let called = tx.sql.all(say::CALLED_OF_NODE, (node, Int(tx.now)), |row| {
        Ok(Claim { task: row.get(0)?, node, epoch: row.get(1).map(|Int(epoch)| epoch)? })
    })?;
    Ok(called)
}

pub(super) fn leave(tx: &mut Tx<'_>, node: NodeId) -> Result<(), Trouble> {
    tx.forget_leases();
    tx.sql.run(say::LEAVE, [node])?;
    Ok(())
}

pub(super) fn claim(
    tx: &mut Tx<'_>,
    node: NodeId,
    tools: &[String],
    most: usize,
) -> Result<Claims, Trouble> {
    if !tx.is_alive(node)? {
        return Err(StoreError::Fenced.into());
    }
    let limit = i64::try_from(most).unwrap_or(i64::MAX);
    let mut due: Vec<(i64, i64, bool)> = Vec::new();
    for tool in tools {
        let of_tool = (tool, Int(tx.now), limit);
        due.extend(
            tx.sql.all(say::DUE, of_tool, |row| Ok((row.get(1)?, row.get(0)?, row.get(2)?)))?,
        );
    }
    due.sort_unstable();
    due.dedup();
    due.truncate(most);
    let mut claims = Claims::default();
    for (_, number, failed) in due {
        if failed {
            tx.sql.run(say::DROP_MESSAGE, (number, Int(tx.now)))?;
        }
        match take(tx, node, number) {
            Ok(None) => {}
            Ok(Some(claimed)) => {
                if failed {
                    tx.changed(&claimed.record.id);
                }
                claims.claimed.push(claimed);
            }
            Err(error) if is_unreadable(&error) => end::unreadable(tx, number, &error)?,
            Err(error) => return Err(error.into()),
        }
    }
    if claims.claimed.len() < most {
        for tool in tools {
            let next = tx.sql.one(say::NEXT_DUE, (tool, Int(tx.now)), |row| row.get(0))?;
            let next: Option<Int> = next;
            claims.next_due = claims.next_due.into_iter().chain(next.map(|Int(at)| at)).min();
        }
    }
    Ok(claims)
}

fn take(tx: &mut Tx<'_>, node: NodeId, number: i64) -> rusqlite::Result<Option<Claimed>> {
    let epoch = tx.sql.one(say::TAKE, (number, node), |row| row.get(0))?;
    let record = tx.sql.one(say::TASK_BY_NUMBER, [number], read::record)?;
    let journal = read::journal(tx.sql, number)?;
    let (Some(Int(epoch)), Some((_, record)), Some((call, saved, _))) = (epoch, record, journal)
    else {
        return Ok(None);
    };
    let claim = Claim { task: record.id.clone(), node, epoch };
    Ok(Some(Claimed { claim, record, call, saved }))
}

/// A task whose node has died.
struct Orphan {
    id: TaskId,
    owner: Owner,
    state: TaskState,
    restart: Restart,
    attempt: u32,
}

impl Orphan {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(1)?,
            owner: row.get(2)?,
            state: row.get(3)?,
            restart: row.get(4)?,
            attempt: row.get(5)?,
        })
    }
}

pub(super) fn reap(
    tx: &mut Tx<'_>,
    node: NodeId,
    interrupted: &Outcome,
) -> Result<Reaped, Trouble> {
    if !tx.is_alive(node)? {
        return Err(StoreError::Fenced.into());
    }
    tx.forget_leases();
    let mut reaped = Reaped::default();
    for node in tx.sql.all(say::DEAD, [Int(tx.now)], |row| row.get::<_, NodeId>(0))? {
        // Each by itself: one that cannot be read must not keep all others from going on.
        let orphans: Vec<(i64, rusqlite::Result<Orphan>)> =
            tx.sql.all(say::CLAIMS_OF_NODE, (node, Int(tx.now)), |row| {
                Ok((row.get(0)?, Orphan::read(row)))
            })?;
        reaped.freed += orphans.len();
        for (number, orphan) in orphans {
            match orphan {
                Ok(orphan) => {
                    reaped.failed += usize::from(free(tx, number, &orphan, interrupted)?);
                }
                Err(error) if is_unreadable(&error) => {
                    end::unreadable(tx, number, &error)?;
                    reaped.failed += 1;
                }
                Err(error) => return Err(error.into()),
            }
        }
        tx.sql.run(say::DROP_NODE, [node])?;
    }
    Ok(reaped)
}

/// Says whether the task has ended with it.
fn free(
    tx: &mut Tx<'_>,
    number: i64,
    orphan: &Orphan,
    interrupted: &Outcome,
) -> rusqlite::Result<bool> {
    match orphan.restart {
        _ if orphan.state.is_final() => {
            tx.sql.run(say::END_CLAIM, [number])?;
        }
        Restart::Replay => {
            let due_at = tx.now.saturating_add(milliseconds(crash_backoff(orphan.attempt)));
            tx.sql.run(say::REAP, (number, Int(due_at)))?;
            tx.sql.run(say::BEGIN_AGAIN, [number])?;
            tx.news.due = true;
        }
        Restart::Fail => {
            tx.sql.run(say::END_CLAIM, [number])?;
            end::waiting(tx, number)?;
            end::with(tx, number, &orphan.owner, interrupted)?;
            tx.changed(&orphan.id);
            return Ok(true);
        }
    }
    Ok(false)
}
