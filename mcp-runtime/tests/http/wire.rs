//! HTTP by hand: what goes over the wire is what the test says.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(5);

/// A request in the making. Later headers of the same name replace earlier ones.
#[derive(Clone, Debug)]
pub struct Request {
    method: &'static str,
    path: &'static str,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Request {
    pub fn new(method: &'static str) -> Self {
        let headers = Vec::new();
        Self { method, path: "/mcp", headers, body: Vec::new() }.header("Host", "127.0.0.1")
    }

    /// What every client sends with a message.
    pub fn post(message: &Value) -> Self {
        Self::new("POST")
            .header("Content-Type", "application/json")
            .header("Accept", "application/json, text/event-stream")
            .body(message.to_string())
    }

    /// A request of 2026-07-28, with all that belongs to it.
    pub fn modern(id: i64, method: &str, params: Value) -> Self {
        Self::modern_for(id, method, params, json!({}))
    }

    pub fn modern_for(id: i64, method: &str, mut params: Value, capabilities: Value) -> Self {
        params["_meta"]["io.modelcontextprotocol/protocolVersion"] = "2026-07-28".into();
        params["_meta"]["io.modelcontextprotocol/clientInfo"] =
            json!({"name": "test", "version": "1"});
        params["_meta"]["io.modelcontextprotocol/clientCapabilities"] = capabilities;
        let name =
            params.get("name").or(params.get("uri")).and_then(Value::as_str).map(str::to_owned);
        let message = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        let request = Self::post(&message)
            .header("MCP-Protocol-Version", "2026-07-28")
            .header("Mcp-Method", method);
        match name {
            Some(name) => request.header("Mcp-Name", &name),
            None => request,
        }
    }

    /// A message in a session.
    pub fn legacy(session: &str, message: &Value) -> Self {
        Self::post(message).header("Mcp-Session-Id", session)
    }

    pub fn get(session: &str) -> Self {
        Self::new("GET").header("Accept", "text/event-stream").header("Mcp-Session-Id", session)
    }

    pub fn delete(session: &str) -> Self {
        Self::new("DELETE").header("Mcp-Session-Id", session)
    }

    pub fn path(mut self, path: &'static str) -> Self {
        self.path = path;
        self
    }

    pub fn header(self, name: &str, value: &str) -> Self {
        self.without(name).more(name, value)
    }

    /// A header beside another of its name.
    pub fn more(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
        self
    }

    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    pub fn into_body(self) -> Vec<u8> {
        self.body
    }

    pub fn head(&self) -> String {
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.path);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if self.method == "POST" {
            head.push_str(&format!("Content-Length: {}\r\n", self.body.len()));
        }
        head + "\r\n"
    }

    /// Sends it on a connection of its own; the response is read to its end.
    pub async fn send(&self, to: SocketAddr) -> Reply {
        let mut client = self.open(to).await;
        let text = client.rest().await;
        Reply { text, ..client.reply }
    }

    /// Sends it on a connection of its own; the response is read as far as its head.
    pub async fn open(&self, to: SocketAddr) -> Client {
        let mut client = Client::connect(to).await;
        client.write(self).await;
        client.read_head().await;
        client
    }
}

/// A response.
#[derive(Clone, Debug, Default)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub text: String,
}

impl Reply {
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        assert_eq!(self.header("content-type"), Some("application/json"), "{self:?}");
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    #[track_caller]
    pub fn events(&self) -> Vec<Event> {
        assert_eq!(self.header("content-type"), Some("text/event-stream"), "{self:?}");
        self.text.split("\n\n").filter(|text| !text.is_empty()).map(Event::read).collect()
    }
}

/// One block of an event stream.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Event {
    pub id: Option<String>,
    pub retry: Option<u64>,
    pub data: Option<String>,
    pub comment: bool,
}

