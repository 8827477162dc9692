//! How a connection begins: which lifecycle the server speaks, and in which revision.

use std::sync::Arc;
use std::time::Duration;

use mcp_schema::shared::Implementation;
use mcp_schema::v2026_07_28::{
    ClientCapabilities, ClientCapabilitiesElicitation, ClientCapabilitiesSampling, DiscoverResult,
    meta_key,
};
use mcp_schema::{JsonObject, ProtocolVersion, Value};
use serde_json::json;
use serde_json::value::RawValue;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;

use super::about::Initialized;
use super::connection::{Before, Connection, Pending};
use super::error::ClientError;
use super::handlers::Handlers;
use super::host::Host;
use super::known::KnownServers;
use super::transport::Target;
use super::wire::Spoken;
use crate::error::{RpcError, ServeError, code};
use crate::protocol::envelope;
use crate::protocol::revision::Revision;

/// How a connection begins, and what its requests say of themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Lifecycle {
    /// As the server has it: it is asked what it speaks with `server/discover`, and with `initialize` if it does not know that.
    ///
    /// A server that does not answer is sent `initialize` as well after five seconds; whichever it answers first, it speaks.
    #[default]
    Auto,
    /// Without a word: every request says who asks, and what they can do.
    Modern,
    /// With `initialize`, which offers this revision.
    Legacy(Revision),
}

/// How long the server may take to answer what it is asked first. A server that starts slowly is not lost after that: its answer is
/// still waited for, beside the one to `initialize`.
const PROBE: Duration = Duration::from_secs(5);

/// What the client is, and says of itself.
pub(super) struct Opening {
    pub lifecycle: Lifecycle,
    pub info: Implementation,
    pub capabilities: ClientCapabilities,
    pub handlers: Handlers,
    pub timeout: Option<Duration>,
    pub max_message: usize,
    pub known: Option<KnownServers>,
}

/// A connection on which nothing was said yet.
struct Opened {
    connection: Arc<Connection>,
    tasks: JoinSet<()>,
    spoken: Spoken,
    serving: Option<JoinHandle<Result<(), ServeError>>>,
}

/// A connection that has begun.
pub(super) struct Begun {
    pub connection: Arc<Connection>,
    pub tasks: JoinSet<()>,
    pub spoken: Spoken,
    pub serving: Option<JoinHandle<Result<(), ServeError>>>,
    pub initialized: Option<Initialized>,
    pub discovered: Option<DiscoverResult>,
}

/// What the answer to `server/discover` says of the server.
enum Verdict {
    Modern(Option<Box<DiscoverResult>>),
    /// It knows this revision, and not the one that was named.
    Other(Revision),
    /// It wants `initialize`, as far as one can tell.
    Legacy(Revision, ClientError),
    /// It cannot be talked to either way.
    Failed(ClientError),
}

impl Opening {
    pub async fn begin(&self, target: &mut Target) -> Result<Begun, ClientError> {
        match self.lifecycle {
            Lifecycle::Modern => Ok(self.open(target)?.modern(Revision::MODERN[0], None)),
            Lifecycle::Legacy(revision) => self.initialize(self.open(target)?, revision).await,
            Lifecycle::Auto if target.is_ours() => {
                Ok(self.open(target)?.modern(Revision::MODERN[0], None))
            }
            Lifecycle::Auto => {
                let (key, known) = (target.key(), self.known.as_ref());
                let found = match known.zip(key.as_deref()).and_then(|(it, key)| it.lifecycle(key))
                {
                    Some(Lifecycle::Legacy(revision)) => self.as_known(target, revision).await?,
                    _ => self.find_out(target).await?,
                };
                if let Some((known, key)) = known.zip(key) {
                    let revision = found.spoken.get().unwrap_or(Revision::LATEST_LEGACY);
                    known.remember(
                        key,
                        if revision.is_modern() {
                            Lifecycle::Modern
                        } else {
                            Lifecycle::Legacy(revision)
                        },
                    );
                }
                Ok(found)
            }
        }
    }

    fn open(&self, target: &mut Target) -> Result<Opened, ClientError> {
        let wire = target.open(self.max_message)?;
        let connection = Connection::new(wire.outgoing, wire.finished, self.handlers.clone());
        let mut tasks = wire.tasks;
        tasks.spawn(connection.clone().read(wire.incoming));
        Ok(Opened { connection, tasks, spoken: wire.spoken, serving: wire.serving })
    }

    /// As the server was known to speak; if it does not any more, it is found out anew.
    async fn as_known(
        &self,
        target: &mut Target,
        revision: Revision,
    ) -> Result<Begun, ClientError> {
        let begun = self.initialize(self.open(target)?, revision).await;
        match begun {
            Err(error) if error.is_of_the_lifecycle() && target.reopens() => {
                self.find_out(target).await
            }
            begun => begun,
        }
    }

