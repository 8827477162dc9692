//! The development console: a page of the server itself, to look at what it has and try it out.
//!
//! # What is served
//!
//! All of it is below `/console`, beside the endpoint and never in its way.
//!
//! | path | what it is | token |
//! | --- | --- | --- |
//! | `GET /console`, `/console/*.css`, `*.js`, `*.svg` | the page: files that are part of the program | no |
//! | `POST`, `DELETE /console/mcp` | the server's endpoint once more, in the name of [`Console::principal`] | yes |
//! | `GET /console/api/server` | name, revisions with the capabilities derived for each, settings of tasks | yes |
//! | `GET /console/api/tools` | every tool, those that are switched off included: options, and the definition as each revision sees it | yes |
//! | `GET /console/api/tasks?before=&state=&tool=` | up to 100 tasks of everybody, newest first; `before` is the `cursor` of an earlier answer | yes |
//! | `GET /console/api/task?id=` | all of one task | yes |
//! | `GET /console/api/events?task=` | an event stream of what changes: see below | yes |
//! | `POST /console/api/task/cancel`, `/again`, `/purge` | `{"id"}`; `again` answers with the id of the new task (P20) | yes |
//! | `POST /console/api/task/answer` | `{"id", "answers": {key: answer}}`, as in `tasks/update` | yes |
//!
//! Tasks have the form that `mcp-tasks` prints ([`task::operator`](crate::task::operator)). What is refused is
//! `{"error": "why"}` with a status of 4xx or 5xx.
//!
//! The event stream begins with the whole picture: `tasks` has the latest 200 tasks and up to 200 older ones that have not
//! ended, with the store's numbers. Later `tasks` events have what changed (`changed`, newest first) and what is gone
//! (`gone`, ids). `task` is all of the task that is named in the query, whenever something about it changed; `gone` if it
//! does not exist. `lists` says that tools, prompts or resources changed; `trouble` that the store does not answer. A
//! stream has no queue: it looks again when its reader can take more, so a slow reader sees fewer steps, and one that
//! stops reading loses its connection.
//!
//! # Who may
//!
//! | check | against |
//! | --- | --- |
//! | the peer is a loopback address, and no proxy forwarded the request; [`Console::allow_remote`] lifts it | the network |
//! | `Host` is a name of this machine (with `allow_remote` also one of the server's) | DNS rebinding |
//! | `Origin` and `Sec-Fetch-Site`, where they are, are the console's own | other pages of the same browser |
//! | a token of 192 random bits, new with each start, in the header `X-Console-Token` | everybody else on the machine |
//!
//! The token reaches the page in the fragment of the printed address, which no browser sends anywhere, and stays in the
//! session storage of that tab. A cookie would be sent to every other port of the host, too.
//!
//! Scripts come from the program alone (`Content-Security-Policy`, with trusted types), what tools say is only ever put
//! into the page as text, and nothing may be stored by caches.

mod api;
mod feed;
mod files;
mod gate;
mod tasks;
mod window;

use std::fmt;
use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use tokio::sync::{Semaphore, watch};
use tower_service::Service as _;

use self::feed::Bell;
use self::gate::Token;
use crate::error::ServeError;
use crate::server::builder::ServerBuilder;
use crate::server::handle::Server;
use crate::server::principal::Principal;
use crate::transport::http::{McpService, ResponseBody};

/// Where everything is.
const PATH: &str = "/console";

/// Event streams at the same time.
const STREAMS: usize = 32;

/// The development console: what the server has, calls through forms, and its tasks, live. Feature `console`.
///
/// It is there once it is switched on, for a server that [serves HTTP](ServerBuilder::serve_http), at `/console`; the
/// address with the token of this start is printed to standard error. For a server on stdio, or one that is mounted in an
/// application of yours, serve a clone of it on a port of its own: clones are the same server.
///
/// Only this machine is answered, unless [`allow_remote`](Self::allow_remote) says otherwise. Whoever has the address can
/// call every tool, and sees and changes the tasks of everybody: it is for development and for operators.
///
/// ```no_run
/// # async fn run() -> Result<(), mcp_runtime::ServeError> {
/// use mcp_runtime::Console;
///
/// mcp_runtime::server!()
///     .console(Console::new())
///     .serve_http("127.0.0.1:8000")
///     .await
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Console {
    remote: bool,
    quiet: bool,
    principal: Option<Principal>,
}

impl Console {
    /// For this machine alone, and anonymous, as requests to the endpoint are.
    pub fn new() -> Self {
        Self::default()
    }

    /// Answers other machines, too. They need the token, which HTTP does not protect on its way: put TLS in front. The name
    /// that they use must be one of [`allow_host`](ServerBuilder::allow_host).
    #[must_use]
    pub fn allow_remote(mut self) -> Self {
        self.remote = true;
        self
    }

    /// In whose name the console calls tools. Tasks that it makes are theirs.
    #[must_use]
    pub fn principal(mut self, principal: Principal) -> Self {
        self.principal = Some(principal);
        self
    }

