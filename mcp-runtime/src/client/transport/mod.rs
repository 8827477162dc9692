//! Where servers are: in memory, on a stream, in a process of their own, at an address.

use std::fmt;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::process::Command;

use super::error::ClientError;
use super::wire::Wire;
use crate::server::handle::Server;
use crate::server::principal::Principal;
use crate::transport::stream;

mod child;
#[cfg(feature = "client-http")]
pub(super) mod http;

/// The server to connect to.
pub(super) enum Target {
    Memory(Server, Option<Principal>),
    /// Its two directions, until they are used.
    Stream(Option<(Reader, Writer)>),
    Child(Box<Command>),
    #[cfg(feature = "client-http")]
    Http(Box<http::Settings>),
}

type Reader = Box<dyn AsyncRead + Send + Unpin>;
type Writer = Box<dyn AsyncWrite + Send + Unpin>;

impl Target {
    /// A connection to the server. A process is started anew each time; a stream can be had once.
    pub fn open(&mut self, limit: usize) -> Result<Wire, ClientError> {
        match self {
            Self::Memory(server, principal) => {
                let (ours, theirs) = tokio::io::duplex(64 << 10);
                let (reader, writer) = tokio::io::split(theirs);
                let serving = stream::serve(server.clone(), principal.clone(), reader, writer);
                let serving = tokio::spawn(serving);
                let (reader, writer) = tokio::io::split(ours);
                Ok(Wire { serving: Some(serving), ..Wire::lines(reader, writer, limit) })
            }
            Self::Stream(ends) => match ends.take() {
                Some((reader, writer)) => Ok(Wire::lines(reader, writer, limit)),
                None => Err(ClientError::Closed("the stream has ended".to_owned())),
            },
            Self::Child(command) => child::open(command, limit),
            #[cfg(feature = "client-http")]
            Self::Http(settings) => http::open(settings, limit),
        }
    }

    /// Whether a connection that ended can be followed by another one.
    pub const fn reopens(&self) -> bool {
        !matches!(self, Self::Stream(_))
    }

    /// Whether requests have headers, which repeat what they say.
    pub const fn has_headers(&self) -> bool {
        match self {
            #[cfg(feature = "client-http")]
            Self::Http(_) => true,
            _ => false,
        }
    }

    /// Whether the server is known to speak the newest revision: it is our own.
    pub const fn is_ours(&self) -> bool {
        matches!(self, Self::Memory(..))
    }

    /// What the server is known by: its address without the query, or its command line.
    pub fn key(&self) -> Option<String> {
        match self {
            Self::Memory(..) | Self::Stream(_) => None,
            Self::Child(command) => Some(child::command_line(command)),
            #[cfg(feature = "client-http")]
            Self::Http(settings) => Some(settings.key()),
        }
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Target").field(&self.key()).finish()
    }
}
