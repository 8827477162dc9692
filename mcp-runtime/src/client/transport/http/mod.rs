//! A server at an address: Streamable HTTP, of both eras.
//!
//! Each message is a POST of its own, made by a task of its own; what comes back goes the way of all messages. A legacy server may
//! have given a [`Session`](session::Session), and has a stream for what belongs to no request; a modern one has neither, and
//! learns of a cancelled request from the end of its stream.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Url, redirect};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinSet;

use self::session::Session;
use self::token::Token;
use crate::client::error::ClientError;
use crate::client::wire::{Kind, QUEUE, Spoken, Wire};
use crate::protocol::headers::encode_value;
use crate::protocol::revision::Revision;

mod carry;
mod events;
mod exchange;
mod refusal;
mod session;
pub(in crate::client) mod token;

/// How long a server may take to accept a connection, its name to be found, and TLS to be agreed upon.
const CONNECT: Duration = Duration::from_secs(10);

/// Requests that are under way at the same time; more of them wait for their turn. A stream of changes counts as one.
const PARALLEL: usize = 256;

/// Messages without an answer that are under way at the same time.
const TELLING: usize = 256;

/// What one connects to, and as whom.
pub(in crate::client) struct Settings {
    pub url: Url,
    pub headers: HeaderMap,
    pub token: Token,
}

impl Settings {
    pub fn new(url: &str, headers: &[(String, String)], token: Token) -> Result<Self, ClientError> {
        let wrong = |why: &dyn std::fmt::Display| {
            ClientError::Setup(format!("`{}` is no address of a server: {why}", shown(url)))
        };
        let url = Url::parse(url).map_err(|error| wrong(&error))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(wrong(&"it must begin with `http://` or `https://`"));
        }
        let mut found = HeaderMap::new();
        for (name, value) in headers {
            let (name, mut value) = header(name, value)?;
            value.set_sensitive(true);
            found.append(name, value);
        }
        Ok(Self { url, headers: found, token })
    }

    /// Without the query and the credentials, which may be secret.
    pub fn key(&self) -> String {
        let mut url = self.url.clone();
        url.set_query(None);
        url.set_fragment(None);
        // Refused by addresses that have no host, and these have one.
        let _ = (url.set_username(""), url.set_password(None));
        url.into()
    }
}

/// An address that cannot be used, as far as it surely has no secret.
fn shown(url: &str) -> &str {
    if url.contains('@') {
        return url.find("://").map_or("…", |scheme| &url[..scheme]);
    }
    url.split(['?', '#']).next().unwrap_or_default()
}

fn header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), ClientError> {
    let read = || {
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        Some((name, HeaderValue::from_str(value).ok()?))
    };
    // The value may be secret.
    read().ok_or_else(|| ClientError::Setup(format!("the header `{name}` cannot be sent as it is")))
}

pub(super) fn open(settings: &Settings, limit: usize) -> Result<Wire, ClientError> {
    let client = Client::builder()
        .connect_timeout(CONNECT)
        .redirect(redirect::Policy::none())
        .user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| ClientError::Setup(refusal::told(&error)))?;
    let (outgoing, to_send) = mpsc::channel(QUEUE);
    let (received, incoming) = mpsc::channel(QUEUE);
    let spoken = Spoken::default();
    let http = Arc::new(Http {
        client,
        url: settings.url.clone(),
        key: settings.key(),
        headers: settings.headers.clone(),
        token: settings.token.clone(),
        limit,
        spoken: spoken.clone(),
        session: Session::default(),
        parallel: Semaphore::new(PARALLEL),
        telling: Arc::new(Semaphore::new(TELLING)),
    });
    // Not bound to the life of the client: a session that is not needed any more is taken back.
    tokio::spawn(http.carry(to_send, received));
    let (tasks, finished) = (JoinSet::new(), watch::Sender::new(false));
    Ok(Wire { outgoing, incoming, tasks, finished, spoken, serving: None })
}

/// What all requests of one connection have in common.
struct Http {
    client: Client,
    url: Url,
    /// The address as it may be shown.
    key: String,
    headers: HeaderMap,
    token: Token,
    /// The longest message to accept, in bytes.
    limit: usize,
    spoken: Spoken,
    session: Session,
    parallel: Semaphore,
    telling: Arc<Semaphore>,
}

/// A message that is to be posted.
#[derive(Clone)]
struct Letter {
    text: Bytes,
    method: String,
    headers: HeaderMap,
    /// Whether it begins a session, and therefore belongs to none.
    begins: bool,
    /// Whether the server keeps no state about its client.
    modern: bool,
}

impl Letter {
    fn new(text: String, kind: &Kind, spoken: Option<Revision>) -> Result<Self, ClientError> {
        let (method, name, params): (&str, Option<&str>, &[_]) = match kind {
            Kind::Request { method, name, params, .. } => (method, name.as_deref(), params),
            Kind::Notification { method } => (method, None, &[]),
            Kind::Cancel { .. } => ("notifications/cancelled", None, &[]),
            Kind::Response => ("a response", None, &[]),
        };
        let begins = method == "initialize";
        let spoken = spoken.filter(|_| !begins);
        let modern = spoken.is_some_and(Revision::is_modern);
        let mut headers = HeaderMap::new();
        // Earlier revisions do not have the header.
        if let Some(revision) = spoken.filter(|revision| *revision >= Revision::V2025_06_18) {
            headers.insert(VERSION, HeaderValue::from_static(revision.as_str()));
        }
        if modern {
            let (key, value) = header("mcp-method", method)?;
            headers.insert(key, value);
            if let Some(name) = name {
                let (key, value) = header("mcp-name", &encode_value(name))?;
                headers.insert(key, value);
            }
            for (key, value) in params {
                let (key, value) = header(key, value)?;
                headers.insert(key, value);
            }
        }
        Ok(Self { text: text.into(), method: method.to_owned(), headers, begins, modern })
    }
}

const VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");
const SESSION: HeaderName = HeaderName::from_static("mcp-session-id");
const LAST_EVENT: HeaderName = HeaderName::from_static("last-event-id");
