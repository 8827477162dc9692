//! Streamable HTTP, as it goes over the wire.
#![cfg(feature = "http")]

#[path = "http/legacy.rs"]
mod legacy;
#[path = "http/modern.rs"]
mod modern;
#[path = "http/security.rs"]
mod security;
#[path = "http/serving.rs"]
mod serving;
#[path = "http/wire.rs"]
mod wire;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use mcp_runtime::schema::shared::LoggingLevel;
use mcp_runtime::{Call, ClientFeature, Limits, Server, ServerBuilder, ToolDefinition};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;

use self::wire::{Reply, Request};

/// More bytes than the buffers of two sockets hold.
pub(crate) const LARGE: usize = 16 << 20;

/// What the tools of the test server do that a client does not see.
#[derive(Default)]
pub(crate) struct Seen {
    /// `wait` was called.
    begun: Notify,
    /// `wait` was cancelled.
    cancelled: Notify,
    /// `wait` and `talk` go on.
    go: Notify,
    /// `wait` or `talk` came to its end.
    done: Notify,
}

#[derive(Deserialize, JsonSchema)]
struct Name {
    name: String,
}

fn object(schema: Value) -> mcp_runtime::schema::JsonObject {
    serde_json::from_value(schema).expect("an object")
}

fn text_of(call: &Call, key: &str) -> String {
    let arguments = call.arguments_object().unwrap_or_default();
    arguments.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// A server with one tool for everything that a wire has to carry.
pub(crate) fn builder(seen: &Arc<Seen>) -> ServerBuilder {
    let [wait, talk, reconnect, large] = [seen.clone(), seen.clone(), seen.clone(), seen.clone()];
    let any = || object(json!({"type": "object"}));
    let mirrored = object(json!({
        "type": "object",
        "properties": {"value": {"type": "string", "x-mcp-header": "Value"}},
    }));
    Server::builder("test", "1")
        .add_tool(ToolDefinition::new("echo").input_schema(any()), |call: Call| async move {
            text_of(&call, "text")
        })
        .add_tool(ToolDefinition::new("mirror").input_schema(mirrored), |call: Call| async move {
            text_of(&call, "value")
        })
        // Waits until it is told to go on, or cancelled.
        .add_tool(ToolDefinition::new("wait"), move |call: Call| {
            let seen = wait.clone();
            async move {
                seen.begun.notify_one();
                let (go, cancelled) = (seen.go.notified(), call.cancelled());
                tokio::select! {
                    () = go => seen.done.notify_one(),
                    () = cancelled => seen.cancelled.notify_one(),
                }
                "waited"
            }
        })
        // Says something, then waits as `wait` does.
        .add_tool(ToolDefinition::new("talk").input_schema(any()), move |call: Call| {
            let seen = talk.clone();
            async move {
                call.log(LoggingLevel::Warning, "first").await;
                call.progress(1.0).total(2.0).await;
                seen.begun.notify_one();
                let (go, cancelled) = (seen.go.notified(), call.cancelled());
                tokio::select! {
                    () = go => {}
                    () = cancelled => {
                        seen.cancelled.notify_one();
                        return "cancelled";
                    }
                }
                call.log(LoggingLevel::Warning, "second").await;
                seen.done.notify_one();
                "talked"
            }
        })
        .add_tool(ToolDefinition::new("reconnect"), move |call: Call| {
            let seen = reconnect.clone();
            async move {
                call.disconnect();
                seen.begun.notify_one();
                seen.go.notified().await;
                "came back"
            }
        })
        .add_tool(ToolDefinition::new("ask"), |call: Call| async move {
            match call.elicit::<Name>("name", "Who are you?").await {
                Ok(answer) => format!("{:?}", answer.accepted().map(|it| it.name)),
                Err(error) => format!("not asked: {error}"),
            }
        })
        .add_tool(
            ToolDefinition::new("sampler").requires(ClientFeature::Sampling),
            |_: Call| async move { "sampled" },
        )
        .add_tool(ToolDefinition::new("large"), move |_: Call| {
            let seen = large.clone();
            async move {
                seen.done.notify_one();
                "x".repeat(LARGE)
            }
        })
        .add_tool(ToolDefinition::new("panic"), |call: Call| async move {
            assert!(call.is_cancelled(), "not cancelled");
            "no panic"
        })
}

/// A server that runs until it is dropped.
pub(crate) struct Running {
    pub(crate) server: Server,
    pub(crate) address: SocketAddr,
    pub(crate) seen: Arc<Seen>,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Running {
    pub(crate) async fn start(change: impl FnOnce(ServerBuilder) -> ServerBuilder) -> Self {
        let seen = Arc::new(Seen::default());
        let server = change(builder(&seen)).build().expect("a server");
        let http = server.clone().bind_http("127.0.0.1:0").await.expect("a port");
        let address = http.local_addr();
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(http.serve_until(async { drop(stopped.await) }));
        Self { server, address, seen, stop: Some(stop), task }
    }

    pub(crate) async fn new() -> Self {
        Self::start(|builder| builder).await
    }

    pub(crate) async fn limited(change: impl FnOnce(&mut Limits)) -> Self {
        let mut limits = Limits::default();
        change(&mut limits);
        Self::start(|builder| builder.limits(limits)).await
    }

    pub(crate) async fn send(&self, request: &Request) -> Reply {
        request.send(self.address).await
    }

    /// Begins a session, and returns its id.
    pub(crate) async fn session(&self, version: &str) -> String {
        let reply = self.send(&initialize(version)).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        assert_eq!(reply.json()["result"]["protocolVersion"], version);
        reply.header("mcp-session-id").expect("a session").to_owned()
    }

    pub(crate) fn stop(&mut self) {
        drop(self.stop.take());
    }

    pub(crate) async fn stopped(mut self) {
        self.stop();
        tokio::time::timeout(Duration::from_secs(10), self.task)
            .await
            .expect("an end")
            .expect("no panic");
    }
}

pub(crate) fn initialize(version: &str) -> Request {
    Request::post(&json!({
        "jsonrpc": "2.0",
        "id": 0,
        "method": "initialize",
        "params": {
            "protocolVersion": version,
            "capabilities": {"elicitation": {}, "sampling": {}},
            "clientInfo": {"name": "test", "version": "1"},
        },
    }))
}

/// A call of a tool in words that both eras share.
pub(crate) fn call(id: i64, tool: &str, arguments: Value) -> Value {
    json!({
        "jsonrpc": "2.0",
        "id": id,
        "method": "tools/call",
        "params": {"name": tool, "arguments": arguments, "_meta": {"progressToken": "p"}},
    })
}

pub(crate) fn modern_call(id: i64, tool: &str, arguments: Value) -> Request {
    Request::modern(id, "tools/call", json!({"name": tool, "arguments": arguments}))
}

/// Waits for something that a tool does, and not for ever.
pub(crate) async fn soon(what: &Notify) {
    tokio::time::timeout(Duration::from_secs(5), what.notified()).await.expect("it to happen soon");
}

/// Checks status, code and id of an error.
#[track_caller]
pub(crate) fn refused(reply: &Reply, status: u16, code: i64, id: impl Into<Value>) {
    let id = id.into();
    let body = reply.json();
    assert_eq!(
        (reply.status, &body["error"]["code"], body.get("id").unwrap_or(&Value::Null)),
        (status, &json!(code), &id),
        "{reply:?}"
    );
    assert_eq!(body["jsonrpc"], "2.0");
}
