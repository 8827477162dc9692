//! A server that says what a test wants it to say.

use std::pin::Pin;
use std::task::{Context, Waker};
use std::time::Duration;

use futures_util::StreamExt as _;
use mcp_runtime::Revision;
use mcp_runtime::client::{CallEvent, CallStream, Client, ClientBuilder, ClientError, Lifecycle};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, DuplexStream, Lines};
use tokio::io::{ReadHalf, WriteHalf};

pub const TASKS: &str = "io.modelcontextprotocol/tasks";
pub const RELATED: &str = "io.modelcontextprotocol/related-task";

/// The other end of a client's stream.
pub struct Fake {
    reader: Lines<BufReader<ReadHalf<DuplexStream>>>,
    writer: WriteHalf<DuplexStream>,
}

/// A request of the client.
#[derive(Debug)]
pub struct Request {
    pub id: Value,
    pub method: String,
    pub params: Value,
}

fn pair() -> (DuplexStream, Fake) {
    let (ours, theirs) = tokio::io::duplex(1 << 16);
    let (reader, writer) = tokio::io::split(theirs);
    (ours, Fake { reader: BufReader::new(reader).lines(), writer })
}

async fn connect(builder: ClientBuilder, stream: DuplexStream) -> Client {
    let (reader, writer) = tokio::io::split(stream);
    builder.connect_stream(reader, writer).await.expect("a connection")
}

/// A modern client and its server.
pub async fn modern(builder: ClientBuilder) -> (Client, Fake) {
    let (stream, fake) = pair();
    (connect(builder.lifecycle(Lifecycle::Modern), stream).await, fake)
}

/// A client of 2025-11-25 and its server, which declares this as its `tasks`, and has a tool for each kind of support.
pub async fn legacy(builder: ClientBuilder, tasks: Value) -> (Client, Fake) {
    let (stream, mut fake) = pair();
    let builder = builder.legacy(Revision::V2025_11_25);
    let connecting = tokio::spawn(connect(builder, stream));
    let hello = fake.request("initialize").await;
    let mut capabilities = json!({ "tools": {} });
    if !tasks.is_null() {
        capabilities["tasks"] = tasks;
    }
    let result = json!({
        "protocolVersion": "2025-11-25",
        "capabilities": capabilities,
        "serverInfo": { "name": "fake", "version": "1" },
    });
    fake.answer(&hello, result).await;
    assert_eq!(fake.next().await["method"], "notifications/initialized");
    (connecting.await.expect("no panic"), fake)
}

/// All that a legacy server can declare.
pub fn all() -> Value {
    json!({ "list": {}, "cancel": {}, "requests": { "tools": { "call": {} } } })
}

/// What a legacy server says of its tools: each is called as its support for tasks.
pub fn tools() -> Value {
    let tool = |name: &str| {
        json!({
            "name": name,
            "inputSchema": { "type": "object" },
            "execution": { "taskSupport": name },
        })
    };
    let silent = json!({ "name": "silent", "inputSchema": { "type": "object" } });
    json!({ "tools": [tool("required"), tool("optional"), tool("forbidden"), silent] })
}

pub fn hi() -> Value {
    json!({ "content": [{ "type": "text", "text": "hi" }] })
}

impl Fake {
    /// The next message, whatever it is.
    pub async fn next(&mut self) -> Value {
        let line = tokio::time::timeout(Duration::from_secs(100_000), self.reader.next_line());
        let line = line.await.expect("the client says something").expect("a stream");
        serde_json::from_str(&line.expect("the client is there")).expect("JSON")
    }

    /// The next message, which must be a request. Whether it is one that this server expects is for the test to say.
    pub async fn any(&mut self) -> Request {
        let mut message = self.next().await;
        assert!(message.get("id").is_some() && message.get("method").is_some(), "{message}");
        Request {
            id: message["id"].take(),
            method: message["method"].as_str().expect("a method").to_owned(),
            params: message["params"].take(),
        }
    }

    /// The next message, which must be this request.
    pub async fn request(&mut self, method: &str) -> Request {
        let request = self.any().await;
        assert_eq!(request.method, method, "{:?}", request.params);
        request
    }

    pub async fn send(&mut self, message: Value) {
        let line = format!("{message}\n");
        self.writer.write_all(line.as_bytes()).await.expect("the client reads");
    }

