//! What carries the messages of a client: text out, text in, one message each.
//!
//! The rest of the client knows no transport. One that gives each request a stream of its own fits as well: its task reads
//! the id of what it is to send, and gives the streams up whose `notifications/cancelled` comes along.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::transport::stream::Lines;

/// How many messages wait on each way before who makes them waits, too.
const QUEUE: usize = 64;

/// The ends of a connection, and the tasks that carry it. Without its tasks it is closed.
pub(super) struct Wire {
    /// Once this is dropped, and all is sent, the server is told that nothing more comes.
    pub outgoing: mpsc::Sender<String>,
    /// Ends when the server says nothing more; an error is the last that comes.
    pub incoming: mpsc::Receiver<io::Result<Vec<u8>>>,
    pub tasks: JoinSet<()>,
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
        let failed = received.clone();
        tasks.spawn(async move {
            if let Err(error) = write(writer, to_send).await {
                let _ = failed.send(Err(error)).await;
            }
        });
        tasks.spawn(async move {
            if let Err(error) = read(reader, limit, &received).await {
                let _ = received.send(Err(error)).await;
            }
        });
        Self { outgoing, incoming, tasks }
    }
}

async fn write(
    mut writer: impl AsyncWrite + Unpin,
    mut messages: mpsc::Receiver<String>,
) -> io::Result<()> {
    while let Some(mut text) = messages.recv().await {
        text.push('\n');
        writer.write_all(text.as_bytes()).await?;
        writer.flush().await?;
    }
    writer.shutdown().await
}

async fn read(
    mut reader: impl AsyncRead + Unpin,
    limit: usize,
    received: &mpsc::Sender<io::Result<Vec<u8>>>,
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
            if received.send(Ok(line)).await.is_err() {
                return Ok(());
            }
        }
        if read == 0 {
            return Ok(());
        }
    }
}
