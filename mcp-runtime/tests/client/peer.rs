//! A peer whose answers a test writes.

use std::sync::{Arc, Mutex};

use mcp_runtime::client::{Client, ClientBuilder, ClientError, Lifecycle};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::sync::mpsc;

/// What the peer was sent, and a way to make it say more.
#[derive(Clone)]
pub struct Peer {
    heard: Arc<Mutex<Vec<Value>>>,
    more: mpsc::UnboundedSender<Value>,
}

impl Peer {
    /// How often a method was asked for.
    pub fn asked(&self, method: &str) -> usize {
        self.heard_of(method).len()
    }

    /// The parameters of each request or notification of this method.
    pub fn heard_of(&self, method: &str) -> Vec<Value> {
        let heard = self.heard.lock().expect("no panic");
        heard.iter().filter(|it| it["method"] == method).map(|it| it["params"].clone()).collect()
    }

    /// Says something unasked, and waits until the client has heard it: it hears one thing after the other.
    pub async fn say(&self, client: &Client, method: &str, params: Value) {
        let said = json!({ "jsonrpc": "2.0", "method": method, "params": params });
        self.more.send(said).expect("the peer is there");
        // What the peer is asked later is answered later.
        let _ = client.request("test/after", ()).await;
    }
}

/// What an answer says: a result, or an error with this code.
pub enum Says {
    Result(Value),
    Error(i64),
    /// Messages as they are, among which may be one with the id of the request in place of `"$id"`.
    Lines(Vec<String>),
}

/// Connects to a peer that answers requests as `answer` says, and `test/after` by itself. The lifecycle is modern, unless the
/// builder says otherwise.
pub async fn peer(
    builder: ClientBuilder,
    mut answer: impl FnMut(&str, &Value) -> Says + Send + 'static,
) -> Result<(Client, Peer), ClientError> {
    let (ours, theirs) = tokio::io::duplex(1 << 16);
    let heard = Arc::<Mutex<Vec<Value>>>::default();
    let (more, mut to_say) = mpsc::unbounded_channel::<Value>();
    let noting = heard.clone();
    tokio::spawn(async move {
        let (reader, mut writer) = tokio::io::split(theirs);
        let mut requests = BufReader::new(reader).lines();
        loop {
            let lines = tokio::select! {
                biased;
                Some(said) = to_say.recv() => vec![said.to_string()],
                line = requests.next_line() => {
                    let Ok(Some(line)) = line else { return };
                    let request: Value = serde_json::from_str(&line).expect("the client sends JSON");
                    noting.lock().expect("no panic").push(request.clone());
                    let Some(id) = request.get("id") else { continue };
                    let method = request["method"].as_str().unwrap_or_default();
                    let says = match method {
                        "test/after" => Says::Result(json!({})),
                        method => answer(method, &request["params"]),
                    };
                    match says {
                        Says::Result(result) => {
                            vec![json!({ "jsonrpc": "2.0", "id": id, "result": result }).to_string()]
                        }
                        Says::Error(code) => {
                            let error = json!({ "code": code, "message": "no" });
                            vec![json!({ "jsonrpc": "2.0", "id": id, "error": error }).to_string()]
                        }
                        Says::Lines(lines) => {
                            let id = id.to_string();
                            lines.into_iter().map(|line| line.replace("\"$id\"", &id)).collect()
                        }
                    }
                }
            };
            for line in lines {
                if writer.write_all(format!("{line}\n").as_bytes()).await.is_err() {
                    return;
                }
            }
        }
    });
    let (reader, writer) = tokio::io::split(ours);
    let client = builder.connect_stream(reader, writer).await?;
    Ok((client, Peer { heard, more }))
}

pub fn modern() -> ClientBuilder {
    Client::builder().lifecycle(Lifecycle::Modern)
}

/// A tool as a server lists it.
pub fn tool(name: &str) -> Value {
    json!({ "name": name, "inputSchema": { "type": "object" } })
}
