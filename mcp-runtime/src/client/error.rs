//! Why a client did not get what it wanted.

use std::time::Duration;

use crate::error::RpcError;

/// Why a client did not get what it wanted.
#[derive(Debug, thiserror::Error)]
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
    /// The server asked for input again and again.
    #[error(
        "`{method}` was answered by a request for input {rounds} times: raise `max_rounds` if that is meant"
    )]
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
    /// The connection has ended.
    #[error("the connection is closed: {0}")]
    Closed(String),
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

    pub(super) fn refused(method: &str, error: RpcError) -> Self {
        Self::Rpc { method: method.to_owned(), error: Box::new(error) }
    }

    pub(super) fn invalid(method: &str, problem: impl ToString) -> Self {
        Self::Invalid { method: method.to_owned(), problem: problem.to_string() }
    }
}
