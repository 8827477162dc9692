//! How a command fails.

use std::io;
use std::process::ExitCode;

use mcp_runtime::client::ClientError;
use serde_json::{Value, json};

use crate::output;
use crate::shown;
use crate::user::Open;

/// Why a command did not do all that it was asked to.
#[derive(Debug)]
pub enum Failure {
    /// The command line asks for something that cannot be.
    Usage(String),
    /// Something is not as it would have to be.
    Failed(String),
    /// The client did not get what it wanted.
    Client(ClientError),
    /// The tool says that it failed, and its words were printed.
    Tool,
    /// The server wants input, and there is nobody to ask. It may be a task that waits for it.
    Unanswered { why: String, task: Option<String> },
    /// Ctrl-C; what became of the call, or of the task that it is.
    Interrupted { why: String, task: Option<String> },
    /// Nobody reads the output any more, as after `| head`: no reason to complain.
    Unread,
}

impl Failure {
    pub fn unanswered(open: Open) -> Self {
        Self::Unanswered { why: open.why, task: open.task }
    }

    pub fn interrupted(why: &str) -> Self {
        Self::Interrupted { why: why.to_owned(), task: None }
    }

    const fn status(&self) -> u8 {
        match self {
            Self::Unread => 0,
            Self::Client(ClientError::TaskCancelled { .. }) => 5,
            Self::Failed(_) | Self::Client(_) => 1,
            Self::Usage(_) => 2,
            Self::Tool => 3,
            Self::Unanswered { .. } => 4,
            Self::Interrupted { .. } => 130,
        }
    }

    fn message(&self) -> Option<String> {
        match self {
            Self::Tool | Self::Unread => None,
            Self::Client(error) => Some(words(error)),
            Self::Usage(why)
            | Self::Failed(why)
            | Self::Unanswered { why, .. }
            | Self::Interrupted { why, .. } => Some(why.clone()),
        }
    }

    /// The task that it is about.
    fn task(&self) -> Option<&str> {
        match self {
            Self::Unanswered { task, .. } | Self::Interrupted { task, .. } => task.as_deref(),
            Self::Client(
                ClientError::TaskCancelled { task, .. }
                | ClientError::UnknownTask { task, .. }
                | ClientError::TaskExpired { task, .. }
                | ClientError::TaskDeadline { task, .. }
                | ClientError::Handle { task, .. },
            ) => Some(task),
            _ => None,
        }
    }

    /// Says it on stderr, in the words of a shell, and on stdout where programs read.
    pub fn tell(self, json: bool) -> ExitCode {
        let status = self.status();
        if let Some(message) = self.message() {
            if json {
                let mut error = json!({ "exit": status, "message": message });
                if let Self::Client(ClientError::Rpc { error: rpc, .. }) = &self {
                    error["code"] = rpc.code.into();
                    error["data"] = rpc.data.clone().unwrap_or(Value::Null);
                }
                if let Some(task) = self.task() {
                    error["taskId"] = task.into();
                }
                // Where nobody reads any more, the status is left.
                let _ = output::json_line(&mut io::stdout(), &json!({ "error": error }));
            }
            let word =
                if matches!(self, Self::Interrupted { .. }) { "interrupted" } else { "error" };
            eprintln!("{word}: {}", shown::lines(&message));
        }
        ExitCode::from(status)
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        Self::Client(error)
    }
}

/// An error in words for somebody at a command line. Some of the library's own say what a program should do.
fn words(error: &ClientError) -> String {
    match error {
        ClientError::NoHandler(method) => {
            format!("the server asks for `{method}`, which this command cannot answer")
        }
        ClientError::TooManyRounds { method, rounds } => {
            format!("`{method}` was answered by a request for input {rounds} times: given up")
        }
        ClientError::TaskDeadline { task, limit } => format!(
            "the task `{task}` has not ended within {}, and goes on: mcp-call task wait {task}",
            humantime::format_duration(*limit)
        ),
        error => error.to_string(),
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::Unread,
            _ => Self::Failed(format!("the output cannot be written: {error}")),
        }
    }
}
