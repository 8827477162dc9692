//! Streamable HTTP: a tower service, and a server for it.
//!
//! One endpoint serves both eras. A request says by itself which one it belongs to (P1): it names a modern version, in its
//! metadata or in its header, or it begins or continues a session.
//!
//! A call runs inside the future of its request: no task, no channel. Its answer is plain JSON, unless there is something
//! to say before it; then it becomes an event stream, whose body goes on running the call. When a modern client goes
//! away, future or body are dropped, and with them the call; a legacy call then goes on in a task.

mod body;
mod guard;
mod listen;
mod replay;
mod request;
mod running;
mod sessions;

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};
use serde_json::value::RawValue;
use tower_service::Service;

pub use self::body::ResponseBody;
pub use self::listen::HttpServer;
use self::request::{Accept, Head, Unread};
use self::running::{Batch, Gauge, Running, Work, array};
use self::sessions::{Entry, NoSession, Sessions};
use super::stream::neither;
use crate::error::{RpcError, code};
use crate::protocol::envelope::{self, BadMessage, Id, Message};
use crate::protocol::headers::{check_standard, name_member};
use crate::protocol::modern::{self, Meta};
use crate::protocol::revision::Revision;
use crate::protocol::{Response as Answer, Status, error_response};
use crate::server::builder::Server;
use crate::server::dispatch::{Begun, Incoming, Peer, names_a_version};
use crate::server::drive::{Drive, Item};
use crate::server::principal::Principal;

const SESSION_ID: HeaderName = HeaderName::from_static("mcp-session-id");
const METHODS: &str = "GET, POST, DELETE, OPTIONS";

/// A server as a [tower](https://docs.rs/tower-service) service, to be mounted where its endpoint is.
///
/// [`Server::http`] makes it. Make one and clone it: clones share their sessions. It does not look at the path. A layer in
/// front of it may insert a [`Principal`] into the extensions of requests; sessions are bound to theirs.
///
/// Requests must name a host that is this machine's, or one of
/// [`allow_host`](crate::ServerBuilder::allow_host). The runtime needs its clock enabled, as `#[tokio::main]` does.
///
/// ```
/// # use mcp_runtime::{BuildError, Server};
/// # fn app(server: Server) -> axum::Router {
/// axum::Router::new().route_service("/mcp", server.http())
/// # }
/// ```
#[derive(Clone)]
pub struct McpService(Arc<Endpoint>);

/// What the clones share.
struct Endpoint {
    server: Server,
    sessions: Arc<Sessions>,
    running: Arc<Gauge>,
}

impl McpService {
    pub(crate) fn new(server: Server) -> Self {
        let sessions = Sessions::new(server.limits().clone());
        let running = Gauge::new(server.limits().http_calls);
        Self(Arc::new(Endpoint { server, sessions, running }))
    }
}

impl<B> Service<Request<B>> for McpService
where
    B: http_body::Body + Send + 'static,
    B::Data: Send,
{
    type Response = Response<ResponseBody>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut TaskContext<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let endpoint = self.0.clone();
        Box::pin(async move { Ok(endpoint.answer(request).await) })
    }
}

impl fmt::Debug for McpService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("McpService").field(&self.0.server).finish()
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.sessions.close();
    }
}

/// What becomes of the message of a POST.
enum Next {
    Done(Response<ResponseBody>),
    Run(Running),
}

impl Endpoint {
    async fn answer<B: http_body::Body>(
        self: Arc<Self>,
        request: Request<B>,
    ) -> Response<ResponseBody> {
        let (parts, body) = request.into_parts();
        let head = Head::read(&parts.headers);
        if let Err(refusal) = self.admit(&parts, &head) {
            return refusal;
        }
        let mut response = match parts.method {
            Method::POST => self.post(&parts, &head, body).await,
            Method::GET => self.listen(&parts, &head).unwrap_or_else(|refusal| refusal),
            Method::DELETE => self.end_session(&parts, &head).unwrap_or_else(|refusal| refusal),
            Method::OPTIONS => guard::preflight(&parts.headers),
            _ => not_allowed("this endpoint has no such method", METHODS),
        };
        if let Some(origin) = parts.headers.get(header::ORIGIN) {
            guard::let_read(response.headers_mut(), origin.clone());
        }
        response
    }

