//! What a client can ask a server.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use mcp_schema::shared::LoggingLevel;
use mcp_schema::v2026_07_28::{
    DiscoverResult, GetPromptResult, Prompt, ReadResourceResult, Resource, ResourceTemplate, Root,
    SubscriptionFilter, Tool, meta_key,
};
use mcp_schema::{JsonObject, Value};
use serde::Serialize;
use serde_json::json;
use tokio::sync::OnceCell;
use tokio::task::{JoinHandle, JoinSet};

use super::about::Initialized;
use super::builder::ClientBuilder;
use super::calls::{Calling, Completing, object};
use super::connection::Connection;
use super::error::ClientError;
use super::output::ToolResult;
use super::pages::Pages;
use super::rounds::Options;
use super::subscription::Subscription;
use super::task::TaskPolicy;
use super::wire::Spoken;
use crate::error::ServeError;
use crate::protocol::revision::Revision;
use crate::server::handle::Server;

/// A client of one server. Cheap to clone; when the last clone is dropped, the connection ends.
#[derive(Clone)]
pub struct Client(pub(super) Arc<Inner>, Freshness);

/// Whether answers from the cache will do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Freshness {
    #[default]
    Kept,
    Fresh,
}

pub(super) struct Inner {
    pub connection: Arc<Connection>,
    pub spoken: Spoken,
    pub initialized: Option<Initialized>,
    /// What the server is known by, where it has an address.
    pub address: Option<String>,
    pub tasks: TaskPolicy,
    /// What a modern server said of itself, if it was asked when the connection began.
    pub discovered: OnceCell<DiscoverResult>,
    /// What every modern request says of its client.
    pub meta: JsonObject,
    pub level: Mutex<Option<LoggingLevel>>,
    pub max_rounds: usize,
    #[cfg(feature = "validation")]
    pub validates: bool,
    pub timeout: Option<Duration>,
    /// What carries the connection; dropped, it breaks off.
    pub _tasks: JoinSet<()>,
    pub serving: Mutex<Option<JoinHandle<Result<(), ServeError>>>>,
}

/// A client that does not keep the connection.
pub(super) struct WeakClient(Weak<Inner>);

impl WeakClient {
    pub fn upgrade(&self) -> Option<Client> {
        self.0.upgrade().map(|inner| Client(inner, Freshness::Kept))
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.connection.close("the client was dropped");
    }
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
        Self(Arc::new(inner), Freshness::Kept)
    }

    pub(super) fn connection(&self) -> &Arc<Connection> {
        &self.0.connection
    }

    pub(super) fn address(&self) -> Option<String> {
        self.0.address.clone()
    }

    pub(super) fn tasks_settings(&self) -> &TaskPolicy {
        &self.0.tasks
    }

    pub(super) fn is_modern(&self) -> bool {
        self.revision().is_modern()
    }

    #[cfg(feature = "validation")]
    pub(super) fn validates(&self) -> bool {
        self.0.validates
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
        meta.insert(meta_key::PROTOCOL_VERSION.to_owned(), self.revision().as_str().into());
        if let Some(level) = &*self.0.level.lock().unwrap_or_else(PoisonError::into_inner) {
            meta.insert(meta_key::LOG_LEVEL.to_owned(), json!(level));
        }
        meta
    }

    pub(super) fn speak(&self, revision: Revision) {
        self.0.spoken.set(Some(revision));
    }

    /// The revision that is spoken.
    pub fn revision(&self) -> Revision {
        self.0.spoken.get().unwrap_or(Revision::MODERN[0])
    }

    /// The same client, whose requests are answered by the server and not from the cache, which takes in what comes:
    /// `client.fresh().list_tools().await`.
    pub fn fresh(&self) -> Self {
        Self(self.0.clone(), Freshness::Fresh)
    }

    pub(super) fn downgrade(&self) -> WeakClient {
        WeakClient(Arc::downgrade(&self.0))
    }

    pub(super) fn is_fresh(&self) -> bool {
        self.1 == Freshness::Fresh
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
        Pages::collect(self).await
    }

    /// All prompts, page by page.
    ///
    /// # Errors
    ///
    /// Any [`ClientError`].
    pub async fn list_prompts(&self) -> Result<Vec<Prompt>, ClientError> {
        Pages::collect(self).await
    }

    /// All resources, page by page.
    ///
    /// # Errors
    ///
    /// Any [`ClientError`].
    pub async fn list_resources(&self) -> Result<Vec<Resource>, ClientError> {
        Pages::collect(self).await
    }

    /// All templates of resources, page by page.
    ///
    /// # Errors
    ///
    /// Any [`ClientError`].
    pub async fn list_resource_templates(&self) -> Result<Vec<ResourceTemplate>, ClientError> {
        Pages::collect(self).await
    }

    /// All tools, as a stream that asks for a page when it needs one.
    pub fn tools(&self) -> Pages<Tool> {
        Pages::new(self)
    }

    /// All prompts, as a stream that asks for a page when it needs one.
    pub fn prompts(&self) -> Pages<Prompt> {
        Pages::new(self)
    }

    /// All resources, as a stream that asks for a page when it needs one.
    pub fn resources(&self) -> Pages<Resource> {
        Pages::new(self)
    }

    /// All templates of resources, as a stream that asks for a page when it needs one.
    pub fn resource_templates(&self) -> Pages<ResourceTemplate> {
        Pages::new(self)
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
        Subscription::open(self, filter).await
    }

    /// The folders that the client works on from now on, in place of those that it was [built](ClientBuilder::roots) with. A
    /// legacy server is told that they have changed; a modern one asks whenever it needs them.
    ///
    /// # Errors
    ///
    /// [`ClientError::Unsupported`] for a client that was built without roots, and so never declared any;
    /// [`ClientError::Closed`].
    pub async fn set_roots(
        &self,
        roots: impl IntoIterator<Item = Root>,
    ) -> Result<(), ClientError> {
        let Some(current) = &self.connection().handlers.roots else {
            return Err(ClientError::Unsupported(
                "a client without roots cannot get any: give it some, or none, when it is built",
            ));
        };
        let roots = roots.into_iter().collect();
        *current.lock().unwrap_or_else(PoisonError::into_inner) = roots;
        if self.is_modern() {
            return Ok(());
        }
        self.connection().notify("notifications/roots/list_changed", None).await
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
        let result = self.send(method, object(params)?, &Options::default()).await?;
        serde_json::from_str(result.get()).map_err(|error| ClientError::invalid(method, error))
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
        f.debug_struct("Client").field("revision", &self.revision()).finish_non_exhaustive()
    }
}
