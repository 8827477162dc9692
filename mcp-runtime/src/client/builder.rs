//! How a client is put together, and how a connection begins.

use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mcp_schema::shared::{Implementation, LoggingLevel};
use mcp_schema::v2026_07_28::{
    ClientCapabilities, CreateMessageRequestParams, CreateMessageResult, ElicitRequestParams,
    LoggingMessageNotificationParams, ProgressNotificationParams, Root,
};
use mcp_schema::{JsonObject, Value};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::process::Command;
use tokio::sync::OnceCell;

use super::error::ClientError;
use super::handlers::{Handlers, IntoAnswer};
use super::known::KnownServers;
use super::lifecycle::{Lifecycle, Opening};
use super::methods::{Client, Inner};
use super::task::TaskPolicy;
use super::transport::Target;
#[cfg(feature = "client-http")]
use super::transport::http::{self, token::Token};
use crate::protocol::revision::Revision;
use crate::server::ask::Elicited;
use crate::server::handle::Server;
use crate::server::principal::Principal;
use crate::task::TaskSettings;

/// A client in the making.
#[must_use = "a builder does nothing until it is connected"]
#[derive(Debug)]
pub struct ClientBuilder {
    lifecycle: Lifecycle,
    info: Implementation,
    capabilities: ClientCapabilities,
    handlers: Handlers,
    level: Option<LoggingLevel>,
    max_rounds: usize,
    cache: bool,
    #[cfg(feature = "validation")]
    validates: bool,
    timeout: Option<Duration>,
    max_message: usize,
    principal: Option<Principal>,
    known: Option<KnownServers>,
    tasks: TaskPolicy,
    #[cfg(feature = "client-http")]
    headers: Headers,
    #[cfg(feature = "client-http")]
    token: Token,
}

/// Names and values, which may be secret.
#[cfg(feature = "client-http")]
#[derive(Default)]
struct Headers(Vec<(String, String)>);

#[cfg(feature = "client-http")]
impl std::fmt::Debug for Headers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

impl ClientBuilder {
    pub(super) fn task_policy(&mut self) -> &mut TaskPolicy {
        &mut self.tasks
    }

    pub(super) fn new() -> Self {
        Self {
            lifecycle: Lifecycle::Auto,
            info: Implementation::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION")),
            capabilities: ClientCapabilities::new(),
            handlers: Handlers::default(),
            level: None,
            max_rounds: 16,
            cache: true,
            #[cfg(feature = "validation")]
            validates: true,
            timeout: None,
            max_message: 64 << 20,
            principal: None,
            known: None,
            tasks: TaskPolicy::default(),
            #[cfg(feature = "client-http")]
            headers: Headers::default(),
            #[cfg(feature = "client-http")]
            token: Token::default(),
        }
    }

    /// How the connection begins. As the server has it, by default.
    pub fn lifecycle(mut self, lifecycle: Lifecycle) -> Self {
        self.lifecycle = lifecycle;
        self
    }

    /// A client that begins with `initialize`, and offers this revision.
    pub fn legacy(self, revision: Revision) -> Self {
        self.lifecycle(Lifecycle::Legacy(revision))
    }

    /// What the client says of itself.
    pub fn info(mut self, info: Implementation) -> Self {
        self.info = info;
        self
    }

    /// What it says that it can do. Handlers that are registered add what they need where it says nothing.
    pub fn capabilities(mut self, capabilities: ClientCapabilities) -> Self {
        self.capabilities = capabilities;
        self
    }

    /// An extension that it supports, with its settings.
    pub fn extension(mut self, identifier: impl Into<String>, settings: JsonObject) -> Self {
        self.capabilities.extensions.get_or_insert_default().insert(identifier.into(), settings);
        self
    }

    /// The user: fills in forms and agrees to open pages, or does not. For a page, accept with `Value::Null`.
    pub fn on_elicit<F, Fut, R>(mut self, handler: F) -> Self
    where
        F: Fn(ElicitRequestParams) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = R> + Send + 'static,
        R: IntoAnswer<Elicited<Value>> + 'static,
    {
        self.handlers.elicit = Some(Handlers::elicit_with(handler));
        self
    }

