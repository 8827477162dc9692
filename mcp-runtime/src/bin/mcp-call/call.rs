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
use crate::user::Open;

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
            return Err(Failure::interrupted("nothing was called"));
        }
        arguments = made => arguments?,
    };
    let as_task = call.task || call.detach;
    let wish = if as_task { TaskWish::IfAllowed } else { TaskWish::IfRequired };
    let mut calling = session.client.call_tool(&call.tool, arguments).as_task(wish);
    if let Some(ttl) = call.ttl {
        calling = calling.ttl(ttl);
    }
    let stream = calling.stream();
    if call.detach {
        return detach(session, stream).await;
    }
    let mut became_task = false;
    let result = follow(session, stream, OnInterrupt::Cancel, &mut became_task, as_task).await?;
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

/// Shows what happens until there is a result. `is_task` is whether it is one already, and tells whether it has become one.
pub async fn follow(
    session: &Session,
    mut stream: CallStream,
    on_interrupt: OnInterrupt,
    is_task: &mut bool,
    as_task: bool,
) -> Result<ToolResult, Failure> {
    let mut of_call = pin!(unanswered_call(session, as_task));
    loop {
        let event = tokio::select! {
            biased;
            () = session.interrupt.pressed() => {
                session.screen.clear();
                return Err(interrupted(session, stream, on_interrupt).await);
            }
            open = session.user.unanswered(), if *is_task => {
                return Err(unanswered(session, open, stream));
            }
            open = &mut of_call, if !*is_task => return Err(unanswered(session, open, stream)),
            event = next(&mut stream) => event,
        };
        match event {
            Some(Ok(CallEvent::Done(result))) => return Ok(result),
            Some(Ok(event)) => {
                *is_task |= matches!(event, CallEvent::Created(_));
                session.screen.event(&event)?;
            }
            Some(Err(error)) => return Err(error.into()),
            None => return Err(Failure::Failed("the call ended without a result".to_owned())),
        }
    }
}

