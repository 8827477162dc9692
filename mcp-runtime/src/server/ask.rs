//! Questions to the client: forms, pages to visit, messages of its model, its folders.

mod as_task;
mod kinds;

use std::future::{Future, IntoFuture};
use std::marker::PhantomData;
use std::pin::Pin;
use std::time::Duration;

use mcp_schema::v2026_07_28::{
    CreateMessageRequestParams, CreateMessageResult, Root, SamplingMessageContent,
    SamplingMessageContentBlock,
};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

pub use self::as_task::AskAsTask;
use super::context::Context;
use super::definition::ClientFeature;
use super::form;
use crate::error::{RpcError, code};
use crate::journal::{Ask, Asked, Question, StepName};

/// Why a question brought no answer.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InputError {
    /// The client did not declare that it can be asked this. Left unhandled, the call ends with the protocol's own error.
    #[error(
        "the client does not support {0}: call again with a client that declares this capability"
    )]
    Unsupported(&'static str),
    /// Whoever was asked said no.
    #[error("the request for input was declined")]
    Declined,
    /// Whoever was asked closed the question without an answer.
    #[error("the request for input was dismissed")]
    Dismissed,
    /// No answer came in time.
    #[error("nobody answered the request for input in time")]
    TimedOut,
    /// The client answered with an error, or with something that does not fit the question.
    #[error("the client could not answer the request for input: {0}")]
    Failed(String),
    /// The question cannot be put: a mistake of the program.
    #[error("the request for input cannot be put: {0}")]
    Invalid(String),
}

impl InputError {
    /// The protocol's error for a capability that is missing.
    pub(crate) fn missing(feature: ClientFeature) -> RpcError {
        RpcError::new(
            code::MISSING_REQUIRED_CLIENT_CAPABILITY,
            Self::Unsupported(feature.as_str()).to_string(),
        )
        .with_data(json!({ "requiredCapabilities": feature.as_capability() }))
    }
}

/// What somebody did with a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Elicited<T> {
    /// They filled it in.
    Accepted(T),
    /// They said no.
    Declined,
    /// They closed it: `cancel` on the wire.
    Dismissed,
}

impl<T> Elicited<T> {
    /// The content, or the error that says that there is none.
    ///
    /// # Errors
    ///
    /// [`InputError::Declined`] and [`InputError::Dismissed`].
    pub fn accepted(self) -> Result<T, InputError> {
        match self {
            Self::Accepted(content) => Ok(content),
            Self::Declined => Err(InputError::Declined),
            Self::Dismissed => Err(InputError::Dismissed),
        }
    }
}

/// What the client's model wrote.
#[derive(Clone, Debug, PartialEq)]
pub struct Sampled(pub CreateMessageResult);

impl Sampled {
    /// All its text; what is no text is left out.
    pub fn text(&self) -> String {
        let blocks = match &self.0.content {
            SamplingMessageContent::One(block) => std::slice::from_ref(block),
            SamplingMessageContent::Many(blocks) => &blocks[..],
        };
        blocks.iter().fold(String::new(), |all, block| match block {
            SamplingMessageContentBlock::Text(text) => all + &text.text,
            _ => all,
        })
    }
}

/// A question that is about to be put: `.await` it.
///
/// It is put when it is first polled; its key is taken when it is made, so several may be awaited at once. Dropping the future
/// takes the question back.
#[must_use = "a question is put when it is awaited"]
pub struct Input<'a, T> {
    cx: &'a Context,
    state: Result<Ask<'a>, Problem>,
    limit: Option<Duration>,
    read: fn(&str) -> Result<T, InputError>,
    answer: PhantomData<fn() -> T>,
}

enum Problem {
    Missing(ClientFeature),
    Invalid(String),
}

impl<'a, T> Input<'a, T> {
    /// How long to wait for the answer, from when the question was first put. The deadline is kept with the question: a
    /// retry, or a replay, does not start it anew.
    ///
    /// Otherwise it is the `input_timeout` of [`#[mcp_tool]`](macro@crate::mcp_tool), in a task
    /// [`TaskSettings::input_timeout`](crate::TaskSettings::input_timeout), and on a legacy connection
    /// [`Limits::input_timeout`](crate::Limits::input_timeout).
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Takes an answer that the client sent along before it was asked, where it is one that fits.
    ///
    /// Answers are bound to the question that was shown: one to "pay 0?" is none to "pay 2?". Say this only of a question
    /// that means the same whenever and to whomever it is put, such as the user's name. It saves a client that knows the
    /// tool a round.
    pub fn accept_unasked(mut self) -> Self {
        let cx = self.cx;
        self.state = self.state.map(|ask| ask.or_unasked(|key| cx.unasked(key)));
        self
    }

    fn put(
        cx: &'a Context,
        name: impl StepName,
        what: What,
        check: impl Fn(&str) -> Result<(), String> + Send + Sync + 'static,
        read: fn(&str) -> Result<T, InputError>,
    ) -> Self {
        let What { feature, method, params, task } = what;
        let state = match params {
            _ if !cx.client().supports(feature) => Err(Problem::Missing(feature)),
            Err(problem) => Err(Problem::Invalid(problem)),
            Ok(params) => {
                let mut question = json!({ "method": method });
                if let Some(params) = params {
                    question["params"] = params;
                }
                if let Some(task) = task {
                    question["task"] = task;
                }
                Ok(cx.run.ask(name, Question::new(question.to_string()), check))
            }
        };
        Self { cx, state, limit: None, read, answer: PhantomData }
    }
}

