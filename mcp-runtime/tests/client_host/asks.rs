//! A server that is none: it writes lines and reads lines, so that a test sees what the client really sends.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mcp_runtime::client::{Client, ClientBuilder};
use mcp_runtime::{Elicited, Revision, RpcError, TaskSettings};
use serde_json::{Value, json};
use tokio::io::{
    AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, DuplexStream, Lines, ReadHalf, WriteHalf,
};
use tokio::sync::Semaphore;

/// Longer than anything in the tests takes. Time is paused: it costs nothing.
const LONG: Duration = Duration::from_secs(24 * 60 * 60);

pub struct Asks {
    writer: WriteHalf<DuplexStream>,
    lines: Lines<BufReader<ReadHalf<DuplexStream>>>,
    pub client: Client,
    /// What the client declared.
    pub capabilities: Value,
    /// Notifications and responses that nobody took yet.
    unread: VecDeque<Value>,
    last: i64,
}

impl Asks {
    /// A connection with this client, which offers the newest legacy revision.
    pub async fn connect(builder: ClientBuilder) -> Self {
        Self::connect_as(builder, Revision::V2025_11_25).await
    }

    /// A connection with this client, as a server that speaks `revision` alone.
    pub async fn connect_as(builder: ClientBuilder, revision: Revision) -> Self {
        let (ours, theirs) = tokio::io::duplex(1 << 20);
        let (reader, mut writer) = tokio::io::split(theirs);
        let mut lines = BufReader::new(reader).lines();
        let (theirs, ours) = tokio::io::split(ours);
        let builder = builder.legacy(Revision::V2025_11_25);
        let connecting = tokio::spawn(builder.connect_stream(theirs, ours));
        let mut next = async || -> Value {
            let line = lines.next_line().await.expect("a readable stream").expect("an open one");
            serde_json::from_str(&line).expect("JSON")
        };
        let initialize = next().await;
        let answer = json!({ "jsonrpc": "2.0", "id": initialize["id"], "result": {
            "protocolVersion": revision.as_str(),
            "capabilities": {},
            "serverInfo": { "name": "asks", "version": "1" },
        } });
        writer.write_all(format!("{answer}\n").as_bytes()).await.expect("the client reads");
        assert_eq!(next().await["method"], "notifications/initialized");
        let client = connecting.await.expect("no panic").expect("a connection");
        let capabilities = initialize["params"]["capabilities"].clone();
        Self { writer, lines, client, capabilities, unread: VecDeque::new(), last: 0 }
    }

    pub async fn send(&mut self, message: Value) {
        self.writer.write_all(format!("{message}\n").as_bytes()).await.expect("the client reads");
    }

    pub async fn notify(&mut self, method: &str, params: Value) {
        self.send(json!({ "jsonrpc": "2.0", "method": method, "params": params })).await;
    }

