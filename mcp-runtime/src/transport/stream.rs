//! One client on a stream of lines: stdio, a socket, memory. A message is a line (all revisions, stdio).

use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context as TaskContext, Poll, Waker};
use std::time::{Duration, Instant};

use serde_json::value::RawValue;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::error::{RpcError, ServeError};
use crate::protocol::envelope::{self, BadMessage, Id, Message};
use crate::protocol::params::Params;
use crate::protocol::revision::Revision;
use crate::protocol::{Status, error_response, modern};
use crate::server::calls::Calls;
use crate::server::context::Subject;
use crate::server::dispatch::{Begun, Incoming, Peer};
use crate::server::drive::{Drive, Item};
use crate::server::handle::Server;
use crate::server::listen::Listener;
use crate::server::principal::Principal;
use crate::server::session::Session;

/// How many messages wait for a client that does not read, before what produces them waits, too.
const QUEUE: usize = 256;

/// A handler whose first poll took longer than this gets a task of its own from then on: it works instead of waiting, and
/// would keep the connection from being read.
const QUICK: Duration = Duration::from_millis(2);

/// One client on a stream of lines.
pub(crate) struct Connection {
    server: Server,
    principal: Option<Principal>,
    /// Since `initialize`.
    session: OnceLock<Arc<Session>>,
    calls: Arc<Calls>,
    runtime: Handle,
    outgoing: mpsc::Sender<Vec<u8>>,
    tasks: Mutex<JoinSet<()>>,
}

impl Connection {
    /// A connection whose later messages come out of the receiver.
    pub fn new(
        server: Server,
        principal: Option<Principal>,
        runtime: Handle,
    ) -> (Self, mpsc::Receiver<Vec<u8>>) {
        let (outgoing, messages) = mpsc::channel(QUEUE);
        let connection = Self {
            server,
            principal,
            session: OnceLock::new(),
            calls: Arc::default(),
            runtime,
            outgoing,
            tasks: Mutex::default(),
        };
        (connection, messages)
    }

