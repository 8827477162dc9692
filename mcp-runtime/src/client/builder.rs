//! How a client is put together, and how a connection begins.

use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mcp_schema::shared::{Implementation, LoggingLevel};
use mcp_schema::v2026_07_28::{
    ClientCapabilities, ClientCapabilitiesElicitation, ClientCapabilitiesSampling,
    CreateMessageRequestParams, CreateMessageResult, ElicitRequestParams,
    LoggingMessageNotificationParams, ProgressNotificationParams, Root, meta_key,
};
use mcp_schema::{JsonObject, Value};
use serde_json::json;
use serde_json::value::RawValue;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinHandle;

use super::connection::{Before, Connection};
use super::error::ClientError;
use super::handlers::{Handlers, IntoAnswer};
use super::methods::{Client, Initialized, Inner};
use super::wire::Wire;
use crate::error::ServeError;
use crate::protocol::envelope;
use crate::protocol::revision::Revision;
use crate::server::ask::Elicited;
use crate::server::handle::Server;
use crate::server::principal::Principal;
use crate::transport;

/// How a connection begins, and what its requests say of themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Lifecycle {
    /// With `initialize`, which offers this revision.
    Legacy(Revision),
    /// Without a word: every request says who asks, and what they can do.
    #[default]
    Modern,
}

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
    timeout: Option<Duration>,
    max_message: usize,
    principal: Option<Principal>,
}

impl ClientBuilder {
    pub(super) fn new() -> Self {
        Self {
            lifecycle: Lifecycle::Modern,
            info: Implementation::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION")),
            capabilities: ClientCapabilities::new(),
            handlers: Handlers::default(),
            level: None,
            max_rounds: 16,
            timeout: None,
            max_message: 64 << 20,
            principal: None,
        }
    }

    /// How the connection begins.
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
        self.handlers.roots = Some(roots.into_iter().collect());
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

    /// How often a call is repeated because its server asks for input. 16 times.
    pub fn max_rounds(mut self, rounds: usize) -> Self {
        self.max_rounds = rounds;
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

    /// Connects to a server in memory: for tests. The server runs in a task of its own.
    ///
    /// # Errors
    ///
    /// What is wrong with a legacy server's answer to `initialize`.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub async fn connect(self, server: &Server) -> Result<Client, ClientError> {
        let (ours, theirs) = tokio::io::duplex(64 << 10);
        let (reader, writer) = tokio::io::split(theirs);
        let server = server.clone();
        let serving =
            tokio::spawn(transport::stream::serve(server, self.principal.clone(), reader, writer));
        let (reader, writer) = tokio::io::split(ours);
        let wire = Wire::lines(reader, writer, self.max_message);
        self.begin(wire, Some(serving)).await
    }

    /// Connects to a server on a stream of lines: a socket, the pipes of a child process.
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect).
    pub async fn connect_stream(
        self,
        reader: impl AsyncRead + Send + Unpin + 'static,
        writer: impl AsyncWrite + Send + Unpin + 'static,
    ) -> Result<Client, ClientError> {
        let wire = Wire::lines(reader, writer, self.max_message);
        self.begin(wire, None).await
    }

    async fn begin(
        self,
        wire: Wire,
        serving: Option<JoinHandle<Result<(), ServeError>>>,
    ) -> Result<Client, ClientError> {
        let capabilities = self.declared();
        let connection = Connection::new(wire.outgoing, self.handlers);
        let mut tasks = wire.tasks;
        tasks.spawn(connection.clone().read(wire.incoming));
        let mut meta = JsonObject::new();
        let (revision, initialized) = match self.lifecycle {
            Lifecycle::Modern => {
                let revision = Revision::MODERN[0];
                meta.insert(meta_key::PROTOCOL_VERSION.into(), revision.as_str().into());
                meta.insert(meta_key::CLIENT_INFO.into(), json!(self.info));
                meta.insert(meta_key::CLIENT_CAPABILITIES.into(), capabilities);
                (revision, None)
            }
            Lifecycle::Legacy(revision) => {
                let offer = json!({
                    "protocolVersion": revision.as_str(),
                    "capabilities": capabilities,
                    "clientInfo": self.info,
                });
                let initialized = initialize(&connection, offer, self.timeout).await?;
                (initialized.revision, Some(initialized))
            }
        };
        Ok(Client::new(Inner {
            connection,
            revision,
            initialized,
            meta,
            level: Mutex::new(self.level),
            max_rounds: self.max_rounds,
            timeout: self.timeout,
            _tasks: tasks,
            serving: Mutex::new(serving),
        }))
    }

    /// What the client declares, in the words of its revision.
    fn declared(&self) -> Value {
        let revision = match self.lifecycle {
            Lifecycle::Legacy(revision) => revision,
            Lifecycle::Modern => Revision::MODERN[0],
        };
        let mut all = self.capabilities.clone();
        if self.handlers.elicit.is_some() && all.elicitation.is_none() {
            let mut modes = ClientCapabilitiesElicitation::new();
            // Before 2025-11-25 there were no modes.
            if revision >= Revision::V2025_11_25 {
                modes.form = Some(JsonObject::new());
                modes.url = Some(JsonObject::new());
            }
            all.elicitation = Some(modes);
        }
        if self.handlers.sample.is_some() {
            all.sampling.get_or_insert_with(ClientCapabilitiesSampling::new);
        }
        if self.handlers.roots.is_some() {
            all.roots.get_or_insert_default();
        }
        if revision < Revision::V2025_06_18 {
            all.elicitation = None;
        }
        if !revision.is_modern() {
            all.extensions = None;
        }
        serde_json::to_value(all).unwrap_or_else(|_| json!({}))
    }
}

/// The beginning of a legacy connection (2025-11-25, Lifecycle, Initialization).
async fn initialize(
    connection: &Arc<Connection>,
    offer: Value,
    timeout: Option<Duration>,
) -> Result<Initialized, ClientError> {
    const METHOD: &str = "initialize";
    let answer = async {
        let pending = connection.request(METHOD, |_| Some(offer), Before::default()).await?;
        pending.answer(METHOD).await
    };
    let answer = match timeout {
        None => answer.await?,
        Some(limit) => tokio::time::timeout(limit, answer)
            .await
            .map_err(|_| ClientError::TimedOut { method: METHOD.to_owned(), limit })??,
    };
    let invalid = |error: serde_json::Error| ClientError::invalid(METHOD, error);
    const KEYS: [&str; 4] = ["protocolVersion", "capabilities", "serverInfo", "instructions"];
    let [version, capabilities, server_info, instructions] =
        envelope::fields(answer.get(), &KEYS).map_err(invalid)?;
    let version = version.and_then(envelope::text).unwrap_or_default();
    let revision = Revision::from_version(&version)
        .filter(|revision| !revision.is_modern())
        .ok_or_else(|| ClientError::Version(version.into_owned()))?;
    let capabilities = capabilities.map_or("{}", RawValue::get);
    let server_info = server_info.map_or("null", RawValue::get);
    let initialized = Initialized {
        revision,
        capabilities: serde_json::from_str(capabilities).map_err(invalid)?,
        server_info: serde_json::from_str(server_info).map_err(invalid)?,
        instructions: instructions.and_then(envelope::text).map(Into::into),
    };
    connection.notify("notifications/initialized", None).await?;
    Ok(initialized)
}
