//! Who waits for which answer, and what becomes of what the server sends.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mcp_schema::shared::Error as WireError;
use mcp_schema::{JsonObject, Value};
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use tokio::runtime::Handle;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::AbortHandle;

use super::error::ClientError;
use super::handlers::{Handlers, Hear, Question};
use super::subscription::Ear;
use crate::error::RpcError;
use crate::protocol::envelope::{self, Id, Message};
use mcp_schema::v2026_07_28::{ProgressNotificationParams, meta_key};

/// How many questions of a server are answered at the same time.
const QUESTIONS: usize = 256;

type Reply = Result<Box<RawValue>, RpcError>;

/// One connection, without its transport.
pub(super) struct Connection {
    outgoing: Mutex<Option<mpsc::Sender<String>>>,
    state: Mutex<State>,
    pub handlers: Handlers,
    runtime: Handle,
    over: Notify,
}

#[derive(Default)]
struct State {
    last: i64,
    waiting: HashMap<i64, Waiting>,
    /// Questions of the server that are being answered.
    asked: HashMap<Id, AbortHandle>,
    closed: Option<String>,
}

struct Waiting {
    reply: oneshot::Sender<Reply>,
    progress: Option<Hear<ProgressNotificationParams>>,
    ear: Option<Arc<Ear>>,
}

/// Who hears what comes before the answer to one request.
#[derive(Clone, Default)]
pub(super) struct Before {
    pub progress: Option<Hear<ProgressNotificationParams>>,
    pub ear: Option<Arc<Ear>>,
}

/// A request under way: dropped before its answer is there, it is cancelled.
pub(super) struct Pending {
    connection: Arc<Connection>,
    pub id: i64,
    pub reply: oneshot::Receiver<Reply>,
    sent: bool,
}

impl Pending {
    pub fn why_closed(&self) -> ClientError {
        self.connection.why_closed()
    }

    /// The answer.
    pub async fn answer(mut self, method: &str) -> Result<Box<RawValue>, ClientError> {
        match (&mut self.reply).await {
            Ok(Ok(result)) => Ok(result),
            Ok(Err(error)) => Err(ClientError::refused(method, error)),
            Err(_) => Err(self.why_closed()),
        }
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        let waited = self.connection.state().waiting.remove(&self.id).is_some();
        if waited && self.sent {
            let params = json!({ "requestId": self.id, "reason": "nobody waits for the answer" });
            self.connection.send_later(message("notifications/cancelled", None, Some(&params)));
        }
    }
}

