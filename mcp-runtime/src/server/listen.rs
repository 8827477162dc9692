//! Who wants to hear of changes: legacy sessions, and the streams of `subscriptions/listen`.

mod followed;

use std::collections::BTreeSet;
use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::task::Poll;

use mcp_schema::v2026_07_28::SubscriptionFilter;
use serde_json::value::RawValue;

use self::followed::Followed;
pub(crate) use self::followed::Teller;
use super::desk::Following;
use super::dispatch::{Begun, Incoming, Peer, fields};
use super::drive::{Drive, ListenDrive};
use super::handle::{Inner, Server};
use super::outbox::{Kind, Outbox, Text};
use crate::error::RpcError;
use crate::protocol;
use crate::protocol::envelope::Id;
use crate::protocol::modern;
use crate::task::engine::Engine;
use crate::task::{Access, Owner, TaskId};

impl Server {
    /// Opens a stream of changes (2026-07-28, Subscriptions).
    pub(super) fn listen(
        &self,
        peer: Peer,
        incoming: &Incoming<'_>,
        params: &str,
    ) -> Result<Begun, RpcError> {
        let [filter] = fields(params, &["notifications"])?;
        let filter =
            filter.ok_or_else(|| RpcError::invalid_params("`notifications` must be there"))?;
        let wrong = |error| RpcError::invalid_params(format!("`notifications`: {error}"));
        let wanted: SubscriptionFilter = serde_json::from_str(filter.get()).map_err(wrong)?;
        let ids = self.wanted_tasks(incoming, filter)?;
        let capabilities = self.capabilities();
        let uris = wanted.resource_subscriptions.unwrap_or_default();
        if uris.len() > self.limits().watched {
            return Err(RpcError::invalid_params(format!(
                "`resourceSubscriptions` may name {} resources at most",
                self.limits().watched
            )));
        }
        let yes = |wish: Option<bool>, able: bool| wish == Some(true) && able;
        let honoured = Filter {
            tools: yes(wanted.tools_list_changed, capabilities.tools.is_some()),
            prompts: yes(wanted.prompts_list_changed, capabilities.prompts.is_some()),
            resources: yes(wanted.resources_list_changed, capabilities.resources.is_some()),
            watched: if capabilities.resources.is_some() {
                uris.into_iter().collect()
            } else {
                Default::default()
            },
        };
        // Nothing is heard before the acknowledgment (C14).
        let listener = Listener::new(Filter::default(), Some(incoming.id.clone()));
        if !self.inner().listeners.add(&listener, self.limits().listeners) {
            return Err(RpcError::internal(
                "too many subscriptions at the same time: try again later",
            ));
        }
        if let Some(calls) = &peer.calls {
            calls
                .enter_listener(&incoming.id, &listener, self.limits().calls)
                .map_err(RpcError::invalid_request)?;
        }
        match self.engine().filter(|_| !ids.is_empty()) {
            None => listener.begin(honoured, &[]),
            Some(engine) => {
                let access = Access::Owner(Owner::of(peer.principal.as_ref()));
                let (own, listener) = (engine.clone(), Arc::downgrade(&listener));
                engine.spawn(async move {
                    let ids = own_tasks(&own, &access, ids).await;
                    let Some(listener) = listener.upgrade() else { return };
                    listener.begin(honoured, &ids);
                    own.desk().follow(&listener, &ids);
                    // What happened since it was looked up is not missed.
                    ids.iter().for_each(|id| own.show(id));
                });
            }
        }
        let drive = ListenDrive::new(listener, None, self.clone(), peer.calls);
        Ok(Begun::Drive(Drive::Listen(drive)))
    }

    /// The tasks that a client wants to hear of: only where it declares the extension (X65, X74).
    fn wanted_tasks(
        &self,
        incoming: &Incoming<'_>,
        filter: &RawValue,
    ) -> Result<Vec<String>, RpcError> {
        let [ids] = fields(filter.get(), &["taskIds"])?;
        let Some(ids) = ids.filter(|_| self.registry().has_tasks) else { return Ok(Vec::new()) };
        if !modern::tasks::declared(&incoming.params) {
            return Err(modern::tasks::missing("`taskIds`"));
        }
        let ids: BTreeSet<String> = serde_json::from_str(ids.get())
            .map_err(|error| RpcError::invalid_params(format!("`taskIds`: {error}")))?;
        let limit = self.limits().watched;
        if ids.len() > limit {
            return Err(RpcError::invalid_params(format!(
                "`taskIds` may name {limit} tasks at most"
            )));
        }
        Ok(ids.into_iter().collect())
    }
}

