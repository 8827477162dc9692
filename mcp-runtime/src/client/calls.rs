//! Requests that are about to be made.

use std::future::{Future, IntoFuture};
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use mcp_schema::shared::CompleteResultCompletion;
use mcp_schema::v2026_07_28::{
    CallToolResult, CompleteResult, GetPromptResult, ProgressNotificationParams, ReadResourceResult,
};
use mcp_schema::{JsonObject, Value};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::error::ClientError;
use super::methods::Client;
use super::output::ToolResult;
use super::rounds::Options;
use super::task::{Call, CallStream, RemoteTask, TaskWish};

/// What a request may be answered by.
pub trait Answered: Sized + Send + 'static {
    /// Reads it.
    #[doc(hidden)]
    fn read(text: &str) -> Result<Self, serde_json::Error>;
    /// Makes the call.
    #[doc(hidden)]
    fn call(calling: Calling<Self>) -> impl Future<Output = Result<Self, ClientError>> + Send {
        calling.plain()
    }
}

impl Answered for ToolResult {
    fn read(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str::<CallToolResult>(text).map(Into::into)
    }

    fn call(calling: Calling<Self>) -> impl Future<Output = Result<Self, ClientError>> + Send {
        calling.prepare(TaskWish::IfRequired).finish()
    }
}

impl Answered for GetPromptResult {
    fn read(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }
}

impl Answered for ReadResourceResult {
    fn read(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }
}

/// A call that is about to be made: `.await` it.
///
/// What the server asks for on the way is answered by the client's handlers. Dropping the future before it is ready cancels
/// the call. A repetition with input is a request of its own, and a timeout holds for each.
///
/// The call of a tool may become a task. Then `.await` goes on until the task has ended, which may be after longer than a timeout
/// says; dropping the future cancels the task with `tasks/cancel`, in the background and as well as that can be done. `.stream()`
/// tells what happens on the way, and `.task()` gives a handle.
///
/// An error cancels the task as well, with two exceptions: after [`TaskDeadline`](ClientError::TaskDeadline), which names it, it
/// goes on; and where tasks are kept ([`keep_tasks`](super::ClientBuilder::keep_tasks)) it goes on, and its ticket stays, after
/// errors of the wire (`Closed`, `Interrupted`, `Unreachable`, `TimedOut`, `Http`, `Unauthorized`, `Token`, -32603).
#[must_use = "a call is made when it is awaited"]
pub struct Calling<T> {
    client: Client,
    method: &'static str,
    params: Result<JsonObject, ClientError>,
    options: Options,
    wish: Option<TaskWish>,
    ttl: Option<Duration>,
    answer: PhantomData<fn() -> T>,
}

impl<T> Calling<T> {
    pub(super) fn new(
        client: &Client,
        method: &'static str,
        (key, target): (&str, String),
        arguments: Result<JsonObject, ClientError>,
    ) -> Self {
        let params = arguments.map(|arguments| {
            let mut params = JsonObject::new();
            params.insert(key.to_owned(), target.into());
            if !arguments.is_empty() {
                params.insert("arguments".to_owned(), Value::Object(arguments));
            }
            params
        });
        let (client, options) = (client.clone(), Options::default());
        Self { client, method, params, options, wish: None, ttl: None, answer: PhantomData }
    }

    /// Hears how far the call is. The server is asked to report it.
    pub fn on_progress(
        mut self,
        hear: impl Fn(&ProgressNotificationParams) + Send + Sync + 'static,
    ) -> Self {
        self.options.before.progress = Some(Arc::new(hear));
        self
    }

    /// Metadata of your own.
    pub fn meta(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.options.meta.insert(key.into(), value.into());
        self
    }

    /// How long to wait for an answer, in place of the client's [`timeout`](super::ClientBuilder::timeout).
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.options.timeout = Some(limit);
        self
    }
}

impl<T: Answered> IntoFuture for Calling<T> {
    type Output = Result<T, ClientError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { T::call(self).await })
    }
}

