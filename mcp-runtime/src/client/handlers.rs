//! What answers the server's questions, and hears what it says: closures of the user.

use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use mcp_schema::Value;
use mcp_schema::shared::Role;
use mcp_schema::v2026_07_28::{
    CreateMessageRequestParams, CreateMessageResult, ElicitRequestParams, InputRequest,
    LoggingMessageNotificationParams, ProgressNotificationParams, Root, SamplingMessageContent,
    TextContent,
};
use serde_json::json;
use serde_json::value::RawValue;
use tokio::task::JoinSet;

use super::error::ClientError;
use crate::error::RpcError;
use crate::server::ask::Elicited;
use crate::task::TaskSettings;

/// What a handler may return where a `T` is wanted: one, or a refusal.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not answer the server's question",
    note = "return `Elicited<serde_json::Value>` to a form, text or a `CreateMessageResult` to a request for sampling, or a `Result` of one of these and `RpcError`"
)]
pub trait IntoAnswer<T> {
    /// The answer.
    ///
    /// # Errors
    ///
    /// The refusal.
    fn into_answer(self) -> Result<T, RpcError>;
}

impl IntoAnswer<Elicited<Value>> for Elicited<Value> {
    fn into_answer(self) -> Result<Self, RpcError> {
        Ok(self)
    }
}

impl IntoAnswer<CreateMessageResult> for CreateMessageResult {
    fn into_answer(self) -> Result<Self, RpcError> {
        Ok(self)
    }
}

impl<T, A: IntoAnswer<T>> IntoAnswer<T> for Result<A, RpcError> {
    fn into_answer(self) -> Result<T, RpcError> {
        self?.into_answer()
    }
}

impl IntoAnswer<CreateMessageResult> for String {
    fn into_answer(self) -> Result<CreateMessageResult, RpcError> {
        let content = SamplingMessageContent::One(TextContent::new(self).into());
        Ok(CreateMessageResult::new(Role::Assistant, content, "client"))
    }
}

impl IntoAnswer<CreateMessageResult> for &str {
    fn into_answer(self) -> Result<CreateMessageResult, RpcError> {
        self.to_owned().into_answer()
    }
}

type Answering = Pin<Box<dyn Future<Output = Result<Value, RpcError>> + Send>>;
type Answer<P> = Arc<dyn Fn(P) -> Answering + Send + Sync>;
pub(super) type Hear<P> = Arc<dyn Fn(&P) + Send + Sync>;
type HearAll = Arc<dyn Fn(&str, &Value) + Send + Sync>;

/// Lets a function of the program hear something: `what` says which. If it panics, nothing else does.
pub(super) fn tell(what: &str, hear: impl FnOnce()) {
    if catch_unwind(AssertUnwindSafe(hear)).is_err() {
        tracing::error!(target: "mcp", what, "a function that hears what the server says panicked");
    }
}

/// All of them.
#[derive(Clone, Default)]
pub(super) struct Handlers {
    pub elicit: Option<Answer<ElicitRequestParams>>,
    pub sample: Option<Answer<CreateMessageRequestParams>>,
    pub roots: Option<Arc<Mutex<Vec<Root>>>>,
    pub log: Option<Hear<LoggingMessageNotificationParams>>,
    pub progress: Option<Hear<ProgressNotificationParams>>,
    pub notification: Option<HearAll>,
    /// Within which bounds questions are answered as tasks, if they are.
    pub host: Option<TaskSettings>,
}

/// A question of the server, in the words of either era.
pub(super) enum Question {
    Elicit(ElicitRequestParams),
    Sample(CreateMessageRequestParams),
    Roots,
}

impl Question {
    /// Reads a request of a legacy server.
    pub fn read(method: &str, params: Option<&RawValue>) -> Result<Self, RpcError> {
        fn read<T: serde::de::DeserializeOwned>(params: Option<&RawValue>) -> Result<T, RpcError> {
            serde_json::from_str(params.map_or("{}", RawValue::get))
                .map_err(|error| RpcError::invalid_params(format!("`params`: {error}")))
        }
        match method {
            "elicitation/create" => read(params).map(Self::Elicit),
            "sampling/createMessage" => read(params).map(Self::Sample),
            "roots/list" => Ok(Self::Roots),
            method => Err(RpcError::method_not_found(method)),
        }
    }

