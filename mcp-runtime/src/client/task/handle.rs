//! A handle on a call that may be a task.

use std::fmt;
use std::sync::Arc;

use mcp_schema::{Map, Value};
use serde::Serialize;

use super::super::error::ClientError;
use super::super::methods::Client;
use super::super::output::ToolResult;
use super::TaskStatus;
use super::drive::Drive;
use super::ears::{Ear, Listening};
use super::hold::Guard;
use super::info::TaskInfo;
use super::remote::{PATIENCE, Remote};
use super::stream::CallStream;
use super::ticket::TaskTicket;

/// A handle on a call, made by [`Calling::task`](crate::client::Calling::task) or [`Client::resume`].
///
/// If the server answered at once, the handle holds the result, and there is no task: then there is no id, and no ticket.
/// Cheap to clone. Dropping it, or a future of its methods, cancels nothing. The server is asked about the task while something
/// is awaited here, and not otherwise; what it asks for is answered by the client's handlers during [`wait`](Self::wait),
/// [`result`](Self::result) and [`follow`](Self::follow), or by hand with [`answer`](Self::answer).
#[derive(Clone)]
pub struct RemoteTask(Kind);

#[derive(Clone)]
enum Kind {
    Task(Arc<Remote>),
    Answered(Arc<ToolResult>),
}

impl RemoteTask {
    pub(super) fn of(remote: Arc<Remote>) -> Self {
        Self(Kind::Task(remote))
    }

    pub(in crate::client) fn answered(result: ToolResult) -> Self {
        Self(Kind::Answered(Arc::new(result)))
    }

    fn remote(&self) -> Option<&Arc<Remote>> {
        match &self.0 {
            Kind::Task(remote) => Some(remote),
            Kind::Answered(_) => None,
        }
    }

    /// The task's id, if the call is a task.
    pub fn id(&self) -> Option<&str> {
        self.remote().map(|remote| remote.id())
    }

    /// What the server said of it last.
    pub fn info(&self) -> Option<TaskInfo> {
        self.remote().map(|remote| remote.info())
    }

    /// What another process needs to take the task up. It changes when questions are answered.
    pub fn ticket(&self) -> Option<TaskTicket> {
        self.remote().map(|remote| remote.ticket())
    }

    /// Asks the server how far the task is; [`info`](Self::info) says more. The ticket of one that was cancelled is not kept any
    /// more. Cancel safe.
    ///
    /// # Errors
    ///
    /// [`ClientError::UnknownTask`] for one that is gone, [`ClientError::Invalid`] for one that is not what it was, and any other
    /// [`ClientError`].
    pub async fn get(&self) -> Result<TaskStatus, ClientError> {
        let Some(remote) = self.remote() else { return Ok(TaskStatus::Completed) };
        if remote.has_outcome() {
            return Ok(remote.info().status);
        }
        let ended = remote.info().has_ended();
        let seen = remote.ask().await?;
        remote.note("tasks/get", &seen, ended)?;
        Ok(remote.cancelled().await)
    }

    /// The questions that were open when the server was last asked, and were not answered since: each by its key, as a request
    /// with `method` and `params`. Legacy servers put theirs in requests of their own, which the handlers answer.
    pub fn questions(&self) -> Map<Value> {
        self.remote().map(|remote| remote.questions()).unwrap_or_default()
    }

    /// Answers a question by hand (modern servers): `response` is the result that the request would have, for a form
    /// `{"action": "accept", "content": {..}}`. The question is asked for first if it is not known to be open.
    ///
    /// # Errors
    ///
    /// [`ClientError::NoQuestion`] if there is none of this key, or no longer, and any other [`ClientError`]. If the future is
    /// dropped, the answer may have arrived or not; the server takes the first.
    pub async fn answer(&self, key: &str, response: impl Serialize) -> Result<(), ClientError> {
        let missing = || ClientError::NoQuestion { key: key.to_owned() };
        let remote = self.remote().ok_or_else(missing)?;
        if !remote.client().is_modern() {
            return Err(ClientError::Unsupported(
                "legacy servers ask in requests of their own: register a handler when the client is built",
            ));
        }
        let response = serde_json::to_value(response)
            .map_err(|error| ClientError::Arguments(error.to_string()))?;
        if !remote.is_open(key) {
            self.get().await?;
        }
        let claim = remote.claim_one(key).ok_or_else(missing)?;
        let answers = Map::from_iter([(key.to_owned(), response)]);
        let sent = remote.update(answers).await;
        drop(claim);
        sent
    }

