//! A client that is none: it writes lines and reads lines, so that a test sees what is really sent.

// Each test crate uses a part of it.
#![allow(dead_code)]

pub mod fixtures;

use std::time::Duration;

use mcp_runtime::{Revision, ServeError, Server};
use serde_json::{Value, json};
use tokio::io::{
    AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, DuplexStream, Lines, ReadHalf, WriteHalf,
};
use tokio::task::JoinHandle;

pub const LEGACY: [Revision; 4] =
    [Revision::V2024_11_05, Revision::V2025_03_26, Revision::V2025_06_18, Revision::V2025_11_25];

/// Longer than anything in the tests takes. Time is paused: it costs nothing.
const LONG: Duration = Duration::from_secs(24 * 60 * 60);

pub struct Peer {
    writer: WriteHalf<DuplexStream>,
    lines: Lines<BufReader<ReadHalf<DuplexStream>>>,
    serving: JoinHandle<Result<(), ServeError>>,
    /// What every request carries: of modern ones.
    pub meta: Option<Value>,
    last: i64,
}

impl Peer {
    /// A peer that says nothing by itself.
    pub fn new(server: &Server) -> Self {
        let (ours, theirs) = tokio::io::duplex(1 << 20);
        let (reader, writer) = tokio::io::split(theirs);
        let serving = tokio::spawn(server.clone().serve_stream(reader, writer));
        let (reader, writer) = tokio::io::split(ours);
        let lines = BufReader::new(reader).lines();
        Self { writer, lines, serving, meta: None, last: 0 }
    }

    /// A modern peer with these capabilities.
    pub fn modern(server: &Server, capabilities: Value) -> Self {
        let mut peer = Self::new(server);
        peer.meta = Some(json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientInfo": { "name": "peer", "version": "1" },
            "io.modelcontextprotocol/clientCapabilities": capabilities,
        }));
        peer
    }

    /// A legacy peer with these capabilities, initialized.
    pub async fn legacy(server: &Server, revision: Revision, capabilities: Value) -> Self {
        let mut peer = Self::new(server);
        let result = peer
            .result(
                "initialize",
                json!({
                    "protocolVersion": revision.as_str(),
                    "capabilities": capabilities,
                    "clientInfo": { "name": "peer", "version": "1" },
                }),
            )
            .await;
        assert_eq!(result["protocolVersion"], revision.as_str());
        peer.notify("notifications/initialized", json!({})).await;
        peer
    }

    pub async fn line(&mut self, text: &str) {
        self.writer.write_all(text.as_bytes()).await.expect("the server reads");
        self.writer.write_all(b"\n").await.expect("the server reads");
    }

    pub async fn send(&mut self, message: Value) {
        self.line(&message.to_string()).await;
    }

    pub async fn notify(&mut self, method: &str, params: Value) {
        self.send(json!({ "jsonrpc": "2.0", "method": method, "params": params })).await;
    }

    /// The next message.
    pub async fn next(&mut self) -> Value {
        let line = tokio::time::timeout(LONG, self.lines.next_line()).await;
        let line = line.expect("the server says something").expect("a readable stream");
        serde_json::from_str(&line.expect("an open stream")).expect("JSON")
    }

    /// Says that nothing comes, as long as a call may clean up and longer.
    pub async fn silence(&mut self) {
        let line = tokio::time::timeout(Duration::from_secs(5), self.lines.next_line()).await;
        if let Ok(line) = line {
            panic!("expected silence, got {line:?}");
        }
    }

    /// Sends a request, and gives its id.
    pub async fn start(&mut self, method: &str, mut params: Value) -> i64 {
        self.last += 1;
        if let Some(meta) = &self.meta {
            let mut meta = meta.clone();
            if let Some(own) = params["_meta"].as_object() {
                for (key, value) in own {
                    meta[key] = value.clone();
                }
            }
            params["_meta"] = meta;
        }
        self.send(json!({ "jsonrpc": "2.0", "id": self.last, "method": method, "params": params }))
            .await;
        self.last
    }

    /// The response to a request, which must be the next message.
    pub async fn response(&mut self, id: i64) -> Value {
        let response = self.next().await;
        assert_eq!(response["id"], id, "{response}");
        assert_eq!(response["jsonrpc"], "2.0");
        if self.meta.is_some() && response.get("result").is_some() {
            let result = &response["result"];
            assert!(result["resultType"].is_string(), "{result}");
            // 2026-07-28, Per-response protocol fields.
            assert_eq!(
                result["_meta"]["io.modelcontextprotocol/serverInfo"]["name"], "fixtures",
                "{result}"
            );
        }
        response
    }

    /// A request that is answered by a result, and nothing before it.
    pub async fn result(&mut self, method: &str, params: Value) -> Value {
        let id = self.start(method, params).await;
        let mut response = self.response(id).await;
        assert!(response.get("error").is_none(), "{method}: {response}");
        response["result"].take()
    }

    /// A request that is answered by an error, and nothing before it.
    pub async fn error(&mut self, method: &str, params: Value) -> Value {
        let id = self.start(method, params).await;
        let mut response = self.response(id).await;
        assert!(response.get("result").is_none(), "{method}: {response}");
        response["error"].take()
    }

    pub async fn call(&mut self, tool: &str, arguments: Value) -> Value {
        self.result("tools/call", json!({ "name": tool, "arguments": arguments })).await
    }

    pub async fn start_call(&mut self, tool: &str, arguments: Value) -> i64 {
        self.start("tools/call", json!({ "name": tool, "arguments": arguments })).await
    }

    /// The next message, which must be a request of the server: its id and parameters.
    pub async fn question(&mut self, method: &str) -> (Value, Value) {
        let mut message = self.next().await;
        assert_eq!(message["method"], method, "{message}");
        assert!(message["id"].is_i64(), "{message}");
        (message["id"].take(), message["params"].take())
    }

    pub async fn answer(&mut self, id: &Value, result: Value) {
        self.send(json!({ "jsonrpc": "2.0", "id": id, "result": result })).await;
    }

    /// The next message, which must be a notification: its parameters.
    pub async fn notification(&mut self, method: &str) -> Value {
        let mut message = self.next().await;
        assert_eq!(message["method"], method, "{message}");
        assert!(message.get("id").is_none(), "{message}");
        message["params"].take()
    }

    /// Closes its side.
    pub async fn shut(&mut self) {
        self.writer.shutdown().await.expect("an open stream");
    }

    /// Waits for the server to be done, which must have nothing more to say.
    pub async fn ended(mut self) {
        let rest = tokio::time::timeout(LONG, self.lines.next_line()).await.expect("an end");
        assert_eq!(rest.expect("a readable stream"), None);
        self.serving.await.expect("no panic").expect("served to the end");
    }

    /// Closes its side, and waits for the server to be done.
    pub async fn end(mut self) {
        self.shut().await;
        self.ended().await;
    }
}

/// The text of a tool's only block.
pub fn text(result: &Value) -> &str {
    assert_eq!(result["content"].as_array().map(Vec::len), Some(1), "{result}");
    result["content"][0]["text"].as_str().expect("text")
}

/// The names in a list.
pub fn names(list: &Value) -> Vec<&str> {
    list.as_array().expect("a list").iter().filter_map(|item| item["name"].as_str()).collect()
}