/// What is asked.
struct What {
    feature: ClientFeature,
    method: &'static str,
    params: Result<Option<Value>, String>,
    /// `params.task`, where the client may host it.
    task: Option<Value>,
}

impl<'a, T: Send + 'a> IntoFuture for Input<'a, T> {
    type Output = Result<T, InputError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        let Self { cx, state, limit, read, .. } = self;
        Box::pin(async move {
            let ask = match state {
                Ok(ask) => ask,
                Err(Problem::Invalid(problem)) => return Err(InputError::Invalid(problem)),
                Err(Problem::Missing(feature)) => {
                    cx.note(InputError::missing(feature));
                    return Err(InputError::Unsupported(feature.as_str()));
                }
            };
            // A client that is asked on an open connection holds it; elsewhere a question costs nothing while it waits.
            let limit = limit
                .or_else(|| cx.input_timeout())
                .or_else(|| cx.task().map(|task| task.input_timeout()))
                .or_else(|| cx.session.is_some().then(|| cx.server.limits().input_timeout));
            let ask = match limit {
                Some(limit) => ask.timeout(limit),
                None => ask,
            };
            match ask.await {
                Asked::Answer(answer) => read(answer.as_str()),
                Asked::TimedOut => Err(InputError::TimedOut),
                Asked::Refused(reason) | Asked::Invalid(reason) => {
                    Err(InputError::Failed(reason.into()))
                }
            }
        })
    }
}

impl Context {
    /// Asks the user to fill in a form made from `T`, and waits for it.
    ///
    /// `T` is a struct whose fields are text, numbers, truth values, enums of unit variants, or lists of such enums: the
    /// protocol's forms are flat. Doc comments become descriptions, `Option` makes a field optional, `#[serde(default)]`
    /// a default. `name` is the question's key; see [`step`](Self::step) about names.
    ///
    /// On a legacy connection the client is asked at once; a modern call is answered with `input_required` and runs again
    /// with the answer. The code is the same.
    ///
    /// # Errors
    ///
    /// [`InputError`]: the client cannot be asked, did not answer in time, or answered with something else.
    ///
    /// ```
    /// use mcp_runtime::{Context, InputError, mcp_tool};
    /// use schemars::JsonSchema;
    /// use serde::Deserialize;
    ///
    /// #[derive(Deserialize, JsonSchema)]
    /// struct Approval { /** Go on? */ approved: bool }
    ///
    /// /// Deletes a file, if the user agrees.
    /// #[mcp_tool(destructive)]
    /// async fn delete(cx: &Context, path: String) -> Result<String, InputError> {
    ///     let answer = cx.elicit::<Approval>("approval", format!("Delete {path}?")).await?;
    ///     Ok(if answer.accepted()?.approved { format!("deleted {path}") } else { "kept".into() })
    /// }
    /// ```
    pub fn elicit<T: DeserializeOwned + JsonSchema + Send>(
        &self,
        name: impl StepName,
        message: impl Into<String>,
    ) -> Input<'_, Elicited<T>> {
        kinds::form(self, name, message.into(), form::requested_schema::<T>(), None)
    }

    /// Asks the user to fill in a form with a schema written by hand.
    ///
    /// # Errors
    ///
    /// As [`elicit`](Self::elicit).
    pub fn elicit_with<T: DeserializeOwned + Send>(
        &self,
        name: impl StepName,
        message: impl Into<String>,
        schema: Value,
    ) -> Input<'_, Elicited<T>> {
        kinds::form(self, name, message.into(), Ok(schema), None)
    }

    /// Asks the user to visit a page, for what must not pass through the client: a password, a payment, a login.
    ///
    /// The answer says that the user agreed to open it, not that they are done: find that out where the page leads.
    ///
    /// # Errors
    ///
    /// As [`elicit`](Self::elicit); clients before 2025-11-25 cannot be asked.
    pub fn elicit_url(
        &self,
        name: impl StepName,
        message: impl Into<String>,
        url: impl Into<String>,
    ) -> Input<'_, Elicited<()>> {
        kinds::page(self, name, message.into(), url.into(), None)
    }

    /// Has the client's model write a message.
    ///
    /// Sampling is deprecated since 2026-07-28: prefer a model of your own.
    ///
    /// # Errors
    ///
    /// As [`elicit`](Self::elicit).
    pub fn sample(
        &self,
        name: impl StepName,
        request: CreateMessageRequestParams,
    ) -> Input<'_, Sampled> {
        kinds::message(self, name, request, None)
    }

    /// Has the client's model answer one text.
    ///
    /// # Errors
    ///
    /// As [`elicit`](Self::elicit).
    pub fn sample_text(
        &self,
        name: impl StepName,
        prompt: impl Into<String>,
        max_tokens: i64,
    ) -> Input<'_, Sampled> {
        self.sample(name, kinds::text(prompt.into(), max_tokens))
    }

    /// The folders that the client works on. Deprecated since 2026-07-28.
    ///
    /// # Errors
    ///
    /// As [`elicit`](Self::elicit).
    pub fn roots(&self, name: impl StepName) -> Input<'_, Vec<Root>> {
        kinds::roots(self, name)
    }
}
