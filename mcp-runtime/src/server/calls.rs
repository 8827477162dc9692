//! What runs on one connection or in one session, by the client's ids.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context as TaskContext, Waker};

use serde_json::value::RawValue;

use super::context::Context;
use super::listen::Listener;
use crate::protocol::envelope::{self, Id};

/// Requests under way that can be cancelled by their id.
#[derive(Default)]
pub(crate) struct Calls(Mutex<HashMap<Id, Running>>);

enum Running {
    Call(Weak<Context>),
    Listen(Weak<Listener>),
    Brief(Weak<Cancel>),
}

/// Whether a request was cancelled that nobody else could tell.
#[derive(Default)]
pub(crate) struct Cancel(Mutex<(bool, Option<Waker>)>);

impl Cancel {
    /// Whether it was; a wake-up when it is.
    pub fn poll(&self, cx: &mut TaskContext<'_>) -> bool {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !state.0 {
            state.1 = Some(cx.waker().clone());
        }
        state.0
    }

    fn cancel(&self) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.0 = true;
        let waker = state.1.take();
        drop(state);
        waker.into_iter().for_each(Waker::wake);
    }
}

impl Running {
    fn is_alive(&self) -> bool {
        match self {
            Self::Call(cx) => cx.strong_count() > 0,
            Self::Listen(listener) => listener.strong_count() > 0,
            Self::Brief(cancel) => cancel.strong_count() > 0,
        }
    }

    fn cancel(&self) {
        match self {
            Self::Call(cx) => {
                if let Some(cx) = cx.upgrade() {
                    cx.cancel();
                }
            }
            Self::Listen(listener) => {
                if let Some(listener) = listener.upgrade() {
                    listener.cancel();
                }
            }
            Self::Brief(cancel) => {
                if let Some(cancel) = cancel.upgrade() {
                    cancel.cancel();
                }
            }
        }
    }
}

impl Calls {
    fn lock(&self) -> MutexGuard<'_, HashMap<Id, Running>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(&self, id: &Id, running: Running, limit: usize) -> Result<(), &'static str> {
        let mut all = self.lock();
        if all.len() >= limit {
            return Err("too many requests at the same time: wait for some of them to end");
        }
        match all.entry(id.clone()) {
            Entry::Occupied(other) if other.get().is_alive() => {
                Err("a request with this id is under way: an id must not be used twice")
            }
            Entry::Occupied(mut ended) => {
                ended.insert(running);
                Ok(())
            }
            Entry::Vacant(free) => {
                free.insert(running);
                Ok(())
            }
        }
    }

    /// Notes that a call runs. Not if there are too many, or one of this id.
    pub fn enter_call(&self, cx: &Arc<Context>, limit: usize) -> Result<(), &'static str> {
        self.enter(&cx.id, Running::Call(Arc::downgrade(cx)), limit)
    }

    /// Notes that a client listens.
    pub fn enter_listener(
        &self,
        id: &Id,
        listener: &Arc<Listener>,
        limit: usize,
    ) -> Result<(), &'static str> {
        self.enter(id, Running::Listen(Arc::downgrade(listener)), limit)
    }

    /// Notes that a call has ended. Its id may be another's by now: a cancelled call gives it back before it is done
    /// cleaning up.
    pub fn leave_call(&self, cx: &Arc<Context>) {
        let me = Arc::downgrade(cx);
        self.leave(&cx.id, |running| matches!(running, Running::Call(it) if it.ptr_eq(&me)));
    }

    /// Notes that a client does not listen any more.
    pub fn leave_listener(&self, id: &Id, listener: &Arc<Listener>) {
        let me = Arc::downgrade(listener);
        self.leave(id, |running| matches!(running, Running::Listen(it) if it.ptr_eq(&me)));
    }

    /// Notes that somebody answers a request without a context.
    pub fn enter_brief(
        &self,
        id: &Id,
        cancel: &Arc<Cancel>,
        limit: usize,
    ) -> Result<(), &'static str> {
        self.enter(id, Running::Brief(Arc::downgrade(cancel)), limit)
    }

    /// Notes that it is answered.
    pub fn leave_brief(&self, id: &Id, cancel: &Arc<Cancel>) {
        let me = Arc::downgrade(cancel);
        self.leave(id, |running| matches!(running, Running::Brief(it) if it.ptr_eq(&me)));
    }

    fn leave(&self, id: &Id, is_mine: impl FnOnce(&Running) -> bool) {
        let mut all = self.lock();
        if all.get(id).is_some_and(is_mine) {
            all.remove(id);
        }
    }

    /// The client cancels a request. Unknown ids and ended requests are no mistake (Cancellation, Timing Considerations).
    pub fn cancel(&self, params: Option<&RawValue>) {
        let id = params
            .and_then(|raw| envelope::fields(raw.get(), &["requestId"]).ok())
            .and_then(|[id]| Id::parse(id?.get()));
        let running = id.and_then(|id| self.lock().remove(&id));
        if let Some(running) = running {
            running.cancel();
        }
    }

    /// Cancels all that runs.
    pub fn cancel_all(&self) {
        let all: Vec<_> = self.lock().drain().map(|(_, running)| running).collect();
        all.iter().for_each(Running::cancel);
    }

    /// Ends the streams of changes.
    pub fn end_listeners(&self) {
        for running in self.lock().values() {
            if let Running::Listen(listener) = running
                && let Some(listener) = listener.upgrade()
            {
                listener.end();
            }
        }
    }
}
