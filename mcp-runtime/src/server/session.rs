//! A legacy connection after `initialize`: over stdio the process has one, over HTTP each client that asked for one.

mod hosted;
mod questions;

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mcp_schema::shared::LoggingLevel;

use self::questions::State;
pub(crate) use self::questions::TaskQuestion;
use super::calls::Calls;
use super::client_info::ClientInfo;
use super::context::severity;
use super::listen::{Filter, Listener};
use super::principal::Principal;
use crate::protocol::legacy::Initialize;
use crate::protocol::revision::Revision;

/// What was agreed upon, and what is under way.
pub(crate) struct Session {
    pub revision: Revision,
    pub client: Arc<ClientInfo>,
    pub principal: Option<Principal>,
    /// Where messages go that belong to no call.
    pub listener: Arc<Listener>,
    /// What runs, for the client's cancellations.
    pub calls: Arc<Calls>,
    level: AtomicU8,
    /// Whether a client that loses an event stream can read on later: over HTTP.
    resumable: AtomicBool,
    state: Mutex<State>,
}

/// Severity of `info`: what is sent until the client says otherwise, which the protocol leaves to the server.
const INFO: u8 = 1;

impl Session {
    pub fn new(
        initialize: Initialize,
        principal: Option<Principal>,
        calls: Option<Arc<Calls>>,
    ) -> Arc<Self> {
        let filter = Filter { tools: true, prompts: true, resources: true, ..Filter::default() };
        Arc::new(Self {
            revision: initialize.revision,
            client: Arc::new(initialize.client),
            principal,
            listener: Listener::new(filter, None),
            calls: calls.unwrap_or_default(),
            level: AtomicU8::new(INFO),
            resumable: AtomicBool::new(false),
            state: Mutex::default(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(feature = "http")]
    pub fn set_resumable(&self) {
        self.resumable.store(true, Ordering::Relaxed);
    }

    pub fn is_resumable(&self) -> bool {
        self.resumable.load(Ordering::Relaxed)
    }

    /// The stream on which messages reach the client that belong to no call, by its number: nothing over HTTP while nobody
    /// reads it, and nothing once the session has ended.
    pub fn stream(&self) -> Option<u64> {
        if self.listener.has_ended() {
            None
        } else if self.is_resumable() {
            self.listener.stream()
        } else {
            Some(0)
        }
    }

    pub fn set_level(&self, level: &LoggingLevel) {
        self.level.store(severity(level), Ordering::Relaxed);
    }

    pub fn wants(&self, level: &LoggingLevel) -> bool {
        severity(level) >= self.level.load(Ordering::Relaxed)
    }

    /// The connection is gone for good: what runs is cancelled, and nobody will answer.
    pub fn close(&self) {
        self.calls.cancel_all();
        self.refuse_all("the connection is closed");
    }
}
