//! Who answers a request.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use mcp_schema::shared::LoggingLevel;
use mcp_schema::v2026_07_28::meta_key;
use serde_json::json;
use serde_json::value::RawValue;

use super::ask::InputError;
use super::builder::Server;
use super::calls::Calls;
use super::completion::Partial;
use super::context::{Begin, Context, Params, Subject};
use super::definition::ClientFeature;
use super::drive::{CallDrive, Drive, ListenDrive, binding};
use super::extension::MethodCall;
use super::listen::{Filter, Listener};
use super::lists::List;
use super::principal::Principal;
use super::session::Session;
use crate::error::{RpcError, code};
use crate::journal::{CallId, Run, Saved, Standing};
use crate::protocol::envelope::{self, Id};
use crate::protocol::legacy::{self, Initialize};
use crate::protocol::modern::{self, Meta};
use crate::protocol::revision::Revision;
use crate::protocol::seal::Purpose;
use crate::protocol::{self, Response, Status, Writer, error_response, result_response};

/// A request, and who sent it.
pub(crate) struct Incoming<'a> {
    pub id: Id,
    pub method: &'a str,
    pub params: Option<&'a RawValue>,
}

/// In whose name a request comes, and in which words it wants its answer.
pub(crate) struct Peer {
    pub revision: Revision,
    /// What `initialize` agreed upon; modern requests have none.
    pub session: Option<Arc<Session>>,
    pub principal: Option<Principal>,
    /// Where what runs is noted, so that it can be cancelled by its id.
    pub calls: Option<Arc<Calls>>,
}

/// What becomes of a request.
pub(crate) enum Begun {
    Done(Response),
    Drive(Drive),
}

/// The methods of the protocol that clients call, in any revision.
const METHODS: &[&str] = &[
    "initialize",
    "ping",
    "server/discover",
    "tools/list",
    "tools/call",
    "prompts/list",
    "prompts/get",
    "resources/list",
    "resources/templates/list",
    "resources/read",
    "resources/subscribe",
    "resources/unsubscribe",
    "subscriptions/listen",
    "completion/complete",
    "logging/setLevel",
    "tasks/get",
    "tasks/list",
    "tasks/result",
    "tasks/update",
    "tasks/cancel",
];

/// Whether a method is the protocol's.
pub(crate) fn is_own(method: &str) -> bool {
    METHODS.contains(&method) || method.starts_with("notifications/")
}

impl Server {
    /// Answers `initialize`.
    pub(crate) fn initialize(
        &self,
        id: &Id,
        params: Option<&RawValue>,
        principal: Option<Principal>,
        calls: Option<Arc<Calls>>,
    ) -> Result<(Arc<Session>, Response), Response> {
        let initialize = Initialize::read(params)
            .map_err(|error| error_response(Some(id), &error, Status::BadRequest))?;
        let inner = self.inner();
        let result = legacy::initialized(
            initialize.revision,
            &self.capabilities(),
            &inner.info,
            inner.instructions.as_deref(),
        );
        let session = Session::new(initialize, principal, calls);
        inner.listeners.add(&session.listener, usize::MAX);
        Ok((session, result_response(id, |out| out.extend_from_slice(&result))))
    }

    /// Begins to answer a request. What takes no time is done at once.
    pub(crate) fn begin(&self, peer: Peer, incoming: &Incoming<'_>) -> Begun {
        let modern = peer.revision.is_modern();
        match self.try_begin(peer, incoming) {
            Ok(begun) => begun,
            Err(error) => {
                let (error, status) =
                    if modern { modern::error(error) } else { (legacy::error(error), Status::Ok) };
                Begun::Done(error_response(Some(&incoming.id), &error, status))
            }
        }
    }

