//! One request for tasks: what it does, and its answer in the words of its revision.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::value::RawValue;

use crate::error::RpcError;
use crate::protocol::envelope::{self, Id};
use crate::protocol::modern::tasks::stored_error;
use crate::protocol::revision::Revision;
use crate::protocol::{Response, Status, error_response, legacy, modern, result_response};
use crate::server::dispatch::{Incoming, Peer};
use crate::server::handle::Server;
use crate::task::engine::{Engine, TaskRequest};
use crate::task::{
    Access, Answer, Outcome, Owner, Position, TaskId, TaskRecord, TaskState, TaskView,
};

/// Why a request for a task has no result.
pub(super) enum Refused {
    Error(RpcError),
    /// It was asked for too often, and may be again after this time (P9, X27, L100).
    TooOften(Duration),
}

impl From<RpcError> for Refused {
    fn from(error: RpcError) -> Self {
        Self::Error(error)
    }
}

/// One request for tasks: who asks, and in which words it wants its answer.
pub(super) struct Asker {
    server: Server,
    pub engine: Arc<Engine>,
    pub access: Access,
    owner: Owner,
    pub id: Id,
    revision: Revision,
}

impl Asker {
    pub fn new(
        server: &Server,
        engine: &Arc<Engine>,
        peer: &Peer,
        incoming: &Incoming<'_>,
    ) -> Self {
        let owner = Owner::of(peer.principal.as_ref());
        Self {
            server: server.clone(),
            engine: engine.clone(),
            access: Access::Owner(owner.clone()),
            owner,
            id: incoming.id.clone(),
            revision: peer.revision,
        }
    }

    fn server_info(&self) -> &[u8] {
        &self.server.inner().server_info
    }

    /// A line of the audit log: who did what with which task, and what came of it (L107, L108).
    fn audit(&self, operation: &str, task: &str, outcome: &str) {
        // Nothing is put together for nobody.
        if !tracing::enabled!(target: "mcp::audit", tracing::Level::INFO) {
            return;
        }
        // A peer's text: no longer than an id can be, and no lines of its own in the log.
        let safe = |c: char| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
        let task: String = task.chars().take(TaskId::LONGEST).map(safe).collect();
        tracing::info!(target: "mcp::audit", operation, %task, owner = self.owner.as_str(), outcome);
    }

    /// The response, in the words of the request's revision.
    pub fn response(&self, result: Result<Response, Refused>) -> Response {
        let error = match result {
            Ok(response) => return response,
            Err(Refused::Error(error)) => error,
            Err(Refused::TooOften(wait)) => {
                let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
                let error = RpcError::internal(format!(
                    "asked for too often: slow down, and wait {seconds} s before the next time"
                ));
                let status = Status::TooManyRequests { retry_after: seconds.max(1) };
                return error_response(Some(&self.id), &error, status);
            }
        };
        let (error, status) = match self.revision.is_modern() {
            true => modern::error(error),
            false => (legacy::error(error), Status::Ok),
        };
        error_response(Some(&self.id), &error, status)
    }

    pub async fn create(&self, request: TaskRequest) -> Result<(Response, TaskId), Refused> {
        let tool = request.entry.definition.name.to_string();
        let record = match self.engine.create(request).await {
            Ok(record) => record,
            Err(error) => {
                self.audit("create", "", &error.message);
                return Err(error.into());
            }
        };
        self.audit("create", record.id.as_str(), &tool);
        let poll = self.engine.settings().poll_interval;
        let response = result_response(&self.id, |out| match self.revision.is_modern() {
            true => modern::tasks::created(out, &record, poll, self.server_info()),
            false => legacy::tasks::created(out, &record, poll),
        });
        Ok((response, record.id))
    }

    /// Looks a task up that belongs to whoever asks. Of others nobody learns whether they exist (D9, L98, X90).
    pub async fn view(&self, operation: &str, id: &str) -> Result<TaskView, RpcError> {
        let view = self.engine.view(&self.access, id).await;
        view.inspect_err(|error| self.audit(operation, id, &error.message))
    }

    pub async fn get(&self, id: &str) -> Result<Response, Refused> {
        let view = self.view("get", id).await?;
        let poll = self.engine.pace(&view.record).map_err(Refused::TooOften)?;
        if view.outcome.is_some() && self.revision.is_modern() {
            self.audit("result", id, view.record.state.as_str());
        }
        Ok(result_response(&self.id, |out| match self.revision.is_modern() {
            true => modern::tasks::get(out, &view, poll, self.server_info()),
            false => legacy::tasks::task(out, &view.record, poll),
        }))
    }

