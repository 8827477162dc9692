//! The ways on which a question reaches a client.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

use crate::server::outbox::{About, Kind, Outbox, Text};
use crate::server::session::Session;

/// A client that waits in `tasks/result`: its stream is the first place for questions of the task.
pub(crate) struct Seat {
    pub session: Arc<Session>,
    pub outbox: Outbox,
    /// Whether somebody reads the stream now: over HTTP a client may lose it and come back.
    heard: AtomicBool,
}

impl Seat {
    pub fn new(session: &Arc<Session>) -> Arc<Self> {
        let (session, heard) = (session.clone(), AtomicBool::new(true));
        Arc::new(Self { session, outbox: Outbox::default(), heard })
    }

    pub fn is_heard(&self) -> bool {
        self.heard.load(Ordering::Relaxed)
    }

    /// Says whether it is, and tells whether that is new.
    pub fn set_heard(&self, heard: bool) -> bool {
        self.heard.swap(heard, Ordering::Relaxed) != heard
    }

    /// The way to this client. On a stream of lines there is only one, which does not end with the request.
    pub(super) fn place(self: &Arc<Self>) -> Option<Place> {
        if !self.session.is_resumable() {
            return Place::of(&self.session);
        }
        let place =
            Place { session: Arc::downgrade(&self.session), way: Way::Seat(Arc::downgrade(self)) };
        self.is_heard().then_some(place)
    }
}

/// Where a question was put: on one stream, never on two (2025-11-25, Multiple Connections).
pub(super) struct Place {
    pub session: Weak<Session>,
    way: Way,
}

enum Way {
    Seat(Weak<Seat>),
    /// The session's own stream. The number tells it from the one before: a client that opens another one instead of going
    /// on with it has lost what it did not read.
    Stream(u64),
}

impl Place {
    /// A session's own stream, if somebody reads it.
    pub fn of(session: &Arc<Session>) -> Option<Self> {
        let way = Way::Stream(session.stream()?);
        Some(Self { session: Arc::downgrade(session), way })
    }

    /// Whether what was said there is still to be heard.
    pub fn is_open(&self) -> bool {
        match &self.way {
            Way::Seat(seat) => seat.upgrade().is_some_and(|seat| seat.is_heard()),
            Way::Stream(number) => {
                self.session.upgrade().is_some_and(|session| session.stream() == Some(*number))
            }
        }
    }

    pub fn is_seat(&self, other: &Arc<Seat>) -> bool {
        matches!(&self.way, Way::Seat(seat) if std::ptr::eq(seat.as_ptr(), Arc::as_ptr(other)))
    }

    /// Puts a request of ours there.
    pub fn ask(&self, request: i64, text: Text) {
        self.with_outbox(|outbox| outbox.push_about(About::Request(request), text, Kind::Required));
    }

    /// Takes a request back: unsaid, or by a word if it was said.
    pub fn withdraw(&self, request: i64) {
        if self.retract(request) {
            return;
        }
        let Some(session) = self.session.upgrade() else { return };
        let Some(text) = session.take_back(request) else { return };
        // A stream that nobody reads must not fill up with what nobody may ever read.
        let kind = if self.is_open() { Kind::Required } else { Kind::Log };
        self.with_outbox(|outbox| outbox.push(text, kind));
    }

    /// Takes a request back that nobody has read yet. `false` if it was said: then an answer may come.
    pub fn retract(&self, request: i64) -> bool {
        let mut unsaid = false;
        self.with_outbox(|outbox| unsaid = outbox.retract(&About::Request(request)));
        if unsaid && let Some(session) = self.session.upgrade() {
            session.unsay(request);
        }
        unsaid
    }

    fn with_outbox(&self, act: impl FnOnce(&Outbox)) {
        match &self.way {
            Way::Seat(seat) => {
                if let Some(seat) = seat.upgrade() {
                    act(&seat.outbox);
                }
            }
            Way::Stream(_) => {
                if let Some(session) = self.session.upgrade() {
                    act(&session.listener.outbox);
                }
            }
        }
    }
}
