//! Tasks that the client hosts: questions of a legacy server that it takes note of, and answers later (2025-11-25, Tasks,
//! where the client is the receiver).
//!
//! There is one engine for tasks, and it is the server's. So the host is a server of its own, which nobody else can reach:
//! its definitions stand for the methods that can be asked for as tasks, their functions call the client's handlers, and
//! what the other side asks about its tasks goes to the methods of that server. It lives as long as its connection.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use mcp_schema::Value;
use serde_json::value::RawValue;
use tokio::runtime::Handle;
use tokio::task::JoinSet;

use super::connection::Connection;
use super::handlers::{Handlers, Question};
use super::wire::{Kind, Outgoing};
use crate::error::{BuildError, RpcError};
use crate::protocol::envelope::{self, Id};
use crate::protocol::legacy::Initialize;
use crate::protocol::legacy::hosted::client_capability;
use crate::protocol::params::Params;
use crate::protocol::revision::Revision;
use crate::protocol::{Status, error_response};
use crate::server::calls::Calls;
use crate::server::client_info::ClientInfo;
use crate::server::definition::{TaskOptions, TaskSupport, ToolDefinition};
use crate::server::dispatch::{Begun, Incoming, Peer};
use crate::server::drive::Item;
use crate::server::handle::Server;
use crate::server::handler::Handler;
use crate::server::limits::Limits;
use crate::server::outcome::{Answer, Outcome};
use crate::server::principal::Principal;
use crate::server::session::Session;
use crate::store::MemoryStore;

/// The only revision in which clients host tasks.
const REVISION: Revision = Revision::V2025_11_25;

/// What all tasks of one connection take together, in bytes: their questions and their answers.
const CAPACITY: usize = 16 << 20;

/// How many requests about tasks are answered at the same time.
const REQUESTS: usize = 256;

/// How many tasks stand on one page of `tasks/list`.
const PAGE: usize = 50;

/// What hosts the tasks of one connection.
pub(super) struct Host {
    server: Server,
    /// The other side of the connection, as who asks for tasks.
    session: Arc<Session>,
    runtime: Handle,
    /// What answers, and what tells of changes.
    speaking: Mutex<JoinSet<()>>,
}

impl Host {
    /// What a client with these handlers declares in this revision (L1, L3, L112).
    pub fn capability(handlers: &Handlers, revision: Revision) -> Option<Value> {
        handlers.host.as_ref().filter(|_| revision == REVISION)?;
        let hosts = |wanted| handlers.hosted().any(|method| method == wanted);
        let (sampling, elicitation) =
            (hosts("sampling/createMessage"), hosts("elicitation/create"));
        (sampling || elicitation).then(|| client_capability(sampling, elicitation))
    }

    /// What these handlers can host in this revision, if anything.
    ///
    /// # Errors
    ///
    /// Settings that cannot be meant.
    pub fn new(
        handlers: &Handlers,
        revision: Revision,
        connection: &Arc<Connection>,
    ) -> Result<Option<Self>, BuildError> {
        let Some(settings) = handlers.host.clone().filter(|_| revision == REVISION) else {
            return Ok(None);
        };
        let limits = Limits {
            calls: REQUESTS,
            page: PAGE,
            // A handler is dropped when its task is cancelled, and when the connection ends.
            cancel_grace: Duration::ZERO,
            drain: Duration::ZERO,
            ..Limits::default()
        };
        let mut builder = Server::builder("client", "")
            .limits(limits)
            .tasks(settings)
            .task_store(MemoryStore::new().with_capacity(CAPACITY));
        for method in handlers.hosted() {
            let definition = ToolDefinition::new(definition(method))
                .task(TaskOptions::new(TaskSupport::Optional));
            builder = builder.add_handler(definition, handler(handlers, method));
        }
        let client = ClientInfo::read(REVISION, None, None);
        let calls = Arc::<Calls>::default();
        // Whoever is at the other end is one and the same (L94, L97).
        let principal = Some(Principal::local());
        let session =
            Session::new(Initialize { revision: REVISION, client }, principal, Some(calls));
        let host = Self {
            server: builder.build()?,
            session: session.clone(),
            runtime: Handle::current(),
            speaking: Mutex::default(),
        };
        let connection = Arc::downgrade(connection);
        host.spawn(async move {
            while let Some(text) = session.listener.next().await {
                let kind = Kind::Notification { method: "notifications/tasks/status".to_owned() };
                send(&connection, Outgoing { text: text.into(), kind }).await;
            }
        });
        Ok(Some(host))
    }