    fn try_begin(&self, peer: Peer, incoming: &Incoming<'_>) -> Result<Begun, RpcError> {
        let modern = peer.revision.is_modern();
        let params = incoming.params.map_or("{}", RawValue::get);
        let registry = self.registry();
        let has_tools = !registry.tools.is_empty();
        let has_prompts = !registry.prompts.is_empty();
        let has_resources = !(registry.resources.is_empty() && registry.templates.is_empty());
        match incoming.method {
            "tools/call" if has_tools => self.call_tool(peer, incoming, params),
            "tools/list" if has_tools => self.list(List::Tools, &peer, incoming, params),
            "prompts/list" if has_prompts => self.list(List::Prompts, &peer, incoming, params),
            "prompts/get" if has_prompts => self.get_prompt(peer, incoming, params),
            "resources/list" if has_resources => {
                self.list(List::Resources, &peer, incoming, params)
            }
            "resources/templates/list" if has_resources => {
                self.list(List::Templates, &peer, incoming, params)
            }
            "resources/read" if has_resources => self.read_resource(peer, incoming, params),
            "completion/complete" if has_prompts || has_resources => {
                self.complete(&peer, incoming, params)
            }
            "server/discover" if modern => Ok(Begun::Done(self.discover(incoming))),
            "subscriptions/listen" if modern => self.listen(peer, incoming, params),
            "ping" if !modern => Ok(empty(incoming)),
            method if !modern => match (method, &peer.session) {
                ("logging/setLevel", Some(session)) => {
                    let [level] = fields(params, &["level"])?;
                    let level: LoggingLevel = level
                        .and_then(|raw| serde_json::from_str(raw.get()).ok())
                        .filter(is_known)
                        .ok_or_else(|| {
                            RpcError::invalid_params(
                                "`level` must be one of the eight levels of RFC 5424",
                            )
                        })?;
                    session.set_level(&level);
                    Ok(empty(incoming))
                }
                ("resources/subscribe", Some(session)) if has_resources => {
                    let uri = text_of(params, "uri")?;
                    if registry.resource(&uri).is_none() {
                        return Err(not_found(&uri));
                    }
                    let mut filter = session.listener.filter();
                    if filter.watched.len() >= self.limits().watched {
                        return Err(RpcError::invalid_request(
                            "too many subscriptions: end some of them",
                        ));
                    }
                    filter.watched.insert(uri.into_owned());
                    Ok(empty(incoming))
                }
                ("resources/unsubscribe", Some(session)) if has_resources => {
                    let uri = text_of(params, "uri")?;
                    session.listener.filter().watched.remove(&*uri);
                    Ok(empty(incoming))
                }
                _ => Err(RpcError::method_not_found(method)),
            },
            method => self.extension_method(&peer, incoming, method, params),
        }
    }

    fn list(
        &self,
        list: List,
        peer: &Peer,
        incoming: &Incoming<'_>,
        params: &str,
    ) -> Result<Begun, RpcError> {
        let [cursor] = fields(params, &["cursor"])?;
        let cursor = cursor
            .map(|raw| {
                envelope::text(raw)
                    .ok_or_else(|| RpcError::invalid_params("`cursor` must be a string"))
            })
            .transpose()?;
        let page = self.page(list, peer.revision, cursor.as_deref())?;
        Ok(Begun::Done(result_response(&incoming.id, |out| out.extend_from_slice(&page))))
    }

    fn discover(&self, incoming: &Incoming<'_>) -> Response {
        let inner = self.inner();
        let result = modern::discover(
            self.capabilities(),
            inner.instructions.as_deref(),
            &inner.cache,
            &inner.server_info,
        );
        result_response(&incoming.id, |out| out.extend_from_slice(&result))
    }

    fn call_tool(
        &self,
        peer: Peer,
        incoming: &Incoming<'_>,
        params: &str,
    ) -> Result<Begun, RpcError> {
        let parts = CallParts::read(params, "name")?;
        let entry =
            self.registry().tool(&parts.target).cloned().ok_or_else(|| {
                RpcError::invalid_params(format!("unknown tool: `{}`", parts.target))
            })?;
        let requires = entry.definition.requires.clone();
        self.call(peer, incoming, params, parts, Subject::Tool(entry), &requires)
    }

