//! A legacy connection after `initialize`: over stdio the process has one, over HTTP each client that asked for one.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use mcp_schema::shared::LoggingLevel;
use serde_json::value::RawValue;

use super::calls::Calls;
use super::client_info::ClientInfo;
use super::context::{Context, severity};
use super::listen::{Filter, Listener};
use super::principal::Principal;
use crate::protocol;
#[cfg(feature = "http")]
use crate::protocol::envelope::Message;
use crate::protocol::envelope::{self, Id};
use crate::protocol::legacy::{self, Initialize};
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

#[derive(Default)]
struct State {
    /// Requests of ours that wait for an answer, by our id.
    questions: HashMap<i64, Waiting>,
    last: i64,
}

struct Waiting {
    cx: Weak<Context>,
    key: Box<str>,
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

    /// There will be no answers any more, to those that wait nor to those who ask later.
    pub fn refuse_all(&self, reason: &str) {
        // First, so that a question is either refused here or not put.
        self.listener.end();
        let waiting: Vec<_> = self.state().questions.drain().map(|(_, waiting)| waiting).collect();
        for Waiting { cx, key } in waiting {
            if let Some(cx) = cx.upgrade() {
                cx.run.refuse(&key, reason);
            }
        }
    }

    /// A call has ended, and with it its questions.
    pub fn forget(&self, cx: &Context) {
        self.state().questions.retain(|_, waiting| !std::ptr::eq(waiting.cx.as_ptr(), cx));
    }

    /// Puts a question to the client: the message to send.
    pub fn put(&self, cx: &Arc<Context>, key: &str, body: &str) -> Result<Box<str>, String> {
        let id = {
            let mut state = self.state();
            if self.listener.has_ended() {
                return Err("the connection is closed".to_owned());
            }
            state.last += 1;
            let id = state.last;
            state.questions.insert(id, Waiting { cx: Arc::downgrade(cx), key: key.into() });
            id
        };
        // Unique within the server, not only within the session (2025-11-25, schema, ElicitRequestURLParams).
        let unique = || cx.run.idempotency_key(("elicitation", key));
        let (method, params) = legacy::question(self.revision, body, unique)?;
        protocol::request(id, &method, params.as_ref())
            .ok_or_else(|| "the question cannot be written as JSON".to_owned())
    }

    /// Takes a question back: the message to send, if it was open.
    pub fn withdraw(&self, cx: &Weak<Context>, key: &str) -> Option<Box<str>> {
        let mut state = self.state();
        let id = state
            .questions
            .iter()
            .find(|(_, waiting)| waiting.cx.ptr_eq(cx) && *waiting.key == *key)
            .map(|(id, _)| *id)?;
        state.questions.remove(&id);
        protocol::notification("notifications/cancelled", |params| {
            params.field("requestId", &id);
            params.field("reason", "the server does not need it any more");
        })
    }

    /// Takes all questions of a call back that are still open: the messages to send.
    pub fn withdraw_all(&self, cx: &Arc<Context>) -> Vec<Box<str>> {
        let me = Arc::downgrade(cx);
        let keys: Vec<Box<str>> = {
            let state = self.state();
            let mine = state.questions.values().filter(|waiting| waiting.cx.ptr_eq(&me));
            mine.map(|waiting| waiting.key.clone()).collect()
        };
        keys.iter().filter_map(|key| self.withdraw(&me, key)).collect()
    }

    /// A message did not reach the client, and never will: if it is a question, nobody waits for the answer.
    #[cfg(feature = "http")]
    pub fn unheard(&self, text: &str) {
        let error = RawValue::from_string(r#"{"message":"the client is gone"}"#.to_owned());
        if let (Ok(Message::Request { id, .. }), Ok(error)) =
            (Message::parse(text.as_bytes()), error)
        {
            self.answer(&id, Err(&error));
        }
    }

    /// The client answers a request of ours. The first answer counts; others, and those to nothing, are passed over.
    pub fn answer(&self, id: &Id, outcome: Result<&RawValue, &RawValue>) {
        let Id::Number(id) = id else { return };
        let Some(waiting) = self.state().questions.remove(id) else { return };
        let Some(cx) = waiting.cx.upgrade() else { return };
        match outcome {
            Ok(result) => {
                cx.run.answer(&waiting.key, result.to_owned());
            }
            Err(error) => {
                let message = envelope::fields(error.get(), &["message"])
                    .ok()
                    .and_then(|[message]| message)
                    .and_then(envelope::text)
                    .unwrap_or_default();
                cx.run.refuse(&waiting.key, &*message);
            }
        }
    }
}
