//! What operators do with tasks, through the store: a server notices it as it notices what `mcp-tasks` does.

use std::collections::{BTreeMap, VecDeque};

use http::StatusCode;
use serde_json::json;

use super::api::{Query, Said};
use super::{Answer, Problem, Site, json as respond};
use crate::journal::{Json, Key};
use crate::task::operator::{self, Pages, Short, Whole};
use crate::task::{
    Access, Admission, Answer as Given, Position, Purge, StoreError, TaskId, TaskRecord,
};

/// Tasks in one answer.
const PAGE: usize = 100;

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string())
    }
}

impl From<getrandom::Error> for Problem {
    fn from(error: getrandom::Error) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string())
    }
}

pub(super) fn unknown() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "there is no such task: it has expired, or never was")
}

/// The id of a task, if it could be one.
pub(super) fn id(text: &str) -> Option<TaskId> {
    let harmless = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.~".contains(&byte);
    let is_id = (1..=TaskId::LONGEST).contains(&text.len()) && text.bytes().all(harmless);
    is_id.then(|| text.into())
}

/// Where a page ended: the time of its last task, and its id.
fn position(cursor: &str) -> Option<Position> {
    let (created_at, text) = cursor.split_once('.')?;
    Some(Position { created_at: created_at.parse().ok()?, id: id(text)? })
}

/// The latest before a position. A store has the oldest first, so that all of it is read, and no more than a page is kept.
pub(super) async fn list(site: &Site, query: &Query<'_>) -> Answer {
    let before = match query.get("before") {
        None => None,
        Some(cursor) => Some(position(cursor).ok_or_else(|| {
            Problem::new(StatusCode::BAD_REQUEST, "`before` is no cursor of this list")
        })?),
    };
    let (state, tool) = (query.get("state"), query.get("tool"));
    let fits = |record: &TaskRecord| {
        before.as_ref().is_none_or(|before| record.position() < *before)
            && tool.is_none_or(|tool| record.tool == tool)
            && state.is_none_or(|state| match state {
                "live" => !record.state.is_final(),
                "ended" => record.state.is_final(),
                state => record.state.as_str() == state,
            })
    };
    let (mut latest, mut more) = (VecDeque::new(), false);
    let mut pages = Pages::new(&**site.server.task_store());
    while let Some(page) = pages.next().await? {
        for record in page.into_iter().filter(|record| fits(record)) {
            if latest.len() == PAGE {
                latest.pop_front();
                more = true;
            }
            latest.push_back(record);
        }
    }
    let cursor = latest.front().filter(|_| more);
    let cursor = cursor.map(|oldest| format!("{}.{}", oldest.created_at, oldest.id));
    let tasks: Vec<_> = latest.iter().rev().map(Short).collect();
    Ok(respond(&json!({ "tasks": tasks, "cursor": cursor })))
}

pub(super) async fn show(site: &Site, query: &Query<'_>) -> Answer {
    let id = query.get("id").and_then(id).ok_or_else(unknown)?;
    let detail = site.server.task_store().inspect(&id).await?.ok_or_else(unknown)?;
    Ok(respond(&Whole(&detail)))
}

/// Who did what, for the log: the server itself only sees that it happened.
fn audit(operation: &str, id: &TaskId, outcome: &str) {
    tracing::info!(target: "mcp::audit", operation, task = %id, by = "console", outcome);
}

pub(super) async fn cancel(site: &Site, said: Said) -> Answer {
    let id = said.task()?;
    let cancelled = site.server.task_store().cancel(&Access::Operator, &id).await?;
    let cancelled = cancelled.ok_or_else(unknown)?;
    let state = cancelled.view.record.state;
    audit("cancel", &id, state.as_str());
    if cancelled.first {
        crate::telemetry::ended(state, true);
    }
    Ok(respond(&json!({ "cancelled": cancelled.first, "state": state.as_str() })))
}

/// P20: what has ended stays so; a new task does the same again and names the old one.
pub(super) async fn again(site: &Site, said: Said) -> Answer {
    let (old, store) = (said.task()?, site.server.task_store());
    let detail = store.inspect(&old).await?.ok_or_else(unknown)?;
    let task = operator::again(detail)?.ok_or_else(|| {
        Problem::new(StatusCode::CONFLICT, "it has not ended yet: cancel it first")
    })?;
    // The operator knows what the server's bounds cannot.
    let created = store.create(task, Admission::UNBOUNDED).await?;
    audit("again", &old, created.record.id.as_str());
    Ok(respond(&json!({ "id": created.record.id.as_str() })))
}

pub(super) async fn purge(site: &Site, said: Said) -> Answer {
    let (id, store) = (said.task()?, site.server.task_store());
    if store.purge(Purge::One(id.clone())).await? == 0 {
        let view = store.get(&Access::Operator, &id).await?;
        view.ok_or_else(unknown)?;
        let why = "it has not ended yet: cancel it first";
        return Err(Problem::new(StatusCode::CONFLICT, why));
    }
    audit("purge", &id, "purged");
    Ok(respond(&json!({})))
}

pub(super) async fn answer(site: &Site, said: Said) -> Answer {
    let (id, store) = (said.task()?, site.server.task_store());
    let given: BTreeMap<String, Json> = said.get("answers")?;
    let view = store.get(&Access::Operator, &id).await?.ok_or_else(unknown)?;
    let open = |key: &str| view.questions.iter().any(|(open, _)| open.as_str() == key);
    if let Some(key) = given.keys().find(|key| !open(key)) {
        let why = format!("the question `{key}` is not open, or not any more");
        return Err(Problem::new(StatusCode::CONFLICT, why));
    }
    let answers: Vec<_> =
        given.into_iter().map(|(key, json)| (Key::from(key), Given::Given(json))).collect();
    let count = answers.len();
    let view = store.answer(&Access::Operator, &id, answers).await?.ok_or_else(unknown)?;
    audit("answer", &id, &format!("{count} answers"));
    Ok(respond(&json!({ "state": view.record.state.as_str() })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_be_an_id_is_looked_up_and_nothing_else() {
        let random = TaskId::random().expect("randomness");
        assert_eq!(id(random.as_str()), Some(random));
        for hostile in ["", "../x", "a b", "a%00", "<script>", "a/b", "é", &"a".repeat(129)] {
            assert_eq!(id(hostile), None, "{hostile}");
        }
        assert_eq!(
            position("17.abc"),
            Some(Position { created_at: 17, id: "abc".into() }),
            "as it is written"
        );
        for hostile in ["", "17", "17.", ".abc", "-1.abc", "17.<", "99999999999999999999.a"] {
            assert_eq!(position(hostile), None, "{hostile}");
        }
    }
}
