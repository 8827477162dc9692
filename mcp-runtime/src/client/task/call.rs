//! The call of a tool, until it has a result or is a task.

use std::sync::Arc;
use std::time::Duration;

use mcp_schema::{JsonObject, Value};
use serde_json::json;
use serde_json::value::RawValue;
use tokio::sync::oneshot::error::TryRecvError;

use super::super::connection::Pending;
use super::super::error::ClientError;
use super::super::handlers::Hear;
use super::super::methods::Client;
use super::super::output::ToolResult;
use super::super::rounds::{Answer, Options, Tasks};
use super::drive::Drive;
use super::ears::{Ear, Listening};
use super::handle::RemoteTask;
use super::hold::Guard;
use super::info::Seen;
use super::remote::Remote;
use crate::protocol::envelope;
use crate::protocol::revision::Revision;
use crate::server::definition::TaskSupport;
use mcp_schema::v2026_07_28::{CallToolResult, ProgressNotificationParams, TextContent};

pub(in crate::client) const CALL: &str = "tools/call";

/// How long to wait for the answer to a call that nobody wants any more, to learn which task to cancel.
const REGRET: Duration = Duration::from_secs(60);

/// How long an answer may be on its way when its request is cancelled.
const CROSSING: Duration = Duration::from_secs(10);

/// Whether a call is to be a task. On a legacy connection the client says so, within what the server and the tool allow; on a
/// modern one the server decides, and the client can only say that it does not know tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TaskWish {
    /// Never. A legacy tool that has to be a task is called as one nevertheless (L13); a modern server refuses to call one
    /// that has to be.
    Never,
    /// Where it has to be: what `.await` does.
    IfRequired,
    /// Wherever it may be: what `.stream()` and `.task()` do.
    IfAllowed,
}

/// A call that is about to be made.
pub(in crate::client) struct Call {
    pub client: Client,
    pub params: Result<JsonObject, ClientError>,
    pub options: Options,
    pub wish: TaskWish,
    pub ttl: Option<Duration>,
    pub hear: Option<Hear<ProgressNotificationParams>>,
}

/// What a call has come to.
pub(super) enum Made {
    Result(Box<ToolResult>),
    Task(Guard, Listening),
}

impl Call {
    pub fn ear(&self, follows: bool) -> Arc<Ear> {
        Ear::new(self.hear.clone(), follows)
    }

    /// To the end, whether it is a task or not.
    pub async fn finish(self) -> Result<ToolResult, ClientError> {
        let ear = self.ear(false);
        match self.create(ear).await? {
            Made::Result(result) => Ok(*result),
            Made::Task(guard, listening) => {
                Drive::new(guard, listening).finish().await?.take().await
            }
        }
    }

    /// Until there is a handle.
    pub async fn task(self) -> Result<RemoteTask, ClientError> {
        let ear = self.ear(false);
        Ok(match self.create(ear).await? {
            Made::Result(result) => RemoteTask::answered(*result),
            Made::Task(guard, listening) => {
                let remote = guard.keep();
                remote.listen(listening);
                RemoteTask::of(remote)
            }
        })
    }

    /// Makes the call. Dropping the future drops the call: what has become a task, or is about to, is cancelled.
    pub(super) async fn create(self, ear: Arc<Ear>) -> Result<Made, ClientError> {
        let Self { client, params, mut options, wish, ttl, .. } = self;
        let mut params = params?;
        let tool = params.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
        options.tasks = client.tasks_of_call(&tool, wish).await?;
        if options.tasks == Tasks::Augmented {
            let mut task = JsonObject::new();
            if let Some(ttl) = ttl {
                let ttl = u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX);
                task.insert("ttl".to_owned(), ttl.into());
            }
            params.insert("task".to_owned(), Value::Object(task));
        }
        let listening = Listening::new(client.connection(), ear.clone());
        options.before.task = Some(ear);
        match client.drive(CALL, params, &options).await? {
            Answer::Complete(result) => {
                client.tool_result(CALL, &tool, &result, None).await.map(Box::new).map(Made::Result)
            }
            Answer::Task(created) => {
                let remote = Remote::created(&client, &tool, created_task(&created)?);
                // From here on the task is cancelled if nobody takes it.
                let guard = Guard::new(remote, true);
                let remote = guard.remote();
                listening.of(remote.id(), None);
                remote.log("created");
                remote.keep().await?;
                Ok(Made::Task(guard, listening))
            }
        }
    }
}

/// The task in the answer to a call, in the words of either era.
fn created_task(result: &RawValue) -> Result<Seen, ClientError> {
    let invalid = |error| ClientError::invalid(CALL, error);
    let [task] = envelope::fields(result.get(), &["task"]).map_err(invalid)?;
    Seen::read(CALL, task.unwrap_or(result).get())
}

impl Client {
    /// Whether this call is to be, or may become, a task (L4 to L13; X2, X4).
    async fn tasks_of_call(&self, tool: &str, wish: TaskWish) -> Result<Tasks, ClientError> {
        if !self.tasks_settings().enabled {
            return Ok(Tasks::None);
        }
        if self.is_modern() {
            let declared = wish != TaskWish::Never;
            return Ok(if declared { Tasks::Declared } else { Tasks::None });
        }
        if !self.server_takes_tasks() {
            return Ok(Tasks::None);
        }
        let support = self.definition(tool).await?.and_then(|known| known.task_support);
        Ok(match (support, wish) {
            (Some(TaskSupport::Required), _)
            | (Some(TaskSupport::Optional), TaskWish::IfAllowed) => Tasks::Augmented,
            _ => Tasks::None,
        })
    }