/// Makes the call a task, and leaves it to itself.
async fn detach(session: &Session, mut stream: CallStream) -> Result<(), Failure> {
    let mut of_call = pin!(unanswered_call(session, true));
    let task = loop {
        let event = tokio::select! {
            biased;
            () = session.interrupt.pressed() => {
                return Err(interrupted(session, stream, OnInterrupt::Cancel).await);
            }
            event = next(&mut stream) => event,
            open = &mut of_call => return Err(unanswered(session, open, stream)),
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
    session.screen.note(&format!("go on with: {}", command("wait", &info.id)));
    if session.is_program {
        session.screen.note(OF_PROGRAM);
    }
    show::id(&mut out, &info)?;
    Ok(())
}

/// What becomes of a task that is left to a program.
pub const OF_PROGRAM: &str = "the program ends with this command: its task lives on only if the program keeps its tasks outside of its memory";

/// The command that does something with a task.
pub fn command(deed: &str, id: &str) -> String {
    format!("mcp-call task {deed} {}", shown::line(id))
}

/// A question of a call that is no task, as far as is known here. Before the answer to the call a task may ask, too: it is left
/// with its question, and its name is waited for.
async fn unanswered_call(session: &Session, as_task: bool) -> Open {
    /// Servers have to say which task asks (2025-11-25, Associating Task-Related Messages); some may not.
    const UNTIL_CREATED: Duration = Duration::from_secs(3);
    let open = session.user.unanswered().await;
    let is_legacy = session.client.initialized().is_some();
    match open.task {
        Some(_) => tokio::time::sleep(GRACE).await,
        None if as_task && is_legacy => tokio::time::sleep(UNTIL_CREATED).await,
        None => {}
    }
    open
}

/// What becomes of a call when Ctrl-C is pressed.
async fn interrupted(session: &Session, stream: CallStream, on_interrupt: OnInterrupt) -> Failure {
    let Some(task) = stream.into_task() else {
        return Failure::interrupted("the call was cancelled");
    };
    let id = task.id().unwrap_or_default().to_owned();
    let left = format!("go on with: {}{}", command("wait", &id), session.condition());
    let why = match on_interrupt {
        OnInterrupt::Leave => format!("the task goes on; {left}"),
        OnInterrupt::Cancel => match cancel(&task).await {
            Ok(TaskStatus::Cancelled) => format!("task {id} was cancelled"),
            Ok(status) => format!("task {id} was asked to end, and is {}; {left}", word(status)),
            Err(why) => format!("task {id} could not be cancelled: {why}; {left}"),
        },
    };
    Failure::Interrupted { why, task: Some(id) }
}

/// Cancels a task, and looks how it ends: a server need not do it at once.
pub async fn cancel(task: &RemoteTask) -> Result<TaskStatus, String> {
    let status = match tokio::time::timeout(GRACE, task.cancel()).await {
        Ok(cancelled) => cancelled.map_err(|error: ClientError| error.to_string())?,
        Err(_) => return Err("the server does not answer".to_owned()),
    };
    let has_ended = |task: &RemoteTask| task.info().is_none_or(|info| info.has_ended());
    // It is asked to end, whatever becomes of the question how far it is.
    let _ = look_until(task, has_ended).await;
    Ok(task.info().map_or(status, |info| info.status))
}

/// Asks how far a task is, as often as its server likes, until it is far enough: for a few seconds.
pub async fn look_until(
    task: &RemoteTask,
    enough: impl Fn(&RemoteTask) -> bool,
) -> Result<(), ClientError> {
    const LONGEST: Duration = Duration::from_secs(5);
    let looking = async {
        loop {
            task.get().await?;
            if enough(task) {
                return Ok(());
            }
            pause(task).await;
        }
    };
    tokio::time::timeout(LONGEST, looking).await.unwrap_or(Ok(()))
}

/// Waits for as long as the server wants not to be asked about a task.
pub async fn pause(task: &RemoteTask) {
    const USUAL: Duration = Duration::from_secs(1);
    let interval = task.info().and_then(|info| info.poll_interval);
    tokio::time::sleep(interval.unwrap_or(USUAL)).await;
}

/// A status in the protocol's word.
pub fn word(status: TaskStatus) -> String {
    json!(status).as_str().unwrap_or_default().to_owned()
}

/// A question that nobody answers ends a call; a task waits.
fn unanswered(session: &Session, open: Open, stream: CallStream) -> Failure {
    match stream.into_task() {
        None => Failure::Unanswered { why: open.why, task: None },
        Some(task) => open_task(session, open, &task),
    }
}

/// A task waits for an answer.
pub fn open_task(session: &Session, open: Open, task: &RemoteTask) -> Failure {
    let id = task.id().unwrap_or_default().to_owned();
    let how = command("answer", &id);
    let why = format!("{}; the task waits{}: {how}", open.why, session.condition());
    Failure::Unanswered { why, task: Some(id) }
}

#[cfg(test)]
mod tests {
    use mcp_runtime::Revision;
    use mcp_runtime::client::{Client, Lifecycle, TaskTicket};
    use mcp_schema::Value;
    use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, DuplexStream};

    use super::*;

    /// A modern server whose task is cancelled at so many looks after it was asked to be.
    async fn serve(stream: DuplexStream, looks: usize) -> Option<()> {
        let (reader, mut writer) = tokio::io::split(stream);
        let mut lines = BufReader::new(reader).lines();
        let mut left = None;
        while let Some(line) = lines.next_line().await.ok()? {
            let asked: Value = serde_json::from_str(&line).ok()?;
            let mut result = json!({ "resultType": "complete" });
            if asked["method"] == "tasks/cancel" {
                left = Some(looks);
            } else {
                left = left.map(|left| left.saturating_sub(1));
                let status = if left == Some(0) { "cancelled" } else { "working" };
                result = json!({
                    "resultType": "complete", "taskId": "t-1", "status": status, "ttlMs": null,
                    "createdAt": "2026-07-28T10:00:00Z", "lastUpdatedAt": "2026-07-28T10:00:00Z",
                    "pollIntervalMs": 1000,
                });
            }
            let answer = json!({ "jsonrpc": "2.0", "id": asked["id"], "result": result });
            writer.write_all(format!("{answer}\n").as_bytes()).await.ok()?;
        }
        Some(())
    }

    #[tokio::test(start_paused = true)]
    async fn the_end_of_a_cancelled_task_is_waited_for_but_not_for_ever() {
        for (looks, expected) in [
            (1, TaskStatus::Cancelled),
            (3, TaskStatus::Cancelled),
            (usize::MAX, TaskStatus::Working),
        ] {
            let (ours, theirs) = tokio::io::duplex(1 << 16);
            tokio::spawn(serve(theirs, looks));
            let (reader, writer) = tokio::io::split(ours);
            let client = Client::builder().lifecycle(Lifecycle::Modern);
            let client = client.connect_stream(reader, writer).await.expect("a connection");
            let ticket = TaskTicket::new("t-1", Revision::V2026_07_28);
            let task = client.resume(ticket).await.expect("a task");
            assert_eq!(cancel(&task).await, Ok(expected), "{looks}");
        }
    }
}