    /// Asks a server that nothing is known of (2026-07-28, Versioning, Backward Compatibility, and the same section of both
    /// transports).
    async fn find_out(&self, target: &mut Target) -> Result<Begun, ClientError> {
        let mut opened = self.open(target)?;
        let mut revision = Revision::MODERN[0];
        for _ in Revision::ALL {
            let mut probe = self.probe(&opened, revision).await?;
            let (offer, why) = match timeout(PROBE, &mut probe.reply).await {
                Ok(answer) => match verdict(revision, probe.outcome(answer)) {
                    Verdict::Modern(discovered) => return Ok(opened.modern(revision, discovered)),
                    Verdict::Other(other) => {
                        revision = other;
                        continue;
                    }
                    Verdict::Legacy(offer, why) => (offer, why),
                    Verdict::Failed(error) => return Err(error),
                },
                Err(_) => return self.both(opened, probe, revision).await,
            };
            let second = if opened.connection.is_closed() {
                // Some end at a first request that is not `initialize`.
                if !target.reopens() {
                    return Err(why);
                }
                opened = self.open(target)?;
                self.initialize(opened, offer).await
            } else {
                match self.initialize(opened, offer).await {
                    Err(ClientError::Closed(_)) if target.reopens() => {
                        self.initialize(self.open(target)?, offer).await
                    }
                    begun => begun,
                }
            };
            return second.map_err(|legacy| neither(why, legacy));
        }
        Err(ClientError::Version(revision.to_string()))
    }

    async fn probe(&self, opened: &Opened, revision: Revision) -> Result<Pending, ClientError> {
        opened.spoken.set(Some(revision));
        let params = json!({ "_meta": self.meta(revision) });
        let mut probe = opened
            .connection
            .request("server/discover", |_| Some(params), Before::default())
            .await?;
        // To a legacy server it would be a message before `initialize` that it does not expect.
        probe.quiet();
        Ok(probe)
    }

    /// The server keeps silent: it may be a legacy one, or one that starts slowly.
    async fn both(
        &self,
        opened: Opened,
        mut probe: Pending,
        revision: Revision,
    ) -> Result<Begun, ClientError> {
        opened.spoken.set(None);
        let silent =
            || ClientError::TimedOut { method: "server/discover".to_owned(), limit: PROBE };
        let (connection, spoken) = (opened.connection.clone(), opened.spoken.clone());
        let initializing = self.hello(&connection, &spoken, Revision::LATEST_LEGACY);
        let mut initializing = std::pin::pin!(initializing);
        let initialized = tokio::select! {
            biased;
            answer = &mut probe.reply => match verdict(revision, probe.outcome(answer)) {
                Verdict::Modern(discovered) => return Ok(opened.modern(revision, discovered)),
                Verdict::Other(_) | Verdict::Legacy(..) => initializing.await,
                Verdict::Failed(error) => return Err(error),
            },
            initialized = &mut initializing => initialized,
        };
        match initialized {
            Ok(initialized) => Ok(opened.legacy(initialized)),
            Err(legacy) => match timeout(PROBE, &mut probe.reply).await {
                Ok(answer) => match verdict(revision, probe.outcome(answer)) {
                    Verdict::Modern(discovered) => Ok(opened.modern(revision, discovered)),
                    Verdict::Legacy(_, modern) => Err(neither(modern, legacy)),
                    Verdict::Other(_) | Verdict::Failed(_) => Err(neither(silent(), legacy)),
                },
                Err(_) => Err(neither(silent(), legacy)),
            },
        }
    }

    async fn initialize(&self, opened: Opened, offer: Revision) -> Result<Begun, ClientError> {
        opened.spoken.set(None);
        let initialized = self.hello(&opened.connection, &opened.spoken, offer).await?;
        Ok(opened.legacy(initialized))
    }

    /// The beginning of a legacy connection (2025-11-25, Lifecycle, Initialization).
    async fn hello(
        &self,
        connection: &Arc<Connection>,
        spoken: &Spoken,
        offer: Revision,
    ) -> Result<Initialized, ClientError> {
        const METHOD: &str = "initialize";
        let params = json!({
            "protocolVersion": offer.as_str(),
            "capabilities": self.declared(offer),
            "clientInfo": self.info,
        });
        let answer = async {
            let pending = connection.request(METHOD, |_| Some(params), Before::default()).await?;
            pending.answer().await
        };
        let answer = match self.timeout {
            None => answer.await?,
            Some(limit) => timeout(limit, answer)
                .await
                .map_err(|_| ClientError::TimedOut { method: METHOD.to_owned(), limit })??,
        };
        let initialized = read_initialized(&answer)?;
        spoken.set(Some(initialized.revision));
        connection.host_tasks(initialized.revision)?;
        connection.notify("notifications/initialized", None).await?;
        Ok(initialized)
    }

    /// What every modern request says of its client.
    pub fn meta(&self, revision: Revision) -> JsonObject {
        let mut meta = JsonObject::new();
        meta.insert(meta_key::PROTOCOL_VERSION.into(), revision.as_str().into());
        meta.insert(meta_key::CLIENT_INFO.into(), json!(self.info));
        meta.insert(meta_key::CLIENT_CAPABILITIES.into(), self.declared(revision));
        meta
    }