    /// Both headers, each by itself.
    fn admit(&self, parts: &Parts, head: &Head<'_>) -> Result<(), Response<ResponseBody>> {
        let allowed = &self.server.inner().allowed;
        // HTTP/2 has no such header, and a request to a proxy may have both: then both count.
        let authority = parts.uri.authority().map(|it| it.as_str().as_bytes());
        let host = match (head.host, authority) {
            (None, None) => allowed.any_host,
            (host, authority) => {
                host.into_iter().chain(authority).all(|it| guard::host_is_fine(allowed, it))
            }
        };
        if !host || matches!(head.twice, Some("Host")) {
            return Err(refused(
                StatusCode::FORBIDDEN,
                "this `Host` is not one of the server's: allow it with `ServerBuilder::allow_host`",
            ));
        }
        let origin = head.origin.is_none_or(|origin| guard::origin_is_fine(allowed, origin));
        if !origin || matches!(head.twice, Some("Origin")) {
            return Err(refused(
                StatusCode::FORBIDDEN,
                "this `Origin` may not call the server: allow it with `ServerBuilder::allow_origin`",
            ));
        }
        Ok(())
    }

    async fn post<B: http_body::Body>(
        &self,
        parts: &Parts,
        head: &Head<'_>,
        body: B,
    ) -> Response<ResponseBody> {
        if !head.json {
            return refused(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "the body must be JSON, and `Content-Type` must say so",
            );
        }
        let accept = head.accept;
        if !accept.json && !accept.events {
            return refused(
                StatusCode::NOT_ACCEPTABLE,
                "answers are `application/json` or `text/event-stream`: accept both",
            );
        }
        let limits = self.server.limits();
        // Three times what a head may take, for all of it: a body of the longest size still needs no fast line.
        let bytes = match request::body(body, limits.message, 3 * limits.header_timeout).await {
            Ok(bytes) => bytes,
            Err(Unread::TooLong) => {
                let limit = limits.message;
                return refused(
                    StatusCode::PAYLOAD_TOO_LARGE,
                    &format!("a message may have {limit} bytes at most"),
                );
            }
            Err(Unread::TooSlow) => {
                return refused(StatusCode::REQUEST_TIMEOUT, "the body did not arrive in time");
            }
            Err(Unread::Broken) => {
                return refused(StatusCode::BAD_REQUEST, "the body broke off");
            }
        };
        match self.message(parts, head, &bytes) {
            Next::Done(response) => response,
            Next::Run(running) => run(running, accept, limits.keep_alive).await,
        }
    }

    fn message(&self, parts: &Parts, head: &Head<'_>, bytes: &[u8]) -> Next {
        let principal = parts.extensions.get::<Principal>();
        if let Some(batch) = envelope::batch(bytes) {
            return self.batch(head, principal, batch).unwrap_or_else(Next::Done);
        }
        let done = match Message::parse(bytes) {
            Err(BadMessage { id, error }) => Err(bad_request(id.as_ref(), &error)),
            Ok(Message::Request { id, method, params }) => {
                return self
                    .request(head, principal, &Incoming { id, method: &method, params })
                    .unwrap_or_else(Next::Done);
            }
            Ok(Message::Notification { method, params }) => {
                self.notification(head, principal, &method, params)
            }
            Ok(Message::Response { id, outcome }) => {
                self.session(head, principal, None).map(|entry| entry.session.answer(&id, outcome))
            }
        };
        Next::Done(match done {
            Ok(()) => empty(StatusCode::ACCEPTED),
            Err(refusal) => refusal,
        })
    }