impl<T: Answered> Calling<T> {
    /// A call that is answered by its result.
    async fn plain(self) -> Result<T, ClientError> {
        let answer = self.client.drive(self.method, self.params?, &self.options).await?;
        T::read(answer.complete(self.method)?.get()).map_err(|error| {
            // What cannot be read is not kept.
            self.client.cache().forget(self.method);
            ClientError::invalid(self.method, error)
        })
    }
}

impl Calling<ToolResult> {
    /// Whether the call is to be a task, in place of what suits how it is taken: `.await` makes one only where there has to be
    /// one, [`stream`](Self::stream) and [`task`](Self::task) wherever the server and the tool allow it. Modern servers decide
    /// by themselves, unless it is [`TaskWish::Never`].
    pub fn as_task(mut self, wish: TaskWish) -> Self {
        self.wish = Some(wish);
        self
    }

    /// How long the task shall exist from its creation on, if the call becomes one: a wish, which only legacy servers hear.
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = Some(ttl);
        self
    }

    fn prepare(mut self, wish: TaskWish) -> Call {
        // The ear of the call goes on hearing when it has become a task.
        let hear = self.options.before.progress.take();
        let (client, params, options) = (self.client, self.params, self.options);
        Call { client, params, options, wish: self.wish.unwrap_or(wish), ttl: self.ttl, hear }
    }

    /// Makes the call when the stream is polled, and tells what happens to it: that it has become a task, its status, questions,
    /// progress, the result.
    pub fn stream(self) -> CallStream {
        CallStream::call(self.prepare(TaskWish::IfAllowed))
    }

    /// Makes the call, and gives a handle on it as soon as it has become a task or was answered. Where tasks are kept
    /// ([`keep_tasks`](super::ClientBuilder::keep_tasks)), it is written down by then.
    ///
    /// Dropping the future before that drops the call; dropping the handle cancels nothing.
    ///
    /// # Errors
    ///
    /// Any [`ClientError`].
    pub async fn task(self) -> Result<RemoteTask, ClientError> {
        self.prepare(TaskWish::IfAllowed).task().await
    }
}

/// Suggestions that are about to be asked for: `.await` it.
#[must_use = "nothing is asked for before it is awaited"]
pub struct Completing {
    client: Client,
    params: JsonObject,
    context: JsonObject,
}

impl Completing {
    pub(super) fn new(client: &Client, reference: Value, argument: &str, value: &str) -> Self {
        let mut params = JsonObject::new();
        params.insert("ref".to_owned(), reference);
        params.insert("argument".to_owned(), json!({ "name": argument, "value": value }));
        Self { client: client.clone(), params, context: JsonObject::new() }
    }

    /// Another argument, which is filled in already.
    pub fn with(mut self, argument: impl Into<String>, value: impl Into<String>) -> Self {
        self.context.insert(argument.into(), Value::String(value.into()));
        self
    }
}

impl IntoFuture for Completing {
    type Output = Result<CompleteResultCompletion, ClientError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        let Self { client, mut params, context } = self;
        if !context.is_empty() {
            params.insert("context".to_owned(), json!({ "arguments": context }));
        }
        Box::pin(async move {
            let result: CompleteResult = client.ask("completion/complete", params).await?;
            Ok(result.completion)
        })
    }
}

/// Arguments as an object; `()` and `null` are none.
pub(super) fn object(arguments: impl Serialize) -> Result<JsonObject, ClientError> {
    match serde_json::to_value(arguments) {
        Ok(Value::Object(arguments)) => Ok(arguments),
        Ok(Value::Null) => Ok(JsonObject::new()),
        Ok(other) => Err(ClientError::Arguments(format!("found {other}"))),
        Err(error) => Err(ClientError::Arguments(error.to_string())),
    }
}

impl Client {
    /// A request whose answer is one message.
    pub(super) async fn ask<T: DeserializeOwned>(
        &self,
        method: &str,
        params: JsonObject,
    ) -> Result<T, ClientError> {
        let (result, _) = self.fetch(method, params, &Options::default()).await?;
        let read = self.complete(method, &result).and_then(|()| {
            serde_json::from_str(result.get()).map_err(|error| ClientError::invalid(method, error))
        });
        // What cannot be read is not kept.
        read.inspect_err(|_| self.cache().forget(method))
    }
}