    /// What the client declares, in the words of its revision.
    fn declared(&self, revision: Revision) -> Value {
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
            let roots = all.roots.get_or_insert_default();
            // `Client::set_roots` tells of it.
            if !revision.is_modern() {
                roots.entry("listChanged").or_insert_with(|| true.into());
            }
        }
        if revision < Revision::V2025_06_18 {
            all.elicitation = None;
        }
        if !revision.is_modern() {
            all.extensions = None;
        }
        if let Some(tasks) = Host::capability(&self.handlers, revision) {
            all.extra.insert("tasks", tasks);
        }
        serde_json::to_value(all).unwrap_or_else(|_| json!({}))
    }
}

impl Opened {
    fn modern(self, revision: Revision, discovered: Option<Box<DiscoverResult>>) -> Begun {
        self.spoken.set(Some(revision));
        let Self { connection, tasks, spoken, serving } = self;
        let discovered = discovered.map(|discovered| *discovered);
        Begun { connection, tasks, spoken, serving, initialized: None, discovered }
    }

    fn legacy(self, initialized: Initialized) -> Begun {
        let Self { connection, tasks, spoken, serving } = self;
        let initialized = Some(initialized);
        Begun { connection, tasks, spoken, serving, initialized, discovered: None }
    }
}

/// The fallback goes by what a modern server would not have said, never by one code alone: legacy servers answer a request before
/// `initialize` as they like.
fn verdict(revision: Revision, answer: Result<Box<RawValue>, ClientError>) -> Verdict {
    let error = match answer {
        Ok(result) => match serde_json::from_str::<DiscoverResult>(result.get()) {
            Ok(found) if !found.supported_versions.is_empty() => {
                let listed: Vec<&str> =
                    found.supported_versions.iter().map(ProtocolVersion::as_str).collect();
                let others = || ClientError::Version(listed.join(", "));
                return match chosen(&listed, revision) {
                    Some(same) if same == revision => Verdict::Modern(Some(Box::new(found))),
                    Some(other) if other.is_modern() => Verdict::Other(other),
                    Some(legacy) => Verdict::Legacy(legacy, others()),
                    None => Verdict::Failed(others()),
                };
            }
            Ok(_) => ClientError::invalid("server/discover", "it supports no version"),
            Err(error) => ClientError::invalid("server/discover", error),
        },
        Err(error) => error,
    };
    match &error {
        ClientError::Rpc { error: rpc, .. } => match rpc.code {
            code::UNSUPPORTED_PROTOCOL_VERSION => {
                let listed = supported(rpc);
                let chosen = chosen(&listed, revision);
                match chosen {
                    Some(modern) if modern.is_modern() => Verdict::Other(modern),
                    Some(legacy) => Verdict::Legacy(legacy, error),
                    None => Verdict::Failed(error),
                }
            }
            // Nobody but a modern server knows these.
            code::HEADER_MISMATCH | code::MISSING_REQUIRED_CLIENT_CAPABILITY => {
                Verdict::Modern(None)
            }
            _ => Verdict::Legacy(Revision::LATEST_LEGACY, error),
        },
        other if other.is_of_the_lifecycle() => Verdict::Legacy(Revision::LATEST_LEGACY, error),
        _ => Verdict::Failed(error),
    }
}

/// The versions that -32022 lists.
pub(super) fn supported(error: &RpcError) -> Vec<&str> {
    let listed = error.data.as_ref().and_then(|data| data["supported"].as_array());
    listed.into_iter().flatten().filter_map(Value::as_str).collect()
}

/// The one of these that both sides speak: the same again if it is there, or else the newest.
pub(super) fn chosen(listed: &[&str], preferred: Revision) -> Option<Revision> {
    let known = listed.iter().filter_map(|version| Revision::from_version(version));
    known.max_by_key(|revision| (*revision == preferred, *revision))
}

fn neither(modern: ClientError, legacy: ClientError) -> ClientError {
    if legacy.is_of_the_lifecycle() {
        ClientError::Neither { modern: Box::new(modern), legacy: Box::new(legacy) }
    } else {
        legacy
    }
}

fn read_initialized(answer: &RawValue) -> Result<Initialized, ClientError> {
    let invalid = |error: serde_json::Error| ClientError::invalid("initialize", error);
    const KEYS: [&str; 4] = ["protocolVersion", "capabilities", "serverInfo", "instructions"];
    let [version, capabilities, server_info, instructions] =
        envelope::fields(answer.get(), &KEYS).map_err(invalid)?;
    let version = version.and_then(envelope::text).unwrap_or_default();
    let revision = Revision::from_version(&version)
        .filter(|revision| !revision.is_modern())
        .ok_or_else(|| ClientError::Version(version.into_owned()))?;
    let capabilities = capabilities.map_or("{}", RawValue::get);
    let server_info = server_info.map_or("null", RawValue::get);
    Ok(Initialized {
        revision,
        capabilities: serde_json::from_str(capabilities).map_err(invalid)?,
        server_info: serde_json::from_str(server_info).map_err(invalid)?,
        instructions: instructions.and_then(envelope::text).map(Into::into),
    })
}
