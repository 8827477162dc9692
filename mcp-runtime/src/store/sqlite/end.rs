//! The end of a task, whoever brings it about.

use rusqlite::Row;
use serde_json::json;
use serde_json::value::{RawValue, to_raw_value};

use super::statements::{self as say, Statements};
use super::trouble::is_unreadable;
use super::tx::Tx;
use super::values::Int;
use crate::error::code;
use crate::task::{Outcome, Owner, TaskId, TaskState};

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

/// As failed, since its rows are not what we wrote there: nobody could ever go on with it.
pub(super) fn unreadable(
    tx: &mut Tx<'_>,
    number: i64,
    why: &rusqlite::Error,
) -> rusqlite::Result<()> {
    tracing::error!(target: "mcp", number, %why, "a task in the file cannot be read: it is ended");
    let whose = |row: &Row<'_>| {
        Ok((row.get::<_, TaskId>(0)?, row.get::<_, Owner>(1)?, row.get::<_, bool>(2)?))
    };
    match tx.sql.one(say::WHOSE, [number], whose) {
        Ok(Some((id, owner, false))) => {
            let message = format!("what the store has kept of the task cannot be read: {why}");
            let error = json!({ "code": code::INTERNAL, "message": message });
            let error = to_raw_value(&error).unwrap_or_else(|_| RawValue::NULL.to_owned());
            tx.sql.run(say::END_CLAIM, [number])?;
            waiting(tx, number)?;
            with(tx, number, &owner, &Outcome::Failed(error.into()))?;
            tx.changed(&id);
        }
        Ok(_) => drop(tx.sql.run(say::END_CLAIM, [number])?),
        Err(error) if is_unreadable(&error) => drop(tx.sql.run(say::SHELVE, [number])?),
        Err(error) => return Err(error),
    }
    Ok(())
}

/// Its questions and timers.
pub(super) fn waiting(tx: &Tx<'_>, number: i64) -> rusqlite::Result<()> {
    tx.sql.run(say::END_QUESTIONS, [number])?;
    tx.sql.run(say::END_TIMERS, [number])?;
    Ok(())
}
