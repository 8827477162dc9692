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

/// What a request may be answered by.
pub trait Answered: Sized + Send + 'static {
    /// Reads it.
    #[doc(hidden)]
    fn read(text: &str) -> Result<Self, serde_json::Error>;
}

impl Answered for ToolResult {
    fn read(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str::<CallToolResult>(text).map(Into::into)
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
#[must_use = "a call is made when it is awaited"]
pub struct Calling<T> {
    client: Client,
    method: &'static str,
    params: Result<JsonObject, ClientError>,
    options: Options,
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
        Self { client, method, params, options, answer: PhantomData }
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
        Box::pin(async move {
            let result = self.client.drive(self.method, self.params?, &self.options).await?;
            T::read(result.get()).map_err(|error| ClientError::invalid(self.method, error))
        })
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
        let result = self.send(method, params, &Options::default()).await?;
        serde_json::from_str(result.get()).map_err(|error| ClientError::invalid(method, error))
    }
}
