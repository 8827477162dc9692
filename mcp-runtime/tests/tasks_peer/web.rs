//! A client of the HTTP service, without sockets: to drop a response is to disconnect.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use mcp_runtime::{McpService, Principal, ResponseBody, Server};
use serde_json::{Value, json};
use tower_service::Service as _;

use super::able;

/// Longer than anything here takes; time is paused.
const LONG: Duration = Duration::from_secs(60 * 60);

pub struct Web {
    service: McpService,
    pub session: Option<String>,
    who: Option<&'static str>,
    pub last: i64,
}

impl Web {
    /// One who sends modern requests.
    pub fn modern(service: &McpService, who: Option<&'static str>) -> Self {
        Self { service: service.clone(), session: None, who, last: 0 }
    }

    /// One with a session of 2025-11-25, and the capabilities that the server declared.
    pub async fn legacy(service: &McpService, who: Option<&'static str>) -> (Self, Value) {
        let mut web = Self::modern(service, who);
        let params = json!({
            "protocolVersion": "2025-11-25",
            "capabilities": { "elicitation": {} },
            "clientInfo": { "name": "web", "version": "1" },
        });
        let mut reply = web.post("initialize", params, &[]).await;
        let session = reply.session.take().expect("a session");
        web.session = Some(session);
        let capabilities = reply.json().await["result"]["capabilities"].take();
        (web, capabilities)
    }

    fn head(&self, method: &str) -> http::request::Builder {
        let head = Request::builder()
            .method(method)
            .uri("/mcp")
            .header("host", "localhost")
            .header("content-type", "application/json")
            .header("accept", "application/json, text/event-stream");
        match &self.session {
            Some(session) => head.header("mcp-session-id", session),
            None => head,
        }
    }

    async fn call(&self, head: http::request::Builder, body: String) -> Reply {
        let mut request = head.body(Full::new(Bytes::from(body))).expect("a request");
        if let Some(who) = self.who {
            request.extensions_mut().insert(Principal::new("https://id.example", who));
        }
        let mut service = self.service.clone();
        Reply::new(service.call(request).await.expect("infallible"))
    }

    /// Sends a request of the client's era; `headers` beside those that all have.
    pub async fn post(
        &mut self,
        method: &str,
        mut params: Value,
        headers: &[(&str, &str)],
    ) -> Reply {
        self.last += 1;
        let mut head = self.head("POST");
        if self.session.is_none() && method != "initialize" {
            let meta = &mut params["_meta"];
            meta["io.modelcontextprotocol/protocolVersion"] = "2026-07-28".into();
            if meta.get("io.modelcontextprotocol/clientCapabilities").is_none() {
                meta["io.modelcontextprotocol/clientCapabilities"] = able();
            }
            head = head.header("mcp-protocol-version", "2026-07-28").header("mcp-method", method);
            if let Some(name) = params["name"].as_str() {
                head = head.header("mcp-name", name);
            }
        }
        for (name, value) in headers {
            head = head.header(*name, *value);
        }
        let message =
            json!({ "jsonrpc": "2.0", "id": self.last, "method": method, "params": params });
        self.call(head, message.to_string()).await
    }

    /// A request that is answered by JSON: the result.
    pub async fn result(&mut self, method: &str, params: Value) -> Value {
        let reply = self.post(method, params, &[]).await;
        assert_eq!(reply.status, 200, "{method}");
        assert_eq!(reply.kind, "application/json", "{method}");
        let mut message = reply.json().await;
        assert!(message.get("error").is_none(), "{method}: {message}");
        message["result"].take()
    }

    /// A request that is answered by an error: the status, and the error.
    pub async fn error(&mut self, method: &str, params: Value) -> (u16, Value) {
        let reply = self.post(method, params, &[]).await;
        let status = reply.status;
        let mut message = reply.json().await;
        assert!(message.get("result").is_none(), "{method}: {message}");
        (status, message["error"].take())
    }

    /// A message without an answer.
    pub async fn tell(&mut self, message: Value) {
        let reply = self.call(self.head("POST"), message.to_string()).await;
        assert_eq!(reply.status, 202);
    }

