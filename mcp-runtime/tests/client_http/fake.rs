//! A server of raw bytes: each connection brings one request, and gets what the test wants it to get.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Asked {
    pub verb: String,
    /// Names in lower case.
    pub headers: HashMap<String, String>,
    pub body: Value,
    pub at: Instant,
}

impl Asked {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    pub fn method(&self) -> &str {
        self.body["method"].as_str().unwrap_or_default()
    }

    /// The answer to this request.
    pub fn answer(&self, result: Value) -> String {
        json!({ "jsonrpc": "2.0", "id": self.body["id"], "result": result }).to_string()
    }

    /// The refusal of this request.
    pub fn refusal(&self, code: i64, data: Value) -> String {
        let error = json!({ "code": code, "message": "no", "data": data });
        json!({ "jsonrpc": "2.0", "id": self.body["id"], "error": error }).to_string()
    }

    pub fn tool_result(&self, text: &str) -> String {
        self.answer(json!({ "content": [{ "type": "text", "text": text }] }))
    }
}

/// What a request gets.
pub enum Reply {
    /// A status, headers, and a body.
    Whole(u16, Vec<(&'static str, String)>, String),
    /// Events, and then the end of the connection.
    Events(Vec<String>),
    /// The head of an event stream, and the end of the connection after so long.
    Held(Duration),
    /// Events, and then nothing for ever.
    Open(Vec<String>),
    /// This again and again, after the head of an event stream.
    Endless(String),
    /// These bytes, and then the end of the connection.
    Raw(String),
    /// Nothing.
    Silence,
}

impl Reply {
    pub fn json(body: String) -> Self {
        Self::refused(200, body)
    }

    pub fn refused(status: u16, body: String) -> Self {
        Self::Whole(status, vec![("content-type", "application/json".to_owned())], body)
    }

    pub fn empty(status: u16) -> Self {
        Self::Whole(status, Vec::new(), String::new())
    }

    pub fn with(self, name: &'static str, value: impl Into<String>) -> Self {
        match self {
            Self::Whole(status, mut headers, body) => {
                headers.push((name, value.into()));
                Self::Whole(status, headers, body)
            }
            other => other,
        }
    }
}

/// A server without tools: a client looks for the one that it calls.
pub fn no_tools(asked: &Asked) -> Option<Reply> {
    (asked.method() == "tools/list").then(|| Reply::json(asked.answer(json!({ "tools": [] }))))
}

/// One event with a message.
pub fn event(message: &str) -> String {
    format!("data: {message}\n\n")
}

type Script = dyn Fn(&Asked) -> Reply + Send + Sync;

/// Runs as long as the runtime does.
#[derive(Clone)]
pub struct Fake {
    pub url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Fake {
    pub async fn start(script: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/mcp", listener.local_addr().expect("an address"));
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let (script, noted): (Arc<Script>, _) = (Arc::new(script), asked.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (script, noted) = (script.clone(), noted.clone());
                // A client that goes away is no trouble of the server's.
                tokio::spawn(async move { drop(serve(stream, &*script, &noted).await) });
            }
        });
        Self { url, asked }
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("no panic").clone()
    }

    /// Requests with this method of the protocol, or with this HTTP method.
    pub fn of(&self, method: &str) -> Vec<Asked> {
        let all = self.asked().into_iter();
        all.filter(|asked| asked.method() == method || asked.verb == method).collect()
    }

    /// Waits until there are so many of them.
    pub async fn until(&self, method: &str, count: usize) {
        super::soon(async {
            while self.of(method).len() < count {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
        })
        .await;
    }
}

async fn serve(
    stream: TcpStream,
    script: &Script,
    noted: &Mutex<Vec<Asked>>,
) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        if line.trim().is_empty() {
            break;
        }
        head.push(line.trim().to_owned());
    }
    let headers: HashMap<String, String> = head[1..]
        .iter()
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers.get("content-length").and_then(|it| it.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    let verb = head[0].split(' ').next().unwrap_or_default().to_owned();
    let body = serde_json::from_slice(&body).unwrap_or_default();
    let asked = Asked { verb, headers, body, at: Instant::now() };
    noted.lock().expect("no panic").push(asked.clone());
    let stream = stream.get_mut();
    match script(&asked) {
        Reply::Whole(status, headers, body) => {
            let mut text = format!("HTTP/1.1 {status} X\r\nconnection: close\r\n");
            for (name, value) in headers {
                text += &format!("{name}: {value}\r\n");
            }
            text += &format!("content-length: {}\r\n\r\n{body}", body.len());
            stream.write_all(text.as_bytes()).await?;
        }
        Reply::Events(events) => {
            stream.write_all(EVENTS.as_bytes()).await?;
            stream.write_all(events.concat().as_bytes()).await?;
        }
        Reply::Held(time) => {
            stream.write_all(EVENTS.as_bytes()).await?;
            tokio::time::sleep(time).await;
        }
        Reply::Open(events) => {
            stream.write_all(EVENTS.as_bytes()).await?;
            stream.write_all(events.concat().as_bytes()).await?;
            gone(stream).await;
        }
        Reply::Endless(text) => {
            stream.write_all(EVENTS.as_bytes()).await?;
            loop {
                stream.write_all(text.as_bytes()).await?;
            }
        }
        Reply::Raw(text) => stream.write_all(text.as_bytes()).await?,
        Reply::Silence => gone(stream).await,
    }
    stream.shutdown().await
}

const EVENTS: &str =
    "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: text/event-stream\r\n\r\n";

/// Until the client closes the connection.
async fn gone(stream: &mut TcpStream) {
    let mut byte = [0];
    while matches!(stream.read(&mut byte).await, Ok(read) if read > 0) {}
}
