//! A server in a process of its own, spoken to through its standard input and output.

use std::io;
use std::pin::pin;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::process::{Child, ChildStdout, Command};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::client::error::ClientError;
use crate::client::wire::{self, Incoming, QUEUE, Spoken, Wire};

/// How long a server may take to exit after its input was closed, and again after it was asked to terminate.
const GRACE: Duration = Duration::from_secs(5);

/// How long what a process has left behind in its pipe is waited for: a child of its own may hold the other end.
const DRAIN: Duration = Duration::from_secs(1);

/// The program and its arguments, as one would type them in a shell.
pub(super) fn command_line(command: &Command) -> String {
    let command = command.as_std();
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
    let words = words.iter().map(AsRef::as_ref);
    // A zero byte in a word has no form in a shell, and no process begins with one.
    shlex::try_join(words.clone()).unwrap_or_else(|_| words.collect::<Vec<_>>().join(" "))
}

/// Starts the program.
///
/// What carries the connection is not bound to the life of the client: dropping that closes the input of the process, which then
/// has the same time to exit as after an orderly end. Only the end of the runtime kills it at once.
pub(super) fn open(command: &mut Command, limit: usize) -> Result<Wire, ClientError> {
    let name = command_line(command);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
    let started = command.spawn().and_then(|mut child| {
        let missing = || io::Error::other("its standard streams are not there");
        let stdin = child.stdin.take().ok_or_else(missing)?;
        let stdout = child.stdout.take().ok_or_else(missing)?;
        Ok((child, stdin, stdout))
    });
    let (child, stdin, stdout) =
        started.map_err(|error| ClientError::Start { command: name.clone(), error })?;

    let (outgoing, to_send) = mpsc::channel(QUEUE);
    let (received, incoming) = mpsc::channel(QUEUE);
    let finished = watch::Sender::new(false);
    let finishing = finished.subscribe();
    let mut writing = JoinSet::new();
    writing.spawn(wire::write(stdin, to_send));
    tokio::spawn(async move {
        let attended = attend(child, stdout, limit, &received, writing, finishing).await;
        if let Err(problem) = attended {
            let problem = io::Error::other(format!("the server's process (`{name}`) {problem}"));
            let _ = received.send(Incoming::Closed(problem)).await;
        }
    });
    let (tasks, spoken) = (JoinSet::new(), Spoken::default());
    Ok(Wire { outgoing, incoming, tasks, finished, spoken, serving: None })
}

/// Hands on what the process says until it has exited; an error says why it did, if that was not asked for.
async fn attend(
    mut child: Child,
    stdout: ChildStdout,
    limit: usize,
    received: &mpsc::Sender<Incoming>,
    mut writing: JoinSet<io::Result<()>>,
    mut finishing: watch::Receiver<bool>,
) -> Result<(), String> {
    let mut reading = pin!(wire::read(stdout, limit, received));
    let (mut read, mut written) = (None, Ok(()));
    let stuck = async {
        let _ = finishing.wait_for(|finished| *finished).await;
        sleep(GRACE).await;
    };
    tokio::select! {
        biased;
        Some(Ok(result)) = writing.join_next() => written = result,
        () = received.closed() => {}
        // It does not read what was said before the end, which closes its input all the same.
        () = stuck => writing.abort_all(),
        result = &mut reading => read = Some(result),
        status = child.wait() => {
            let _ = timeout(DRAIN, &mut reading).await;
            return Err(exited(status));
        }
    }
    match read {
        Some(Err(error)) => {
            let _ = child.start_kill();
            Err(format!("was stopped: {error}"))
        }
        // It closed its output: the polite way for a server to end (2026-07-28, stdio, Shutdown).
        Some(Ok(())) => Err(exited(shut_down(&mut child, std::future::ready(())).await)),
        None => {
            let rest = async {
                let _ = reading.await;
            };
            let status = shut_down(&mut child, rest).await;
            match written {
                Ok(()) => status.map(drop).map_err(|error| error.to_string()),
                // It does not read any more, so it has ended, or is of no use.
                Err(_) => Err(exited(status)),
            }
        }
    }
}

/// Waits for the process to exit, whose input is closed; terminates and at last kills one that does not (2025-11-25, Lifecycle,
/// Shutdown; 2026-07-28, stdio, Shutdown).
async fn shut_down(child: &mut Child, rest: impl Future<Output = ()>) -> io::Result<ExitStatus> {
    let ended = timeout(GRACE, async {
        rest.await;
        child.wait().await
    });
    if let Ok(status) = ended.await {
        return status;
    }
    tracing::warn!(target: "mcp", "the server's process did not exit when its input was closed: terminated");
    terminate(child)?;
    match timeout(GRACE, child.wait()).await {
        Ok(status) => status,
        Err(_) => {
            child.kill().await?;
            child.wait().await
        }
    }
}

#[cfg(unix)]
fn terminate(child: &mut Child) -> io::Result<()> {
    use rustix::process::{Pid, Signal, kill_process};
    let id = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    id.map_or(Ok(()), |id| Ok(kill_process(id, Signal::TERM)?))
}

#[cfg(not(unix))]
fn terminate(child: &mut Child) -> io::Result<()> {
    child.start_kill()
}

fn exited(status: io::Result<ExitStatus>) -> String {
    match status {
        Ok(status) => format!(
            "has ended ({status}); what it wrote to stderr may say why; connect again to start it anew"
        ),
        Err(error) => format!("cannot be waited for: {error}"),
    }
}
