//! The three kinds of errors: of the program at start-up, of the protocol, of a transport.

use std::fmt;
use std::io;

use mcp_schema::Value;
use mcp_schema::shared::Error as WireError;

/// An error of the protocol: what a JSON-RPC response carries instead of a result.
///
/// A tool that returns one (as its error type, or inside its own) refuses the call as such; any other error of a tool
/// becomes a result with `isError`, which the model gets to read.
///
/// ```
/// use mcp_runtime::RpcError;
///
/// let error = RpcError::invalid_params("`depth` must be below 12").with_data("depth");
/// assert_eq!(error.code, -32602);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct RpcError {
    /// The kind of error. JSON-RPC reserves -32768 to -32000; use another number for errors of your own.
    pub code: i64,
    /// One sentence for whoever reads the log.
    pub message: String,
    /// Anything more.
    pub data: Option<Value>,
}

impl RpcError {
    /// An error with a code of one's own.
    pub fn new(code: i64, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), data: None }
    }

    /// -32700: the message is no JSON.
    pub fn parse(message: impl Into<String>) -> Self {
        Self::new(code::PARSE, message)
    }

    /// -32600: the message is JSON, but no request.
    pub fn invalid_request(message: impl Into<String>) -> Self {
        Self::new(code::INVALID_REQUEST, message)
    }

    /// -32601: nobody answers to this method.
    pub fn method_not_found(method: &str) -> Self {
        Self::new(code::METHOD_NOT_FOUND, format!("method `{method}` not found"))
    }

    /// -32602: the parameters do not fit the method.
    pub fn invalid_params(message: impl Into<String>) -> Self {
        Self::new(code::INVALID_PARAMS, message)
    }

    /// -32603: the server failed.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(code::INTERNAL, message)
    }

    /// Adds data.
    #[must_use]
    pub fn with_data(mut self, data: impl Into<Value>) -> Self {
        self.data = Some(data.into());
        self
    }

    pub(crate) fn to_wire(&self) -> WireError {
        let mut error = WireError::new(self.code, self.message.clone());
        error.data = self.data.clone();
        error
    }
}

impl fmt::Display for RpcError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.message, self.code)
    }
}

impl std::error::Error for RpcError {}

/// The codes of the protocol, and of JSON-RPC below it.
pub mod code {
    pub use mcp_schema::v2026_07_28::error_code::{
        HEADER_MISMATCH, INTERNAL, INVALID_PARAMS, INVALID_REQUEST, METHOD_NOT_FOUND,
        MISSING_REQUIRED_CLIENT_CAPABILITY, PARSE, UNSUPPORTED_PROTOCOL_VERSION,
    };

    /// A resource that does not exist, up to 2025-11-25; later revisions say [`INVALID_PARAMS`].
    pub const RESOURCE_NOT_FOUND: i64 = -32002;
}

/// Why a server cannot be built: mistakes of the program, all of them at once.
///
/// Its `Debug` is its text, since that is what `main` prints when it returns one.
#[derive(Clone, PartialEq, Eq)]
pub struct BuildError {
    pub(crate) problems: Vec<String>,
}

impl BuildError {
    /// One sentence for each mistake.
    pub fn problems(&self) -> &[String] {
        &self.problems
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.problems[..] {
            [one] => write!(f, "the server cannot be built: {one}"),
            many => {
                write!(f, "the server cannot be built:")?;
                many.iter().try_for_each(|problem| write!(f, "\n- {problem}"))
            }
        }
    }
}

impl fmt::Debug for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for BuildError {}

/// Why serving ended, or did not begin.
///
/// Its `Debug` is its text, since that is what `main` prints when it returns one.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The server has mistakes.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The transport failed.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// What the operating system said.
        source: io::Error,
    },
}

impl fmt::Debug for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl ServeError {
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }
}