    /// Ends the session.
    pub async fn end(&mut self) {
        assert_eq!(self.call(self.head("DELETE"), String::new()).await.status, 204);
    }

    pub async fn answer(&mut self, request: &Value, result: Value) {
        self.tell(json!({ "jsonrpc": "2.0", "id": request["id"], "result": result })).await;
    }

    /// Opens the session's own stream.
    pub async fn listen(&self, after: Option<&str>) -> Reply {
        let mut head = self.head("GET");
        if let Some(after) = after {
            head = head.header("last-event-id", after);
        }
        let reply = self.call(head, String::new()).await;
        assert_eq!((reply.status, &*reply.kind), (200, "text/event-stream"));
        reply
    }

    pub async fn augmented(&mut self, tool: &str) -> String {
        let params = json!({ "name": tool, "arguments": {}, "task": {} });
        let created = self.result("tools/call", params).await;
        created["task"]["taskId"].as_str().expect("a task").to_owned()
    }

    pub async fn task(&mut self, tool: &str) -> String {
        let created = self.result("tools/call", json!({ "name": tool, "arguments": {} })).await;
        created["taskId"].as_str().expect("a task").to_owned()
    }

    pub async fn until(&mut self, id: &str, status: &str) -> Value {
        for _ in 0..200 {
            let task = self.result("tasks/get", json!({ "taskId": id })).await;
            if task["status"] == status {
                return task;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the task is never {status}");
    }
}

pub fn service(server: &Server) -> McpService {
    server.http()
}

/// A response; an event stream is read as far as the test wants.
pub struct Reply {
    pub status: u16,
    pub kind: String,
    pub session: Option<String>,
    pub retry_after: Option<String>,
    /// The id of the last event.
    pub last: Option<String>,
    body: ResponseBody,
    buffer: String,
}

impl Reply {
    fn new(response: Response<ResponseBody>) -> Self {
        let header = |name: &str| {
            response.headers().get(name).map(|it| it.to_str().expect("text").to_owned())
        };
        Self {
            status: response.status().as_u16(),
            kind: header("content-type").unwrap_or_default(),
            session: header("mcp-session-id"),
            retry_after: header("retry-after"),
            last: None,
            buffer: String::new(),
            body: response.into_body(),
        }
    }

    pub async fn json(self) -> Value {
        let bytes = self.body.collect().await.expect("infallible").to_bytes();
        serde_json::from_slice(&bytes).expect("JSON")
    }

    async fn event(&mut self) -> Option<Value> {
        loop {
            while let Some(end) = self.buffer.find("\n\n") {
                let event: String = self.buffer.drain(..end + 2).collect();
                let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name));
                if let Some(id) = field("id: ") {
                    self.last = Some(id.to_owned());
                }
                if let Some(data) = field("data: ").filter(|data| !data.is_empty()) {
                    return Some(serde_json::from_str(data).expect("JSON"));
                }
            }
            let frame = self.body.frame().await?.expect("infallible");
            let data = frame.into_data().expect("data");
            self.buffer.push_str(std::str::from_utf8(&data).expect("text"));
        }
    }

    /// The next message of an event stream.
    pub async fn next(&mut self) -> Value {
        let event = tokio::time::timeout(LONG, self.event()).await.expect("a message");
        event.expect("an open stream")
    }

    /// The next message, which must be a request or notification of this method.
    pub async fn expect(&mut self, method: &str) -> Value {
        let message = self.next().await;
        assert_eq!(message["method"], method, "{message}");
        message
    }

    /// Says that nothing comes.
    pub async fn silence(&mut self) {
        let event = tokio::time::timeout(Duration::from_secs(5), self.event()).await;
        assert!(event.is_err(), "expected silence, got {event:?}");
    }

    /// The end of the stream.
    pub async fn ended(&mut self) {
        let event = tokio::time::timeout(LONG, self.event()).await.expect("an end");
        assert_eq!(event, None);
    }
}