    /// The model: writes messages. A string will do.
    pub fn on_sample<F, Fut, R>(mut self, handler: F) -> Self
    where
        F: Fn(CreateMessageRequestParams) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = R> + Send + 'static,
        R: IntoAnswer<CreateMessageResult> + 'static,
    {
        self.handlers.sample = Some(Handlers::sample_with(handler));
        self
    }

    /// The folders that the client works on.
    pub fn roots(mut self, roots: impl IntoIterator<Item = Root>) -> Self {
        self.handlers.roots = Some(Arc::new(Mutex::new(roots.into_iter().collect())));
        self
    }

    /// Hears log messages: of `info` and above, until [`Client::set_level`] says otherwise.
    pub fn on_log(
        mut self,
        hear: impl Fn(&LoggingMessageNotificationParams) + Send + Sync + 'static,
    ) -> Self {
        self.handlers.log = Some(Arc::new(hear));
        self.level.get_or_insert(LoggingLevel::Info);
        self
    }

    /// Hears how far calls are. Servers are asked to report it, with every request.
    pub fn on_progress(
        mut self,
        hear: impl Fn(&ProgressNotificationParams) + Send + Sync + 'static,
    ) -> Self {
        self.handlers.progress = Some(Arc::new(hear));
        self
    }

    /// Hears every notification, by method and parameters; those that have a handler of their own, too.
    pub fn on_notification(mut self, hear: impl Fn(&str, &Value) + Send + Sync + 'static) -> Self {
        self.handlers.notification = Some(Arc::new(hear));
        self
    }

    /// Lets a server of 2025-11-25 ask for tasks of the client (`params.task` of `elicitation/create` and
    /// `sampling/createMessage`): the client declares it, takes note of such a question at once, and the server asks for the
    /// answer later. Handlers do not see the difference, except that they are dropped when the server cancels the task.
    /// Questions without `task` are answered as ever, and so are those on all other connections.
    ///
    /// Off by default: a server that may ask in this way will, and what a plain question does with one message then takes
    /// several. [`TaskSettings::hosted`] has bounds that fit a client, which hold for each connection. All tasks are in
    /// memory, 16 MiB together, and are gone with their connection.
    pub fn host_tasks(mut self, settings: TaskSettings) -> Self {
        self.handlers.host = Some(settings);
        self
    }

    /// How often a call is repeated because its server asks for input. 16 times.
    pub fn max_rounds(mut self, rounds: usize) -> Self {
        self.max_rounds = rounds;
        self
    }

    /// Whether answers are kept as long as the server says that they stay true (2026-07-28, Caching): lists page by page,
    /// contents of resources, what the server says of itself. They are, by default: at most 1024 answers, 32 MiB, and each for a
    /// day. A notification that something has changed drops what it speaks of, and [`Client::fresh`] passes them by.
    pub fn cache(mut self, keep: bool) -> Self {
        self.cache = keep;
        self
    }

    /// Does not check structured output against the `outputSchema` of its tool. It is checked by default, once the tool was
    /// listed.
    #[cfg(feature = "validation")]
    pub fn no_validation(mut self) -> Self {
        self.validates = false;
        self
    }

