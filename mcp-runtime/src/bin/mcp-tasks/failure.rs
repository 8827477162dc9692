//! How a command fails.

use std::io;
use std::process::ExitCode;

use mcp_runtime::task::StoreError;

/// Why a command did not do all that it was asked to.
pub enum Failure {
    /// The command line asks for something that cannot be.
    Usage(String),
    /// The store, or a task, is not as it would have to be.
    Failed(String),
    /// Something failed that was told already.
    Told,
    /// Nobody reads the output any more, as after `| head`: no reason to complain.
    Unread,
}

impl Failure {
    /// Says it on stderr, in the words of a shell.
    pub fn tell(self) -> ExitCode {
        match self {
            Self::Usage(why) => {
                eprintln!("error: {why}");
                ExitCode::from(2)
            }
            Self::Failed(why) => {
                eprintln!("error: {why}");
                ExitCode::FAILURE
            }
            Self::Told => ExitCode::FAILURE,
            Self::Unread => ExitCode::SUCCESS,
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.to_string())
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

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self::from(io::Error::from(error))
    }
}

impl From<getrandom::Error> for Failure {
    fn from(error: getrandom::Error) -> Self {
        Self::Failed(format!("the system has no randomness to give: {error}"))
    }
}