    pub const fn method(&self) -> &'static str {
        match self {
            Self::Elicit(_) => "elicitation/create",
            Self::Sample(_) => "sampling/createMessage",
            Self::Roots => "roots/list",
        }
    }
}

impl From<InputRequest> for Question {
    fn from(request: InputRequest) -> Self {
        match request {
            InputRequest::Elicit(request) => Self::Elicit(request.params),
            InputRequest::CreateMessage(request) => Self::Sample(request.params),
            InputRequest::ListRoots(_) => Self::Roots,
        }
    }
}

impl Handlers {
    pub fn elicit_with<F, Fut, R>(handler: F) -> Answer<ElicitRequestParams>
    where
        F: Fn(ElicitRequestParams) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = R> + Send + 'static,
        R: IntoAnswer<Elicited<Value>> + 'static,
    {
        let handler = Arc::new(handler);
        Arc::new(move |request| {
            let handler = handler.clone();
            // Called in here, a panic of the call itself is contained, too.
            Box::pin(async move {
                Ok(match handler(request).await.into_answer()? {
                    // A page that was agreed to has no content.
                    Elicited::Accepted(Value::Null) => json!({ "action": "accept" }),
                    Elicited::Accepted(content) => {
                        json!({ "action": "accept", "content": content })
                    }
                    Elicited::Declined => json!({ "action": "decline" }),
                    Elicited::Dismissed => json!({ "action": "cancel" }),
                })
            })
        })
    }

    pub fn sample_with<F, Fut, R>(handler: F) -> Answer<CreateMessageRequestParams>
    where
        F: Fn(CreateMessageRequestParams) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = R> + Send + 'static,
        R: IntoAnswer<CreateMessageResult> + 'static,
    {
        let handler = Arc::new(handler);
        Arc::new(move |request| {
            let handler = handler.clone();
            Box::pin(async move {
                let message = handler(request).await.into_answer()?;
                serde_json::to_value(message).map_err(|error| RpcError::internal(error.to_string()))
            })
        })
    }

    /// The methods that the other side can ask for as tasks.
    pub fn hosted(&self) -> impl Iterator<Item = &'static str> {
        let elicit = self.elicit.as_ref().map(|_| "elicitation/create");
        let sample = self.sample.as_ref().map(|_| "sampling/createMessage");
        elicit.into_iter().chain(sample)
    }

    /// The answer to a question, as the other side gets it.
    pub async fn reply(&self, question: Question) -> Result<Value, RpcError> {
        self.answer(question).await.map_err(|error| match error {
            ClientError::Refused { error, .. } => *error,
            ClientError::NoHandler(method) => RpcError::method_not_found(&method),
            other => RpcError::internal(other.to_string()),
        })
    }

    /// The answer to a question; a handler that panics refuses it. Dropping the future drops the handler's.
    pub async fn answer(&self, question: Question) -> Result<Value, ClientError> {
        let method = question.method();
        let missing = || ClientError::NoHandler(method.to_owned());
        let answering = match question {
            Question::Elicit(params) => self.elicit.as_ref().ok_or_else(missing)?(params),
            Question::Sample(params) => self.sample.as_ref().ok_or_else(missing)?(params),
            Question::Roots => {
                let roots = self.roots.as_ref().ok_or_else(missing)?;
                let roots = roots.lock().unwrap_or_else(PoisonError::into_inner);
                return Ok(json!({ "roots": *roots }));
            }
        };
        let mut contained = JoinSet::new();
        contained.spawn(answering);
        let answer = match contained.join_next().await {
            Some(Ok(answer)) => answer,
            _ => Err(RpcError::internal(format!("the client's handler for `{method}` panicked"))),
        };
        answer.map_err(|error| ClientError::Refused { method, error: Box::new(error) })
    }
}

impl fmt::Debug for Handlers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Handlers")
    }
}