    /// How long to wait for each answer. As long as it takes, by default.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = Some(limit);
        self
    }

    /// The longest message to accept, in bytes. 64 MiB.
    pub fn max_message(mut self, bytes: usize) -> Self {
        self.max_message = bytes;
        self
    }

    /// As whom a server in memory sees the client: as if a layer in front of it had verified that. Nobody, by default.
    pub fn principal(mut self, principal: Principal) -> Self {
        self.principal = Some(principal);
        self
    }

    /// A header of every HTTP request. What the protocol itself says in headers cannot be said otherwise.
    #[cfg(feature = "client-http")]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.0.push((name.into(), value.into()));
        self
    }

    /// The bearer token of every HTTP request.
    #[cfg(feature = "client-http")]
    pub fn bearer(mut self, token: impl Into<String>) -> Self {
        self.token = Token::Fixed(token.into());
        self
    }

    /// Gives the bearer token of HTTP requests: asked without a challenge before the first of them, and again with what the server
    /// says in its `WWW-Authenticate` whenever it refuses a token (401). Each request is repeated once with the new one.
    #[cfg(feature = "client-http")]
    pub fn bearer_with<F, Fut, E>(mut self, ask: F) -> Self
    where
        F: Fn(Option<String>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<String, E>> + Send + 'static,
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        self.token = Token::asked(ask);
        self
    }

    /// Remembers which lifecycle a server speaks, and begins with what is remembered of it. Nothing, by default.
    pub fn known(mut self, servers: &KnownServers) -> Self {
        self.known = Some(servers.clone());
        self
    }

    /// Connects to a server in memory: for tests. The server runs in a task of its own. It is our own, so [`Lifecycle::Auto`] is
    /// [`Lifecycle::Modern`].
    ///
    /// # Errors
    ///
    /// What is wrong with a legacy server's answer to `initialize`.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub async fn connect(self, server: &Server) -> Result<Client, ClientError> {
        let target = Target::Memory(server.clone(), self.principal.clone());
        self.begin(target).await
    }

    /// Connects to a server on a stream of lines: a socket, the pipes of a process that is not ours.
    ///
    /// # Errors
    ///
    /// [`ClientError::Closed`], and what is wrong with the first answers of the server.
    pub async fn connect_stream(
        self,
        reader: impl AsyncRead + Send + Unpin + 'static,
        writer: impl AsyncWrite + Send + Unpin + 'static,
    ) -> Result<Client, ClientError> {
        self.begin(Target::Stream(Some((Box::new(reader), Box::new(writer))))).await
    }

    /// Starts a server, and connects to its standard input and output. What it writes to standard error goes where the program's
    /// own goes, unless the command says otherwise.
    ///
    /// Closing the client closes the input of the process once it has read what was sent, or after five seconds; waits five seconds,
    /// asks it to terminate, waits as long again, and kills it. So does dropping the client, in the background; the end of the runtime kills it at once.
    ///
    /// # Errors
    ///
    /// [`ClientError::Start`] for a program that cannot be started, [`ClientError::Closed`] with the status of one that has ended,
    /// and what is wrong with its first answers.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub async fn spawn(self, command: Command) -> Result<Client, ClientError> {
        self.begin(Target::Child(Box::new(command))).await
    }

    /// Connects to a server at an address: Streamable HTTP, whose TLS trusts whom the platform trusts. Proxies are those of the
    /// environment (`HTTPS_PROXY`, `NO_PROXY`). Redirects are not followed, but reported.
    ///
    /// Closing the client gives requests that are under way five seconds, and then takes a legacy session back. So does dropping it,
    /// in the background and at once.
    ///
    /// # Errors
    ///
    /// [`ClientError::Setup`] for an address or a header that cannot be used, [`ClientError::Unreachable`],
    /// [`ClientError::Unauthorized`], and what is wrong with the server's first answers. With [`Lifecycle::Modern`] nothing is sent
    /// before the first request.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    #[cfg(feature = "client-http")]
    pub async fn connect_http(self, url: impl AsRef<str>) -> Result<Client, ClientError> {
        let settings = http::Settings::new(url.as_ref(), &self.headers.0, self.token.clone())?;
        self.begin(Target::Http(Box::new(settings))).await
    }

    async fn begin(self, mut target: Target) -> Result<Client, ClientError> {
        let opening = Opening {
            lifecycle: self.lifecycle,
            info: self.info,
            capabilities: self.capabilities,
            handlers: self.handlers,
            timeout: self.timeout,
            max_message: self.max_message,
            known: self.known,
        };
        let begun = opening.begin(&mut target).await?;
        if !self.cache {
            begun.connection.memory.cache.turn_off();
        }
        #[cfg(feature = "client-http")]
        if let Some(renewals) = self.token.renewals() {
            begun.connection.memory.cache.follow(renewals);
        }
        let revision = begun.spoken.get().unwrap_or(Revision::MODERN[0]);
        if revision.is_modern() && target.has_headers() {
            begun.connection.memory.definitions.mirror();
        }
        let meta = if revision.is_modern() { opening.meta(revision) } else { JsonObject::new() };
        Ok(Client::new(Inner {
            connection: begun.connection,
            spoken: begun.spoken,
            address: target.key(),
            tasks: self.tasks,
            initialized: begun.initialized,
            discovered: OnceCell::new_with(begun.discovered),
            meta,
            level: Mutex::new(self.level),
            max_rounds: self.max_rounds,
            #[cfg(feature = "validation")]
            validates: self.validates,
            timeout: self.timeout,
            _tasks: begun.tasks,
            serving: Mutex::new(begun.serving),
        }))
    }
}