impl Connection {
    pub fn new(outgoing: mpsc::Sender<String>, handlers: Handlers) -> Arc<Self> {
        Arc::new(Self {
            outgoing: Mutex::new(Some(outgoing)),
            state: Mutex::default(),
            handlers,
            runtime: Handle::current(),
            over: Notify::new(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn outgoing(&self) -> MutexGuard<'_, Option<mpsc::Sender<String>>> {
        self.outgoing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn why_closed(&self) -> ClientError {
        let reason = self.state().closed.clone();
        ClientError::Closed(reason.unwrap_or_else(|| "the client was closed".to_owned()))
    }

    /// Sends one message. Cancel safe: it is sent whole or not at all.
    async fn send(&self, text: String) -> Result<(), ClientError> {
        let outgoing = self.outgoing().clone().ok_or_else(|| self.why_closed())?;
        outgoing.send(text).await.map_err(|_| self.why_closed())
    }

    /// Sends one message from where nobody can wait.
    fn send_later(&self, text: String) {
        let Some(outgoing) = self.outgoing().clone() else { return };
        if let Err(mpsc::error::TrySendError::Full(text)) = outgoing.try_send(text) {
            self.runtime.spawn(async move { outgoing.send(text).await });
        }
    }

    pub async fn notify(&self, method: &str, params: Option<&Value>) -> Result<(), ClientError> {
        self.send(message(method, None, params)).await
    }

    /// Sends a request. `params` gets the id, which is also what its progress is known by.
    pub async fn request(
        self: &Arc<Self>,
        method: &str,
        params: impl FnOnce(i64) -> Option<Value>,
        before: Before,
    ) -> Result<Pending, ClientError> {
        let (reply, receiver) = oneshot::channel();
        let id = {
            let mut state = self.state();
            if state.closed.is_some() {
                drop(state);
                return Err(self.why_closed());
            }
            state.last += 1;
            let id = state.last;
            let Before { progress, ear } = before;
            state.waiting.insert(id, Waiting { reply, progress, ear });
            id
        };
        let mut pending = Pending { connection: self.clone(), id, reply: receiver, sent: false };
        self.send(message(method, Some(id), params(id).as_ref())).await?;
        // `initialize` must not be cancelled (2025-11-25, Cancellation, Behavior Requirements).
        pending.sent = method != "initialize";
        Ok(pending)
    }

    /// Says that nothing more will be asked.
    pub fn finish(&self) {
        self.outgoing().take();
    }

    /// Nobody gets an answer any more.
    pub fn close(&self, reason: &str) {
        self.finish();
        let mut state = self.state();
        state.closed.get_or_insert_with(|| reason.to_owned());
        let (waiting, asked) =
            (std::mem::take(&mut state.waiting), std::mem::take(&mut state.asked));
        drop(state);
        asked.into_values().for_each(|task| task.abort());
        drop(waiting);
        self.over.notify_one();
    }

    /// Waits until the server says nothing more.
    pub async fn closed(&self) {
        while self.state().closed.is_none() {
            self.over.notified().await;
        }
    }

    /// Takes what comes until nothing more does.
    pub async fn read(self: Arc<Self>, mut incoming: mpsc::Receiver<io::Result<Vec<u8>>>) {
        while let Some(arrival) = incoming.recv().await {
            match arrival {
                Ok(line) => self.take(line.trim_ascii()).await,
                Err(error) => return self.close(&error.to_string()),
            }
        }
        self.close("the server has closed it");
    }

    async fn take(self: &Arc<Self>, line: &[u8]) {
        match envelope::batch(line) {
            _ if line.is_empty() => {}
            None => self.message(line).await,
            Some(Ok(messages)) => {
                for message in messages {
                    self.message(message.get().as_bytes()).await;
                }
            }
            Some(Err(error)) => tracing::warn!(target: "mcp", %error, "the server sent no message"),
        }
    }

    async fn message(self: &Arc<Self>, text: &[u8]) {
        match Message::parse(text) {
            Ok(Message::Response { id, outcome }) => self.response(&id, outcome),
            Ok(Message::Notification { method, params }) => self.notification(&method, params),
            Ok(Message::Request { id, method, params }) => self.question(id, &method, params).await,
            Err(bad) => {
                tracing::warn!(target: "mcp", error = %bad.error, "the server sent no message");
            }
        }
    }

    fn response(&self, id: &Id, outcome: Result<&RawValue, &RawValue>) {
        let Id::Number(id) = id else { return };
        // A second answer, or one to a request that was cancelled, is nobody's.
        let Some(waiting) = self.state().waiting.remove(id) else { return };
        let reply = outcome.map(ToOwned::to_owned).map_err(|error| {
            match serde_json::from_str::<WireError>(error.get()) {
                Ok(WireError { code, message, data, .. }) => RpcError { code, message, data },
                Err(_) => RpcError::internal(format!("an error that is none: {error}")),
            }
        });
        let _ = waiting.reply.send(reply);
    }

    fn notification(&self, method: &str, params: Option<&RawValue>) {
        let value: Value =
            params.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default();
        let stream = &value["_meta"][meta_key::SUBSCRIPTION_ID];
        let ear = stream
            .as_i64()
            .and_then(|id| self.state().waiting.get(&id).and_then(|one| one.ear.clone()));
        if let Some(ear) = ear {
            ear.hear(method, &value);
        }
        match method {
            "notifications/cancelled" => {
                let id = Id::parse(&value["requestId"].to_string());
                let task = id.and_then(|id| self.state().asked.remove(&id));
                if let Some(task) = task {
                    task.abort();
                }
            }
            "notifications/progress" => {
                if let Ok(params) = ProgressNotificationParams::deserialize(&value) {
                    let of_call = value["progressToken"].as_i64().and_then(|id| {
                        self.state().waiting.get(&id).and_then(|one| one.progress.clone())
                    });
                    for hear in of_call.iter().chain(&self.handlers.progress) {
                        hear(&params);
                    }
                }
            }
            "notifications/message" => {
                if let Some(hear) = &self.handlers.log
                    && let Ok(params) = Deserialize::deserialize(&value)
                {
                    hear(&params);
                }
            }
            _ => {}
        }
        if let Some(hear) = &self.handlers.notification {
            hear(method, &value);
        }
    }

    /// The server asks: a legacy one, in a request of its own.
    async fn question(self: &Arc<Self>, id: Id, method: &str, params: Option<&RawValue>) {
        let answer = if method == "ping" {
            Ok(json!({}))
        } else {
            match Question::read(method, params) {
                Ok(question) => match self.answer_later(&id, question) {
                    Ok(()) => return,
                    Err(error) => Err(error),
                },
                Err(error) => Err(error),
            }
        };
        let _ = self.send(response(&id, answer)).await;
    }

    fn answer_later(self: &Arc<Self>, id: &Id, question: Question) -> Result<(), RpcError> {
        let mut state = self.state();
        if state.asked.len() >= QUESTIONS {
            return Err(RpcError::internal("too many questions at the same time"));
        }
        let (connection, asked) = (self.clone(), id.clone());
        let task = self.runtime.spawn(async move {
            let answer = connection.handlers.answer(question).await.map_err(|error| match error {
                ClientError::Refused { error, .. } => *error,
                ClientError::NoHandler(method) => RpcError::method_not_found(&method),
                other => RpcError::internal(other.to_string()),
            });
            if connection.state().asked.remove(&asked).is_some() {
                let _ = connection.send(response(&asked, answer)).await;
            }
        });
        state.asked.insert(id.clone(), task.abort_handle());
        Ok(())
    }
}

fn message(method: &str, id: Option<i64>, params: Option<&Value>) -> String {
    let mut message = JsonObject::new();
    message.insert("jsonrpc".into(), "2.0".into());
    if let Some(id) = id {
        message.insert("id".into(), id.into());
    }
    message.insert("method".into(), method.into());
    if let Some(params) = params {
        message.insert("params".into(), params.clone());
    }
    Value::Object(message).to_string()
}

fn response(id: &Id, answer: Result<Value, RpcError>) -> String {
    let (key, value) = match answer {
        Ok(result) => ("result", result),
        Err(error) => ("error", serde_json::to_value(error.to_wire()).unwrap_or_default()),
    };
    format!(r#"{{"jsonrpc":"2.0","id":{id},"{key}":{value}}}"#)
}