    fn tasks(&self) -> MutexGuard<'_, JoinSet<()>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = self.tasks();
        while tasks.try_join_next().is_some() {}
        tasks.spawn_on(future, &self.runtime);
    }

    /// Takes one line. What can be answered at once is appended to `out`, the rest follows through the receiver.
    ///
    /// Must be called with the runtime entered.
    pub fn receive(&self, line: &[u8], out: &mut Vec<u8>) {
        let line = line.trim_ascii();
        if line.is_empty() {
            return;
        }
        match envelope::batch(line) {
            None => {
                if let Some(work) = self.message(line, out) {
                    self.work(work, out);
                }
            }
            Some(batch) => self.batch(batch, out),
        }
    }

    /// A line that is too long to be read.
    pub fn refuse_long_line(&self, out: &mut Vec<u8>) {
        let limit = self.server.limits().message;
        let error = RpcError::invalid_request(format!("a message may have {limit} bytes at most"));
        push(out, &error_response(None, &error, Status::Ok).body);
    }

    fn message(&self, text: &[u8], out: &mut Vec<u8>) -> Option<Drive> {
        match Message::parse(text) {
            Err(BadMessage { id, error }) => {
                push(out, &error_response(id.as_ref(), &error, Status::Ok).body);
                None
            }
            Ok(Message::Request { id, method, params }) => self.request(id, &method, params, out),
            Ok(Message::Notification { method, params }) => {
                if method == "notifications/cancelled" {
                    self.calls.cancel(params);
                }
                None
            }
            Ok(Message::Response { id, outcome }) => {
                if let Some(session) = self.session.get() {
                    session.answer(&id, outcome);
                }
                None
            }
        }
    }

    fn request(
        &self,
        id: Id,
        method: &str,
        params: Option<&RawValue>,
        out: &mut Vec<u8>,
    ) -> Option<Drive> {
        let mut refuse = |error: &RpcError| {
            push(out, &error_response(Some(&id), error, Status::Ok).body);
            None
        };
        let read = match Params::read(params) {
            Ok(read) => read,
            Err(error) => return refuse(&error),
        };
        let peer = if read.names_a_version() {
            match read.meta.revision() {
                Ok(revision) => Peer {
                    revision,
                    session: None,
                    principal: self.principal.clone(),
                    calls: Some(self.calls.clone()),
                },
                Err(error) => return refuse(&error),
            }
        } else if method == "initialize" {
            return match self.server.initialize(
                &id,
                params,
                self.principal.clone(),
                Some(self.calls.clone()),
            ) {
                Ok((session, response)) => {
                    if self.session.set(session.clone()).is_err() {
                        return refuse(&RpcError::invalid_request(
                            "this connection is initialized already",
                        ));
                    }
                    self.spawn(forward(session.listener.clone(), self.outgoing.clone()));
                    push(out, &response.body);
                    None
                }
                Err(response) => {
                    push(out, &response.body);
                    None
                }
            };
        } else if let Some(session) = self.session.get() {
            Peer {
                revision: session.revision,
                session: Some(session.clone()),
                principal: self.principal.clone(),
                calls: Some(self.calls.clone()),
            }
        } else if method == "ping" {
            // The one request that is allowed before `initialize` (2025-11-25, Initialization).
            Peer { revision: Revision::LATEST_LEGACY, session: None, principal: None, calls: None }
        } else {
            return refuse(&neither());
        };
        match self.server.begin(peer, &Incoming { id, method, params: read }) {
            Begun::Done(response) => {
                push(out, &response.body);
                None
            }
            Begun::Drive(drive) => Some(drive),
        }
    }

    /// Runs a request where it arrived, as far as it goes without waiting; the rest is a task.
    fn work(&self, mut drive: Drive, out: &mut Vec<u8>) {
        let tool = drive.call().and_then(|cx| match &cx.subject {
            Subject::Tool(entry) => Some(entry.clone()),
            _ => None,
        });
        if tool.as_ref().is_some_and(|entry| entry.is_slow()) {
            return self.spawn(finish(drive, self.outgoing.clone()));
        }
        let (begun, start) = (Instant::now(), out.len());
        let mut cx = TaskContext::from_waker(Waker::noop());
        loop {
            match drive.poll_item(&mut cx) {
                Poll::Ready(Item::Message(text)) => push(out, text.as_bytes()),
                Poll::Ready(Item::Response(response)) => {
                    push(out, &response.body);
                    break;
                }
                Poll::Ready(Item::Nothing) => break,
                // It is polled again in its task, so that nothing that happened meanwhile is missed. What it has said goes
                // with it: the task may be done, and its response be written, before `out` is.
                Poll::Pending => {
                    let (said, outgoing) = (out.split_off(start), self.outgoing.clone());
                    self.spawn(async move {
                        if !said.is_empty() && outgoing.send(said).await.is_err() {
                            return;
                        }
                        finish(drive, outgoing).await;
                    });
                    break;
                }
            }
        }
        if let Some(entry) = tool
            && begun.elapsed() > QUICK
        {
            entry.mark_slow();
        }
    }

    /// Batches exist up to 2025-03-26, which MUST receive them. All responses go out in one array.
    fn batch(&self, batch: Result<Vec<&RawValue>, RpcError>, out: &mut Vec<u8>) {
        let mut refuse =
            |error: RpcError| push(out, &error_response(None, &error, Status::Ok).body);
        let messages = match batch {
            Ok(messages) => messages,
            Err(error) => return refuse(error),
        };
        let limit = self.server.limits().batch;
        match self.session.get() {
            Some(session) if session.revision.has_batches() && messages.len() <= limit => {}
            Some(session) if session.revision.has_batches() => {
                return refuse(RpcError::invalid_request(format!(
                    "a batch may have {limit} messages at most"
                )));
            }
            _ => {
                return refuse(RpcError::invalid_request(
                    "batches exist in 2025-03-26 only: send one message a line",
                ));
            }
        }
        let (mut done, mut drives) = (Vec::new(), Vec::new());
        for message in messages {
            drives.extend(self.message(message.get().as_bytes(), &mut done));
        }
        let outgoing = self.outgoing.clone();
        self.spawn(async move {
            // Responses so far are lines; the array wants commas between them.
            let mut responses: Vec<Vec<u8>> = done
                .split(|byte| *byte == b'\n')
                .filter(|line| !line.is_empty())
                .map(Vec::from)
                .collect();
            let mut running = JoinSet::new();
            for mut drive in drives {
                let outgoing = outgoing.clone();
                running.spawn(async move {
                    loop {
                        match drive.next().await {
                            Item::Message(text) => send(&outgoing, text.as_bytes()).await,
                            Item::Response(response) => break Some(response.body),
                            Item::Nothing => break None,
                        }
                    }
                });
            }
            while let Some(response) = running.join_next().await {
                responses.extend(response.ok().flatten());
            }
            if !responses.is_empty() {
                let mut array = vec![b'['];
                array.extend_from_slice(&responses.join(&b','));
                array.push(b']');
                send(&outgoing, &array).await;
            }
        });
    }

    /// The client will send nothing more: nobody answers questions, and what runs has a moment to end.
    pub async fn close(self) {
        if let Some(session) = self.session.get() {
            session.refuse_all("the client has closed the connection");
        }
        self.calls.end_listeners();
        let mut tasks = std::mem::take(&mut *self.tasks());
        let ended = async { while tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(self.server.limits().drain, ended).await.is_err() {
            self.calls.cancel_all();
            tasks.shutdown().await;
        }
    }
}

