//! A request to its end: with the metadata of its era, and with the input that the server asks for on the way.

use std::time::Duration;

use mcp_schema::v2026_07_28::InputRequests;
use mcp_schema::{JsonObject, Value};
use serde_json::json;
use serde_json::value::RawValue;
use tokio::task::JoinSet;

use super::connection::{Before, Pending, QUESTIONS};
use super::error::ClientError;
use super::handlers::Question;
use super::methods::Client;
use super::task::{self, Birth, CallEvent};
use crate::protocol::envelope;
use mcp_schema::v2026_07_28::meta_key;

/// What one request wants beside its parameters.
#[derive(Clone, Default)]
pub(super) struct Options {
    pub meta: JsonObject,
    pub before: Before,
    pub timeout: Option<Duration>,
    pub tasks: Tasks,
}

/// What a request says of tasks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Tasks {
    /// Nothing: it is not answered with one.
    #[default]
    None,
    /// A modern one declares that it knows them (X2).
    Declared,
    /// A legacy one asks to be one.
    Augmented,
}

/// The answer to a request that may be answered in two ways (X6, X99).
#[derive(Debug)]
pub(super) enum Answer {
    Complete(Box<RawValue>),
    /// It is a task now, which this describes.
    Task(Box<RawValue>),
}

impl Answer {
    /// The result of a request that cannot become a task: if it says that it has, that is no answer to it (X7).
    pub fn complete(self, method: &str) -> Result<Box<RawValue>, ClientError> {
        match self {
            Self::Complete(result) => Ok(result),
            Self::Task(_) => {
                Err(ClientError::invalid(method, "it is a task, which nobody asked for"))
            }
        }
    }
}

impl Client {
    /// Sends a request, with the metadata that its era demands.
    pub(super) async fn begin(
        &self,
        method: &str,
        params: JsonObject,
        options: &Options,
    ) -> Result<Pending, ClientError> {
        let modern = self.is_modern();
        let mut before = options.before.clone();
        before.params = self.mirrored(method, &params).await?;
        let wants_progress =
            options.before.progress.is_some() || self.connection().handlers.progress.is_some();
        let wants_progress =
            wants_progress || options.before.task.as_ref().is_some_and(|ear| ear.wants_progress());
        let complete = |id: i64| {
            let mut params = params;
            let mut meta = if modern { self.meta() } else { JsonObject::new() };
            if wants_progress {
                meta.insert("progressToken".into(), id.into());
            }
            if modern && (options.tasks == Tasks::Declared || task::is_about_tasks(method, &params))
            {
                declare(&mut meta);
            }
            meta.extend(options.meta.clone());
            // What the caller wrote by hand goes before everything.
            if let Some(Value::Object(own)) = params.shift_remove("_meta") {
                meta.extend(own);
            }
            if !meta.is_empty() {
                params.insert("_meta".into(), Value::Object(meta));
            }
            (modern || !params.is_empty()).then_some(Value::Object(params))
        };
        self.connection().request(method, complete, before).await
    }

    /// One request and its answer.
    pub(super) async fn send(
        &self,
        method: &str,
        params: JsonObject,
        options: &Options,
    ) -> Result<Box<RawValue>, ClientError> {
        let answer = async {
            let again = params.clone();
            let pending = self.begin(method, params, options).await?;
            match Birth::new(self, pending, options.tasks).answer().await {
                Err(error) if self.once_more(method, &again, &error).await => {
                    let pending = self.begin(method, again, options).await?;
                    Birth::new(self, pending, options.tasks).answer().await
                }
                answer => answer,
            }
        };
        match options.timeout.or(self.timeout()) {
            None => answer.await,
            // The time is up: the future is dropped, and the request cancelled with it.
            Some(limit) => tokio::time::timeout(limit, answer).await.unwrap_or_else(|_| {
                Err(ClientError::TimedOut { method: method.to_owned(), limit })
            }),
        }
    }

    /// Whether a result is complete: of a method that never asks for input.
    pub(super) fn complete(&self, method: &str, result: &RawValue) -> Result<(), ClientError> {
        if !self.is_modern() {
            return Ok(());
        }
        let [kind] = envelope::fields(result.get(), &["resultType"])
            .map_err(|error| ClientError::invalid(method, error))?;
        match kind.map(|kind| envelope::text(kind).unwrap_or_default()).as_deref() {
            None | Some("complete") => Ok(()),
            Some(other) => {
                let problem = format!("`resultType` is `{other}` where only `complete` can be");
                Err(ClientError::invalid(method, problem))
            }
        }
    }