    /// Whether the server declares that calls of tools can be tasks (L5, L6, L9): only one revision has the words.
    fn server_takes_tasks(&self) -> bool {
        self.task_capability(&["requests", "tools", "call"])
    }

    /// Whether a legacy server declares this within `capabilities.tasks`.
    pub(super) fn task_capability(&self, path: &[&str]) -> bool {
        self.revision() == Revision::V2025_11_25
            && self.initialized().is_some_and(|server| {
                let tasks = server.capabilities.extra.get("tasks");
                let found = tasks
                    .and_then(|tasks| path.iter().try_fold(tasks, |value, key| value.get(key)));
                found.is_some_and(Value::is_object)
            })
    }

    /// What a tool returned, read and checked.
    pub(super) async fn tool_result(
        &self,
        method: &str,
        tool: &str,
        result: &RawValue,
        failed: Option<String>,
    ) -> Result<ToolResult, ClientError> {
        let read = serde_json::from_str::<CallToolResult>(result.get());
        let mut read = ToolResult::from(read.map_err(|error| ClientError::invalid(method, error))?);
        if let Some(why) = failed
            && !read.is_error
        {
            read.is_error = true;
            if read.content.is_empty() {
                read.content.push(TextContent::new(why).into());
            }
        }
        self.checked(tool, read).await
    }
}

/// A call on its way. Dropped before its answer is taken, it leaves no task behind.
pub(in crate::client) struct Birth {
    client: Client,
    pending: Option<Pending>,
    tasks: Tasks,
}

impl Birth {
    pub fn new(client: &Client, pending: Pending, tasks: Tasks) -> Self {
        Self { client: client.clone(), pending: Some(pending), tasks }
    }

    pub async fn answer(mut self) -> Result<Box<RawValue>, ClientError> {
        let Some(pending) = &mut self.pending else {
            return Err(self.client.connection().why_closed());
        };
        let reply = (&mut pending.reply).await;
        let reply = reply.unwrap_or_else(|_| Err(pending.why_closed()));
        self.pending = None;
        reply
    }
}

impl Drop for Birth {
    fn drop(&mut self) {
        let Some(mut pending) = self.pending.take() else { return };
        if self.tasks == Tasks::None {
            return;
        }
        match pending.reply.try_recv() {
            Ok(Ok(answer)) => cancel_created(&self.client, &answer),
            // A call that is to be a task is not cancelled as a request (L77, L113): its task is, once it has a name.
            Err(TryRecvError::Empty) if self.tasks == Tasks::Augmented => {
                let client = self.client.clone();
                self.client.connection().spawn(async move {
                    if let Ok(Ok(answer)) = tokio::time::timeout(REGRET, pending.answer()).await {
                        cancel_created(&client, &answer);
                    }
                });
            }
            // Not created yet, as far as anybody knows: cancelled as a request. The two may cross.
            Err(TryRecvError::Empty) => {
                pending.cancel();
                let client = self.client.downgrade();
                self.client.connection().spawn(async move {
                    if let Ok(Ok(answer)) = tokio::time::timeout(CROSSING, pending.answer()).await
                        && let Some(client) = client.upgrade()
                    {
                        cancel_created(&client, &answer);
                    }
                });
            }
            Ok(Err(_)) | Err(TryRecvError::Closed) => {}
        }
    }
}

/// Cancels the task that a call has become which nobody wants, if it has become one.
fn cancel_created(client: &Client, answer: &RawValue) {
    if let Ok(seen) = created_task(answer) {
        Remote::created(client, "", seen).cancel_later();
    }
}

impl Client {
    /// A request about a task.
    pub(super) async fn ask_about_task(
        &self,
        method: &str,
        id: &str,
        more: Option<(&str, Value)>,
        limit: Option<Duration>,
    ) -> Result<Box<RawValue>, ClientError> {
        let mut params = JsonObject::from_iter([("taskId".to_owned(), json!(id))]);
        params.extend(more.map(|(key, value)| (key.to_owned(), value)));
        let asked = async {
            let mut pending = self.begin(method, params, &Options::default()).await?;
            // Whoever stops waiting says nothing, lest it be taken for a word about the task (L77, X55).
            pending.quiet();
            pending.answer().await
        };
        // What waits for the end of a task waits for as long as that takes.
        let Some(limit) = limit else { return asked.await };
        let limit = self.timeout().map_or(limit, |own| own.min(limit));
        tokio::time::timeout(limit, asked)
            .await
            .unwrap_or_else(|_| Err(ClientError::TimedOut { method: method.to_owned(), limit }))
    }
}

/// Whether a request needs the extension, whoever makes it: modern ones declare it each time (X65, X75).
pub(in crate::client) fn is_about_tasks(method: &str, params: &JsonObject) -> bool {
    let names_tasks = |params: &JsonObject| params.get("notifications")?.get("taskIds").map(drop);
    method.starts_with("tasks/")
        || (method == "subscriptions/listen" && names_tasks(params).is_some())
}
