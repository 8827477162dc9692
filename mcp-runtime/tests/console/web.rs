//! HTTP as it goes over the wire.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

use super::shop::Shop;

/// Longer than anything here takes.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A request in the making, as the page itself sends it.
#[derive(Clone)]
pub struct Ask {
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: String,
}

/// What came back.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub text: String,
}

impl Ask {
    pub fn get(shop: &Shop, path: &str) -> Self {
        let headers = Vec::new();
        let (method, path) = ("GET".to_owned(), path.to_owned());
        Self { method, path, headers, body: String::new() }
            .header("Host", &shop.address.to_string())
            .header("X-Console-Token", &shop.token)
    }

    pub fn post(shop: &Shop, path: &str, body: &Value) -> Self {
        let own = format!("http://{}", shop.address);
        let ask = Self { method: "POST".to_owned(), ..Self::get(shop, path) };
        Self { body: body.to_string(), ..ask }
            .header("Content-Type", "application/json")
            .header("Accept", "application/json, text/event-stream")
            .header("Origin", &own)
            .header("Sec-Fetch-Site", "same-origin")
    }

    /// A request of 2026-07-28 to the console's own endpoint.
    pub fn modern(shop: &Shop, method: &str, mut params: Value, capabilities: Value) -> Self {
        params["_meta"]["io.modelcontextprotocol/protocolVersion"] = "2026-07-28".into();
        params["_meta"]["io.modelcontextprotocol/clientCapabilities"] = capabilities;
        let name = params["name"].as_str().unwrap_or_default().to_owned();
        let message = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let ask = Self::post(shop, "/console/mcp", &message)
            .header("MCP-Protocol-Version", "2026-07-28")
            .header("Mcp-Method", method);
        if name.is_empty() { ask } else { ask.header("Mcp-Name", &name) }
    }

    pub fn method(mut self, method: &str) -> Self {
        self.method = method.to_owned();
        self
    }

    pub fn path(mut self, path: &str) -> Self {
        self.path = path.to_owned();
        self
    }

    /// Replaces the header.
    pub fn header(self, name: &str, value: &str) -> Self {
        self.without(name).more(name, value)
    }

    /// Beside another of its name.
    pub fn more(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
        self
    }

    pub async fn send(&self, to: SocketAddr) -> Reply {
        let (mut reply, mut stream) = self.open(to).await;
        while let Some(piece) = stream.piece().await {
            reply.text.push_str(&piece);
        }
        reply
    }

    /// Reads no further than the head.
    pub async fn open(&self, to: SocketAddr) -> (Reply, Stream) {
        let stream = TcpStream::connect(to).await.expect("a server");
        let mut stream =
            Stream { stream: BufReader::new(stream), left: None, buffer: String::new() };
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.path);
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        head += &format!("Content-Length: {}\r\n\r\n{}", self.body.len(), self.body);
        stream.stream.get_mut().write_all(head.as_bytes()).await.expect("writing");
        let first = stream.line().await.expect("a response");
        let status = first.split(' ').nth(1).and_then(|status| status.parse().ok());
        let mut headers = Vec::new();
        while let Some(line) = stream.line().await
            && !line.is_empty()
        {
            let (name, value) = line.split_once(':').expect("a header");
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let reply = Reply { status: status.expect("a status"), headers, text: String::new() };
        stream.left = match reply.header("content-length") {
            Some(_) if self.method == "HEAD" => Some(0),
            Some(length) => Some(length.parse().expect("a length")),
            None if reply.header("transfer-encoding").is_some() => None,
            None => Some(0),
        };
        (reply, stream)
    }
}

impl Reply {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// The body of a response, as it comes.
pub struct Stream {
    stream: BufReader<TcpStream>,
    left: Option<usize>,
    buffer: String,
}

impl Stream {
    async fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let read = tokio::time::timeout(PATIENCE, self.stream.read_line(&mut line));
        let read = read.await.expect("a line in time").unwrap_or(0);
        (read > 0).then(|| line.trim_end().to_owned())
    }

    async fn piece(&mut self) -> Option<String> {
        let length = match self.left {
            Some(length) => {
                self.left = Some(0);
                length
            }
            None => usize::from_str_radix(&self.line().await?, 16).expect("a length"),
        };
        let mut bytes = vec![0; length];
        let read = tokio::time::timeout(PATIENCE, self.stream.read_exact(&mut bytes));
        read.await.expect("a body in time").expect("a whole body");
        if self.left.is_none() {
            self.line().await;
        }
        (length > 0).then(|| String::from_utf8(bytes).expect("text"))
    }

    /// The next event that has a name, and its data. `None` at the end.
    pub async fn event(&mut self) -> Option<(String, Value)> {
        loop {
            if let Some((event, rest)) = self.buffer.split_once("\n\n") {
                let field = |name: &str| {
                    event.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned)
                };
                let (name, data) = (field("event: "), field("data: "));
                self.buffer = rest.to_owned();
                if let (Some(name), Some(data)) = (name, data) {
                    return Some((name, serde_json::from_str(&data).expect("JSON")));
                }
                continue;
            }
            let piece = self.piece().await?;
            self.buffer.push_str(&piece);
        }
    }

    /// The next event of this name that is as it should be.
    pub async fn wait(&mut self, name: &str, fits: impl Fn(&Value) -> bool) -> Value {
        loop {
            let (event, data) = self.event().await.expect("an event");
            if event == name && fits(&data) {
                return data;
            }
        }
    }
}
