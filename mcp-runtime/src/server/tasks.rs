//! Tasks on both wires: how a call becomes one at once, and the methods that ask for tasks.
//!
//! Era 1 is the core of revision 2025-11-25, era 2 the extension `io.modelcontextprotocol/tasks` of later ones. Both see the
//! same tasks: what differs is when a call becomes one, and the words (P6). Whoever asks sees what belongs to its own
//! principal and nothing else, whatever method it asks with (D10).

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Poll, ready};

use serde_json::value::RawValue;

use super::ask::InputError;
use super::context::Kept;
use super::definition::TaskSupport;
use super::dispatch::{Begun, Incoming, Peer};
use super::drive::Drive;
use super::handle::Server;
use super::registry::ToolEntry;
use super::session::Session;
use crate::error::RpcError;
use crate::protocol::params::Params;
use crate::protocol::revision::Revision;
use crate::protocol::{Response, legacy, modern};
#[cfg(feature = "client")]
use crate::protocol::{Status, error_response};
use crate::task::TaskId;
use crate::task::engine::{Engine, TaskRequest};

mod asker;
mod wait;

use self::asker::{Asker, position};
pub(crate) use self::wait::TaskResultDrive;

/// How a call begins.
pub(super) enum Start {
    /// Inline, at least for now.
    Inline,
    Task(Begun),
    /// As a task if one can be created, and inline if not.
    Try(Creating),
}

/// A task that is being created: the response that names it, if it could be.
pub(super) type Creating = Pin<Box<dyn Future<Output = Option<Response>> + Send>>;

impl Server {
    /// What runs tasks, if any tool can be one.
    pub(super) fn engine(&self) -> Option<&Arc<Engine>> {
        if !self.registry().has_tasks {
            return None;
        }
        let engine = &self.inner().tasks;
        engine.desk().bind(self);
        engine.start(self);
        Some(engine)
    }

    /// The capability `tasks` of a session of 2025-11-25 (L1, L112).
    pub(super) fn tasks_capability(&self, list: bool) -> Option<mcp_schema::Value> {
        self.registry().has_tasks.then(|| legacy::tasks::capability(list))
    }

    /// Makes a task of a call that is one from its beginning.
    pub(super) fn task_at_once(
        &self,
        peer: &Peer,
        incoming: &Incoming<'_>,
        entry: &Arc<ToolEntry>,
    ) -> Result<Start, RpcError> {
        let params = &incoming.params;
        let options = &entry.definition.task;
        let (required, name) = (options.support == TaskSupport::Required, &entry.definition.name);
        let ttl = if peer.revision.is_modern() {
            // `params.task` is no more than an unknown field here (X96).
            let usual = self.inner().tasks.settings().inline_budget;
            // An optional tool without any time to run inline is one at once as well.
            let at_once = options.support == TaskSupport::Optional
                && options.inline_budget.unwrap_or(usual).is_zero();
            match modern::tasks::declared(params) {
                true if required || at_once => {}
                false if required => {
                    return Err(modern::tasks::missing(&format!("the tool `{name}`"))); // X8
                }
                _ => return Ok(Start::Inline),
            }
            // Where questions come before the task, it begins behind them (X24, P4).
            if options.boundary || params.request_state.is_some() {
                return Ok(Start::Inline);
            }
            None
        } else {
            let counts =
                |_: &&RawValue| peer.revision == Revision::V2025_11_25 && self.registry().has_tasks;
            match params.task.filter(counts) {
                Some(_) if options.support == TaskSupport::Forbidden => {
                    // L11; the method exists, and yet this is its code (E8).
                    let why = format!("the tool `{name}` does not run as a task: leave `task` out");
                    return Err(RpcError { message: why, ..RpcError::method_not_found("") });
                }
                Some(task) => legacy::tasks::requested_ttl(task)?,
                None if required => {
                    let how = match peer.revision {
                        Revision::V2025_11_25 => "add `task`",
                        // Which has no tasks.
                        _ => "which needs revision 2025-11-25, or the extension of later ones",
                    };
                    let why = format!("the tool `{name}` runs as a task only: {how}"); // L14
                    return Err(RpcError { message: why, ..RpcError::method_not_found("") });
                }
                None => return Ok(Start::Inline), // L12, L28
            }
        };
        let Some(engine) = self.engine() else { return Ok(Start::Inline) };
        self.check_requirements(peer, params, entry)?;
        let request = TaskRequest {
            entry: entry.clone(),
            params: Kept::of(params, peer.revision.is_modern()),
            id: incoming.id.clone(),
            revision: peer.revision,
            session: peer.session.clone(),
            principal: peer.principal.clone(),
            ttl,
        };
        let asker = Asker::new(self, engine, peer, incoming);
        if peer.revision.is_modern() && !required {
            return Ok(Start::Try(Box::pin(async move {
                asker.create(request).await.ok().map(|(response, _)| response)
            })));
        }
        let session = peer.session.clone();
        let mut creating = Box::pin(async move {
            let created = asker.create(request).await;
            let news = match (&created, session) {
                (Ok((_, id)), Some(session)) => {
                    Some(News { engine: asker.engine.clone(), session, id: id.clone() })
                }
                _ => None,
            };
            (asker.response(created.map(|(response, _)| response)), news)
        });
        // The session hears of its task once this is dropped: whoever carries the request keeps it until the answer is written.
        let mut after = None;
        let answer = std::future::poll_fn(move |cx| {
            let (response, news) = ready!(creating.as_mut().poll(cx));
            after.replace(news);
            Poll::Ready(response)
        });
        self.brief(peer.calls.clone(), incoming, answer).map(Start::Task)
    }