    pub async fn answer(&mut self, to: &Request, result: Value) {
        self.send(json!({ "jsonrpc": "2.0", "id": to.id, "result": result })).await;
    }

    pub async fn refuse(&mut self, to: &Request, code: i64, message: &str) {
        let error = json!({ "code": code, "message": message });
        self.send(json!({ "jsonrpc": "2.0", "id": to.id, "error": error })).await;
    }

    pub async fn notify(&mut self, method: &str, params: Value) {
        self.send(json!({ "jsonrpc": "2.0", "method": method, "params": params })).await;
    }

    /// Answers this request and gives its parameters.
    pub async fn expect(&mut self, method: &str, result: Value) -> Value {
        let request = self.request(method).await;
        self.answer(&request, result).await;
        request.params
    }

    /// The call of a tool, with the list that a legacy client reads before.
    pub async fn call(&mut self) -> Request {
        let mut request = self.any().await;
        if request.method == "tools/list" {
            self.answer(&request, tools()).await;
            request = self.any().await;
        }
        assert_eq!(request.method, "tools/call", "{:?}", request.params);
        request
    }

    /// Answers the call of a tool with a task of the era.
    pub async fn create(&mut self, task: Value) -> Request {
        let call = self.call().await;
        let result = if task.get("ttlMs").is_some() {
            let mut result = task;
            result["resultType"] = json!("task");
            result
        } else {
            json!({ "task": task })
        };
        self.answer(&call, result).await;
        call
    }

    /// The stream of changes that a modern client asks for after a while, which this server does not have.
    pub async fn no_news(&mut self) {
        let listen = self.request("subscriptions/listen").await;
        self.refuse(&listen, -32601, "no such method").await;
    }

    /// Nothing more comes within a long time.
    pub async fn silence(&mut self) {
        let line = tokio::time::timeout(Duration::from_secs(3600), self.reader.next_line()).await;
        assert!(line.is_err(), "{line:?}");
    }
}

/// A task of the extension.
pub fn task(status: &str) -> Value {
    json!({
        "taskId": "t-1",
        "status": status,
        "createdAt": "2026-07-28T10:00:00Z",
        "lastUpdatedAt": "2026-07-28T10:00:00Z",
        "ttlMs": null,
        "pollIntervalMs": 1000,
    })
}

/// The same with more in it.
pub fn task_with(status: &str, more: Value) -> Value {
    let mut task = task(status);
    let fields = task.as_object_mut().expect("an object");
    fields.extend(more.as_object().cloned().expect("an object"));
    task
}

/// A task of 2025-11-25.
pub fn old_task(status: &str) -> Value {
    json!({
        "taskId": "t-1",
        "status": status,
        "createdAt": "2025-11-25T10:00:00Z",
        "lastUpdatedAt": "2025-11-25T10:00:00Z",
        "ttl": null,
        "pollInterval": 1000,
    })
}

pub fn form(message: &str) -> Value {
    let schema = json!({ "type": "object", "properties": { "ok": { "type": "boolean" } } });
    json!({
        "method": "elicitation/create",
        "params": { "mode": "form", "message": message, "requestedSchema": schema },
    })
}

/// Polls once, and tells whether that was not enough.
pub fn is_pending(future: Pin<&mut impl Future>) -> bool {
    future.poll(&mut Context::from_waker(Waker::noop())).is_pending()
}

/// All that a stream tells, in short.
pub async fn told(stream: CallStream) -> Vec<String> {
    stream.map(|event| short(&event)).collect().await
}

pub fn short(event: &Result<CallEvent, ClientError>) -> String {
    match event {
        Ok(CallEvent::Created(info)) => format!("created {}", info.status),
        Ok(CallEvent::Status(info)) => match &info.message {
            Some(message) => format!("{}, {message}", info.status),
            None => info.status.to_string(),
        },
        Ok(CallEvent::Input { key, method, .. }) => format!("input {key} {method}"),
        Ok(CallEvent::Progress(report)) => format!("progress {}", report.progress),
        Ok(CallEvent::Done(result)) => format!("done {}", result.text()),
        Ok(other) => format!("{other:?}"),
        Err(error) => format!("error {error}"),
    }
}