    fn get_prompt(
        &self,
        peer: Peer,
        incoming: &Incoming<'_>,
        params: &str,
    ) -> Result<Begun, RpcError> {
        let parts = CallParts::read(params, "name")?;
        let entry = self.registry().prompt(&parts.target).cloned().ok_or_else(|| {
            RpcError::invalid_params(format!("unknown prompt: `{}`", parts.target))
        })?;
        let requires = entry.definition.requires.clone();
        self.call(peer, incoming, params, parts, Subject::Prompt(entry), &requires)
    }

    fn read_resource(
        &self,
        peer: Peer,
        incoming: &Incoming<'_>,
        params: &str,
    ) -> Result<Begun, RpcError> {
        let parts = CallParts::read(params, "uri")?;
        let registry = self.registry();
        let (entry, variables) =
            registry.resource(&parts.target).ok_or_else(|| not_found(&parts.target))?;
        let requires = entry.definition.requires.clone();
        let uri = parts.target.clone().into();
        let subject = Subject::Resource { entry: entry.clone(), uri, variables };
        self.call(peer, incoming, params, parts, subject, &requires)
    }

    fn call(
        &self,
        peer: Peer,
        incoming: &Incoming<'_>,
        params: &str,
        parts: CallParts<'_>,
        subject: Subject,
        requires: &[ClientFeature],
    ) -> Result<Begun, RpcError> {
        let meta = parts.meta.map(|raw| Meta::read(raw.get())).transpose()?.unwrap_or_default();
        let within = |raw: &RawValue| within(params, raw.get());
        let owned = Params {
            arguments: parts.arguments.and_then(within),
            meta: parts.meta.and_then(within),
            progress_token: meta.progress_token.and_then(within),
            log_level: meta.log_level,
            text: params.into(),
        };
        let modern = peer.revision.is_modern();
        let clock = self.inner().clock.clone();
        let run = match parts.request_state.filter(|_| modern) {
            _ if !modern => Run::live(fresh_id, clock),
            None => Run::inline(fresh_id, None, Vec::new(), clock),
            Some(state) => {
                let saved = self.open(&subject, params, peer.principal.as_ref(), &state)?;
                let presented = presented(&saved, parts.input_responses)?;
                Run::inline(fresh_id, Some(saved), presented, clock)
            }
        };
        let cx = Context::begin(Begin {
            run,
            server: self.clone(),
            id: incoming.id.clone(),
            revision: peer.revision,
            session: peer.session,
            principal: peer.principal,
            subject,
            params: owned,
            calls: peer.calls,
        });
        if let Some(feature) = requires.iter().find(|feature| !cx.client().supports(**feature)) {
            return Err(InputError::missing(*feature));
        }
        if let Some(calls) = &cx.calls {
            calls.enter_call(&cx, self.limits().calls).map_err(RpcError::invalid_request)?;
        }
        Ok(Begun::Drive(Drive::Call(CallDrive::new(cx))))
    }

    /// Opens a sealed state. Whatever is wrong with it, the client gets the same answer.
    fn open(
        &self,
        subject: &Subject,
        params: &str,
        principal: Option<&Principal>,
        state: &str,
    ) -> Result<Saved, RpcError> {
        let inner = self.inner();
        let name = subject.target();
        let binding = binding(subject, params, principal)?;
        let opened = inner.keys.open(state, &binding, inner.clock.now()).map_err(|error| {
            tracing::warn!(target: "mcp", name, %error, "request state refused");
            RpcError::invalid_params(Purpose::RequestState.refusal())
        })?;
        serde_json::from_slice(&opened.plain).map_err(|error| {
            tracing::warn!(target: "mcp", name, %error, "request state of another version");
            RpcError::invalid_params(Purpose::RequestState.refusal())
        })
    }

