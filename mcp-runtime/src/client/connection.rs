//! Who waits for which answer, and what becomes of what the server sends.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use mcp_schema::shared::Error as WireError;
use mcp_schema::{JsonObject, Value};
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::AbortHandle;

use super::error::ClientError;
use super::handlers::{Handlers, Hear, Question, tell};
use super::host::Host;
use super::memory::Memory;
use super::subscription::Ear;
use super::task;
use super::wire::{Incoming, Kind, Outgoing};
use crate::error::RpcError;
use crate::protocol::envelope::{self, Id, Message};
use crate::protocol::headers;
use crate::protocol::revision::Revision;
use mcp_schema::v2026_07_28::{ProgressNotificationParams, meta_key};

/// How many questions of a server are answered at the same time.
pub(super) const QUESTIONS: usize = 256;

pub(super) type Reply = Result<Box<RawValue>, ClientError>;

/// One connection, without its transport.
pub(super) struct Connection {
    outgoing: Mutex<Option<mpsc::Sender<Outgoing>>>,
    finished: watch::Sender<bool>,
    state: Mutex<State>,
    pub handlers: Handlers,
    pub memory: Memory,
    runtime: Handle,
    over: watch::Sender<bool>,
    /// What hosts tasks, once the revision is known.
    host: OnceLock<Host>,
}

#[derive(Default)]
struct State {
    last: i64,
    waiting: HashMap<i64, Waiting>,
    /// Questions of the server that are being answered.
    asked: HashMap<Id, AbortHandle>,
    /// Who hears of tasks.
    tasks: task::Ears,
    closed: Option<String>,
}

struct Waiting {
    method: String,
    reply: oneshot::Sender<Reply>,
    progress: Option<Hear<ProgressNotificationParams>>,
    ear: Option<Arc<Ear>>,
}

/// What goes along with one request, and who hears what comes before its answer.
#[derive(Clone, Default)]
pub(super) struct Before {
    pub progress: Option<Hear<ProgressNotificationParams>>,
    pub ear: Option<Arc<Ear>>,
    /// Who goes on hearing progress when the call has become a task.
    pub task: Option<Arc<task::Ear>>,
    /// Names and values of `Mcp-Param-*` headers, as they are sent.
    pub params: Vec<(String, String)>,
}

/// A request under way: dropped before its answer is there, it is cancelled.
pub(super) struct Pending {
    connection: Arc<Connection>,
    pub id: i64,
    pub reply: oneshot::Receiver<Reply>,
    sent: bool,
    /// Whether the server is told.
    told: bool,
}

impl Pending {
    pub fn why_closed(&self) -> ClientError {
        self.connection.why_closed()
    }

    /// Lets the server not hear of it if nobody waits for the answer any more.
    pub fn quiet(&mut self) {
        self.told = false;
    }

    /// What came through `reply`.
    pub fn outcome(
        &self,
        reply: Result<Reply, oneshot::error::RecvError>,
    ) -> Result<Box<RawValue>, ClientError> {
        reply.unwrap_or_else(|_| Err(self.why_closed()))
    }

    /// The answer.
    pub async fn answer(mut self) -> Result<Box<RawValue>, ClientError> {
        let reply = (&mut self.reply).await;
        self.outcome(reply)
    }
}

impl Pending {
    /// Tells the server that nobody waits, once. An answer that is on its way can still be had; what comes before it is not heard
    /// any more.
    pub fn cancel(&mut self) {
        let mut state = self.connection.state();
        let waiting = state.waiting.get_mut(&self.id);
        let heard = waiting.map(|one| (one.progress.take(), one.ear.take()));
        // Without the lock: what a function of the program holds may be the last of this connection.
        drop(state);
        drop(heard);
        if std::mem::take(&mut self.sent) {
            let params = json!({ "requestId": self.id, "reason": "nobody waits for the answer" });
            let text = if self.told {
                message("notifications/cancelled", None, Some(&params))
            } else {
                String::new()
            };
            self.connection.send_later(Outgoing { text, kind: Kind::Cancel { id: self.id } });
        }
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        let waited = self.connection.state().waiting.remove(&self.id);
        if waited.is_some() {
            self.cancel();
        }
    }
}

