//! Who answers a request.

use std::borrow::Cow;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::Poll;

use mcp_schema::shared::LoggingLevel;
use serde_json::json;
use serde_json::value::RawValue;

use super::ask::InputError;
use super::calls::Calls;
use super::completion::Partial;
use super::context::{Begin, Context, Kept, Subject};
use super::drive::{BriefDrive, CallDrive, Drive, binding};
use super::extension::MethodCall;
use super::handle::Server;
use super::lists::List;
use super::principal::Principal;
use super::session::Session;
use super::tasks::Start;
use crate::error::{RpcError, code};
use crate::journal::{CallId, Run, Saved, Standing};
use crate::protocol::envelope::{self, Id};
use crate::protocol::legacy::{self, Initialize};
use crate::protocol::modern;
use crate::protocol::params::Params;
use crate::protocol::revision::Revision;
use crate::protocol::seal::Purpose;
use crate::protocol::{Response, Status, Writer, error_response, result_response};

/// A request, and who sent it.
pub(crate) struct Incoming<'a> {
    pub id: Id,
    pub method: &'a str,
    pub params: Params<'a>,
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
            self.tasks_capability(principal.is_some()),
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
        let params = incoming.params.text;
        let registry = self.registry();
        let has_tools = !registry.tools.is_empty();
        let has_prompts = !registry.prompts.is_empty();
        let has_resources = !(registry.resources.is_empty() && registry.templates.is_empty());
        match incoming.method {
            "tools/call" if has_tools => self.call_tool(peer, incoming),
            "tools/list" if has_tools => self.list(List::Tools, &peer, incoming),
            "prompts/list" if has_prompts => self.list(List::Prompts, &peer, incoming),
            "prompts/get" if has_prompts => self.get_prompt(peer, incoming),
            "resources/list" if has_resources => self.list(List::Resources, &peer, incoming),
            "resources/templates/list" if has_resources => {
                self.list(List::Templates, &peer, incoming)
            }
            "resources/read" if has_resources => self.read_resource(peer, incoming),
            "completion/complete" if self.capabilities().completions.is_some() => {
                self.complete(&peer, incoming, params)
            }
            "server/discover" if modern => Ok(Begun::Done(self.discover(incoming))),
            "subscriptions/listen" if modern => self.listen(peer, incoming, params),
            "tasks/get" | "tasks/list" | "tasks/result" | "tasks/update" | "tasks/cancel" => {
                self.task_method(&peer, incoming)
            }
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
                    let uri = Params::text("uri", incoming.params.uri)?;
                    if registry.resource(&uri).is_none() {
                        return Err(not_found(&uri));
                    }
                    let mut filter = session.listener.filter();
                    // Many long addresses are too many as well: together they are no longer than one message.
                    let bytes = filter.watched.iter().map(String::len).sum::<usize>() + uri.len();
                    if filter.watched.len() >= self.limits().watched
                        || bytes > self.limits().message
                    {
                        return Err(RpcError::invalid_request(
                            "too many subscriptions: end some of them",
                        ));
                    }
                    filter.watched.insert(uri.into_owned());
                    Ok(empty(incoming))
                }
                ("resources/unsubscribe", Some(session)) if has_resources => {
                    let uri = Params::text("uri", incoming.params.uri)?;
                    session.listener.filter().watched.remove(&*uri);
                    Ok(empty(incoming))
                }
                _ => Err(RpcError::method_not_found(method)),
            },
            method => self.extension_method(&peer, incoming, method, params),
        }
    }

    fn list(&self, list: List, peer: &Peer, incoming: &Incoming<'_>) -> Result<Begun, RpcError> {
        let cursor =
            incoming.params.cursor.map(|raw| Params::text("cursor", Some(raw))).transpose()?;
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

    fn call_tool(&self, peer: Peer, incoming: &Incoming<'_>) -> Result<Begun, RpcError> {
        let name = Params::text("name", incoming.params.name)?;
        let entry = self.registry().tool(&name).cloned();
        let entry =
            entry.ok_or_else(|| RpcError::invalid_params(format!("unknown tool: `{name}`")))?;
        self.call(peer, incoming, Subject::Tool(entry))
    }

    fn get_prompt(&self, peer: Peer, incoming: &Incoming<'_>) -> Result<Begun, RpcError> {
        let name = Params::text("name", incoming.params.name)?;
        let entry = self.registry().prompt(&name).cloned();
        let entry =
            entry.ok_or_else(|| RpcError::invalid_params(format!("unknown prompt: `{name}`")))?;
        self.call(peer, incoming, Subject::Prompt(entry))
    }

    fn read_resource(&self, peer: Peer, incoming: &Incoming<'_>) -> Result<Begun, RpcError> {
        let uri = Params::text("uri", incoming.params.uri)?;
        let registry = self.registry();
        let (entry, variables) = registry.resource(&uri).ok_or_else(|| not_found(&uri))?;
        let subject = Subject::Resource { entry: entry.clone(), uri: uri.into(), variables };
        self.call(peer, incoming, subject)
    }

    fn call(
        &self,
        peer: Peer,
        incoming: &Incoming<'_>,
        subject: Subject,
    ) -> Result<Begun, RpcError> {
        let params = &incoming.params;
        if params.arguments.is_some_and(|raw| !raw.get().starts_with('{')) {
            return Err(RpcError::invalid_params("`arguments` must be an object"));
        }
        let creating = match &subject {
            Subject::Tool(entry) => match self.task_at_once(&peer, incoming, entry)? {
                Start::Inline => None,
                Start::Task(begun) => return Ok(begun),
                Start::Try(creating) => Some(creating),
            },
            _ => None,
        };
        let modern = peer.revision.is_modern();
        let clock = self.inner().clock.clone();
        let run = match params.request_state.filter(|_| modern) {
            _ if !modern => Run::live(fresh_id, clock),
            None => Run::inline(fresh_id, None, Vec::new(), clock),
            state => {
                let state = Params::text("requestState", state)?;
                let saved = self.open(&subject, params.text, peer.principal.as_ref(), &state)?;
                let presented = presented(&saved, params.input_responses)?;
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
            params: Kept::of(params, modern),
            calls: peer.calls,
        });
        let mut requires = cx.subject.requires().iter();
        if let Some(feature) = requires.find(|feature| !cx.client().supports(**feature)) {
            return Err(InputError::missing(*feature));
        }
        if let Some(calls) = &cx.calls {
            calls.enter_call(&cx, self.limits().calls).map_err(RpcError::invalid_request)?;
        }
        Ok(Begun::Drive(Drive::Call(CallDrive::new(cx, creating))))
    }

    /// A request that somebody else's code answers in a moment. A panic there is an error of this request alone: it must not
    /// end the thread or the connection that carries it.
    pub(super) fn brief(
        &self,
        calls: Option<Arc<Calls>>,
        incoming: &Incoming<'_>,
        answer: impl Future<Output = Response> + Send + 'static,
    ) -> Result<Begun, RpcError> {
        let (id, method) = (incoming.id.clone(), incoming.method.to_owned());
        let mut answer = Box::pin(answer);
        let guarded = poll_fn(move |cx| {
            catch_unwind(AssertUnwindSafe(|| answer.as_mut().poll(cx))).unwrap_or_else(|_| {
                tracing::error!(target: "mcp", method, "handler panicked");
                let error = RpcError::internal(format!("`{method}` panicked"));
                Poll::Ready(error_response(Some(&id), &error, Status::Ok))
            })
        });
        BriefDrive::new(&incoming.id, calls, self.limits().calls, Box::pin(guarded))
            .map(|brief| Begun::Drive(Drive::Brief(brief)))
            .map_err(RpcError::invalid_request)
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
        let partial = Partial {
            argument: argument.name,
            value: argument.value,
            arguments,
            server: Some(self.clone()),
            principal: peer.principal.clone(),
        };
        self.brief(peer.calls.clone(), incoming, async move {
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
        })
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
        let (id, server, method) = (incoming.id.clone(), self.clone(), method.clone());
        self.brief(peer.calls.clone(), incoming, async move {
            match method.call(call).await {
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
        })
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

pub(super) fn fields<'a, const N: usize>(
    params: &'a str,
    names: &[&'static str; N],
) -> Result<[Option<&'a RawValue>; N], RpcError> {
    envelope::fields(params, names)
        .map_err(|error| RpcError::invalid_params(format!("`params`: {error}")))
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
