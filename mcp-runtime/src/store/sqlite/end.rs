//! The end of a task, whoever brings it about.

use super::statements::{self as say, Statements};
use super::tx::Tx;
use super::values::Int;
use crate::task::{Outcome, Owner, TaskState};

/// As this outcome. The claim is the caller's affair.
pub(super) fn with(
    tx: &mut Tx<'_>,
    number: i64,
    owner: &Owner,
    outcome: &Outcome,
) -> rusqlite::Result<()> {
    as_state(tx, number, owner, outcome.state(), outcome.message().as_deref())?;
    let (Outcome::Returned { body, .. } | Outcome::Failed(body)) = outcome;
    tx.sql.run(say::ADD_RESULT, (number, body))?;
    Ok(())
}

/// In a final state.
pub(super) fn as_state(
    tx: &mut Tx<'_>,
    number: i64,
    owner: &Owner,
    state: TaskState,
    message: Option<&str>,
) -> rusqlite::Result<()> {
    tx.sql.run(say::END_TASK, (number, state, message, Int(tx.now)))?;
    tx.counts.add(tx.sql, owner, -1, 0)
}

/// Its questions and timers.
pub(super) fn waiting(tx: &Tx<'_>, number: i64) -> rusqlite::Result<()> {
    tx.sql.run(say::END_QUESTIONS, [number])?;
    tx.sql.run(say::END_TIMERS, [number])?;
    Ok(())
}