    fn drive(&self, remote: &Arc<Remote>, follows: bool) -> Drive {
        let ear = Ear::new(None, follows);
        let listening = Listening::new(remote.client().connection(), ear);
        listening.of(remote.id(), remote.token());
        Drive::new(Guard::new(remote.clone(), false), listening)
    }

    /// Waits until the task has ended, and tells how. What it asks for is put to the client's handlers.
    ///
    /// Dropping the future only stops the waiting. A ticket that is kept stays until the result is taken, unless the task was
    /// cancelled.
    ///
    /// # Errors
    ///
    /// [`ClientError::TaskDeadline`] and [`ClientError::TaskExpired`] for one that does not end, [`ClientError::UnknownTask`] for
    /// one that is gone, [`ClientError::NoHandler`] and [`ClientError::Refused`] for a question that nobody answers, which leaves
    /// the question open; and any other [`ClientError`]. After an error it can be waited for again.
    pub async fn wait(&self) -> Result<TaskStatus, ClientError> {
        let Some(remote) = self.remote() else { return Ok(TaskStatus::Completed) };
        if !remote.has_outcome() {
            self.drive(remote, false).finish().await?;
        }
        Ok(remote.info().status)
    }

    /// Waits as [`wait`](Self::wait) does, and gives the result: as often as it is asked for.
    ///
    /// # Errors
    ///
    /// As there; the error that the call came to ([`ClientError::Rpc`]); [`ClientError::TaskCancelled`].
    pub async fn result(&self) -> Result<ToolResult, ClientError> {
        match &self.0 {
            Kind::Answered(result) => Ok((**result).clone()),
            Kind::Task(remote) => {
                self.wait().await?;
                remote.take().await
            }
        }
    }

    /// Follows the task event by event. Dropping the stream cancels nothing.
    pub fn follow(&self) -> CallStream {
        match &self.0 {
            Kind::Answered(result) => CallStream::result((**result).clone()),
            Kind::Task(remote) => CallStream::task(self.drive(remote, true)),
        }
    }

    /// Asks the server to cancel the task, and tells what is known of it then: a modern server acknowledges the request, and may
    /// take its time, or bring the task to another end. One that has ended stays as it is. Its ticket is kept until it has ended.
    ///
    /// # Errors
    ///
    /// [`ClientError::UnknownTask`] for one that is gone, [`ClientError::Unsupported`] on a legacy connection whose server does
    /// not declare `tasks.cancel`, and any other [`ClientError`]. If the future is dropped, it may be cancelled or not.
    pub async fn cancel(&self) -> Result<TaskStatus, ClientError> {
        match self.remote() {
            Some(remote) => remote.cancel().await,
            None => Ok(TaskStatus::Completed),
        }
    }
}

impl fmt::Debug for RemoteTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteTask").field("info", &self.info()).finish_non_exhaustive()
    }
}

impl Client {
    /// Takes a task up that another client has begun, in this process or another one. The server is asked about it once.
    ///
    /// # Errors
    ///
    /// [`ClientError::OtherServer`] if the ticket names another server, which is not told the id; [`ClientError::UnknownTask`] if
    /// the task is gone, and its ticket with it where tickets are kept; any other [`ClientError`], which leaves the ticket as it is.
    pub async fn resume(&self, ticket: TaskTicket) -> Result<RemoteTask, ClientError> {
        if let (Some(theirs), Some(ours)) = (ticket.server(), self.address())
            && theirs != ours
        {
            return Err(ClientError::OtherServer { ticket: theirs.to_owned(), client: ours });
        }
        const METHOD: &str = "tasks/get";
        let answer = self.ask_about_task(METHOD, ticket.task_id(), None, Some(PATIENCE)).await;
        let answer = match answer {
            Err(ClientError::Rpc { error, .. }) if error.code == crate::code::INVALID_PARAMS => {
                super::remote::forget(self, &ticket).await;
                return Err(ClientError::UnknownTask { task: ticket.task_id().to_owned(), error });
            }
            answer => answer?,
        };
        let seen = super::info::Seen::read(METHOD, answer.get())?;
        if seen.info.id != ticket.task_id() {
            let problem =
                format!("asked about `{}`, it speaks of `{}`", ticket.task_id(), seen.info.id);
            return Err(ClientError::invalid(METHOD, problem));
        }
        let remote = Remote::resumed(self, ticket, seen);
        remote.log("resumed");
        remote.keep().await?;
        Ok(RemoteTask::of(remote))
    }
}