    fn request(
        &self,
        head: &Head<'_>,
        principal: Option<&Principal>,
        incoming: &Incoming<'_>,
    ) -> Result<Next, Response<ResponseBody>> {
        let Incoming { id, method, params } = incoming;
        let refuse = |error: &RpcError| bad_request(Some(id), error);
        let params = Params::read(*params).map_err(|error| refuse(&error))?;
        if names_a_version(params.meta) || named_revision(head).is_some_and(Revision::is_modern) {
            return self.modern(head, principal, incoming, &params);
        }
        if *method == "initialize" {
            return self.initialize(head, principal, incoming).map(Next::Done);
        }
        let entry = self.session(head, principal, Some(id))?;
        Ok(match self.server.begin(peer(&entry, principal), incoming) {
            Begun::Done(response) => Next::Done(json(response)),
            Begun::Drive(drive) => self.run(Work::One(drive), Some(&entry), id)?,
        })
    }

    /// A request of a revision without sessions (2026-07-28, Streamable HTTP, Request Metadata).
    fn modern(
        &self,
        head: &Head<'_>,
        principal: Option<&Principal>,
        incoming: &Incoming<'_>,
        params: &Params<'_>,
    ) -> Result<Next, Response<ResponseBody>> {
        let Incoming { id, method, .. } = incoming;
        let refuse = |error: RpcError| bad_request(Some(id), &error);
        let mismatch = |text: String| refuse(RpcError::new(code::HEADER_MISMATCH, text));
        if let Some(name) = head.twice {
            return Err(mismatch(format!("Header mismatch: {name} header stands twice")));
        }
        let meta = Meta::read(params.meta.map_or("{}", RawValue::get)).map_err(refuse)?;
        let name = name_member(method).and_then(|member| params.name(member));
        let check = |version: &str| {
            check_standard(&head.standard, method, name.as_deref(), version)
                .map_err(|found| mismatch(found.to_string()))
        };
        // Header and body disagree: that comes before what is wrong with either of them.
        if let Some(version) = &meta.protocol_version
            && head.standard.protocol_version.is_some_and(|value| value != version.as_bytes())
        {
            check(version)?;
        }
        let revision = meta.revision().map_err(refuse)?;
        check(revision.as_str())?;
        if *method == "tools/call"
            && let Some(tool) =
                name.as_deref().and_then(|name| self.server.registry().tool(name).cloned())
            && !tool.headers.is_empty()
        {
            let twice = std::cell::Cell::new(false);
            let lookup = |name: &str| {
                let mut values = head.all.get_all(name).into_iter();
                let first = values.next().map(HeaderValue::as_bytes);
                twice.set(twice.get() || values.next().is_some());
                first
            };
            let arguments = params.arguments.map(RawValue::get);
            tool.headers.check(arguments, lookup).map_err(|found| mismatch(found.to_string()))?;
            if twice.get() {
                return Err(mismatch(
                    "Header mismatch: an Mcp-Param header stands twice".to_owned(),
                ));
            }
        }
        let peer = Peer { revision, session: None, principal: principal.cloned(), calls: None };
        match self.server.begin(peer, incoming) {
            Begun::Done(response) => Ok(Next::Done(json(response))),
            Begun::Drive(Drive::Listen(_)) if !head.accept.events => Err(refused(
                StatusCode::NOT_ACCEPTABLE,
                "`subscriptions/listen` is answered by an event stream: accept `text/event-stream`",
            )),
            Begun::Drive(drive) => self.run(Work::One(drive), None, id),
        }
    }

    fn run(
        &self,
        work: Work,
        entry: Option<&Arc<Entry>>,
        id: &Id,
    ) -> Result<Next, Response<ResponseBody>> {
        let permit = match &work {
            // Bounded by itself.
            Work::One(Drive::Listen(_)) => None,
            _ => match self.running.enter() {
                None => return Err(busy(Some(id), "too many calls at the same time")),
                permit => permit,
            },
        };
        Ok(Next::Run(Running::new(work, permit, entry.map(Entry::busy))))
    }

