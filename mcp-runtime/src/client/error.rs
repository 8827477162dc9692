//! Why a client did not get what it wanted.

use std::time::Duration;

use crate::error::{RpcError, code};

/// Why a client did not get what it wanted. `Debug` is the message, too: a `main` that returns one prints it.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The server answered with an error of the protocol.
    #[error("the server refused `{method}`: {error}")]
    Rpc {
        /// What was asked.
        method: String,
        /// The answer.
        #[source]
        error: Box<RpcError>,
    },
    /// The tool says that it failed (`isError`); only [`ToolResult::success`](crate::client::ToolResult::success) and
    /// [`json`](crate::client::ToolResult::json) make an error of that.
    #[error("the tool failed: {0}")]
    Tool(String),
    /// The server answered, and the answer is not what it must be.
    #[error("the server's answer to `{method}` cannot be used: {problem}")]
    Invalid {
        /// What was asked.
        method: String,
        /// What is wrong with the answer.
        problem: String,
    },
    /// What was to be sent is no JSON object.
    #[error("arguments must be a JSON object: {0}")]
    Arguments(String),
    /// The server asks for something that this client has no handler for.
    #[error(
        "the server asks for `{0}`, and the client has no handler for it: register one when it is built"
    )]
    NoHandler(String),
    /// The handler that was to answer the server refused.
    #[error("the client's handler for `{method}` refused: {error}")]
    Refused {
        /// What the server asked for.
        method: &'static str,
        /// What the handler said.
        #[source]
        error: Box<RpcError>,
    },
    /// The server asked for input again and again: more often than
    /// [`max_rounds`](crate::client::ClientBuilder::max_rounds) says, or, of one task (`tasks/get`), more than 256 questions.
    #[error("`{method}` was answered by a request for input {rounds} times{}", more_rounds(method))]
    TooManyRounds {
        /// What was asked.
        method: String,
        /// How often it was asked.
        rounds: usize,
    },
    /// The lifecycle of this client has no such thing.
    #[error("{0}")]
    Unsupported(&'static str),
    /// The server wants a version of the protocol that this client does not know.
    #[error("the server offers protocol version `{0}`, which this client does not speak")]
    Version(String),
    /// No answer came in time.
    #[error("`{method}` was not answered within {limit:?}")]
    TimedOut {
        /// What was asked.
        method: String,
        /// How long the client waited.
        limit: Duration,
    },
    /// The task was cancelled, by whoever it was.
    #[error("the task `{task}` was cancelled{}", message.as_ref().map_or_else(String::new, |it| format!(": {it}")))]
    TaskCancelled {
        /// Its id.
        task: String,
        /// What the server says of it.
        message: Option<String>,
    },
    /// The server knows no such task, or not any more. A ticket of it is not kept any more once the server has said so to the
    /// question how far the task is.
    #[error(
        "the server knows no task `{task}`, or none that is this client's; it may have expired: {error}"
    )]
    UnknownTask {
        /// Its id.
        task: String,
        /// The server's answer.
        #[source]
        error: Box<RpcError>,
    },
    /// The task has outlived its time without an end. Its ticket is not kept any more.
    #[error("the task `{task}` exists for {ttl:?} and has not ended by then: it is given up")]
    TaskExpired {
        /// Its id.
        task: String,
        /// How long it exists, as the server says.
        ttl: Duration,
    },
    /// The task did not end while this client was prepared to wait. It goes on, however it was waited for:
    /// [`resume`](crate::client::Client::resume) takes it up by its id, with a ticket that is kept or with
    /// [`TaskTicket::new`](crate::client::TaskTicket::new).
    #[error(
        "the task `{task}` has not ended within {limit:?}, and goes on: resume it to wait again or to cancel it, or raise `task_deadline`"
    )]
    TaskDeadline {
        /// Its id.
        task: String,
        /// How long the client waited.
        limit: Duration,
    },
    /// The task asks no such question, or not any more.
    #[error("there is no open question `{key}`")]
    NoQuestion {
        /// Its key.
        key: String,
    },
    /// The task cannot be written down.
    #[error("the ticket of task `{task}` cannot be kept: {error}")]
    Handle {
        /// Its id.
        task: String,
        /// What the disk says.
        #[source]
        error: std::io::Error,
    },
    /// The ticket is of a task of another server.
    #[error("the ticket is of a task of {ticket}, and the client is connected to {client}")]
    OtherServer {
        /// The server in the ticket.
        ticket: String,
        /// The server that the client is connected to.
        client: String,
    },
    /// The connection has ended.
    #[error("the connection is closed: {0}")]
    Closed(String),
    /// The server's program cannot be started.
    #[error(
        "`{command}` cannot be started: {error}; check that the program exists and may be executed"
    )]
    Start {
        /// The command line.
        command: String,
        /// What the operating system says.
        #[source]
        error: std::io::Error,
    },
    /// An address, a header or a token that cannot be sent.
    #[error("{0}")]
    Setup(String),
    /// Nobody answers at the server's address.
    #[error("{url} cannot be reached: {problem}; check the address, and that the server runs")]
    Unreachable {
        /// The address.
        url: String,
        /// What went wrong.
        problem: String,
    },
    /// The stream that was to bring the answer broke off, and cannot be resumed.
    #[error(
        "the answer to `{method}` was lost: {problem}; the server may have done what was asked, so repeat it only if twice does \
         no harm"
    )]
    Interrupted {
        /// What was asked.
        method: String,
        /// What became of the stream.
        problem: String,
    },
    /// The server wants to know who asks (401), and is not content with the token that it got, if any.
    #[error("the server wants authorization{}: {advice}", challenge.as_ref().map_or_else(String::new, |it| format!(" (`{it}`)")))]
    Unauthorized {
        /// What it says of how to get a token: its `WWW-Authenticate`.
        challenge: Option<String>,
        /// What to do.
        advice: &'static str,
    },
    /// What was to give a token failed.
    #[error("no token for the server: {0}")]
    Token(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The server refused the request below the protocol.
    #[error("the server answered `{method}` with HTTP status {status}: {problem}")]
    Http {
        /// What was asked.
        method: String,
        /// The status.
        status: u16,
        /// What the server says, or what to do.
        problem: String,
        /// How long the server wants not to be asked.
        retry_after: Option<Duration>,
    },
    /// The server speaks neither lifecycle, or something that is no server of this protocol answers.
    #[error(
        "this is no server that the client can talk to: `server/discover` failed ({modern}), and so did `initialize` ({legacy})"
    )]
    Neither {
        /// Why it is no modern server.
        modern: Box<Self>,
        /// Why it is no legacy one.
        #[source]
        legacy: Box<Self>,
    },
}

