//! What a client can ask a server.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use mcp_schema::shared::{Implementation, LoggingLevel};
use mcp_schema::v2026_07_28::{
    DiscoverResult, GetPromptResult, Prompt, ReadResourceResult, Resource, ResourceTemplate,
    ServerCapabilities, SubscriptionFilter, Tool, meta_key,
};
use mcp_schema::{JsonObject, Value};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use tokio::task::{JoinHandle, JoinSet};

use super::builder::ClientBuilder;
use super::calls::{Calling, Completing, object};
use super::connection::{Before, Connection};
use super::error::ClientError;
use super::output::ToolResult;
use super::rounds::Options;
use super::subscription::{Ear, Subscription};
use crate::error::ServeError;
use crate::protocol::revision::Revision;
use crate::server::handle::Server;

/// A list of more pages than this has no end.
const PAGES: usize = 10_000;

/// A client of one server. Cheap to clone; when the last clone is dropped, the connection ends.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

pub(super) struct Inner {
    pub connection: Arc<Connection>,
    pub revision: Revision,
    pub initialized: Option<Initialized>,
    /// What every modern request says of its client.
    pub meta: JsonObject,
    pub level: Mutex<Option<LoggingLevel>>,
    pub max_rounds: usize,
    pub timeout: Option<Duration>,
    /// What carries the connection; dropped, it breaks off.
    pub _tasks: JoinSet<()>,
    pub serving: Mutex<Option<JoinHandle<Result<(), ServeError>>>>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.connection.close("the client was dropped");
    }
}

/// What a legacy server said of itself when the connection began.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Initialized {
    /// The revision that was agreed upon.
    pub revision: Revision,
    /// What the server can do.
    pub capabilities: ServerCapabilities,
    /// Its name and version.
    pub server_info: Implementation,
    /// How to use it.
    pub instructions: Option<String>,
}

impl Server {
    /// A modern client of this server, in memory: for tests.
    ///
    /// # Errors
    ///
    /// None, as things are: a modern connection begins without a word.
    pub async fn connect(&self) -> Result<Client, ClientError> {
        Client::connect(self).await
    }
}

impl Client {
    /// Connects to a server in memory, as a modern client without handlers: for tests.
    ///
    /// # Errors
    ///
    /// None, as things are: a modern connection begins without a word.
    pub async fn connect(server: &Server) -> Result<Self, ClientError> {
        Self::builder().connect(server).await
    }

