//! The call of a tool, inline or as a task.

use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::time::Duration;

use futures_core::Stream;
use mcp_runtime::client::{
    CallEvent, CallStream, ClientError, RemoteTask, TaskStatus, TaskWish, ToolResult,
};
use serde_json::json;

use crate::args::Call;
use crate::arguments;
use crate::failure::Failure;
use crate::output;
use crate::session::Session;
use crate::show;
use crate::shown;

/// How long a server may take to acknowledge that something is cancelled.
const GRACE: Duration = Duration::from_secs(10);

/// What Ctrl-C does with a task.
#[derive(Clone, Copy, PartialEq)]
pub enum OnInterrupt {
    /// It was made by this command, and ends with it.
    Cancel,
    /// It was there before.
    Leave,
}

/// Calls a tool.
pub async fn run(session: &Session, call: Call) -> Result<(), Failure> {
    let made = arguments::of(session, &call);
    let arguments = tokio::select! {
        biased;
        () = session.interrupt.pressed() => {
            return Err(Failure::Interrupted("nothing was called".to_owned()));
        }
        arguments = made => arguments?,
    };
    let as_task = call.task || call.detach;
    let wish = if as_task { TaskWish::IfAllowed } else { TaskWish::IfRequired };
    let mut calling = session.client.call_tool(&call.tool, arguments).as_task(wish);
    if let Some(ttl) = call.ttl {
        calling = calling.ttl(ttl);
    }
    if call.detach {
        return detach(session, calling.stream()).await;
    }
    let mut became_task = false;
    let result = follow(session, calling.stream(), OnInterrupt::Cancel, &mut became_task).await?;
    if call.task && !became_task {
        session.screen.note("the server answered at once: there was no task");
    }
    finish(session, &result)
}

/// Prints a result.
pub fn finish(session: &Session, result: &ToolResult) -> Result<(), Failure> {
    session.screen.clear();
    let mut out = io::stdout();
    if session.screen.is_json() {
        output::json_line(&mut out, &json!({ "result": output::tool_result(result) }))?;
    } else {
        show::tool_result(&mut out, result)?;
    }
    if result.is_error { Err(Failure::Tool) } else { Ok(()) }
}

/// The next item of a stream. Cancel safe.
pub async fn next<S: Stream + Unpin>(stream: &mut S) -> Option<S::Item> {
    poll_fn(|cx| Pin::new(&mut *stream).poll_next(cx)).await
}

/// Shows what happens until there is a result.
pub async fn follow(
    session: &Session,
    mut stream: CallStream,
    on_interrupt: OnInterrupt,
    became_task: &mut bool,
) -> Result<ToolResult, Failure> {
    loop {
        let event = tokio::select! {
            biased;
            () = session.interrupt.pressed() => {
                session.screen.clear();
                return Err(interrupted(stream, on_interrupt).await);
            }
            question = session.user.unanswered() => return Err(unanswered(question, stream)),
            event = next(&mut stream) => event,
        };
        match event {
            Some(Ok(CallEvent::Done(result))) => return Ok(result),
            Some(Ok(event)) => {
                *became_task |= matches!(event, CallEvent::Created(_));
                session.screen.event(&event)?;
            }
            Some(Err(error)) => return Err(error.into()),
            None => return Err(Failure::Failed("the call ended without a result".to_owned())),
        }
    }
}

/// Makes the call a task, and leaves it to itself.
async fn detach(session: &Session, mut stream: CallStream) -> Result<(), Failure> {
    let mut asked = pin!(unanswered_call(session));
    let task = loop {
        let event = tokio::select! {
            biased;
            () = session.interrupt.pressed() => {
                return Err(interrupted(stream, OnInterrupt::Cancel).await);
            }
            event = next(&mut stream) => event,
            question = &mut asked => return Err(unanswered(question, stream)),
        };
        match event {
            Some(Ok(CallEvent::Created(_))) => break stream.into_task(),
            Some(Ok(CallEvent::Done(result))) => {
                session.screen.note("the server answered at once: there is no task");
                return finish(session, &result);
            }
            Some(Ok(event)) => session.screen.event(&event)?,
            Some(Err(error)) => return Err(error.into()),
            None => break None,
        }
    };
    let Some(info) = task.as_ref().and_then(RemoteTask::info) else {
        return Err(Failure::Failed("the call ended without a result".to_owned()));
    };
    let mut out = io::stdout();
    if session.screen.is_json() {
        return Ok(output::json_line(&mut out, &json!({ "task": output::task(&info) }))?);
    }
    session.screen.note("go on with: mcp-call task wait TASK");
    show::id(&mut out, &info)?;
    Ok(())
}

/// A question that is not one of a task: a task may ask before it is known that the call has become one, and is left with its
/// question.
async fn unanswered_call(session: &Session) -> String {
    const UNTIL_CREATED: Duration = Duration::from_secs(3);
    let question = session.user.unanswered().await;
    tokio::time::sleep(UNTIL_CREATED).await;
    question
}

/// What becomes of a call when Ctrl-C is pressed.
async fn interrupted(stream: CallStream, on_interrupt: OnInterrupt) -> Failure {
    let Some(task) = stream.into_task() else {
        return Failure::Interrupted("the call was cancelled".to_owned());
    };
    let id = task.id().unwrap_or_default().to_owned();
    let left = format!("go on with: mcp-call task wait {id}");
    if on_interrupt == OnInterrupt::Leave {
        return Failure::Interrupted(format!("the task goes on; {left}"));
    }
    Failure::Interrupted(match cancel(&task).await {
        Ok(TaskStatus::Cancelled) => format!("task {id} was cancelled"),
        Ok(status) => format!("task {id} was asked to end, and is {} yet; {left}", word(status)),
        Err(why) => format!("task {id} could not be cancelled: {why}; {left}"),
    })
}

/// Cancels a task, within some time.
pub async fn cancel(task: &RemoteTask) -> Result<TaskStatus, String> {
    match tokio::time::timeout(GRACE, task.cancel()).await {
        Ok(cancelled) => cancelled.map_err(|error: ClientError| error.to_string()),
        Err(_) => Err("the server does not answer".to_owned()),
    }
}

/// A status in the protocol's word.
pub fn word(status: TaskStatus) -> String {
    json!(status).as_str().unwrap_or_default().to_owned()
}

/// A question that nobody answers ends a call; a task waits.
fn unanswered(question: String, stream: CallStream) -> Failure {
    let task = stream.into_task();
    Failure::Unanswered(match task.as_ref().and_then(RemoteTask::id) {
        None => question,
        Some(id) => {
            let id = shown::line(id);
            format!("{question}; the task waits: mcp-call task answer {id}")
        }
    })
}