/// Those of these tasks that whoever asks may hear of. Others are left out without a word (X64, D10); so are those that
/// cannot be looked up now: a client asks for them itself.
async fn own_tasks(engine: &Engine, access: &Access, ids: Vec<String>) -> Vec<TaskId> {
    let mut own = Vec::new();
    for id in ids {
        if let Ok(view) = engine.view(access, &id).await {
            own.push(view.record.id);
        }
    }
    own
}

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
    /// Over HTTP: how many read it now, and how often somebody began to without going on from an earlier time.
    readers: AtomicUsize,
    streams: AtomicU64,
    /// Whom to tell that it is read, or not any more: the desk of this server.
    server: OnceLock<Weak<Inner>>,
    following: OnceLock<Following>,
    followed: Followed,
}

impl Listener {
    pub fn new(filter: Filter, subscription: Option<Id>) -> Arc<Self> {
        Arc::new(Self {
            outbox: Outbox::default(),
            filter: Mutex::new(filter),
            subscription,
            ended: AtomicBool::new(false),
            cancelled: AtomicBool::new(false),
            readers: AtomicUsize::new(0),
            streams: AtomicU64::new(0),
            server: OnceLock::new(),
            following: OnceLock::new(),
            followed: Followed::default(),
        })
    }

    /// Questions of tasks may come here: from now on the desk hears of who reads.
    pub fn connect(&self, server: &Weak<Inner>) {
        self.server.get_or_init(|| server.clone());
    }

    /// Keeps what it follows, until it is gone.
    pub fn follow(&self, following: Following) {
        // It follows once only: when it is made.
        let _ = self.following.set(following);
    }

    /// A task that it follows has changed.
    pub fn task_changed(&self, id: &TaskId, change: u64) {
        if self.followed.mark(id, change) {
            self.outbox.wake();
        }
    }

    /// Which stream is read now.
    pub fn stream(&self) -> Option<u64> {
        let read = self.readers.load(Ordering::SeqCst) > 0;
        read.then(|| self.streams.load(Ordering::SeqCst))
    }

    /// Somebody reads: from now on, or going on from an earlier time.
    #[cfg(feature = "http")]
    pub fn attach(&self, resumed: bool) {
        if !resumed {
            self.streams.fetch_add(1, Ordering::SeqCst);
        }
        self.readers.fetch_add(1, Ordering::SeqCst);
        self.moved();
    }

    #[cfg(feature = "http")]
    pub fn detach(&self) {
        self.readers.fetch_sub(1, Ordering::SeqCst);
        self.moved();
    }

    fn moved(&self) {
        if let Some(server) = self.server.get().and_then(Weak::upgrade) {
            server.tasks.desk().moved(self);
        }
    }

    pub fn filter(&self) -> MutexGuard<'_, Filter> {
        self.filter.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The server ends the stream.
    pub fn end(&self) {
        self.ended.store(true, Ordering::SeqCst);
        self.outbox.wake();
        self.moved();
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

    /// Acknowledges the stream, first of all (C14), and begins to hear.
    fn begin(&self, honoured: Filter, tasks: &[TaskId]) {
        let mut filter = self.filter();
        if let Some(text) = acknowledgment(self.subscription.as_ref(), &honoured, tasks) {
            self.outbox.push(text, Kind::Required);
        }
        *filter = honoured;
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

fn acknowledgment(stream: Option<&Id>, honoured: &Filter, tasks: &[TaskId]) -> Option<Text> {
    protocol::notification("notifications/subscriptions/acknowledged", |params| {
        if let Some(stream) = stream {
            params.object("_meta", |meta| subscription_id(meta, stream));
        }
        params.object("notifications", |agreed| {
            for (key, yes) in [
                ("toolsListChanged", honoured.tools),
                ("promptsListChanged", honoured.prompts),
                ("resourcesListChanged", honoured.resources),
            ] {
                if yes {
                    agreed.field(key, &true);
                }
            }
            if !honoured.watched.is_empty() {
                agreed.field("resourceSubscriptions", &honoured.watched);
            }
            if !tasks.is_empty() {
                let ids: Vec<_> = tasks.iter().map(TaskId::as_str).collect();
                agreed.field("taskIds", &ids);
            }
        });
    })
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