    /// Sends a request, and gives its id.
    pub async fn start(&mut self, method: &str, params: Value) -> i64 {
        self.last += 1;
        let id = self.last;
        self.send(json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })).await;
        id
    }

    async fn read(&mut self) -> Value {
        let line = tokio::time::timeout(LONG, self.lines.next_line()).await;
        let line = line.expect("the client says something").expect("a readable stream");
        serde_json::from_str(&line.expect("an open stream")).expect("JSON")
    }

    async fn find(&mut self, is_it: impl Fn(&Value) -> bool) -> Value {
        if let Some(at) = self.unread.iter().position(&is_it) {
            return self.unread.remove(at).expect("it was found");
        }
        loop {
            let message = self.read().await;
            if is_it(&message) {
                return message;
            }
            self.unread.push_back(message);
        }
    }

    /// The next message.
    pub async fn notification_or_response(&mut self) -> Value {
        self.find(|_| true).await
    }

    /// The response to a request, whatever comes before it.
    pub async fn response(&mut self, id: i64) -> Value {
        self.find(|message| message["id"] == id && message.get("method").is_none()).await
    }

    /// The next notification of this method, whatever comes before it.
    pub async fn notification(&mut self, method: &str) -> Value {
        self.find(|message| message["method"] == method).await["params"].take()
    }

    pub async fn result(&mut self, method: &str, params: Value) -> Value {
        let id = self.start(method, params).await;
        let mut response = self.response(id).await;
        assert!(response.get("error").is_none(), "{method}: {response}");
        response["result"].take()
    }

    pub async fn error(&mut self, method: &str, params: Value) -> Value {
        let id = self.start(method, params).await;
        let mut response = self.response(id).await;
        assert!(response.get("result").is_none(), "{method}: {response}");
        response["error"].take()
    }

    /// A task that the client makes of this question: its id.
    pub async fn task(&mut self, method: &str, params: Value) -> String {
        let created = self.result(method, params).await;
        created["task"]["taskId"].as_str().expect("a task").to_owned()
    }

    pub async fn get(&mut self, id: &str) -> Value {
        self.result("tasks/get", by_id(id)).await
    }

    /// Asks until the task has this status.
    pub async fn until(&mut self, id: &str, status: &str) -> Value {
        for _ in 0..200 {
            let task = self.get(id).await;
            if task["status"] == status {
                return task;
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        panic!("the task is never {status}");
    }

    /// Closes the connection.
    pub fn hang_up(self) -> Client {
        self.client
    }

    /// Says that no further message has come or comes within some seconds.
    pub async fn silence(&mut self) {
        assert!(self.unread.is_empty(), "{:?}", self.unread);
        let line = tokio::time::timeout(Duration::from_secs(5), self.lines.next_line()).await;
        if let Ok(line) = line {
            panic!("expected silence, got {line:?}");
        }
    }
}

pub fn by_id(id: &str) -> Value {
    json!({ "taskId": id })
}

/// The parameters of `elicitation/create` with a task of this lifetime, or of the client's choice.
pub fn form(message: &str, ttl: Option<u64>) -> Value {
    let task = ttl.map_or_else(|| json!({}), |ttl| json!({ "ttl": ttl }));
    json!({
        "mode": "form",
        "message": message,
        "requestedSchema": { "type": "object", "properties": { "name": { "type": "string" } } },
        "task": task,
    })
}

/// The parameters of `sampling/createMessage` with a task.
pub fn prompt(text: &str) -> Value {
    json!({
        "maxTokens": 10,
        "messages": [{ "role": "user", "content": { "type": "text", "text": text } }],
        "task": {},
    })
}

/// Settings without notifications, so that the next message is the response.
pub fn quiet() -> TaskSettings {
    let mut settings = TaskSettings::hosted();
    settings.notify = false;
    settings
}

/// A user who answers once they are let, and notes who was dropped before that.
#[derive(Clone)]
pub struct User {
    pub lets: Arc<Semaphore>,
    dropped: Arc<Mutex<Vec<String>>>,
    begun: Arc<Mutex<usize>>,
}

struct Dropped(String, Arc<Mutex<Vec<String>>>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.1.lock().expect("no panic").push(std::mem::take(&mut self.0));
    }
}

impl User {
    pub fn new() -> Self {
        Self { lets: Arc::new(Semaphore::new(0)), dropped: Arc::default(), begun: Arc::default() }
    }

    /// Lets that many questions be answered.
    pub fn answers(&self, questions: usize) {
        self.lets.add_permits(questions);
    }

    pub fn dropped(&self) -> Vec<String> {
        self.dropped.lock().expect("no panic").clone()
    }

    pub fn begun(&self) -> usize {
        *self.begun.lock().expect("no panic")
    }

    /// Waits until a handler was dropped unanswered.
    pub async fn until_dropped(&self) -> Vec<String> {
        for _ in 0..1000 {
            let dropped = self.dropped();
            if !dropped.is_empty() {
                return dropped;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("no handler is ever dropped");
    }

    /// A client with this user, and a model that does as it is told.
    pub fn client(&self, settings: Option<TaskSettings>) -> ClientBuilder {
        let me = self.clone();
        let builder = Client::builder()
            .on_elicit(move |request| {
                let me = me.clone();
                let message = match request {
                    mcp_runtime::schema::v2026_07_28::ElicitRequestParams::Form(form) => {
                        form.message
                    }
                    _ => "a page".to_owned(),
                };
                async move {
                    *me.begun.lock().expect("no panic") += 1;
                    let guard = Dropped(message.clone(), me.dropped.clone());
                    me.lets.acquire().await.expect("an open semaphore").forget();
                    std::mem::forget(guard);
                    match &*message {
                        "decline" => Ok(Elicited::Declined),
                        "refuse" => {
                            Err(RpcError::new(-7, "nobody is here").with_data("try tomorrow"))
                        }
                        "panic" => panic!("the user is upset"),
                        _ => Ok(Elicited::Accepted(json!({ "name": message }))),
                    }
                }
            })
            .on_sample(|_| async { "Paris" });
        match settings {
            Some(settings) => builder.host_tasks(settings),
            None => builder,
        }
    }
}