    fn speaking(&self) -> MutexGuard<'_, JoinSet<()>> {
        self.speaking.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) {
        let mut speaking = self.speaking();
        while speaking.try_join_next().is_some() {}
        speaking.spawn_on(future, &self.runtime);
    }

    /// Takes a request that is about a task, or asks for one. `false` if it is neither: a request without `task` is served as
    /// usual, and so is one of a method that is not hosted (L6, L28).
    pub fn take(
        &self,
        connection: &Arc<Connection>,
        id: &Id,
        method: &str,
        params: Option<&RawValue>,
    ) -> bool {
        let begun = match method {
            "tasks/get" | "tasks/list" | "tasks/result" | "tasks/cancel" => {
                self.read(id, method, params).map(|(peer, it)| self.server.begin(peer, &it))
            }
            "elicitation/create" | "sampling/createMessage" if asks_for_task(params) => {
                let name = definition(method);
                if self.server.registry().tool(name).is_none() {
                    return false;
                }
                let read =
                    Question::read(method, params).and_then(|_| self.read(id, method, params));
                match read.map(|(peer, it)| self.server.host(&peer, &it, name)) {
                    Ok(Some(begun)) => Ok(begun),
                    Ok(None) => return false,
                    Err(error) => Err(error),
                }
            }
            _ => return false,
        };
        let begun =
            begun.unwrap_or_else(|error| Begun::Done(error_response(Some(id), &error, Status::Ok)));
        self.spawn(answer(begun, Arc::downgrade(connection)));
        true
    }

    fn read<'a>(
        &self,
        id: &Id,
        method: &'a str,
        params: Option<&'a RawValue>,
    ) -> Result<(Peer, Incoming<'a>), RpcError> {
        let peer = Peer {
            revision: REVISION,
            session: Some(self.session.clone()),
            principal: self.session.principal.clone(),
            calls: Some(self.session.calls.clone()),
        };
        Ok((peer, Incoming { id: id.clone(), method, params: Params::read(params)? }))
    }

    /// The other side does not wait for the answer to a request any more. That cancels no task (L113).
    pub fn give_up(&self, params: Option<&RawValue>) {
        self.session.calls.cancel(params);
    }

    /// The connection has ended: so does what runs for it.
    pub fn close(&self) {
        self.session.close();
        self.speaking().abort_all();
        let server = self.server.clone();
        self.runtime.spawn(async move { server.stop_tasks().await });
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.close();
    }
}

/// A request for a task: whether it has one is all that matters here.
fn asks_for_task(params: Option<&RawValue>) -> bool {
    let fields = params.map(|params| envelope::fields(params.get(), &["task"]));
    matches!(fields, Some(Ok([Some(_)])))
}

/// The name of the definition that stands for a method.
fn definition(method: &str) -> &'static str {
    match method {
        "elicitation/create" => "elicitation.create",
        _ => "sampling.createMessage",
    }
}

/// The function that answers a method: by what the client's handler answers, and nothing else (L53, L92).
fn handler(handlers: &Handlers, method: &'static str) -> Handler {
    let handlers = handlers.clone();
    Handler::Shared(Arc::new(move |call| {
        let handlers = handlers.clone();
        Box::pin(async move {
            let asked = async {
                let params = RawValue::from_string(call.0.params.text.to_string());
                let params = params.map_err(|error| RpcError::invalid_params(error.to_string()))?;
                let answer = handlers.reply(Question::read(method, Some(&params))?).await?;
                serde_json::value::to_raw_value(&answer)
                    .map_err(|error| RpcError::internal(error.to_string()))
            };
            Outcome(match asked.await {
                Ok(answer) => Answer::Client(answer.into()),
                Err(error) => Answer::Error(error),
            })
        })
    }))
}

/// Answers a request. The other side hears of a task that is new once the drive is dropped: after the answer that names it.
async fn answer(begun: Begun, connection: Weak<Connection>) {
    let (response, _drive) = match begun {
        Begun::Done(response) => (response, None),
        Begun::Drive(mut drive) => loop {
            match drive.next().await {
                Item::Response(response) => break (response, Some(drive)),
                // Its own functions ask nobody, and say nothing before they are done.
                Item::Message(_) => {}
                Item::Nothing => return,
            }
        },
    };
    if let Ok(text) = String::from_utf8(response.body) {
        send(&connection, Outgoing { text, kind: Kind::Response }).await;
    }
}

async fn send(connection: &Weak<Connection>, message: Outgoing) {
    if let Some(connection) = connection.upgrade() {
        // Nobody is there any more if this fails.
        let _ = connection.send(message).await;
    }
}
