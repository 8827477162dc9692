//! Questions that the client may answer by a task of its own.

use std::time::Duration;

use mcp_schema::v2026_07_28::CreateMessageRequestParams;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{Elicited, Input, Sampled, kinds};
use crate::journal::StepName;
use crate::server::context::Context;
use crate::server::form;

/// Asks as [`Context`] does, and lets the client host the question as a task. See [`Context::ask_as_task`].
#[derive(Clone, Copy, Debug)]
#[must_use = "nothing is asked before one of its methods is called and awaited"]
pub struct AskAsTask<'a> {
    cx: &'a Context,
    ttl: Option<Duration>,
}

impl Context {
    /// Questions that the client may host as tasks (2025-11-25, Tasks, where the server is the requestor): the client takes
    /// note of the question and answers later, and the server looks how far it is, at the pace that the client proposes.
    /// For questions whose answer takes long: the user is away, or the model thinks.
    ///
    /// The function sees no difference: `.await` brings the answer. A client that did not declare that it hosts such tasks,
    /// or speaks another revision, is asked as usual. Dropping the future, its timeout and the end of the call cancel the
    /// client's task.
    ///
    /// In a task of this server the question is kept like any other; the client's task is not. If the session that was
    /// asked is gone, or this process, the question is asked anew where the task goes on.
    ///
    /// ```
    /// use mcp_runtime::{Context, InputError, mcp_tool};
    ///
    /// /// Has the client's model write a summary.
    /// #[mcp_tool]
    /// async fn summarize(cx: &Context, text: String) -> Result<String, InputError> {
    ///     let prompt = format!("Summarize: {text}");
    ///     Ok(cx.ask_as_task().sample_text("summary", prompt, 500).await?.text())
    /// }
    /// ```
    pub fn ask_as_task(&self) -> AskAsTask<'_> {
        AskAsTask { cx: self, ttl: None }
    }
}

impl<'a> AskAsTask<'a> {
    /// How long the client is asked to keep its task, from its creation on; in milliseconds on the wire (L15). The client may
    /// keep it for another time, and chooses one if this is not said.
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = Some(ttl);
        self
    }

    fn wish(self) -> Option<Value> {
        let milliseconds = |ttl: Duration| u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX);
        Some(self.ttl.map_or_else(|| json!({}), |ttl| json!({ "ttl": milliseconds(ttl) })))
    }

    /// See [`Context::elicit`].
    ///
    /// # Errors
    ///
    /// As there; [`InputError::Failed`](crate::InputError::Failed) also if the client's task failed, was cancelled by the
    /// client or is not there any more.
    pub fn elicit<T: DeserializeOwned + JsonSchema + Send>(
        self,
        name: impl StepName,
        message: impl Into<String>,
    ) -> Input<'a, Elicited<T>> {
        let schema = form::requested_schema::<T>();
        kinds::form(self.cx, name, message.into(), schema, self.wish())
    }

    /// See [`Context::elicit_with`].
    ///
    /// # Errors
    ///
    /// As [`elicit`](Self::elicit).
    pub fn elicit_with<T: DeserializeOwned + Send>(
        self,
        name: impl StepName,
        message: impl Into<String>,
        schema: Value,
    ) -> Input<'a, Elicited<T>> {
        kinds::form(self.cx, name, message.into(), Ok(schema), self.wish())
    }

    /// See [`Context::elicit_url`].
    ///
    /// # Errors
    ///
    /// As [`elicit`](Self::elicit).
    pub fn elicit_url(
        self,
        name: impl StepName,
        message: impl Into<String>,
        url: impl Into<String>,
    ) -> Input<'a, Elicited<()>> {
        kinds::page(self.cx, name, message.into(), url.into(), self.wish())
    }

    /// See [`Context::sample`].
    ///
    /// # Errors
    ///
    /// As [`elicit`](Self::elicit).
    pub fn sample(
        self,
        name: impl StepName,
        request: CreateMessageRequestParams,
    ) -> Input<'a, Sampled> {
        kinds::message(self.cx, name, request, self.wish())
    }

    /// See [`Context::sample_text`].
    ///
    /// # Errors
    ///
    /// As [`elicit`](Self::elicit).
    pub fn sample_text(
        self,
        name: impl StepName,
        prompt: impl Into<String>,
        max_tokens: i64,
    ) -> Input<'a, Sampled> {
        self.sample(name, kinds::text(prompt.into(), max_tokens))
    }
}