    fn complete(
        &self,
        peer: &Peer,
        incoming: &Incoming<'_>,
        params: &str,
    ) -> Result<Begun, RpcError> {
        use mcp_schema::v2026_07_28::{CompleteRequestParamsArgument, CompleteRequestParamsRef};
        let [reference, argument, context] = fields(params, &["ref", "argument", "context"])?;
        let read = |what: &str| {
            let what = what.to_owned();
            move |error: serde_json::Error| RpcError::invalid_params(format!("`{what}`: {error}"))
        };
        let reference: CompleteRequestParamsRef =
            serde_json::from_str(reference.map_or("null", RawValue::get)).map_err(read("ref"))?;
        let argument: CompleteRequestParamsArgument =
            serde_json::from_str(argument.map_or("null", RawValue::get))
                .map_err(read("argument"))?;
        let [filled] = context.map_or(Ok([None]), |raw| fields(raw.get(), &["arguments"]))?;
        let arguments = filled
            .map(|raw| serde_json::from_str(raw.get()))
            .transpose()
            .map_err(read("context.arguments"))?
            .unwrap_or_default();
        let registry = self.registry();
        let variables = match &reference {
            CompleteRequestParamsRef::Prompt(prompt) => {
                registry.prompt(&prompt.name).map(|entry| &entry.definition.arguments).ok_or_else(
                    || RpcError::invalid_params(format!("unknown prompt: `{}`", prompt.name)),
                )?
            }
            CompleteRequestParamsRef::Resource(template) => registry
                .templates
                .get(&template.uri)
                .filter(|listed| listed.enabled)
                .map(|listed| &listed.entry.definition.variables)
                .ok_or_else(|| {
                    RpcError::invalid_params(format!("unknown template: `{}`", template.uri))
                })?,
        };
        let variable =
            variables.iter().find(|variable| variable.name == argument.name).ok_or_else(|| {
                RpcError::invalid_params(format!("unknown argument: `{}`", argument.name))
            })?;
        let id = incoming.id.clone();
        let modern = peer.revision.is_modern();
        let server = self.clone();
        let completer = variable.complete.clone();
        let partial = Partial { argument: argument.name, value: argument.value, arguments };
        Ok(Begun::Drive(Drive::Brief(Box::pin(async move {
            let mut completion = match completer {
                Some(completer) => completer.complete(partial).await,
                None => Default::default(),
            };
            let found = completion.values.len();
            let total = completion.total.unwrap_or(found as u64);
            // At most 100 (all revisions, Completion).
            completion.values.truncate(100);
            result_response(&id, |out| {
                let mut result = Writer::new(out);
                if modern {
                    modern::complete(&mut result);
                }
                result.object("completion", |inner| {
                    inner.field("values", &completion.values);
                    inner.field("total", &total);
                    inner.field("hasMore", &(total > completion.values.len() as u64));
                });
                if modern {
                    modern::write_meta(&mut result, None, &server.inner().server_info);
                }
                result.end();
            })
        }))))
    }

