//! Who wants to hear of changes: legacy sessions, and the streams of `subscriptions/listen`.

use std::collections::BTreeSet;
use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::Poll;

use super::outbox::{Kind, Outbox, Text};
use crate::protocol;
use crate::protocol::envelope::Id;

/// A change that clients may want to hear of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change<'a> {
    Tools,
    Prompts,
    Resources,
    Resource(&'a str),
}

/// What one client wants to hear of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    pub tools: bool,
    pub prompts: bool,
    pub resources: bool,
    pub watched: BTreeSet<String>,
}

/// One client's ear.
pub(crate) struct Listener {
    pub outbox: Outbox,
    filter: Mutex<Filter>,
    /// The request that opened the stream; notifications carry it (2026-07-28, Subscriptions). Legacy sessions have none.
    pub subscription: Option<Id>,
    ended: AtomicBool,
    cancelled: AtomicBool,
}

impl Listener {
    pub fn new(filter: Filter, subscription: Option<Id>) -> Arc<Self> {
        Arc::new(Self {
            outbox: Outbox::default(),
            filter: Mutex::new(filter),
            subscription,
            ended: AtomicBool::new(false),
            cancelled: AtomicBool::new(false),
        })
    }

    pub fn filter(&self) -> MutexGuard<'_, Filter> {
        self.filter.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The server ends the stream.
    pub fn end(&self) {
        self.ended.store(true, Ordering::SeqCst);
        self.outbox.wake();
    }

    /// The client ends the stream: nothing more is said.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::SeqCst);
        self.outbox.wake();
    }

    /// The next message; nothing once the stream has ended and all is said.
    pub async fn next(&self) -> Option<Text> {
        poll_fn(|cx| match self.outbox.poll(cx) {
            Poll::Ready(text) => Poll::Ready(Some(text)),
            Poll::Pending if self.has_ended() => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        })
        .await
    }

    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::SeqCst)
    }

    pub fn has_ended(&self) -> bool {
        self.ended.load(Ordering::SeqCst)
    }

    fn hear(&self, change: Change<'_>) {
        let (wanted, method) = {
            let filter = self.filter();
            match change {
                Change::Tools => (filter.tools, "notifications/tools/list_changed"),
                Change::Prompts => (filter.prompts, "notifications/prompts/list_changed"),
                Change::Resources => (filter.resources, "notifications/resources/list_changed"),
                Change::Resource(uri) => {
                    (filter.watched.contains(uri), "notifications/resources/updated")
                }
            }
        };
        if !wanted {
            return;
        }
        let text = protocol::notification(method, |params| {
            if let Some(id) = &self.subscription {
                params.object("_meta", |meta| subscription_id(meta, id));
            }
            if let Change::Resource(uri) = change {
                params.field("uri", uri);
            }
        });
        if let Some(text) = text {
            // A client that does not read loses the oldest: each says only that something is to be fetched again.
            self.outbox.push(text, Kind::Log);
        }
    }
}

pub(crate) fn subscription_id(meta: &mut protocol::Writer<'_>, id: &Id) {
    let mut raw = Vec::new();
    id.write(&mut raw);
    meta.raw(mcp_schema::v2026_07_28::meta_key::SUBSCRIPTION_ID, &raw);
}

/// All listeners of a server.
#[derive(Default)]
pub(crate) struct Listeners(Mutex<Vec<Weak<Listener>>>);

impl Listeners {
    fn lock(&self) -> MutexGuard<'_, Vec<Weak<Listener>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds one, unless there are too many.
    pub fn add(&self, listener: &Arc<Listener>, limit: usize) -> bool {
        let mut all = self.lock();
        // Those that are gone make room: now and then, so that they are no more than those that are there.
        if all.len() >= limit || all.len() == all.capacity() {
            all.retain(|one| one.strong_count() > 0);
            let live = all.len();
            all.reserve(live.max(16));
        }
        let room = all.len() < limit;
        if room {
            all.push(Arc::downgrade(listener));
        }
        room
    }

    fn all(&self) -> Vec<Arc<Listener>> {
        let mut all = self.lock();
        all.retain(|one| one.strong_count() > 0);
        all.iter().filter_map(Weak::upgrade).collect()
    }

    pub fn tell(&self, change: Change<'_>) {
        for listener in self.all() {
            listener.hear(change);
        }
    }

    pub fn end(&self) {
        for listener in self.all() {
            listener.end();
        }
    }
}
