//! A call that is followed event by event.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use mcp_schema::Value;
use mcp_schema::v2026_07_28::ProgressNotificationParams;

use super::super::error::ClientError;
use super::super::output::ToolResult;
use super::call::{Call, Made};
use super::drive::Drive;
use super::ears::{Ear, Word};
use super::handle::RemoteTask;
use super::hold::Grip;
use super::info::TaskInfo;

/// What happens to a call.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum CallEvent {
    /// The call is a task now. It may have ended already.
    Created(TaskInfo),
    /// The status of the task, or its message, has changed.
    Status(TaskInfo),
    /// The server asks for something. The client's handlers answer it; this is for those who show what goes on.
    Input {
        /// What tells this question from others: a key that the server chose, on a legacy connection the id of its request.
        key: String,
        /// `elicitation/create`, `sampling/createMessage` or `roots/list`.
        method: String,
        /// The parameters of the question, as they came.
        params: Value,
    },
    /// How far the call is.
    Progress(ProgressNotificationParams),
    /// The result: the last event. A tool that failed by its own account (`isError`) has one, too.
    Done(ToolResult),
}

/// A call that is followed event by event, made by [`Calling::stream`](crate::client::Calling::stream) or
/// [`RemoteTask::follow`].
///
/// The last item is [`CallEvent::Done`] or an error. The server is asked about its task while the stream is polled, and not
/// otherwise. A stream that made a call and is dropped before its end drops the call: a task that it has become is cancelled.
/// [`into_task`](Self::into_task) keeps it.
#[must_use = "a call is made when its stream is polled"]
pub struct CallStream {
    turn: Option<Turn>,
    grip: Arc<OnceLock<Grip>>,
}

type Item = Result<CallEvent, ClientError>;
type Turn = Pin<Box<dyn Future<Output = (Stage, Option<Item>)> + Send>>;

enum Stage {
    Call(Box<Call>, Arc<OnceLock<Grip>>),
    Creation(Creation, Arc<Ear>, Arc<OnceLock<Grip>>),
    Result(Box<ToolResult>, Arc<Ear>),
    Task(Box<Drive>),
    Over,
}

type Creation = Pin<Box<dyn Future<Output = Result<Made, ClientError>> + Send>>;

impl Stage {
    async fn next(mut self) -> (Self, Option<Item>) {
        loop {
            self = match self {
                Self::Call(call, grip) => {
                    let ear = call.ear(true);
                    Self::Creation(Box::pin(call.create(ear.clone())), ear, grip)
                }
                Self::Creation(mut creation, ear, grip) => {
                    let made = tokio::select! {
                        biased;
                        word = ear.next() => match word {
                            Word::Event(event) => {
                                return (Self::Creation(creation, ear, grip), Some(Ok(event)));
                            }
                            Word::Told(_) | Word::Hint => {
                                self = Self::Creation(creation, ear, grip);
                                continue;
                            }
                        },
                        made = &mut creation => made,
                    };
                    match made {
                        Ok(Made::Result(result)) => Self::Result(result, ear),
                        Ok(Made::Task(guard, listening)) => {
                            let info = guard.remote().info();
                            let _ = grip.set(guard.grip());
                            let drive = Drive::new(guard, listening);
                            return (
                                Self::Task(Box::new(drive)),
                                Some(Ok(CallEvent::Created(info))),
                            );
                        }
                        Err(error) => return (Self::Over, Some(Err(error))),
                    }
                }
                // What came before the result is told before it.
                Self::Result(result, ear) => match ear.try_event() {
                    Some(event) => return (Self::Result(result, ear), Some(Ok(event))),
                    None => return (Self::Over, Some(Ok(CallEvent::Done(*result)))),
                },
                Self::Task(mut drive) => match drive.next().await {
                    Ok(Some(event)) => return (Self::Task(drive), Some(Ok(event))),
                    Ok(None) => {
                        let result = drive.remote().take().await.map(CallEvent::Done);
                        return (Self::Over, Some(result));
                    }
                    Err(error) => return (Self::Over, Some(Err(error))),
                },
                Self::Over => return (Self::Over, None),
            };
        }
    }
}

impl CallStream {
    pub(in crate::client) fn call(call: Call) -> Self {
        let grip = Arc::new(OnceLock::new());
        let stage = Stage::Call(Box::new(call), grip.clone());
        Self { turn: Some(Box::pin(stage.next())), grip }
    }

    pub(super) fn task(drive: Drive) -> Self {
        let grip = Arc::new(OnceLock::from(drive.grip()));
        Self { turn: Some(Box::pin(Stage::Task(Box::new(drive)).next())), grip }
    }

    pub(super) fn result(result: ToolResult) -> Self {
        let stage = Stage::Result(Box::new(result), Ear::new(None, false));
        Self { turn: Some(Box::pin(stage.next())), grip: Arc::default() }
    }

    /// The task that the call has become, which goes on without the stream. `None` before [`CallEvent::Created`]: the call is
    /// dropped then.
    pub fn into_task(self) -> Option<RemoteTask> {
        self.grip.get().map(|grip| RemoteTask::of(grip.keep()))
    }
}

impl Stream for CallStream {
    type Item = Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Item>> {
        let Some(turn) = &mut self.turn else { return Poll::Ready(None) };
        let (stage, item) = ready!(turn.as_mut().poll(cx));
        let over = matches!(stage, Stage::Over);
        self.turn = (!over).then(|| Box::pin(stage.next()) as Turn);
        Poll::Ready(item)
    }
}

impl fmt::Debug for CallStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let task = self.grip.get().map(|grip| grip.remote().id());
        f.debug_struct("CallStream").field("task", &task).finish_non_exhaustive()
    }
}
