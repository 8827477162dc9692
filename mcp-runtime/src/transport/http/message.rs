//! What a POST carries: which era it belongs to, whether it says in its headers what it says in its body, and who
//! answers it.

use std::sync::Arc;

use http::request::Parts;
use http::{HeaderValue, Response, StatusCode};
use serde_json::value::RawValue;

use super::body::ResponseBody;
use super::reply::{Refusal, bad_request, busy, empty, json, json_with, refused};
use super::request::Head;
use super::running::{Batch, Running, Work, array};
use super::sessions::{Entry, NoSession};
use super::{Endpoint, SESSION_ID, named_revision};
use crate::error::{RpcError, code};
use crate::protocol::envelope::{self, BadMessage, Id, Message};
use crate::protocol::headers::{check_standard, name_member};
use crate::protocol::modern;
use crate::protocol::params::Params;
use crate::protocol::revision::Revision;
use crate::protocol::{Status, error_response};
use crate::server::dispatch::{Begun, Incoming, Peer};
use crate::server::drive::Drive;
use crate::server::principal::Principal;
use crate::transport::stream::neither;

/// What becomes of the message of a POST.
pub(super) enum Next {
    Done(Response<ResponseBody>),
    Run(Running),
}

impl Endpoint {
    pub(super) fn message(&self, parts: &Parts, head: &Head<'_>, bytes: &[u8]) -> Next {
        let principal = parts.extensions.get::<Principal>();
        if let Some(batch) = envelope::batch(bytes) {
            return self
                .batch(head, principal, batch)
                .unwrap_or_else(|refusal| Next::Done(*refusal));
        }
        let done = match Message::parse(bytes) {
            Err(BadMessage { id, error }) => Err(bad_request(id.as_ref(), &error)),
            Ok(Message::Request { id, method, params }) => {
                return self
                    .request(head, principal, id, &method, params)
                    .unwrap_or_else(|refusal| Next::Done(*refusal));
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
            Err(refusal) => *refusal,
        })
    }

    fn request(
        &self,
        head: &Head<'_>,
        principal: Option<&Principal>,
        id: Id,
        method: &str,
        params: Option<&RawValue>,
    ) -> Result<Next, Refusal> {
        let read = Params::read(params).map_err(|error| bad_request(Some(&id), &error))?;
        let incoming = &Incoming { id, method, params: read };
        let id = &incoming.id;
        if incoming.params.names_a_version()
            || named_revision(head).is_some_and(Revision::is_modern)
        {
            return self.modern(head, principal, incoming);
        }
        if method == "initialize" {
            return self.initialize(head, principal, id, params).map(Next::Done);
        }
        let entry = self.session(head, principal, Some(id))?;
        Ok(match self.server.begin(peer(&entry, principal), incoming) {
            Begun::Done(response) => Next::Done(json(response)),
            Begun::Drive(drive) => {
                // Such a call says no more than which task it has become.
                let fragile = method == "tools/call" && matches!(drive, Drive::Brief(_));
                let mut next = self.run(Work::One(drive), Some(&entry), id)?;
                if let Next::Run(running) = &mut next
                    && fragile
                {
                    running.end_with_client();
                }
                next
            }
        })
    }

    /// A request of a revision without sessions (2026-07-28, Streamable HTTP, Request Metadata).
    fn modern(
        &self,
        head: &Head<'_>,
        principal: Option<&Principal>,
        incoming: &Incoming<'_>,
    ) -> Result<Next, Refusal> {
        let Incoming { id, method, params } = incoming;
        let meta = &params.meta;
        let refuse = |error: RpcError| bad_request(Some(id), &error);
        let mismatch = |text: String| refuse(RpcError::new(code::HEADER_MISMATCH, text));
        if let Some(name) = head.twice {
            return Err(mismatch(format!("Header mismatch: {name} header stands twice")));
        }
        let name = name_member(method).and_then(|member| {
            let value = match member {
                "name" => params.name,
                "uri" => params.uri,
                _ => params.task_id,
            };
            value.and_then(envelope::text)
        });
        let strict = self.server.inner().tasks.settings().strict_names;
        let check = |version: &str| {
            check_standard(&head.standard, method, name.as_deref(), version, strict)
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

    fn run(&self, work: Work, entry: Option<&Arc<Entry>>, id: &Id) -> Result<Next, Refusal> {
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
    ) -> Result<(), Refusal> {
        let read = Params::read(params).map_err(|error| bad_request(None, &error))?;
        if read.names_a_version() || named_revision(head).is_some_and(Revision::is_modern) {
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
        id: &Id,
        params: Option<&RawValue>,
    ) -> Result<Response<ResponseBody>, Refusal> {
        self.check_version(head, Some(id))?;
        let (session, response) =
            self.server.initialize(id, params, principal.cloned(), None).map_err(json)?;
        session.set_resumable();
        let entry = self.sessions.add(session).map_err(|why| match why {
            NoSession::Full => busy(Some(id), "too many sessions at the same time"),
            NoSession::NoRandomness => Box::new(json_with(
                StatusCode::INTERNAL_SERVER_ERROR,
                error_response(Some(id), &RpcError::internal("no session id"), Status::Ok),
            )),
        })?;
        let mut response = json(response);
        if let Ok(id) = HeaderValue::from_str(&entry.id) {
            response.headers_mut().insert(SESSION_ID, id);
        }
        Ok(response)
    }

    /// Where there is a version header, it must name a version (2025-11-25, Protocol Version Header).
    fn check_version(&self, head: &Head<'_>, id: Option<&Id>) -> Result<(), Refusal> {
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
    pub(super) fn session(
        &self,
        head: &Head<'_>,
        principal: Option<&Principal>,
        id: Option<&Id>,
    ) -> Result<Arc<Entry>, Refusal> {
        self.check_version(head, id)?;
        let Some(session) = head.session else { return Err(bad_request(id, &neither())) };
        self.sessions.find(session, principal).ok_or_else(|| {
            let error = RpcError::invalid_request(
                "this session does not exist, or has ended: begin anew with `initialize`",
            );
            Box::new(json_with(StatusCode::NOT_FOUND, error_response(id, &error, Status::NotFound)))
        })
    }

    /// Batches exist up to 2025-03-26, which MUST receive them.
    fn batch(
        &self,
        head: &Head<'_>,
        principal: Option<&Principal>,
        batch: Result<Vec<&RawValue>, RpcError>,
    ) -> Result<Next, Refusal> {
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
                    let params = match Params::read(params) {
                        Ok(params) => params,
                        Err(error) => {
                            responses.push(error_response(Some(&id), &error, Status::Ok).body);
                            continue;
                        }
                    };
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
