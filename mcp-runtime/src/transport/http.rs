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
mod message;
mod replay;
mod reply;
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
use http::{HeaderName, Method, Request, Response, StatusCode, header};
use tower_service::Service;

pub use self::body::ResponseBody;
#[cfg(feature = "console")]
pub(crate) use self::body::write_event;
#[cfg(feature = "console")]
pub(crate) use self::guard::host_is_fine;
pub use self::listen::HttpServer;
use self::message::Next;
use self::reply::{Refusal, bad_request, empty, events, json, not_allowed, only, refused};
pub(crate) use self::request::Unread;
#[cfg(feature = "console")]
pub(crate) use self::request::body as read_body;
use self::request::{Accept, Head};
use self::running::{Gauge, Running};
use self::sessions::{Entry, Sessions};
use crate::error::RpcError;
use crate::protocol::revision::Revision;
use crate::server::drive::Item;
use crate::server::handle::Server;
use crate::server::limits::Limits;
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
        if server.inner().random_keys {
            tracing::warn!(
                target: "mcp",
                "the keys that protect `requestState` are this process's own: give all replicas the same with `ServerBuilder::keys`"
            );
        }
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

impl Endpoint {
    async fn answer<B: http_body::Body>(
        self: Arc<Self>,
        request: Request<B>,
    ) -> Response<ResponseBody> {
        let (parts, body) = request.into_parts();
        let head = Head::read(&parts.headers);
        if let Err(refusal) = self.admit(&parts, &head) {
            return *refusal;
        }
        let mut response = match parts.method {
            Method::POST => self.post(&parts, &head, body).await,
            Method::GET => self.listen(&parts, &head).unwrap_or_else(|refusal| *refusal),
            Method::DELETE => self.end_session(&parts, &head).unwrap_or_else(|refusal| *refusal),
            Method::OPTIONS => guard::preflight(&parts.headers),
            _ => *not_allowed("this endpoint has no such method", METHODS),
        };
        if let Some(origin) = parts.headers.get(header::ORIGIN) {
            guard::let_read(response.headers_mut(), origin.clone());
        }
        response
    }

    /// Both headers, each by itself.
    fn admit(&self, parts: &Parts, head: &Head<'_>) -> Result<(), Refusal> {
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
            return *refused(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "the body must be JSON, and `Content-Type` must say so",
            );
        }
        let accept = head.accept;
        if !accept.json && !accept.events {
            return *refused(
                StatusCode::NOT_ACCEPTABLE,
                "answers are `application/json` or `text/event-stream`: accept both",
            );
        }
        let limits = self.server.limits();
        let bytes = match request::body(body, limits.message, waiting_time(limits)).await {
            Ok(bytes) => bytes,
            Err(Unread::TooLong) => {
                let limit = limits.message;
                return *refused(
                    StatusCode::PAYLOAD_TOO_LARGE,
                    &format!("a message may have {limit} bytes at most"),
                );
            }
            Err(Unread::TooSlow) => {
                return *refused(StatusCode::REQUEST_TIMEOUT, "the body did not arrive in time");
            }
            Err(Unread::Broken) => {
                return *refused(StatusCode::BAD_REQUEST, "the body broke off");
            }
        };
        match self.message(parts, head, &bytes) {
            Next::Done(response) => response,
            Next::Run(running) => run(running, accept, limits.keep_alive).await,
        }
    }

    /// The session that a GET or DELETE is for. Modern revisions know neither.
    fn addressed(&self, parts: &Parts, head: &Head<'_>) -> Result<Arc<Entry>, Refusal> {
        if head.session.is_none() || named_revision(head).is_some_and(Revision::is_modern) {
            return Err(not_allowed("without a session there is only POST", "POST, OPTIONS"));
        }
        self.session(head, parts.extensions.get::<Principal>(), None)
    }

    fn listen(&self, parts: &Parts, head: &Head<'_>) -> Result<Response<ResponseBody>, Refusal> {
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
    ) -> Result<Response<ResponseBody>, Refusal> {
        let entry = self.addressed(parts, head)?;
        self.sessions.remove(&entry);
        Ok(empty(StatusCode::NO_CONTENT))
    }
}

/// How long a body may take to arrive, and how long a client may stop reading: three times what a head may take.
pub(crate) fn waiting_time(limits: &Limits) -> Duration {
    limits.header_timeout.saturating_mul(3)
}

/// Answers a request, with JSON if it has nothing to say before its response.
async fn run(mut running: Running, accept: Accept, keep_alive: Duration) -> Response<ResponseBody> {
    loop {
        match running.next().await {
            Item::Response(response) => {
                let mut response = if accept.json { json(response) } else { only(&response.body) };
                response.body_mut().keep(running.answered());
                return response;
            }
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

/// The revision that the version header names, if it names one that is served.
fn named_revision(head: &Head<'_>) -> Option<Revision> {
    Revision::from_version(std::str::from_utf8(head.standard.protocol_version?).ok()?.trim())
}

/// Stream and number of an event.
fn event_id(id: &[u8]) -> Option<(u64, u64)> {
    let (stream, event) = std::str::from_utf8(id).ok()?.trim().split_once('-')?;
    Some((stream.parse().ok()?, event.parse().ok()?))
}