    /// Begins a client: its lifecycle, its handlers.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::new()
    }

    pub(super) fn new(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }

    pub(super) fn connection(&self) -> &Arc<Connection> {
        &self.0.connection
    }

    pub(super) fn is_modern(&self) -> bool {
        self.0.revision.is_modern()
    }

    pub(super) fn max_rounds(&self) -> usize {
        self.0.max_rounds
    }

    pub(super) fn timeout(&self) -> Option<Duration> {
        self.0.timeout
    }

    /// The metadata of a modern request.
    pub(super) fn meta(&self) -> JsonObject {
        let mut meta = self.0.meta.clone();
        if let Some(level) = &*self.0.level.lock().unwrap_or_else(PoisonError::into_inner) {
            meta.insert(meta_key::LOG_LEVEL.to_owned(), json!(level));
        }
        meta
    }

    /// The revision that is spoken.
    pub fn revision(&self) -> Revision {
        self.0.revision
    }

    /// What a legacy server said when the connection began; for a modern one there is [`discover`](Self::discover).
    pub fn initialized(&self) -> Option<&Initialized> {
        self.0.initialized.as_ref()
    }

    /// What a modern server speaks and offers.
    ///
    /// # Errors
    ///
    /// Any [`ClientError`]; a legacy server knows no such method. Cancel safe, like every request: dropped before its answer
    /// is there, it is cancelled.
    pub async fn discover(&self) -> Result<DiscoverResult, ClientError> {
        self.ask("server/discover", JsonObject::new()).await
    }

    /// Whether the server is there. Modern servers know no such method.
    ///
    /// # Errors
    ///
    /// Any [`ClientError`].
    pub async fn ping(&self) -> Result<(), ClientError> {
        self.ask::<JsonObject>("ping", JsonObject::new()).await.map(drop)
    }

    /// All tools, page by page.
    ///
    /// # Errors
    ///
    /// Any [`ClientError`].
    pub async fn list_tools(&self) -> Result<Vec<Tool>, ClientError> {
        self.list("tools/list", "tools").await
    }

    /// All prompts, page by page.
    ///
    /// # Errors
    ///
    /// Any [`ClientError`].
    pub async fn list_prompts(&self) -> Result<Vec<Prompt>, ClientError> {
        self.list("prompts/list", "prompts").await
    }

    /// All resources, page by page.
    ///
    /// # Errors
    ///
    /// Any [`ClientError`].
    pub async fn list_resources(&self) -> Result<Vec<Resource>, ClientError> {
        self.list("resources/list", "resources").await
    }

    /// All templates of resources, page by page.
    ///
    /// # Errors
    ///
    /// Any [`ClientError`].
    pub async fn list_resource_templates(&self) -> Result<Vec<ResourceTemplate>, ClientError> {
        self.list("resources/templates/list", "resourceTemplates").await
    }

    async fn list<T: DeserializeOwned>(
        &self,
        method: &str,
        key: &str,
    ) -> Result<Vec<T>, ClientError> {
        let mut all = Vec::new();
        let mut params = JsonObject::new();
        for _ in 0..PAGES {
            let mut page: JsonObject = self.ask(method, params).await?;
            let items = page.shift_remove(key).unwrap_or_default();
            let items: Vec<T> = serde_json::from_value(items)
                .map_err(|error| ClientError::invalid(method, format!("`{key}`: {error}")))?;
            all.extend(items);
            match page.shift_remove("nextCursor") {
                None | Some(Value::Null) => return Ok(all),
                Some(cursor) => params = JsonObject::from_iter([("cursor".to_owned(), cursor)]),
            }
        }
        Err(ClientError::invalid(method, "the list has no end"))
    }

    /// Calls a tool: `client.call_tool("add", json!({"a": 1, "b": 2})).await?`. `()` for no arguments.
    ///
    /// # Errors
    ///
    /// Any [`ClientError`]. A tool that fails is no error: see [`ToolResult::success`].
    pub fn call_tool(
        &self,
        name: impl Into<String>,
        arguments: impl Serialize,
    ) -> Calling<ToolResult> {
        Calling::new(self, "tools/call", ("name", name.into()), object(arguments))
    }

    /// The messages of a prompt, with its arguments filled in: all of them strings.
    ///
    /// # Errors
    ///
    /// Any [`ClientError`].
    pub fn get_prompt(
        &self,
        name: impl Into<String>,
        arguments: impl Serialize,
    ) -> Calling<GetPromptResult> {
        Calling::new(self, "prompts/get", ("name", name.into()), object(arguments))
    }

    /// The contents of a resource.
    ///
    /// # Errors
    ///
    /// Any [`ClientError`].
    pub fn read_resource(&self, uri: impl Into<String>) -> Calling<ReadResourceResult> {
        Calling::new(self, "resources/read", ("uri", uri.into()), Ok(JsonObject::new()))
    }

    /// Suggestions for an argument of a prompt.
    ///
    /// # Errors
    ///
    /// Any [`ClientError`].
    pub fn complete_prompt(&self, name: &str, argument: &str, value: &str) -> Completing {
        Completing::new(self, json!({ "type": "ref/prompt", "name": name }), argument, value)
    }

    /// Suggestions for a variable of a resource's address.
    ///
    /// # Errors
    ///
    /// Any [`ClientError`].
    pub fn complete_resource(&self, template: &str, variable: &str, value: &str) -> Completing {
        Completing::new(self, json!({ "type": "ref/resource", "uri": template }), variable, value)
    }

    /// Which log messages to send: of a legacy connection from now on, of a modern client's later requests.
    ///
    /// # Errors
    ///
    /// Any [`ClientError`], of a legacy connection; a modern server is told with each request.
    pub async fn set_level(&self, level: LoggingLevel) -> Result<(), ClientError> {
        if self.is_modern() {
            *self.0.level.lock().unwrap_or_else(PoisonError::into_inner) = Some(level);
            return Ok(());
        }
        let params = JsonObject::from_iter([("level".to_owned(), json!(level))]);
        self.ask::<JsonObject>("logging/setLevel", params).await.map(drop)
    }

    /// Hears of changes of a resource, through [`on_notification`](ClientBuilder::on_notification): legacy servers only.
    ///
    /// # Errors
    ///
    /// Any [`ClientError`].
    pub async fn subscribe(&self, uri: impl Into<String>) -> Result<(), ClientError> {
        self.watch("resources/subscribe", uri.into()).await
    }

    /// Does not want to hear of them any more.
    ///
    /// # Errors
    ///
    /// Any [`ClientError`].
    pub async fn unsubscribe(&self, uri: impl Into<String>) -> Result<(), ClientError> {
        self.watch("resources/unsubscribe", uri.into()).await
    }

    async fn watch(&self, method: &str, uri: String) -> Result<(), ClientError> {
        if self.is_modern() {
            return Err(ClientError::Unsupported(
                "modern servers are listened to: call `listen` with `resource_subscriptions`",
            ));
        }
        let params = JsonObject::from_iter([("uri".to_owned(), Value::String(uri))]);
        self.ask::<JsonObject>(method, params).await.map(drop)
    }

    /// Opens a stream of changes: modern servers only. Returns once the server has acknowledged it.
    ///
    /// # Errors
    ///
    /// Any [`ClientError`].
    pub async fn listen(&self, filter: SubscriptionFilter) -> Result<Subscription, ClientError> {
        if !self.is_modern() {
            return Err(ClientError::Unsupported(
                "legacy servers tell of changes unasked: use `on_notification`, and `subscribe` for resources",
            ));
        }
        let ear = Arc::new(Ear::default());
        let before = Before { ear: Some(ear.clone()), ..Before::default() };
        let options = Options { before, ..Options::default() };
        let params = JsonObject::from_iter([("notifications".to_owned(), json!(filter))]);
        let pending = self.begin("subscriptions/listen", params, &options).await?;
        Subscription::open(pending, ear).await
    }

    /// Any request, as JSON. A modern one gets its metadata added to the `_meta` that `params` may have.
    ///
    /// # Errors
    ///
    /// Any [`ClientError`]. What asks for input is not answered, but given back as it is.
    pub async fn request(
        &self,
        method: &str,
        params: impl Serialize,
    ) -> Result<Value, ClientError> {
        self.ask(method, object(params)?).await
    }

    /// Any notification, as JSON.
    ///
    /// # Errors
    ///
    /// [`ClientError::Closed`].
    pub async fn notify(&self, method: &str, params: impl Serialize) -> Result<(), ClientError> {
        let params = object(params)?;
        let params = (!params.is_empty()).then_some(Value::Object(params));
        self.connection().notify(method, params.as_ref()).await
    }

    /// Ends the connection in good order: the server gets what was sent, and the time it needs for what runs.
    ///
    /// # Errors
    ///
    /// [`ClientError::Closed`] with the reason, if a server in memory ended with an error.
    pub async fn close(self) -> Result<(), ClientError> {
        self.connection().finish();
        let serving = self.0.serving.lock().unwrap_or_else(PoisonError::into_inner).take();
        match serving {
            Some(serving) => match serving.await {
                Ok(Ok(())) => Ok(()),
                Ok(Err(error)) => Err(ClientError::Closed(error.to_string())),
                Err(error) => Err(ClientError::Closed(error.to_string())),
            },
            None => {
                self.connection().closed().await;
                Ok(())
            }
        }
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("revision", &self.0.revision).finish_non_exhaustive()
    }
}