    fn notification(
        &self,
        head: &Head<'_>,
        principal: Option<&Principal>,
        method: &str,
        params: Option<&RawValue>,
    ) -> Result<(), Response<ResponseBody>> {
        let Params { meta, .. } =
            Params::read(params).map_err(|error| bad_request(None, &error))?;
        if names_a_version(meta) || named_revision(head).is_some_and(Revision::is_modern) {
            // There is none that a modern client would have to send; one of an extension means nothing here.
            return Ok(());
        }
        let entry = self.session(head, principal, None)?;
        if method == "notifications/cancelled" {
            entry.session.calls.cancel(params);
        }
        Ok(())
    }

    fn initialize(
        &self,
        head: &Head<'_>,
        principal: Option<&Principal>,
        incoming: &Incoming<'_>,
    ) -> Result<Response<ResponseBody>, Response<ResponseBody>> {
        self.check_version(head, Some(&incoming.id))?;
        let (session, response) = self
            .server
            .initialize(&incoming.id, incoming.params, principal.cloned(), None)
            .map_err(json)?;
        session.set_resumable();
        let entry = self.sessions.add(session).map_err(|why| match why {
            NoSession::Full => busy(Some(&incoming.id), "too many sessions at the same time"),
            NoSession::NoRandomness => json_with(
                StatusCode::INTERNAL_SERVER_ERROR,
                error_response(
                    Some(&incoming.id),
                    &RpcError::internal("no session id"),
                    Status::Ok,
                ),
            ),
        })?;
        let mut response = json(response);
        if let Ok(id) = HeaderValue::from_str(&entry.id) {
            response.headers_mut().insert(SESSION_ID, id);
        }
        Ok(response)
    }

    /// Where there is a version header, it must name a version (2025-11-25, Protocol Version Header).
    fn check_version(
        &self,
        head: &Head<'_>,
        id: Option<&Id>,
    ) -> Result<(), Response<ResponseBody>> {
        if let Some(name) = head.twice {
            return Err(bad_request(
                id,
                &RpcError::invalid_request(format!("`{name}` stands twice")),
            ));
        }
        match head.standard.protocol_version {
            Some(value) if named_revision(head).is_none() => {
                Err(bad_request(id, &modern::unsupported_version(&String::from_utf8_lossy(value))))
            }
            _ => Ok(()),
        }
    }

    /// The session that a request belongs to.
    fn session(
        &self,
        head: &Head<'_>,
        principal: Option<&Principal>,
        id: Option<&Id>,
    ) -> Result<Arc<Entry>, Response<ResponseBody>> {
        self.check_version(head, id)?;
        let Some(session) = head.session else { return Err(bad_request(id, &neither())) };
        self.sessions.find(session, principal).ok_or_else(|| {
            let error = RpcError::invalid_request(
                "this session does not exist, or has ended: begin anew with `initialize`",
            );
            json_with(StatusCode::NOT_FOUND, error_response(id, &error, Status::NotFound))
        })
    }

    /// Batches exist up to 2025-03-26, which MUST receive them.
    fn batch(
        &self,
        head: &Head<'_>,
        principal: Option<&Principal>,
        batch: Result<Vec<&RawValue>, RpcError>,
    ) -> Result<Next, Response<ResponseBody>> {
        let refuse = |error: RpcError| bad_request(None, &error);
        let messages = batch.map_err(refuse)?;
        let entry = match head.session {
            Some(_) => Some(self.session(head, principal, None)?),
            None => None,
        };
        let Some(entry) = entry.filter(|entry| entry.session.revision.has_batches()) else {
            return Err(refuse(RpcError::invalid_request(
                "batches exist up to 2025-03-26 only: send one message at a time",
            )));
        };
        let limit = self.server.limits().batch;
        if messages.len() > limit {
            let error = format!("a batch may have {limit} messages at most");
            return Err(refuse(RpcError::invalid_request(error)));
        }
        let (mut drives, mut responses) = (Vec::new(), Vec::new());
        for message in messages {
            match Message::parse(message.get().as_bytes()) {
                Err(BadMessage { id, error }) => {
                    responses.push(error_response(id.as_ref(), &error, Status::Ok).body);
                }
                Ok(Message::Request { id, method, params }) => {
                    let incoming = Incoming { id, method: &method, params };
                    match self.server.begin(peer(&entry, principal), &incoming) {
                        Begun::Done(response) => responses.push(response.body),
                        Begun::Drive(drive) => drives.push(drive),
                    }
                }
                Ok(Message::Notification { method, params }) => {
                    if method == "notifications/cancelled" {
                        entry.session.calls.cancel(params);
                    }
                }
                Ok(Message::Response { id, outcome }) => entry.session.answer(&id, outcome),
            }
        }
        if !drives.is_empty() {
            let Some(permit) = self.running.enter() else {
                return Err(busy(None, "too many calls at the same time"));
            };
            let work = Work::Batch(Batch { drives, responses });
            return Ok(Next::Run(Running::new(work, Some(permit), Some(entry.busy()))));
        }
        Ok(Next::Done(match &responses[..] {
            [] => empty(StatusCode::ACCEPTED),
            _ => json(array(&responses)),
        }))
    }