    /// Does not print the address: [`HttpServer::console_url`](crate::HttpServer::console_url) has it.
    #[must_use]
    pub fn quiet(mut self) -> Self {
        self.quiet = true;
        self
    }
}

impl ServerBuilder {
    /// Adds the development console to a server that serves HTTP: see [`Console`].
    pub fn console(mut self, console: Console) -> Self {
        self.console = Some(console);
        self
    }
}

/// The console of a server that listens.
pub(crate) struct Site {
    server: Server,
    mcp: McpService,
    settings: Console,
    token: Token,
    address: SocketAddr,
    /// Open streams.
    streams: Arc<Semaphore>,
    closed: watch::Sender<bool>,
    bell: Arc<Bell>,
}

impl Site {
    /// Whether a path belongs to it.
    pub fn has(path: &str) -> bool {
        path.strip_prefix(PATH).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// `None` if it was not switched on.
    pub fn open(
        mcp: McpService,
        server: &Server,
        address: SocketAddr,
    ) -> Result<Option<Arc<Self>>, ServeError> {
        let Some(settings) = server.inner().console.clone() else { return Ok(None) };
        let failed = ServeError::io("the console has no token without randomness");
        let token = Token::random().map_err(std::io::Error::other).map_err(failed)?;
        Ok(Some(Arc::new(Self {
            server: server.clone(),
            mcp,
            settings,
            token,
            address,
            streams: Arc::new(Semaphore::new(STREAMS)),
            closed: watch::Sender::new(false),
            bell: Bell::hung(&**server.task_store()),
        })))
    }

    /// Where to open it.
    pub fn url(&self) -> String {
        let mut address = self.address;
        if address.ip().is_unspecified() {
            address.set_ip(match address.ip() {
                IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
                IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
            });
        }
        format!("http://{address}{PATH}#token={}", self.token)
    }

    /// Prints where to open it. Not to the log: that may be kept, and others read it.
    pub fn announce(&self) {
        if !self.settings.quiet {
            // Nobody has to read it.
            let _ = writeln!(std::io::stderr(), "console: {}", self.url());
        }
    }

    /// Ends the event streams.
    pub fn close(&self) {
        self.closed.send_replace(true);
    }

    pub async fn answer<B>(
        self: Arc<Self>,
        request: Request<B>,
        peer: SocketAddr,
    ) -> Response<ResponseBody>
    where
        B: http_body::Body + Send + 'static,
        B::Data: Send,
    {
        let answer = match self.admit(&request, peer) {
            Ok(()) => self.route(request).await,
            Err(problem) => Err(problem),
        };
        let mut response = answer.unwrap_or_else(Problem::into_response);
        files::protect(response.headers_mut());
        response
    }

    async fn route<B>(self: Arc<Self>, mut request: Request<B>) -> Answer
    where
        B: http_body::Body + Send + 'static,
        B::Data: Send,
    {
        let path = request.uri().path().strip_prefix(PATH).unwrap_or_default().to_owned();
        if let Some(file) = files::find(&path) {
            return match *request.method() {
                Method::GET | Method::HEAD => Ok(file),
                _ => Err(Problem::method("GET")),
            };
        }
        self.admit_page(request.headers())?;
        if path != "/mcp" {
            return api::answer(&self, &path, request).await;
        }
        // It was compared with the host already, which here may be another than this machine's.
        request.headers_mut().remove(header::ORIGIN);
        if let Some(principal) = &self.settings.principal {
            request.extensions_mut().insert(principal.clone());
        }
        match self.mcp.clone().call(request).await {
            Ok(response) => Ok(response),
            Err(never) => match never {},
        }
    }
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Site").field("address", &self.address).finish_non_exhaustive()
    }
}

type Answer = Result<Response<ResponseBody>, Problem>;

/// Why a request is not answered as it would like.
#[derive(Debug)]
struct Problem {
    status: StatusCode,
    why: String,
    allow: Option<&'static str>,
}

impl Problem {
    fn new(status: StatusCode, why: impl Into<String>) -> Self {
        Self { status, why: why.into(), allow: None }
    }

    fn method(allow: &'static str) -> Self {
        let why = format!("here only {allow} means something");
        Self { status: StatusCode::METHOD_NOT_ALLOWED, why, allow: Some(allow) }
    }

    fn into_response(self) -> Response<ResponseBody> {
        let mut response = json(&serde_json::json!({ "error": self.why }));
        *response.status_mut() = self.status;
        if let Some(allow) = self.allow {
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allow));
        }
        response
    }
}

fn json(value: &impl serde::Serialize) -> Response<ResponseBody> {
    // Keys are strings and the rest is JSON already: there is nothing to fail on.
    let body = serde_json::to_vec(value).unwrap_or_default();
    let mut response = Response::new(ResponseBody::full(body));
    let kind = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}
