//! What clients do to a task.

use super::end;
use super::read;
use super::statements::{self as say, Statements};
use super::trouble::Trouble;
use super::tx::Tx;
use super::values::Int;
use super::work::standing;
use crate::task::{Access, Answer, Cancelled, Key, TaskId, TaskState, TaskView};

pub(super) fn answer(
    tx: &mut Tx<'_>,
    access: &Access,
    id: &TaskId,
    answers: &[(Key, Answer)],
) -> Result<Option<TaskView>, Trouble> {
    let Some((number, state)) = find(tx, access, id)? else { return Ok(None) };
    let mut taken = 0;
    // A task that has ended has no open questions.
    for (key, answer) in answers {
        let (given, refused) = match answer {
            Answer::Given(json) => (Some(json), None),
            Answer::Refused(reason) => (None, Some(reason)),
        };
        taken += tx.sql.run(say::ANSWER, (number, key, Int(tx.now), given, refused))?;
    }
    if taken > 0 {
        let asks = tx.sql.one(say::HAS_QUESTIONS, [number], |row| row.get::<_, bool>(0))?;
        let state = if state.is_final() { state } else { standing(asks != Some(true)) };
        tx.sql.run(say::SET_STATE, (number, state, Int(tx.now)))?;
        let free = tx.sql.one(say::CALL_WORKER, (number, Int(tx.now)), |row| row.get(0))?;
        tx.changed(id);
        tx.news.due |= free.unwrap_or(false);
    }
    Ok(read::view(tx.sql, access, id, tx.now)?.map(|(_, view)| view))
}

pub(super) fn cancel(
    tx: &mut Tx<'_>,
    access: &Access,
    id: &TaskId,
) -> Result<Option<Cancelled>, Trouble> {
    let Some((number, state)) = find(tx, access, id)? else { return Ok(None) };
    let first = !state.is_final();
    if first {
        let owner = tx.sql.one(say::TASK_BY_NUMBER, [number], |row| row.get(2))?;
        if let Some(owner) = owner {
            end::waiting(tx, number)?;
            end::as_state(tx, number, &owner, TaskState::Cancelled, None)?;
        }
        if tx.sql.run(say::CALL_WORKER_OFF, [number])? == 0 {
            tx.sql.run(say::END_CLAIM, [number])?;
        }
        tx.changed(id);
    }
    let view = read::view(tx.sql, access, id, tx.now)?;
    Ok(view.map(|(_, view)| Cancelled { view, first }))
}

fn find(tx: &Tx<'_>, access: &Access, id: &TaskId) -> rusqlite::Result<Option<(i64, TaskState)>> {
    let found = tx.sql.one(say::TASK, [id], read::record)?;
    let there = found.filter(|(_, record)| read::is_there(record, access, tx.now));
    Ok(there.map(|(number, record)| (number, record.state)))
}