/// A request that belongs to no era (P1).
pub(crate) fn neither() -> RpcError {
    let modern = Revision::MODERN.map(Revision::as_str).join(", ");
    let mut error = RpcError::invalid_params(format!(
        "begin with `initialize` ({} to {}), or name a version in `params._meta` ({modern})",
        Revision::V2024_11_05,
        Revision::LATEST_LEGACY,
    ));
    error.data = modern::unsupported_version("").data;
    error
}

/// Appends a message as one line. JSON that a handler hands on as text may have line breaks between its parts, where a space
/// means the same; inside its strings there are none (all revisions, stdio: no embedded newlines).
fn push(out: &mut Vec<u8>, message: &[u8]) {
    out.extend(message.iter().map(|byte| if *byte == b'\n' { b' ' } else { *byte }));
    out.push(b'\n');
}

async fn send(outgoing: &mpsc::Sender<Vec<u8>>, message: &[u8]) {
    let mut line = Vec::with_capacity(message.len() + 1);
    push(&mut line, message);
    // Nobody is there any more if this fails.
    let _ = outgoing.send(line).await;
}

async fn finish(mut drive: Drive, outgoing: mpsc::Sender<Vec<u8>>) {
    loop {
        match drive.next().await {
            Item::Message(text) => send(&outgoing, text.as_bytes()).await,
            Item::Response(response) => return send(&outgoing, &response.body).await,
            Item::Nothing => return,
        }
    }
}

/// What a session says that belongs to no call.
async fn forward(listener: Arc<Listener>, outgoing: mpsc::Sender<Vec<u8>>) {
    while let Some(text) = listener.next().await {
        send(&outgoing, text.as_bytes()).await;
    }
}

/// Cuts bytes into lines, and drops what is longer than a message may be.
pub(crate) struct Lines {
    buffer: Vec<u8>,
    limit: usize,
    skipping: bool,
}

impl Lines {
    pub fn new(limit: usize) -> Self {
        Self { buffer: Vec::new(), limit, skipping: false }
    }

    /// Takes bytes, and hands on what they complete: a line, or nothing for one that was too long.
    pub fn feed(&mut self, mut bytes: &[u8], mut line: impl FnMut(Option<&[u8]>)) {
        while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            let (head, rest) = (&bytes[..end], &bytes[end + 1..]);
            if std::mem::take(&mut self.skipping) || self.buffer.len() + head.len() > self.limit {
                line(None);
            } else if self.buffer.is_empty() {
                line(Some(head));
            } else {
                self.buffer.extend_from_slice(head);
                line(Some(&self.buffer));
            }
            self.buffer.clear();
            bytes = rest;
        }
        if self.skipping || self.buffer.len() + bytes.len() > self.limit {
            self.skipping = true;
            self.buffer = Vec::new();
        } else {
            self.buffer.extend_from_slice(bytes);
        }
    }

    /// The end of the input: a last line may lack its end.
    pub fn finish(&mut self, mut line: impl FnMut(Option<&[u8]>)) {
        if std::mem::take(&mut self.skipping) {
            line(None);
        } else if !self.buffer.is_empty() {
            line(Some(&std::mem::take(&mut self.buffer)));
        }
    }
}

/// Serves one client on a stream, until it closes it.
///
/// # Errors
///
/// When the stream fails.
pub(crate) async fn serve(
    server: Server,
    principal: Option<Principal>,
    reader: impl AsyncRead,
    writer: impl AsyncWrite,
) -> Result<(), ServeError> {
    let (mut reader, mut writer) = (pin!(reader), pin!(writer));
    let mut lines = Lines::new(server.limits().message);
    let (connection, mut messages) = Connection::new(server, principal, Handle::current());
    let mut chunk = vec![0; 16 << 10];
    let mut out = Vec::new();
    loop {
        tokio::select! {
            read = reader.read(&mut chunk) => {
                let read = read.map_err(ServeError::io("the client cannot be read"))?;
                let mut take = |line: Option<&[u8]>| match line {
                    Some(line) => connection.receive(line, &mut out),
                    None => connection.refuse_long_line(&mut out),
                };
                if read == 0 {
                    lines.finish(&mut take);
                } else {
                    lines.feed(&chunk[..read], take);
                }
                write(&mut writer, &mut out).await?;
                if read == 0 {
                    break;
                }
            }
            Some(message) = messages.recv() => {
                out.extend_from_slice(&message);
                while let Ok(message) = messages.try_recv() {
                    out.extend_from_slice(&message);
                }
                write(&mut writer, &mut out).await?;
            }
        }
    }
    let mut closing = pin!(connection.close());
    loop {
        tokio::select! {
            biased;
            message = messages.recv() => match message {
                Some(message) => {
                    out.extend_from_slice(&message);
                    write(&mut writer, &mut out).await?;
                }
                None => return Ok(()),
            },
            () = &mut closing => {
                while let Ok(message) = messages.try_recv() {
                    out.extend_from_slice(&message);
                }
                return write(&mut writer, &mut out).await;
            }
        }
    }
}