impl Event {
    fn read(text: &str) -> Self {
        let mut event = Self::default();
        for line in text.lines() {
            match line.split_once(':') {
                Some(("", _)) => event.comment = true,
                Some(("id", value)) => event.id = Some(value.trim_start().to_owned()),
                Some(("retry", value)) => event.retry = value.trim_start().parse().ok(),
                Some(("data", value)) => event.data = Some(value.trim_start().to_owned()),
                _ => panic!("no line of an event: {line:?}"),
            }
        }
        event
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        let data = self.data.as_deref().unwrap_or_default();
        serde_json::from_str(data).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    #[track_caller]
    pub fn id(&self) -> &str {
        self.id.as_deref().expect("an id")
    }
}

/// One connection.
pub struct Client {
    stream: BufReader<TcpStream>,
    pub reply: Reply,
    buffer: String,
    left: Option<usize>,
}

impl Client {
    pub async fn connect(to: SocketAddr) -> Self {
        let stream = TcpStream::connect(to).await.expect("a server");
        stream.set_nodelay(true).expect("an option");
        Self {
            stream: BufReader::new(stream),
            reply: Reply::default(),
            buffer: String::new(),
            left: None,
        }
    }

    pub async fn raw(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.get_mut().write_all(bytes.as_ref()).await.expect("writing");
    }

    pub async fn write(&mut self, request: &Request) {
        self.raw([request.head().as_bytes(), &request.body].concat()).await;
    }

    async fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let read = tokio::time::timeout(PATIENCE, self.stream.read_line(&mut line));
        let read = read.await.expect("a line in time").unwrap_or(0);
        (read > 0).then(|| line.trim_end().to_owned())
    }

    /// Whether the server closes the connection without another byte.
    pub async fn is_closed(&mut self) -> bool {
        self.line().await.is_none()
    }

    /// How much comes before the connection ends, however it does.
    pub async fn bytes_until_the_end(&mut self) -> usize {
        let mut bytes = Vec::new();
        let read = tokio::time::timeout(PATIENCE, self.stream.read_to_end(&mut bytes));
        let _ = read.await.expect("an end");
        bytes.len()
    }

    pub async fn read_head(&mut self) -> &Reply {
        let first = self.line().await.expect("a response");
        let status = first.split(' ').nth(1).and_then(|status| status.parse().ok());
        self.reply = Reply { status: status.expect("a status"), ..Reply::default() };
        while let Some(line) = self.line().await
            && !line.is_empty()
        {
            let (name, value) = line.split_once(':').expect("a header");
            self.reply.headers.push((name.to_owned(), value.trim().to_owned()));
        }
        self.left = match self.reply.header("content-length") {
            Some(length) => Some(length.parse().expect("a length")),
            None if self.reply.header("transfer-encoding").is_some() => None,
            None => Some(0),
        };
        &self.reply
    }

    /// The next piece of the body. An empty one is its end.
    async fn piece(&mut self) -> String {
        let length = match self.left {
            Some(length) => {
                self.left = Some(0);
                length
            }
            None => {
                let Some(line) = self.line().await else { return String::new() };
                usize::from_str_radix(&line, 16).expect("a length")
            }
        };
        let mut bytes = vec![0; length];
        let read = tokio::time::timeout(PATIENCE, self.stream.read_exact(&mut bytes));
        read.await.expect("a body in time").expect("a whole body");
        if self.left.is_none() {
            assert_eq!(self.line().await.as_deref(), Some(""));
        }
        String::from_utf8(bytes).expect("text")
    }

    pub async fn rest(&mut self) -> String {
        let mut all = std::mem::take(&mut self.buffer);
        loop {
            match self.piece().await {
                end if end.is_empty() => return all,
                more => all.push_str(&more),
            }
        }
    }

    /// The next event; nothing at the end of the stream.
    pub async fn event(&mut self) -> Option<Event> {
        loop {
            if let Some((event, rest)) = self.buffer.split_once("\n\n") {
                let event = Event::read(event);
                self.buffer = rest.to_owned();
                return Some(event);
            }
            match self.piece().await {
                end if end.is_empty() => return None,
                more => self.buffer.push_str(&more),
            }
        }
    }

    /// The next message, with its event's id.
    pub async fn message(&mut self) -> (Option<String>, Value) {
        loop {
            let event = self.event().await.expect("a message");
            if event.data.as_deref().is_some_and(|data| !data.is_empty()) {
                return (event.id.clone(), event.json());
            }
        }
    }
}
