//! One task of a server, as far as the client knows it.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use mcp_schema::v2025_11_25::TaskStatus;
use mcp_schema::{Map, Value};
use tokio::time::Instant;

use super::super::error::ClientError;
use super::super::methods::Client;
use super::super::output::ToolResult;
use super::call::CALL;
use super::ears::Listening;
use super::hold::Claim;
use super::info::{Seen, TaskInfo};
use super::ticket::{TaskTicket, milliseconds, since_1970};
use crate::error::{RpcError, code};

/// How long to wait for the answer to a request about a task, unless the client has less patience: none of them is one that
/// has to wait for anything.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// How much later than its time a task may end, for clocks and wires.
const GRACE: Duration = Duration::from_secs(5);

/// How many questions a task may ask.
const QUESTIONS: usize = 256;

pub(super) struct Remote {
    client: Client,
    id: String,
    tool: String,
    /// When it was created, and how old it was when this began to count.
    created: SystemTime,
    since: (Instant, Duration),
    state: Mutex<State>,
    /// What hears progress as long as there is a handle.
    listening: Mutex<Option<Listening>>,
}

struct State {
    info: TaskInfo,
    /// Questions that are open, as the server said last.
    open: Map<Value>,
    /// Questions that somebody is about to answer.
    claimed: HashSet<String>,
    /// Those that were answered, in order.
    answered: Vec<String>,
    end: Option<End>,
}

enum End {
    Result(Box<ToolResult>),
    Error(RpcError),
    Cancelled,
}

impl End {
    /// L78, L89: a task whose tool has failed is `failed`.
    fn status(&self) -> TaskStatus {
        match self {
            Self::Result(result) if result.is_error => TaskStatus::Failed,
            Self::Result(_) => TaskStatus::Completed,
            Self::Error(_) => TaskStatus::Failed,
            Self::Cancelled => TaskStatus::Cancelled,
        }
    }
}

impl Remote {
    /// A task that the server has just told of.
    pub fn created(client: &Client, tool: &str, seen: Seen) -> Arc<Self> {
        Self::new(client, tool, seen.info, SystemTime::now(), Duration::ZERO, Vec::new())
    }

    pub fn resumed(client: &Client, ticket: TaskTicket, seen: Seen) -> Arc<Self> {
        let created = ticket.created();
        let age = SystemTime::now().duration_since(created).unwrap_or_default();
        let remote = Self::new(client, &ticket.tool, seen.info, created, age, ticket.answered);
        remote.state().open = seen.questions.unwrap_or_default();
        remote
    }

    fn new(
        client: &Client,
        tool: &str,
        info: TaskInfo,
        created: SystemTime,
        age: Duration,
        answered: Vec<String>,
    ) -> Arc<Self> {
        let (id, tool) = (info.id.clone(), tool.to_owned());
        let state = State { info, open: Map::new(), claimed: HashSet::new(), answered, end: None };
        Arc::new(Self {
            client: client.clone(),
            id,
            tool,
            created,
            since: (Instant::now(), age),
            state: Mutex::new(state),
            listening: Mutex::default(),
        })
    }

    pub fn client(&self) -> &Client {
        &self.client
    }

    pub fn id(&self) -> &str {
        &self.id
    }