impl Connection {
    pub fn new(
        outgoing: mpsc::Sender<Outgoing>,
        finished: watch::Sender<bool>,
        handlers: Handlers,
    ) -> Arc<Self> {
        Arc::new(Self {
            outgoing: Mutex::new(Some(outgoing)),
            finished,
            state: Mutex::default(),
            handlers,
            memory: Memory::default(),
            runtime: Handle::current(),
            over: watch::Sender::new(false),
            host: OnceLock::new(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn outgoing(&self) -> MutexGuard<'_, Option<mpsc::Sender<Outgoing>>> {
        self.outgoing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn with_ears<T>(&self, work: impl FnOnce(&mut task::Ears) -> T) -> T {
        work(&mut self.state().tasks)
    }

    pub fn runtime(&self) -> &Handle {
        &self.runtime
    }

    /// Does something that nobody waits for.
    pub fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.runtime.spawn(work);
    }

    pub fn why_closed(&self) -> ClientError {
        let reason = self.state().closed.clone();
        ClientError::Closed(reason.unwrap_or_else(|| "the client was closed".to_owned()))
    }

    /// Sends one message. Cancel safe: it is sent whole or not at all.
    pub async fn send(&self, message: Outgoing) -> Result<(), ClientError> {
        let outgoing = self.outgoing().clone().ok_or_else(|| self.why_closed())?;
        outgoing.send(message).await.map_err(|_| self.why_closed())
    }

    /// Sends one message from where nobody can wait.
    fn send_later(&self, message: Outgoing) {
        let Some(outgoing) = self.outgoing().clone() else { return };
        if let Err(mpsc::error::TrySendError::Full(message)) = outgoing.try_send(message) {
            self.runtime.spawn(async move { outgoing.send(message).await });
        }
    }

    pub async fn notify(&self, method: &str, params: Option<&Value>) -> Result<(), ClientError> {
        let kind = Kind::Notification { method: method.to_owned() };
        self.send(Outgoing { text: message(method, None, params), kind }).await
    }

    /// Sends a request. `params` gets the id, which is also what its progress is known by.
    pub async fn request(
        self: &Arc<Self>,
        method: &str,
        params: impl FnOnce(i64) -> Option<Value>,
        mut before: Before,
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
            let Before { progress, ear, .. } = &mut before;
            let (progress, ear, method) = (progress.take(), ear.take(), method.to_owned());
            state.waiting.insert(id, Waiting { method, reply, progress, ear });
            if let Some(ear) = &before.task {
                state.tasks.add_token(id, ear);
            }
            id
        };
        // `initialize` must not be cancelled (2025-11-25, Cancellation, Behavior Requirements).
        let told = method != "initialize";
        let mut pending =
            Pending { connection: self.clone(), id, reply: receiver, sent: false, told };
        let value = params(id);
        let name = headers::name_member(method)
            .and_then(|member| value.as_ref()?.get(member)?.as_str().map(str::to_owned));
        let kind = Kind::Request { id, method: method.to_owned(), name, params: before.params };
        self.send(Outgoing { text: message(method, Some(id), value.as_ref()), kind }).await?;
        pending.sent = true;
        Ok(pending)
    }

    /// Says that nothing more will be asked.
    pub fn finish(&self) {
        self.outgoing().take();
        self.finished.send_replace(true);
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
        if let Some(host) = self.host.get() {
            host.close();
        }
        drop(waiting);
        self.over.send_replace(true);
    }

    pub fn is_closed(&self) -> bool {
        self.state().closed.is_some()
    }

    /// Waits until the server says nothing more.
    pub async fn closed(&self) {
        // The sender lives in `self`.
        let _ = self.over.subscribe().wait_for(|over| *over).await;
    }

    /// Takes what comes until nothing more does.
    pub async fn read(self: Arc<Self>, mut incoming: mpsc::Receiver<Incoming>) {
        // Whatever ends this, nobody waits for what is not read any more.
        struct Closing<'a>(&'a Connection);
        impl Drop for Closing<'_> {
            fn drop(&mut self) {
                self.0.close("nothing reads it any more");
            }
        }
        let _closing = Closing(&self);
        while let Some(arrival) = incoming.recv().await {
            match arrival {
                Incoming::Message(text) => self.take(text.trim_ascii()).await,
                Incoming::Failed { id, error } => self.fail(id, error),
                Incoming::Closed(error) => return self.close(&error.to_string()),
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

    fn fail(&self, id: i64, error: ClientError) {
        let waiting = self.state().waiting.remove(&id);
        if let Some(waiting) = waiting {
            let _ = waiting.reply.send(Err(error));
        }
    }

    fn response(&self, id: &Id, outcome: Result<&RawValue, &RawValue>) {
        let Id::Number(id) = id else { return };
        // A second answer, or one to a request that was cancelled, is nobody's.
        let Some(waiting) = self.state().waiting.remove(id) else { return };
        let reply = outcome
            .map(ToOwned::to_owned)
            .map_err(|error| ClientError::refused(&waiting.method, wire_error(error)));
        let _ = waiting.reply.send(reply);
    }

    fn notification(&self, method: &str, params: Option<&RawValue>) {
        let value: Value =
            params.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default();
        self.memory.hear(method, &value);
        let stream = match &value["_meta"][meta_key::SUBSCRIPTION_ID] {
            // The end of a stream names the request, and need not have metadata.
            Value::Null if method == "notifications/cancelled" => &value["requestId"],
            stream => stream,
        };
        let ear = stream
            .as_i64()
            .and_then(|id| self.state().waiting.get(&id).and_then(|one| one.ear.clone()));
        if let Some(ear) = ear {
            ear.hear(method, &value);
        }
        match method {
            "notifications/cancelled" => {
                if let Some(host) = self.host.get() {
                    host.give_up(params);
                }
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
                        tell("on_progress", || hear(&params));
                    }
                    self.task_progress(&value, &params);
                }
            }
            "notifications/tasks" | "notifications/tasks/status" => {
                self.task_changed(method, &value);
            }
            "notifications/message" => {
                if let Some(hear) = &self.handlers.log
                    && let Ok(params) = Deserialize::deserialize(&value)
                {
                    tell("on_log", || hear(&params));
                }
            }
            _ => {}
        }
        if let Some(hear) = &self.handlers.notification {
            tell("on_notification", || hear(method, &value));
        }
    }

    /// Begins to host tasks, if the client is to and the revision has such.
    ///
    /// # Errors
    ///
    /// Settings that cannot be meant.
    pub fn host_tasks(self: &Arc<Self>, revision: Revision) -> Result<(), ClientError> {
        let host = Host::new(&self.handlers, revision, self);
        if let Some(host) = host.map_err(|error| ClientError::Setup(error.to_string()))? {
            let _ = self.host.set(host);
        }
        Ok(())
    }

    /// The server asks: a legacy one, in a request of its own.
    async fn question(self: &Arc<Self>, id: Id, method: &str, params: Option<&RawValue>) {
        if self.state().asked.contains_key(&id) {
            // An answer to the second one would be one to the first.
            tracing::warn!(target: "mcp", %id, method, "the server uses an id again that is not answered yet: passed over");
            return;
        }
        if self.host.get().is_some_and(|host| host.take(self, &id, method, params)) {
            if Question::read(method, params).is_ok() {
                self.task_asks(&id, method, params);
            }
            return;
        }
        let answer = if method == "ping" {
            Ok(json!({}))
        } else {
            match Question::read(method, params) {
                Ok(question) => {
                    match self.answer_later(&id, question, self.task_asks(&id, method, params)) {
                        Ok(()) => return,
                        Err(error) => Err(error),
                    }
                }
                Err(error) => Err(error),
            }
        };
        let _ = self.send(response(id, answer)).await;
    }

    fn answer_later(
        self: &Arc<Self>,
        id: &Id,
        question: Question,
        task: Option<String>,
    ) -> Result<(), RpcError> {
        let mut state = self.state();
        if state.asked.len() >= QUESTIONS {
            return Err(RpcError::internal("too many questions at the same time"));
        }
        let (connection, asked) = (self.clone(), id.clone());
        let task = self.runtime.spawn(async move {
            let answer = connection.handlers.reply(question).await;
            let answer = answer.map(|answer| task::relate(answer, task));
            if connection.state().asked.remove(&asked).is_some() {
                let _ = connection.send(response(asked, answer)).await;
            }
        });
        state.asked.insert(id.clone(), task.abort_handle());
        Ok(())
    }
}

/// An error as the server wrote it.
pub(super) fn wire_error(error: &RawValue) -> RpcError {
    match serde_json::from_str::<WireError>(error.get()) {
        Ok(WireError { code, message, data, .. }) => RpcError { code, message, data },
        Err(_) => RpcError::internal(format!("an error that is none: {error}")),
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

fn response(to: Id, answer: Result<Value, RpcError>) -> Outgoing {
    let (key, value) = match answer {
        Ok(result) => ("result", result),
        Err(error) => ("error", serde_json::to_value(error.to_wire()).unwrap_or_default()),
    };
    let text = format!(r#"{{"jsonrpc":"2.0","id":{to},"{key}":{value}}}"#);
    Outgoing { text, kind: Kind::Response }
}