    /// The session that a GET or DELETE is for. Modern revisions know neither.
    fn addressed(
        &self,
        parts: &Parts,
        head: &Head<'_>,
    ) -> Result<Arc<Entry>, Response<ResponseBody>> {
        if head.session.is_none() || named_revision(head).is_some_and(Revision::is_modern) {
            return Err(not_allowed("without a session there is only POST", "POST, OPTIONS"));
        }
        self.session(head, parts.extensions.get::<Principal>(), None)
    }

    fn listen(
        &self,
        parts: &Parts,
        head: &Head<'_>,
    ) -> Result<Response<ResponseBody>, Response<ResponseBody>> {
        if !head.accept.events {
            return Err(not_allowed(
                "GET opens an event stream: accept `text/event-stream`",
                "POST, DELETE, OPTIONS",
            ));
        }
        let entry = self.addressed(parts, head)?;
        let reader = match head.last_event {
            None => {
                let (log, reader) = entry.listen(None);
                if entry.session.revision >= Revision::V2025_11_25 {
                    log.prime();
                }
                reader
            }
            Some(event) => {
                let resumed =
                    event_id(event).and_then(|(stream, event)| entry.resume(stream, event));
                resumed.ok_or_else(|| {
                    bad_request(
                        None,
                        &RpcError::invalid_request(
                            "`Last-Event-ID` is of no stream that is still kept",
                        ),
                    )
                })?
            }
        };
        Ok(events(ResponseBody::replayed(reader, self.server.limits().keep_alive)))
    }

    fn end_session(
        &self,
        parts: &Parts,
        head: &Head<'_>,
    ) -> Result<Response<ResponseBody>, Response<ResponseBody>> {
        let entry = self.addressed(parts, head)?;
        self.sessions.remove(&entry);
        Ok(empty(StatusCode::NO_CONTENT))
    }
}

/// Answers a request, with JSON if it has nothing to say before its response.
async fn run(mut running: Running, accept: Accept, keep_alive: Duration) -> Response<ResponseBody> {
    loop {
        match running.next().await {
            Item::Response(response) if accept.json => return json(response),
            Item::Response(response) => return only(&response.body),
            // Cancelled by the client, which expects no response.
            Item::Nothing => return events(ResponseBody::empty()),
            // Left out for a client that reads JSON only; without a question, however, it could not go on.
            Item::Message(text) if !accept.events && !is_question(&text) => {}
            Item::Message(text) => {
                let Some(busy) = running.session() else {
                    return events(ResponseBody::events(running, text, keep_alive));
                };
                let (log, reader) = busy.entry().open();
                // Other revisions do not expect events without data.
                if busy.entry().session.revision >= Revision::V2025_11_25 {
                    log.prime();
                }
                running.record(log, text);
                return events(ResponseBody::replayed(reader, keep_alive));
            }
        }
    }
}

