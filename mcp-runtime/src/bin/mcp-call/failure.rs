//! How a command fails.

use std::io;
use std::process::ExitCode;

use mcp_runtime::client::ClientError;
use serde_json::{Value, json};

use crate::output;
use crate::shown;

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
    /// The server wants input, and there is nobody to ask.
    Unanswered(String),
    /// A task that was waited for is cancelled.
    Cancelled(String),
    /// Ctrl-C; what became of the call.
    Interrupted(String),
    /// Nobody reads the output any more, as after `| head`: no reason to complain.
    Unread,
}

impl Failure {
    const fn status(&self) -> u8 {
        match self {
            Self::Unread => 0,
            Self::Failed(_) | Self::Client(_) => 1,
            Self::Usage(_) => 2,
            Self::Tool => 3,
            Self::Unanswered(_) => 4,
            Self::Cancelled(_) => 5,
            Self::Interrupted(_) => 130,
        }
    }

    fn message(&self) -> Option<String> {
        match self {
            Self::Tool | Self::Unread => None,
            Self::Client(error) => Some(error.to_string()),
            Self::Usage(why)
            | Self::Failed(why)
            | Self::Unanswered(why)
            | Self::Cancelled(why)
            | Self::Interrupted(why) => Some(why.clone()),
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
                // Where nobody reads any more, the status is left.
                let _ = output::json_line(&mut io::stdout(), &json!({ "error": error }));
            }
            let word = if matches!(self, Self::Interrupted(_)) { "interrupted" } else { "error" };
            eprintln!("{word}: {}", shown::lines(&message));
        }
        ExitCode::from(status)
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::TaskCancelled { .. } => Self::Cancelled(error.to_string()),
            error => Self::Client(error),
        }
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