async fn write(
    writer: &mut (impl AsyncWrite + Unpin),
    out: &mut Vec<u8>,
) -> Result<(), ServeError> {
    if out.is_empty() {
        return Ok(());
    }
    let written: io::Result<()> = async {
        writer.write_all(out).await?;
        writer.flush().await
    }
    .await;
    out.clear();
    // A large answer must not be paid for ever after.
    out.shrink_to(64 << 10);
    written.map_err(ServeError::io("the client cannot be written to"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_cut_wherever_the_bytes_are() {
        let text = b"one\ntwo three\n\nfour";
        for size in 1..text.len() {
            let mut lines = Lines::new(64);
            let mut seen = Vec::new();
            let mut keep = |line: Option<&[u8]>| {
                seen.push(line.map(|line| String::from_utf8_lossy(line).into_owned()))
            };
            for chunk in text.chunks(size) {
                lines.feed(chunk, &mut keep);
            }
            lines.finish(&mut keep);
            assert_eq!(seen, ["one", "two three", "", "four"].map(|line| Some(line.to_owned())));
        }
    }

    #[tokio::test]
    async fn what_a_call_said_before_it_waits_comes_before_what_it_says_later() {
        let server = Server::builder("test", "1").build().expect("a server");
        let reports = |call: crate::Call| async move {
            call.progress(1.0).await;
            tokio::time::sleep(Duration::from_millis(1)).await;
            "done"
        };
        server.add_tool(crate::ToolDefinition::new("reports"), reports).expect("a tool");
        let (connection, mut messages) = Connection::new(server, None, Handle::current());
        let call = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"reports","_meta":{"progressToken":7,
            "io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}"#;
        let mut out = Vec::new();
        connection.receive(call.as_bytes(), &mut out);
        // Over stdio `out` is written by one thread, and the messages by another one: they have no order.
        assert_eq!(String::from_utf8_lossy(&out), "");
        for part in ["notifications/progress", r#""result""#] {
            let message = messages.recv().await.expect("a message");
            assert!(String::from_utf8_lossy(&message).contains(part), "{part}");
        }
    }

    #[tokio::test]
    async fn json_that_a_handler_hands_on_stays_on_one_line() {
        let server = Server::builder("test", "1").build().expect("a server");
        let pretty = |_: crate::Call| async {
            let raw = RawValue::from_string("{\n  \"text\": \"a\\nb\"\n}".to_owned());
            crate::ToolOutput::text("").with_structured(raw.expect("JSON"))
        };
        server.add_tool(crate::ToolDefinition::new("pretty"), pretty).expect("a tool");
        let (connection, _messages) = Connection::new(server, None, Handle::current());
        let call = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"pretty","_meta":{
            "io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}"#;
        let mut out = Vec::new();
        connection.receive(call.as_bytes(), &mut out);
        let lines: Vec<_> = out.split(|byte| *byte == b'\n').collect();
        assert_eq!(lines.len(), 2, "{}", String::from_utf8_lossy(&out));
        let answer: serde_json::Value = serde_json::from_slice(lines[0]).expect("a message");
        assert_eq!(answer["result"]["structuredContent"]["text"], "a\nb");
    }

    #[test]
    fn a_long_line_is_dropped_and_the_next_is_read() {
        let mut lines = Lines::new(4);
        let mut seen = Vec::new();
        for chunk in [&b"12"[..], b"345", b"6\n", b"ab\n12345\ncd\n"] {
            lines.feed(chunk, |line| seen.push(line.map(<[u8]>::to_vec)));
            assert!(lines.buffer.len() <= 4);
        }
        assert_eq!(seen, [None, Some(b"ab".to_vec()), None, Some(b"cd".to_vec())]);
    }
}