    /// Begins a request that a client answers as a task of its own: like a call of the definition that stands for its method.
    /// `None` if no task is asked for, or there is no such definition (L28).
    #[cfg(feature = "client")]
    pub(crate) fn host(&self, peer: &Peer, incoming: &Incoming<'_>, name: &str) -> Option<Begun> {
        let entry = self.registry().tool(name)?.clone();
        match self.task_at_once(peer, incoming, &entry) {
            Ok(Start::Task(begun)) => Some(begun),
            Ok(Start::Inline | Start::Try(_)) => None,
            Err(error) => {
                let error = legacy::error(error);
                Some(Begun::Done(error_response(Some(&incoming.id), &error, Status::Ok)))
            }
        }
    }

    /// What the tool needs is checked before there is a task (P12).
    fn check_requirements(
        &self,
        peer: &Peer,
        params: &Params<'_>,
        entry: &ToolEntry,
    ) -> Result<(), RpcError> {
        if entry.definition.requires.is_empty() {
            return Ok(());
        }
        let client = match &peer.session {
            Some(session) => session.client.clone(),
            None => {
                let meta = params.raw_meta.map_or("{}", RawValue::get);
                Arc::new(modern::client_of(peer.revision, meta))
            }
        };
        let mut requires = entry.definition.requires.iter();
        match requires.find(|feature| !client.supports(**feature)) {
            Some(feature) => Err(InputError::missing(*feature)),
            None => Ok(()),
        }
    }

    /// Answers the methods `tasks/*`.
    pub(super) fn task_method(
        &self,
        peer: &Peer,
        incoming: &Incoming<'_>,
    ) -> Result<Begun, RpcError> {
        let Incoming { method, params, .. } = incoming;
        let not_found = || RpcError::method_not_found(method);
        let engine = self.engine().ok_or_else(not_found)?;
        let modern = peer.revision.is_modern();
        let exists = match (*method, modern) {
            ("tasks/get" | "tasks/cancel", _)
            | ("tasks/update", true)
            | ("tasks/result", false) => true,
            // Only for those who can be told from others (L7, L97).
            ("tasks/list", false) => peer.principal.is_some(),
            _ => false, // X95
        };
        if !exists || (!modern && peer.revision != Revision::V2025_11_25) {
            return Err(not_found());
        }
        if modern && !modern::tasks::declared(params) {
            // Before any look at the task (P5, X75).
            return Err(modern::tasks::missing(&format!("`{method}`")));
        }
        let asker = Asker::new(self, engine, peer, incoming);
        let calls = peer.calls.clone();
        if *method == "tasks/list" {
            let cursor = params.cursor.map(|raw| Params::text("cursor", Some(raw))).transpose()?;
            let after = position(cursor.as_deref().unwrap_or_default())?;
            return self.brief(calls, incoming, async move {
                let listed = asker.list(after).await;
                asker.response(listed)
            });
        }
        // The source of truth, whatever metadata says (L56, L58).
        let id = Params::text("taskId", params.task_id)?.into_owned();
        match *method {
            "tasks/get" => self.brief(calls, incoming, async move {
                let got = asker.get(&id).await;
                asker.response(got)
            }),
            "tasks/cancel" => self.brief(calls, incoming, async move {
                let cancelled = asker.cancel(&id).await;
                asker.response(cancelled)
            }),
            "tasks/update" => {
                let responses = params
                    .input_responses
                    .filter(|raw| raw.get().starts_with('{'))
                    .ok_or_else(|| {
                        RpcError::invalid_params("`inputResponses` must be there, and an object")
                    })?
                    .to_owned();
                self.brief(calls, incoming, async move {
                    let updated = asker.update(&id, &responses).await;
                    asker.response(updated)
                })
            }
            _ => {
                let session = peer.session.as_ref().ok_or_else(not_found)?;
                TaskResultDrive::new(asker, id, session, calls, self.limits().calls)
                    .map(|drive| Begun::Drive(Drive::Result(drive)))
                    .map_err(RpcError::invalid_request)
            }
        }
    }
}

/// That there is a task, for the session that created it: told when it is dropped.
struct News {
    engine: Arc<Engine>,
    session: Arc<Session>,
    id: TaskId,
}

impl Drop for News {
    fn drop(&mut self) {
        self.engine.desk().announce(&self.id, &self.session);
        self.engine.show(&self.id);
    }
}
