//! A request to its end: with the metadata of its era, and with the input that the server asks for on the way.

use std::time::Duration;

use mcp_schema::v2026_07_28::InputRequests;
use mcp_schema::{JsonObject, Value};
use serde_json::json;
use serde_json::value::RawValue;
use tokio::task::JoinSet;

use super::connection::{Before, Pending};
use super::error::ClientError;
use super::handlers::Question;
use super::methods::Client;
use crate::protocol::envelope;

/// What one request wants beside its parameters.
#[derive(Clone, Default)]
pub(super) struct Options {
    pub meta: JsonObject,
    pub before: Before,
    pub timeout: Option<Duration>,
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
        let wants_progress =
            options.before.progress.is_some() || self.connection().handlers.progress.is_some();
        let complete = |id: i64| {
            let mut params = params;
            let mut meta = if modern { self.meta() } else { JsonObject::new() };
            if wants_progress {
                meta.insert("progressToken".into(), id.into());
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
        self.connection().request(method, complete, options.before.clone()).await
    }

    /// One request and its answer.
    pub(super) async fn send(
        &self,
        method: &str,
        params: JsonObject,
        options: &Options,
    ) -> Result<Box<RawValue>, ClientError> {
        let answer = async {
            let pending = self.begin(method, params, options).await?;
            pending.answer(method).await
        };
        match options.timeout.or(self.timeout()) {
            None => answer.await,
            // The time is up: the future is dropped, and the request cancelled with it.
            Some(limit) => tokio::time::timeout(limit, answer).await.unwrap_or_else(|_| {
                Err(ClientError::TimedOut { method: method.to_owned(), limit })
            }),
        }
    }

    /// A request, and its repetitions with the input that the server asks for (2026-07-28, MRTR).
    pub(super) async fn drive(
        &self,
        method: &str,
        params: JsonObject,
        options: &Options,
    ) -> Result<Box<RawValue>, ClientError> {
        let mut next = params.clone();
        let mut rounds = 0;
        loop {
            let result = self.send(method, next, options).await?;
            if !self.is_modern() {
                return Ok(result);
            }
            const KEYS: [&str; 3] = ["resultType", "inputRequests", "requestState"];
            let [kind, requests, state] = envelope::fields(result.get(), &KEYS)
                .map_err(|error| ClientError::invalid(method, error))?;
            match kind.map(|kind| envelope::text(kind).unwrap_or_default()).as_deref() {
                None | Some("complete") => return Ok(result),
                Some("input_required") => {}
                Some(other) => {
                    let problem = format!("this client knows no `resultType` `{other}`");
                    return Err(ClientError::invalid(method, problem));
                }
            }
            rounds += 1;
            if rounds > self.max_rounds() {
                return Err(ClientError::TooManyRounds { method: method.to_owned(), rounds });
            }
            next = params.clone();
            if let Some(requests) = requests {
                let requests: InputRequests = serde_json::from_str(requests.get())
                    .map_err(|error| ClientError::invalid(method, error))?;
                next.insert("inputResponses".into(), self.answers(requests).await?);
            }
            if let Some(state) = state {
                // As it came: it means nothing to anybody but the server.
                next.insert("requestState".into(), json!(state));
            }
        }
    }

    /// The answers to all questions of one round, found at the same time.
    async fn answers(&self, requests: InputRequests) -> Result<Value, ClientError> {
        let keys: Vec<String> = requests.keys().cloned().collect();
        let mut answering = JoinSet::new();
        for (key, request) in requests {
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