    /// A request, and its repetitions with the input that the server asks for (2026-07-28, MRTR).
    pub(super) async fn drive(
        &self,
        method: &str,
        params: JsonObject,
        options: &Options,
    ) -> Result<Answer, ClientError> {
        let mut next = params.clone();
        let mut rounds = 0;
        loop {
            let (result, _) = self.fetch(method, next, options).await?;
            if !self.is_modern() {
                return legacy(method, result, options.tasks);
            }
            const KEYS: [&str; 3] = ["resultType", "inputRequests", "requestState"];
            let [kind, requests, state] = envelope::fields(result.get(), &KEYS)
                .map_err(|error| ClientError::invalid(method, error))?;
            match kind.map(|kind| envelope::text(kind).unwrap_or_default()).as_deref() {
                None | Some("complete") => return Ok(Answer::Complete(result)),
                Some("input_required") => {}
                Some("task") if options.tasks == Tasks::Declared => {
                    return Ok(Answer::Task(result));
                }
                Some(other) => {
                    let problem = format!("this client knows no `resultType` `{other}`");
                    return Err(ClientError::invalid(method, problem));
                }
            }
            rounds += 1;
            if rounds > self.max_rounds() {
                return Err(ClientError::TooManyRounds { method: method.to_owned(), rounds });
            }
            if requests.is_none() && state.is_none() {
                let problem =
                    "it asks for input, and has neither `inputRequests` nor `requestState`";
                return Err(ClientError::invalid(method, problem));
            }
            next = params.clone();
            if let Some(requests) = requests {
                let requests: InputRequests = serde_json::from_str(requests.get())
                    .map_err(|error| ClientError::invalid(method, error))?;
                if requests.len() > QUESTIONS {
                    let problem = format!(
                        "it asks {} questions at once: {QUESTIONS} are answered at most",
                        requests.len()
                    );
                    return Err(ClientError::invalid(method, problem));
                }
                next.insert(
                    "inputResponses".into(),
                    self.answers(requests, options.before.task.as_deref()).await?,
                );
            }
            if let Some(state) = state {
                // As it came: it means nothing to anybody but the server.
                next.insert("requestState".into(), json!(state));
            }
        }
    }

    /// The answers to all questions of one round, found at the same time.
    async fn answers(
        &self,
        requests: InputRequests,
        ear: Option<&task::Ear>,
    ) -> Result<Value, ClientError> {
        let keys: Vec<String> = requests.keys().cloned().collect();
        let mut answering = JoinSet::new();
        for (key, request) in requests {
            if let Some(ear) = ear.filter(|ear| ear.follows()) {
                let raw = json!(request);
                let [method, params] = ["method", "params"].map(|key| raw[key].clone());
                let method = method.as_str().unwrap_or_default().to_owned();
                ear.push(CallEvent::Input { key: key.clone(), method, params });
            }
            let connection = self.connection().clone();
            answering.spawn(async move {
                (key, connection.handlers.answer(Question::from(request)).await)
            });
        }
        let mut found = JsonObject::new();
        while let Some(answer) = answering.join_next().await {
            let (key, answer) = answer.map_err(|error| ClientError::Closed(error.to_string()))?;
            found.insert(key, answer?);
        }
        let in_order = keys.into_iter().filter_map(|key| found.shift_remove_entry(&key));
        Ok(Value::Object(in_order.collect()))
    }
}

/// Declares the extension in the metadata of one request (X1, X2).
fn declare(meta: &mut JsonObject) {
    let capabilities = meta.entry(meta_key::CLIENT_CAPABILITIES).or_insert_with(|| json!({}));
    let extensions = &mut capabilities["extensions"];
    if !extensions.is_object() {
        *extensions = json!({});
    }
    if extensions.get(task::EXTENSION).is_none() {
        extensions[task::EXTENSION] = json!({});
    }
}

/// The answer of a legacy server: a task where one was asked for and is given (L16), a result where the server takes no
/// notice of that (L28).
fn legacy(method: &str, result: Box<RawValue>, tasks: Tasks) -> Result<Answer, ClientError> {
    if tasks == Tasks::Augmented {
        let [task, content] = envelope::fields(result.get(), &["task", "content"])
            .map_err(|error| ClientError::invalid(method, error))?;
        if task.is_some() && content.is_none() {
            return Ok(Answer::Task(result));
        }
    }
    Ok(Answer::Complete(result))
}