    pub fn tool(&self) -> &str {
        &self.tool
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the server said last. A legacy result may come before the server was asked whether the task has ended.
    pub fn info(&self) -> TaskInfo {
        let state = self.state();
        let mut info = state.info.clone();
        if let Some(end) = state.end.as_ref().filter(|_| !info.has_ended()) {
            info.status = end.status();
        }
        info
    }

    /// Goes on hearing progress for as long as there is a handle.
    pub fn listen(&self, listening: Listening) {
        *self.listening.lock().unwrap_or_else(PoisonError::into_inner) = Some(listening);
    }

    /// What the progress of the call is known by, where the call was made here.
    pub fn token(&self) -> Option<i64> {
        let listening = self.listening.lock().unwrap_or_else(PoisonError::into_inner);
        listening.as_ref().and_then(|listening| listening.ear.token())
    }

    /// One line of the log for each event of its life (L110, L111).
    pub fn log(&self, event: &str) {
        let status = self.info().status;
        tracing::info!(
            target: "mcp::tasks", event, task = self.id, tool = self.tool, status = status.as_str()
        );
    }

    /// Takes note of what the server says, and tells whether the status or its message is new. `ended` is whether the task was known
    /// to have ended when the server was asked.
    ///
    /// # Errors
    ///
    /// It speaks of another task, or this one has ended and has not any more.
    pub fn note(&self, method: &str, seen: &Seen, ended: bool) -> Result<bool, ClientError> {
        let invalid = |problem: String| Err(ClientError::invalid(method, problem));
        let Seen { info, questions, .. } = seen;
        if info.id != self.id {
            return invalid(format!("asked about task `{}`, it speaks of `{}`", self.id, info.id));
        }
        let mut state = self.state();
        let before = state.info.status;
        if state.info.has_ended() && !info.has_ended() && !ended {
            // It was on its way when the end became known.
            return Ok(false);
        }
        if state.info.has_ended() && info.status != before {
            // L35, X30
            let now = info.status;
            return invalid(format!("task `{}` was {before} for good, and is {now} now", self.id));
        }
        let new = before != info.status || state.info.message != info.message;
        state.info = info.clone();
        state.open = match info.status {
            TaskStatus::InputRequired => questions.clone().unwrap_or_default(),
            _ => Map::new(),
        };
        drop(state);
        if before != info.status {
            self.log("status");
        }
        Ok(new)
    }

    /// The time after which it may be gone is over, and it has not ended (X38).
    pub fn check_ttl(&self) -> Result<(), ClientError> {
        let (since, age) = self.since;
        let state = self.state();
        match state.info.ttl {
            Some(ttl) if !state.info.has_ended() && age + since.elapsed() > ttl + GRACE => {
                Err(ClientError::TaskExpired { task: self.id.clone(), ttl })
            }
            _ => Ok(()),
        }
    }

    /// The questions that are open, and were not answered.
    pub fn questions(&self) -> Map<Value> {
        let state = self.state();
        let open = state.open.iter().filter(|(key, _)| !state.answered.contains(key));
        open.map(|(key, question)| (key.clone(), question.clone())).collect()
    }

    /// Takes the open questions that nobody is about to answer: each key is put once (X43).
    ///
    /// # Errors
    ///
    /// There is no end of questions.
    pub fn claim(self: &Arc<Self>) -> Result<Vec<(Claim, Value)>, ClientError> {
        let mut found = Vec::new();
        {
            let mut state = self.state();
            let State { open, claimed, answered, .. } = &mut *state;
            for (key, question) in open.iter() {
                if !answered.contains(key) && claimed.insert(key.clone()) {
                    found.push((key.clone(), question.clone()));
                }
            }
        }
        let claim = |(key, question)| (Claim::new(self, key), question);
        let claims: Vec<_> = found.into_iter().map(claim).collect();
        let (asked, state) = (claims.len(), self.state());
        if asked > 0 && state.claimed.len() + state.answered.len() > QUESTIONS {
            drop(state);
            let method = "tasks/get".to_owned();
            return Err(ClientError::TooManyRounds { method, rounds: QUESTIONS });
        }
        drop(state);
        Ok(claims)
    }

    /// One question, for whoever answers it by hand. One that is not open is none (X47).
    pub fn claim_one(self: &Arc<Self>, key: &str) -> Option<Claim> {
        let mut state = self.state();
        let free = !state.answered.iter().any(|known| known == key);
        (free && state.open.contains_key(key)).then(|| {
            state.claimed.insert(key.to_owned());
            Claim::new(self, key.to_owned())
        })
    }

    /// Nobody is about to answer it any more.
    pub fn release(&self, key: &str) {
        self.state().claimed.remove(key);
    }

    pub fn is_open(&self, key: &str) -> bool {
        self.state().open.contains_key(key)
    }

    pub fn open_keys(&self) -> Vec<String> {
        self.state().open.keys().cloned().collect()
    }

    /// Sends answers. What the server has taken is answered for good (X51).
    pub async fn update(&self, answers: Map<Value>) -> Result<(), ClientError> {
        let keys: Vec<String> = answers.keys().cloned().collect();
        let responses = Value::Object(answers.into_iter().collect());
        let more = Some(("inputResponses", responses));
        self.client
            .ask_about_task("tasks/update", &self.id, more, Some(PATIENCE))
            .await
            .map_err(|error| self.unknown(error))?;
        self.mark_answered(keys);
        self.log("answered");
        self.keep().await
    }

    fn mark_answered(&self, keys: Vec<String>) {
        let mut state = self.state();
        for key in keys {
            state.open.shift_remove(&key);
            if !state.answered.contains(&key) {
                state.answered.push(key);
            }
        }
    }

    /// Asks how far the task is.
    pub async fn ask(&self) -> Result<Seen, ClientError> {
        const METHOD: &str = "tasks/get";
        let answer = self.client.ask_about_task(METHOD, &self.id, None, Some(PATIENCE)).await;
        match answer {
            Ok(answer) => Seen::read(METHOD, answer.get()),
            Err(ClientError::Rpc { error, .. }) if error.code == code::INVALID_PARAMS => {
                Err(self.gone(error).await)
            }
            Err(error) => Err(error),
        }
    }

    /// The server knows no such task, or not any more: nobody comes back to it.
    pub async fn gone(&self, error: Box<RpcError>) -> ClientError {
        self.forget().await;
        ClientError::UnknownTask { task: self.id.clone(), error }
    }

    /// What the end of the task is, once it is known.
    ///
    /// # Errors
    ///
    /// The error that the call came to; that the task was cancelled.
    pub fn outcome(&self) -> Result<ToolResult, ClientError> {
        let state = self.state();
        match &state.end {
            Some(End::Result(result)) => Ok((**result).clone()),
            Some(End::Error(error)) => Err(ClientError::refused(CALL, error.clone())),
            Some(End::Cancelled) => Err(ClientError::TaskCancelled {
                task: self.id.clone(),
                message: state.info.message.clone(),
            }),
            None => Err(ClientError::invalid(CALL, "the task has not ended")),
        }
    }

    /// Gives [`outcome`](Self::outcome) to somebody: with that the task is done with.
    pub async fn take(&self) -> Result<ToolResult, ClientError> {
        if self.has_outcome() {
            self.forget().await;
        }
        self.outcome()
    }

    pub fn has_outcome(&self) -> bool {
        self.state().end.is_some()
    }

    fn end(&self, end: End) {
        self.state().end.get_or_insert(end);
        self.log("ended");
    }

    pub fn end_with_result(&self, result: ToolResult) {
        self.end(End::Result(Box::new(result)));
    }

    pub fn end_with_error(&self, error: RpcError) {
        self.end(End::Error(error));
    }

    /// There is nothing to take any more.
    pub async fn end_cancelled(&self) {
        self.end(End::Cancelled);
        self.forget().await;
    }

    /// An error that says that there is no such task says so. It may be about the answers, too.
    fn unknown(&self, error: ClientError) -> ClientError {
        match error {
            ClientError::Rpc { error, .. } if error.code == code::INVALID_PARAMS => {
                ClientError::UnknownTask { task: self.id.clone(), error }
            }
            other => other,
        }
    }

    pub fn ticket(&self) -> TaskTicket {
        let state = self.state();
        TaskTicket {
            server: self.client.address(),
            task_id: self.id.clone(),
            revision: self.client.revision().as_str().to_owned(),
            tool: self.tool.clone(),
            created_ms: since_1970(self.created),
            ttl_ms: state.info.ttl.map(milliseconds),
            poll_interval_ms: state.info.poll_interval.map(milliseconds),
            answered: state.answered.clone(),
        }
    }

    /// Writes it down, where tasks are (X29).
    pub async fn keep(&self) -> Result<(), ClientError> {
        let Some(handles) = &self.client.tasks_settings().handles else { return Ok(()) };
        let problem = |error| ClientError::Handle { task: self.id.clone(), error };
        handles.save(&self.ticket()).await.map_err(problem)
    }

    /// It was written down for nothing any more.
    pub async fn forget(&self) {
        forget(&self.client, &self.ticket()).await;
    }

    fn can_be_cancelled(&self) -> bool {
        self.client.is_modern() || self.client.task_capability(&["cancel"])
    }

    /// Asks the server to cancel it (L77, X55). A legacy one answers with the task, a modern one with nothing, and may take its
    /// time (X58).
    pub async fn cancel(&self) -> Result<TaskStatus, ClientError> {
        const METHOD: &str = "tasks/cancel";
        if !self.can_be_cancelled() {
            return Err(ClientError::Unsupported(
                "the server declares no `tasks.cancel`: its tasks run to their end",
            ));
        }
        let answer = self.client.ask_about_task(METHOD, &self.id, None, Some(PATIENCE)).await;
        let error = match answer {
            Ok(answer) => {
                if !self.client.is_modern() {
                    self.note(METHOD, &Seen::read(METHOD, answer.get())?, false)?;
                }
                self.log("cancel");
                return Ok(self.cancelled().await);
            }
            Err(error) => error,
        };
        // L71: it has ended before, unless there is no such task.
        if error.code() == Some(code::INVALID_PARAMS) {
            let seen = self.ask().await?;
            self.note("tasks/get", &seen, false)?;
            if seen.info.has_ended() {
                return Ok(self.cancelled().await);
            }
        }
        Err(error)
    }

    /// What is known of it now. One that is seen to be cancelled has ended: nobody counts on seeing it again (L76).
    pub async fn cancelled(&self) -> TaskStatus {
        let status = self.info().status;
        if status == TaskStatus::Cancelled {
            self.end_cancelled().await;
        }
        status
    }

    /// Cancels it from where nobody can wait, as well as that can be done.
    pub fn cancel_later(self: Arc<Self>) {
        if !self.can_be_cancelled() || self.client.connection().is_closed() {
            return;
        }
        let connection = self.client.connection().clone();
        connection.spawn(async move {
            match self.cancel().await {
                Ok(_) => self.forget().await,
                Err(error) => {
                    tracing::warn!(target: "mcp::tasks", task = self.id, %error, "it could not be cancelled");
                }
            }
        });
    }
}

/// Removes a ticket, where they are kept.
pub(super) async fn forget(client: &Client, ticket: &TaskTicket) {
    let Some(handles) = &client.tasks_settings().handles else { return };
    if let Err(error) = handles.remove(ticket).await {
        let task = ticket.task_id();
        tracing::warn!(target: "mcp::tasks", task, %error, "its ticket stays where it is");
    }
}