    pub async fn list(&self, after: Option<Position>) -> Result<Response, Refused> {
        let limit = self.server.limits().page;
        let (records, more) = self.engine.list(&self.access, after, limit).await?;
        let next = records.last().filter(|_| more).map(cursor);
        let poll = self.engine.settings().poll_interval;
        Ok(result_response(&self.id, |out| {
            legacy::tasks::list(out, &records, poll, next.as_ref());
        }))
    }

    pub async fn cancel(&self, id: &str) -> Result<Response, Refused> {
        let cancelled = self.engine.cancel(&self.access, id).await;
        let cancelled = cancelled.inspect_err(|error| self.audit("cancel", id, &error.message))?;
        let record = &cancelled.view.record;
        self.audit("cancel", id, record.state.as_str());
        // Nothing is said of it from here on (L66).
        self.engine.desk().show(&self.engine, &record.id, Some(&cancelled.view));
        if self.revision.is_modern() {
            // Whether it had ended before or not (X56, D3).
            return Ok(self.acknowledged());
        }
        if !cancelled.first {
            // L71, L84: also when it ended while the request was on its way (D2).
            return Err(RpcError::invalid_params(format!(
                "the task cannot be cancelled: it is {} already",
                legacy::tasks::status(record.state)
            ))
            .into());
        }
        let poll = self.engine.settings().poll_interval;
        Ok(result_response(&self.id, |out| legacy::tasks::task(out, record, poll)))
    }

    /// Answers questions. What answers none that is open is passed over (X52): keys that nobody asked for, answers that come
    /// twice or too late, tasks that have ended (E15).
    pub async fn update(&self, id: &str, responses: &RawValue) -> Result<Response, Refused> {
        let view = self.view("update", id).await?;
        let open: Vec<Cow<'static, str>> =
            view.questions.iter().map(|(key, _)| key.as_str().to_owned().into()).collect();
        let given = envelope::entries(responses.get(), &open)
            .map_err(|error| RpcError::invalid_params(format!("`inputResponses`: {error}")))?;
        let answers: Vec<_> = given
            .into_iter()
            .map(|(key, raw)| ((&*key).into(), Answer::Given(raw.to_owned().into())))
            .collect();
        self.audit("update", id, &format!("{} of {} answers", answers.len(), open.len()));
        if !answers.is_empty() {
            let view = self.engine.answer(&self.access, id, answers).await?;
            self.engine.desk().show(&self.engine, &view.record.id, Some(&view));
        }
        Ok(self.acknowledged())
    }

    fn acknowledged(&self) -> Response {
        result_response(&self.id, |out| modern::tasks::acknowledged(out, self.server_info()))
    }

    /// What `tasks/result` answers for a task that has ended: what its call would have been answered with (L51, L53).
    pub fn result(&self, view: &TaskView) -> Response {
        let record = &view.record;
        self.audit("result", record.id.as_str(), record.state.as_str());
        match &view.outcome {
            Some(Outcome::Returned { body, .. }) => result_response(&self.id, |out| {
                legacy::tasks::result(out, &record.id, body); // L93
            }),
            Some(Outcome::Failed(stored)) => {
                self.response(Err(stored_error(stored).into())) // L92
            }
            // The specification is silent about it: a request that was cancelled has no result (D5).
            None => self.response(Err(RpcError::internal(match record.state {
                TaskState::Cancelled => "the task was cancelled, and has no result",
                _ => "the task has no result",
            })
            .into())),
        }
    }
}

/// Where the next page begins: opaque to clients (L69), and stable whatever comes and goes in between (D22).
fn cursor(last: &TaskRecord) -> String {
    let mut bytes = last.created_at.to_be_bytes().to_vec();
    bytes.extend_from_slice(last.id.as_str().as_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The place that a cursor stands for. An empty one is the beginning; what is none is refused (L83).
pub(super) fn position(cursor: &str) -> Result<Option<Position>, RpcError> {
    if cursor.is_empty() {
        return Ok(None);
    }
    let unknown = || RpcError::invalid_params("unknown `cursor`: begin again without one");
    if cursor.len() > 2 * TaskId::LONGEST {
        return Err(unknown());
    }
    let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| unknown())?;
    let (time, id) = bytes.split_first_chunk().ok_or_else(unknown)?;
    let id = std::str::from_utf8(id).ok().filter(|id| !id.is_empty()).ok_or_else(unknown)?;
    Ok(Some(Position { created_at: u64::from_be_bytes(*time), id: id.into() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_as_its_place_and_nothing_else_does() {
        let record = TaskRecord::new("an-id".into(), Owner::anonymous(), "tool", 1_785_196_800_123);
        assert_eq!(position(&cursor(&record)), Ok(Some(record.position())));
        assert_eq!(position(""), Ok(None));
        let long = "A".repeat(4 * TaskId::LONGEST);
        for garbage in ["?", "AAAA", "AAAAAAAAAAA", &long] {
            assert!(position(garbage).is_err(), "{garbage}");
        }
    }
}