    fn listen(&self, peer: Peer, incoming: &Incoming<'_>, params: &str) -> Result<Begun, RpcError> {
        let [filter] = fields(params, &["notifications"])?;
        let filter =
            filter.ok_or_else(|| RpcError::invalid_params("`notifications` must be there"))?;
        let wanted: mcp_schema::v2026_07_28::SubscriptionFilter =
            serde_json::from_str(filter.get())
                .map_err(|error| RpcError::invalid_params(format!("`notifications`: {error}")))?;
        let capabilities = self.capabilities();
        let uris = wanted.resource_subscriptions.unwrap_or_default();
        if uris.len() > self.limits().watched {
            return Err(RpcError::invalid_params(format!(
                "`resourceSubscriptions` may name {} resources at most",
                self.limits().watched
            )));
        }
        let yes = |wish: Option<bool>, able: bool| wish == Some(true) && able;
        let honoured = Filter {
            tools: yes(wanted.tools_list_changed, capabilities.tools.is_some()),
            prompts: yes(wanted.prompts_list_changed, capabilities.prompts.is_some()),
            resources: yes(wanted.resources_list_changed, capabilities.resources.is_some()),
            watched: if capabilities.resources.is_some() {
                uris.into_iter().collect()
            } else {
                Default::default()
            },
        };
        let acknowledgment =
            protocol::notification("notifications/subscriptions/acknowledged", |params| {
                params.object("_meta", |meta| super::listen::subscription_id(meta, &incoming.id));
                params.object("notifications", |agreed| {
                    for (key, yes) in [
                        ("toolsListChanged", honoured.tools),
                        ("promptsListChanged", honoured.prompts),
                        ("resourcesListChanged", honoured.resources),
                    ] {
                        if yes {
                            agreed.field(key, &true);
                        }
                    }
                    if !honoured.watched.is_empty() {
                        agreed.field("resourceSubscriptions", &honoured.watched);
                    }
                });
            });
        let listener = Listener::new(honoured, Some(incoming.id.clone()));
        if !self.inner().listeners.add(&listener, self.limits().listeners) {
            return Err(RpcError::internal(
                "too many subscriptions at the same time: try again later",
            ));
        }
        if let Some(calls) = &peer.calls {
            calls
                .enter_listener(&incoming.id, &listener, self.limits().calls)
                .map_err(RpcError::invalid_request)?;
        }
        let drive = ListenDrive::new(listener, acknowledgment, self.clone(), peer.calls);
        Ok(Begun::Drive(Drive::Listen(drive)))
    }

    fn extension_method(
        &self,
        peer: &Peer,
        incoming: &Incoming<'_>,
        name: &str,
        params: &str,
    ) -> Result<Begun, RpcError> {
        let method =
            self.inner().methods.get(name).ok_or_else(|| RpcError::method_not_found(name))?;
        let mut params: mcp_schema::JsonObject = serde_json::from_str(params)
            .map_err(|error| RpcError::invalid_params(error.to_string()))?;
        let meta = match params.shift_remove("_meta") {
            Some(mcp_schema::Value::Object(meta)) => meta,
            _ => Default::default(),
        };
        let text = serde_json::to_string(&meta).unwrap_or_default();
        let client = modern::client_of(peer.revision, &text);
        if !client.supports_extension(&method.extension) {
            return Err(RpcError::new(
                code::MISSING_REQUIRED_CLIENT_CAPABILITY,
                format!("`{name}` belongs to the extension `{}`, which the client does not declare", method.extension),
            )
            .with_data(json!({ "requiredCapabilities": { "extensions": { method.extension.as_str(): {} } } })));
        }
        let call = MethodCall {
            params,
            meta,
            client,
            principal: peer.principal.clone(),
            server: self.clone(),
        };
        let (id, server, future) = (incoming.id.clone(), self.clone(), method.call(call));
        Ok(Begun::Drive(Drive::Brief(Box::pin(async move {
            match future.await {
                Ok(mut result) => {
                    let own = match result.shift_remove("_meta") {
                        Some(mcp_schema::Value::Object(meta)) => Some(meta),
                        _ => None,
                    };
                    result_response(&id, |out| {
                        let mut writer = Writer::new(out);
                        if !result.contains_key("resultType") {
                            modern::complete(&mut writer);
                        }
                        for (key, value) in &result {
                            writer.field(key, value);
                        }
                        modern::write_meta(&mut writer, own.as_ref(), &server.inner().server_info);
                        writer.end();
                    })
                }
                Err(error) => {
                    let (error, status) = modern::error(error);
                    error_response(Some(&id), &error, status)
                }
            }
        }))))
    }
}

/// The parts of the parameters of a call.
struct CallParts<'a> {
    target: Cow<'a, str>,
    arguments: Option<&'a RawValue>,
    meta: Option<&'a RawValue>,
    input_responses: Option<&'a RawValue>,
    request_state: Option<Cow<'a, str>>,
}