/// What to do about too many rounds; how many questions a task may ask is fixed.
fn more_rounds(method: &str) -> &'static str {
    if method.starts_with("tasks/") { "" } else { ": raise `max_rounds` if that is meant" }
}

impl std::fmt::Debug for ClientError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

impl ClientError {
    /// The error that the server answered with, if it did.
    pub fn rpc(&self) -> Option<&RpcError> {
        match self {
            Self::Rpc { error, .. } => Some(error),
            _ => None,
        }
    }

    /// The code of that error: see [`code`](crate::code).
    pub fn code(&self) -> Option<i64> {
        self.rpc().map(|error| error.code)
    }

    /// Whether a server of the other lifecycle might have said that; if not, asking in other words does not help.
    pub(super) fn is_of_the_lifecycle(&self) -> bool {
        match self {
            Self::Rpc { .. }
            | Self::Invalid { .. }
            | Self::Closed(_)
            | Self::Interrupted { .. }
            | Self::Version(_)
            | Self::TimedOut { .. }
            | Self::Neither { .. } => true,
            // 403 may be about the origin or the token, 407 is a proxy's, 408 and 429 are about the time.
            Self::Http { status, .. } => {
                (400..500).contains(status) && !matches!(status, 401 | 403 | 407 | 408 | 429)
            }
            _ => false,
        }
    }

    /// Whether a read was refused because there is no such resource: with -32002, which revisions up to 2025-11-25 have for it,
    /// or -32602, which 2026-07-28 has for that and for any other parameter that is wrong.
    pub fn is_resource_not_found(&self) -> bool {
        match self {
            Self::Rpc { method, error } if method == "resources/read" => {
                matches!(error.code, code::RESOURCE_NOT_FOUND | code::INVALID_PARAMS)
            }
            _ => false,
        }
    }

    pub(super) fn refused(method: &str, error: RpcError) -> Self {
        Self::Rpc { method: method.to_owned(), error: Box::new(error) }
    }

    pub(super) fn invalid(method: &str, problem: impl ToString) -> Self {
        Self::Invalid { method: method.to_owned(), problem: problem.to_string() }
    }
}
