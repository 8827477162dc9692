//! What carries the messages of a client: text out, text in, one message each.
//!
//! The rest of the client knows no transport. Each message that goes out says what it is, for transports that give each request
//! a stream of its own, and headers; streams of lines look at the text alone.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};

use super::error::ClientError;
use crate::error::ServeError;
use crate::protocol::revision::Revision;
use crate::transport::stream::Lines;

/// How many messages wait on each way before who makes them waits, too.
pub(super) const QUEUE: usize = 64;

/// One message to the server.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub text: String,
    pub kind: Kind,
}

/// What a message to the server is.
#[derive(Debug)]
pub(super) enum Kind {
    Request {
        id: i64,
        method: String,
        /// What `Mcp-Name` says, not encoded.
        name: Option<String>,
        /// Names and values of `Mcp-Param-*` headers, as they are sent.
        params: Vec<(String, String)>,
    },
    Notification {
        method: String,
    },
    /// The answer to a question of a legacy server.
    Response,
    /// Nobody waits for the answer to this request any more; the text is the notification that says so, or empty where the
    /// server is not to be told.
    Cancel {
        id: i64,
    },
}

/// What comes from the server, or becomes of a request.
#[derive(Debug)]
pub(super) enum Incoming {
    /// One message, or a batch of them.
    Message(Vec<u8>),
    /// This request gets no answer: its stream is lost for good, or its HTTP status says why.
    Failed { id: i64, error: ClientError },
    /// The connection is lost. It is the last that comes.
    Closed(io::Error),
}

/// The revision that is spoken, shared with transports that say it in a header; none before it is agreed upon.
#[derive(Clone, Debug, Default)]
pub(super) struct Spoken(Arc<Mutex<Option<Revision>>>);

impl Spoken {
    pub fn get(&self) -> Option<Revision> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn set(&self, revision: Option<Revision>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = revision;
    }
}

/// The ends of a connection, and the tasks that carry it. Without its tasks it is closed.
pub(super) struct Wire {
    /// Once this is dropped, and all is sent, the server is told that nothing more comes.
    pub outgoing: mpsc::Sender<Outgoing>,
    /// Ends when the server says nothing more.
    pub incoming: mpsc::Receiver<Incoming>,
    pub tasks: JoinSet<()>,
    /// Becomes true when the client has nothing more to say, which may be long before all of it is sent.
    pub finished: watch::Sender<bool>,
    pub spoken: Spoken,
    /// The server, where it runs in memory.
    pub serving: Option<JoinHandle<Result<(), ServeError>>>,
}

impl Wire {
    /// Lines on a pair of byte streams: memory, a socket, the pipes of a child process. A line that is longer than `limit`
    /// ends the connection: nobody knows whose answer it was.
    pub fn lines(
        reader: impl AsyncRead + Send + Unpin + 'static,
        writer: impl AsyncWrite + Send + Unpin + 'static,
        limit: usize,
    ) -> Self {
        let (outgoing, to_send) = mpsc::channel(QUEUE);
        let (received, incoming) = mpsc::channel(QUEUE);
        let mut tasks = JoinSet::new();
        // Nothing more comes once the reader is done, though something may still be sent.
        let failed = received.downgrade();
        tasks.spawn(async move {
            if let Err(error) = write(writer, to_send).await
                && let Some(failed) = failed.upgrade()
            {
                let _ = failed.send(Incoming::Closed(error)).await;
            }
        });
        tasks.spawn(async move {
            if let Err(error) = read(reader, limit, &received).await {
                let _ = received.send(Incoming::Closed(error)).await;
            }
        });
        let (finished, spoken) = (watch::Sender::new(false), Spoken::default());
        Self { outgoing, incoming, tasks, finished, spoken, serving: None }
    }
}

/// Writes until nothing more is to be sent, and says so to the server.
pub(super) async fn write(
    mut writer: impl AsyncWrite + Unpin,
    mut messages: mpsc::Receiver<Outgoing>,
) -> io::Result<()> {
    while let Some(Outgoing { mut text, .. }) = messages.recv().await {
        if text.is_empty() {
            continue;
        }
        text.push('\n');
        writer.write_all(text.as_bytes()).await?;
        writer.flush().await?;
    }
    writer.shutdown().await
}

/// Reads until the server says nothing more, or nobody listens any more.
pub(super) async fn read(
    mut reader: impl AsyncRead + Unpin,
    limit: usize,
    received: &mpsc::Sender<Incoming>,
) -> io::Result<()> {
    let mut lines = Lines::new(limit);
    let mut chunk = vec![0; 16 << 10];
    loop {
        let read = reader.read(&mut chunk).await?;
        let mut found = Vec::new();
        let keep = |line: Option<&[u8]>| found.push(line.map(<[u8]>::to_vec));
        if read == 0 {
            lines.finish(keep);
        } else {
            lines.feed(&chunk[..read], keep);
        }
        for line in found {
            let Some(line) = line else {
                let problem = format!("the server sent a message of more than {limit} bytes");
                return Err(io::Error::new(io::ErrorKind::InvalidData, problem));
            };
            if received.send(Incoming::Message(line)).await.is_err() {
                return Ok(());
            }
        }
        if read == 0 {
            return Ok(());
        }
    }
}