/// A request of ours begins with its id, a notification with its method.
fn is_question(text: &str) -> bool {
    text.starts_with(r#"{"jsonrpc":"2.0","id":"#)
}

/// The parameters that a gateway can see in headers, and what tells the era.
#[derive(Default)]
struct Params<'a> {
    meta: Option<&'a RawValue>,
    name: Option<&'a RawValue>,
    uri: Option<&'a RawValue>,
    task_id: Option<&'a RawValue>,
    arguments: Option<&'a RawValue>,
}

impl<'a> Params<'a> {
    fn read(params: Option<&'a RawValue>) -> Result<Self, RpcError> {
        let Some(params) = params else { return Ok(Self::default()) };
        let [meta, name, uri, task_id, arguments] =
            envelope::fields(params.get(), &["_meta", "name", "uri", "taskId", "arguments"])
                .map_err(|error| RpcError::invalid_params(format!("`params`: {error}")))?;
        if meta.is_some_and(|meta| !meta.get().starts_with('{')) {
            return Err(RpcError::invalid_params("`_meta` must be an object"));
        }
        Ok(Self { meta, name, uri, task_id, arguments })
    }

    fn name(&self, member: &str) -> Option<std::borrow::Cow<'a, str>> {
        let raw = match member {
            "name" => self.name,
            "uri" => self.uri,
            _ => self.task_id,
        };
        raw.and_then(envelope::text)
    }
}

fn peer(entry: &Entry, principal: Option<&Principal>) -> Peer {
    let session = &entry.session;
    Peer {
        revision: session.revision,
        session: Some(session.clone()),
        principal: principal.cloned(),
        calls: Some(session.calls.clone()),
    }
}

/// The revision that the version header names, if it names one that is served.
fn named_revision(head: &Head<'_>) -> Option<Revision> {
    Revision::from_version(std::str::from_utf8(head.standard.protocol_version?).ok()?.trim())
}

/// Stream and number of an event.
fn event_id(id: &[u8]) -> Option<(u64, u64)> {
    let (stream, event) = std::str::from_utf8(id).ok()?.trim().split_once('-')?;
    Some((stream.parse().ok()?, event.parse().ok()?))
}

fn empty(status: StatusCode) -> Response<ResponseBody> {
    let mut response = Response::new(ResponseBody::empty());
    *response.status_mut() = status;
    response
}

fn json(answer: Answer) -> Response<ResponseBody> {
    let status = match answer.status {
        Status::Ok => StatusCode::OK,
        Status::BadRequest => StatusCode::BAD_REQUEST,
        Status::NotFound => StatusCode::NOT_FOUND,
    };
    json_with(status, answer)
}

fn json_with(status: StatusCode, answer: Answer) -> Response<ResponseBody> {
    let mut response = Response::new(ResponseBody::full(answer.body));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

fn events(body: ResponseBody) -> Response<ResponseBody> {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    // Some proxies hold a response back until it is complete, or long (2026-07-28, Receiving Messages).
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

/// An event stream of one event, for clients that read nothing else.
fn only(message: &[u8]) -> Response<ResponseBody> {
    let mut event = Vec::new();
    body::write_event(&mut event, None, message);
    events(ResponseBody::full(event))
}

fn bad_request(id: Option<&Id>, error: &RpcError) -> Response<ResponseBody> {
    json(error_response(id, error, Status::BadRequest))
}

/// Refused for what HTTP says about it, before anybody looked at the message.
fn refused(status: StatusCode, why: &str) -> Response<ResponseBody> {
    json_with(status, error_response(None, &RpcError::invalid_request(why), Status::BadRequest))
}

fn not_allowed(why: &str, methods: &'static str) -> Response<ResponseBody> {
    let mut response = refused(StatusCode::METHOD_NOT_ALLOWED, why);
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(methods));
    response
}

fn busy(id: Option<&Id>, why: &str) -> Response<ResponseBody> {
    let error = RpcError::internal(format!("{why}: try again later"));
    let mut response =
        json_with(StatusCode::SERVICE_UNAVAILABLE, error_response(id, &error, Status::BadRequest));
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    response
}