impl<'a> CallParts<'a> {
    fn read(params: &'a str, key: &'static str) -> Result<Self, RpcError> {
        let [target, arguments, meta, input_responses, request_state] =
            fields(params, &[key, "arguments", "_meta", "inputResponses", "requestState"])?;
        let target = target.and_then(envelope::text).ok_or_else(|| {
            RpcError::invalid_params(format!("`{key}` must be there, and a string"))
        })?;
        if arguments.is_some_and(|raw| !raw.get().starts_with('{')) {
            return Err(RpcError::invalid_params("`arguments` must be an object"));
        }
        let request_state = request_state
            .map(|raw| {
                envelope::text(raw)
                    .ok_or_else(|| RpcError::invalid_params("`requestState` must be a string"))
            })
            .transpose()?;
        Ok(Self { target, arguments, meta, input_responses, request_state })
    }
}

/// The answers that a retry brings, as far as they answer an open question. Others are ignored (2026-07-28, MRTR, Error
/// Handling).
fn presented(
    saved: &Saved,
    responses: Option<&RawValue>,
) -> Result<Vec<(String, Box<RawValue>)>, RpcError> {
    let Some(responses) = responses else { return Ok(Vec::new()) };
    let open: Vec<Cow<'static, str>> = saved
        .asked
        .iter()
        .filter(|asked| asked.standing == Standing::Open)
        .map(|asked| asked.key.as_str().to_owned().into())
        .collect();
    let entries = envelope::entries(responses.get(), &open)
        .map_err(|error| RpcError::invalid_params(format!("`inputResponses`: {error}")))?;
    Ok(entries.into_iter().map(|(key, raw)| (key.into_owned(), raw.to_owned())).collect())
}

/// A call's id. Without randomness a call still runs: its idempotency keys are then no better than its clock.
fn fresh_id() -> CallId {
    let mut id = [0; 16];
    if getrandom::fill(&mut id).is_err() {
        let now =
            std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        id = now.as_nanos().to_be_bytes();
    }
    CallId(id)
}

/// Where a part stands in the text that it was read from.
fn within(text: &str, part: &str) -> Option<Range<usize>> {
    let start = (part.as_ptr() as usize).checked_sub(text.as_ptr() as usize)?;
    let end = start.checked_add(part.len())?;
    (end <= text.len()).then_some(start..end)
}

fn fields<'a, const N: usize>(
    params: &'a str,
    names: &[&'static str; N],
) -> Result<[Option<&'a RawValue>; N], RpcError> {
    envelope::fields(params, names)
        .map_err(|error| RpcError::invalid_params(format!("`params`: {error}")))
}

fn text_of<'a>(params: &'a str, name: &'static str) -> Result<Cow<'a, str>, RpcError> {
    let [value] = fields(params, &[name])?;
    value
        .and_then(envelope::text)
        .ok_or_else(|| RpcError::invalid_params(format!("`{name}` must be there, and a string")))
}

fn not_found(uri: &str) -> RpcError {
    RpcError::new(code::RESOURCE_NOT_FOUND, "resource not found").with_data(json!({ "uri": uri }))
}

fn is_known(level: &LoggingLevel) -> bool {
    !matches!(level, LoggingLevel::Other(_))
}

fn empty(incoming: &Incoming<'_>) -> Begun {
    Begun::Done(result_response(&incoming.id, |out| out.extend_from_slice(b"{}")))
}

/// The meta of a request, wherever its method keeps the rest.
pub(crate) fn meta_of(params: Option<&RawValue>) -> Result<Option<&RawValue>, RpcError> {
    let Some(params) = params else { return Ok(None) };
    let [meta] = fields(params.get(), &["_meta"])?;
    match meta {
        Some(meta) if !meta.get().starts_with('{') => {
            Err(RpcError::invalid_params("`_meta` must be an object"))
        }
        meta => Ok(meta),
    }
}

/// Whether a message says of itself that it is modern: it names a version (P1).
pub(crate) fn names_a_version(meta: Option<&RawValue>) -> bool {
    meta.is_some_and(|meta| meta.get().contains(meta_key::PROTOCOL_VERSION))
}
