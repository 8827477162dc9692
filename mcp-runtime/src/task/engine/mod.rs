//! Runs tasks.
//!
//! The engine of a server decides, the store keeps. A task is born claimed by the process that accepted it, and runs there at
//! once; taking tasks from the store is for what was parked, handed back, retried or left by a process that died.
//!
//! | file | what it does |
//! | --- | --- |
//! | `mod` | what the wires ask for: create, view, list, cancel, answer, wait |
//! | `keeper` | the node: its lease, tasks that are due, tasks of the dead, the end |
//! | `attempt` | one claim of one task, as the journal's home |
//! | `run` | one attempt from its first poll to what becomes of the task |
//! | `promote` | a running call becomes a task |
//! | `call` | a call as a store keeps it |
//! | `watch` | who waits for a task here |
//!
//! Architecture invariant: nothing here knows a wire. What clients are shown goes through the [`Desk`].

mod attempt;
#[cfg(all(test, feature = "sqlite"))]
mod bench;
mod call;
mod keeper;
mod promote;
mod run;
#[cfg(test)]
mod tests;
mod watch;

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tokio::runtime::Handle;
use tokio::sync::{Notify, oneshot};

pub(crate) use self::attempt::Attempt;
pub(crate) use self::promote::Promotion;
pub(crate) use self::run::{Function, Running};

use self::attempt::Slot;
use self::call::StoredCall;
use self::keeper::Node;
use self::watch::{Paces, Watches};
use super::id::{Owner, TaskId};
use super::settings::TaskSettings;
use super::store::{
    Access, Answer, Cancelled, Claim, Claimed, Created, Ears, NewTask, Position, StoreError,
    TaskRecord, TaskState, TaskStore, TaskView,
};
use crate::error::RpcError;
use crate::journal::{CallId, Clock, Json, Key, Saved};
use crate::protocol::envelope::Id;
use crate::protocol::revision::Revision;
use crate::protocol::seal::digest_params;
use crate::server::context::Kept;
use crate::server::desk::Desk;
use crate::server::handle::{Inner, Server};
use crate::server::principal::Principal;
use crate::server::registry::ToolEntry;
use crate::server::session::Session;

/// How long a request waits for a store that is not there yet.
const PATIENCE: Duration = Duration::from_secs(5);

/// Runs the tasks of one server.
pub(crate) struct Engine {
    settings: TaskSettings,
    store: Arc<dyn TaskStore>,
    clock: Clock,
    desk: Desk,
    node: Node,
    /// What runs here.
    running: Mutex<HashMap<TaskId, Arc<Attempt>>>,
    slots: Mutex<Slots>,
    watches: Watches,
    paces: Paces,
    /// Something may be due, or there is room again.
    due: Arc<Notify>,
    /// Tasks that somebody is to be shown.
    dirty: Mutex<Dirty>,
    shown: Arc<Notify>,
    /// Nothing runs or begins here any more.
    idle: Notify,
    home: OnceLock<(Weak<Inner>, Handle)>,
}

/// How many attempts run here.
#[derive(Default)]
struct Slots {
    all: usize,
    by_tool: HashMap<Box<str>, usize>,
}

/// A call that is to be a task from the beginning.
pub(crate) struct TaskRequest {
    pub entry: Arc<ToolEntry>,
    pub params: Kept,
    pub id: Id,
    pub revision: Revision,
    pub session: Option<Arc<Session>>,
    pub principal: Option<Principal>,
    /// How long the client wants it to exist.
    pub ttl: Option<Duration>,
}

impl Engine {
    pub fn new(settings: TaskSettings, store: Arc<dyn TaskStore>, clock: Clock) -> Arc<Self> {
        Arc::new(Self {
            settings,
            store,
            clock,
            desk: Desk::default(),
            node: Node::default(),
            running: Mutex::default(),
            slots: Mutex::default(),
            watches: Watches::default(),
            paces: Paces::default(),
            due: Arc::default(),
            dirty: Mutex::default(),
            shown: Arc::default(),
            idle: Notify::new(),
            home: OnceLock::new(),
        })
    }

    pub fn settings(&self) -> &TaskSettings {
        &self.settings
    }

    pub fn store(&self) -> &Arc<dyn TaskStore> {
        &self.store
    }

    pub fn desk(&self) -> &Desk {
        &self.desk
    }

    /// Begins to beat, and to take up what an earlier process left. Must be called within a runtime; a second call does
    /// nothing.
    pub fn start(self: &Arc<Self>, server: &Server) {
        if self.home.get().is_some() {
            return;
        }
        let home = (Arc::downgrade(&server.0), Handle::current());
        if self.home.set(home).is_ok() {
            let me = Arc::downgrade(self);
            self.store.listen(me.clone() as Weak<dyn Ears>);
            self.spawn(keeper::keep(me.clone()));
            self.spawn(keeper::tend(me.clone()));
            self.spawn(keeper::take_up(me.clone()));
            self.spawn(keeper::herald(me));
        }
    }

    /// The server that it belongs to; `None` once nobody holds it any more.
    fn server(&self) -> Option<Server> {
        self.home.get()?.0.upgrade().map(Server)
    }

    /// Runs something beside. Before the start there is nothing that could ask for it.
    pub fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) {
        if let Some((_, runtime)) = self.home.get() {
            runtime.spawn(future);
        }
    }

    /// The process dies, as far as the store can tell.
    #[cfg(test)]
    fn die(&self) {
        self.node.die();
        let running: Vec<_> = self.running().values().cloned().collect();
        running.iter().for_each(|attempt| attempt.stop(attempt::Stop::Dead));
    }

    fn running(&self) -> MutexGuard<'_, HashMap<TaskId, Arc<Attempt>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn slots(&self) -> MutexGuard<'_, Slots> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Room for one more attempt of a tool, if there is any.
    fn enter(self: &Arc<Self>, entry: &ToolEntry) -> Option<Slot> {
        let tool: &str = &entry.definition.name;
        let most = entry.definition.task.max_concurrent.map_or(usize::MAX, |most| most as usize);
        let mut slots = self.slots();
        let here = slots.by_tool.get(tool).copied().unwrap_or(0);
        if slots.all >= self.settings.running || here >= most || self.node.is_stopping() {
            return None;
        }
        slots.all += 1;
        *slots.by_tool.entry(tool.into()).or_default() += 1;
        Some(Slot::new(self.clone(), tool.into()))
    }

    fn leave(&self, tool: &str) {
        let mut slots = self.slots();
        slots.all = slots.all.saturating_sub(1);
        if let Some(here) = slots.by_tool.get_mut(tool) {
            *here -= 1;
            if *here == 0 {
                slots.by_tool.remove(tool);
            }
        }
        let last = slots.all == 0;
        drop(slots);
        self.due.notify_one();
        if last {
            self.idle.notify_waiters();
        }
    }

    // ---- what the wires ask for

    /// Creates a task and begins to run it. If this future is dropped before it is ready, the task is cancelled (D7), unless it
    /// has a key: then the same caller may be about to join it, and finds it if he asks again.
    pub async fn create(self: &Arc<Self>, request: TaskRequest) -> Result<TaskRecord, RpcError> {
        let TaskRequest { entry, params, id, revision, session, principal, ttl } = request;
        let client = session.as_ref().map(|session| &*session.client);
        let call = StoredCall::write(revision, &id, client, &params.text)?;
        let saved = Saved::new(random_call()?, entry.definition.task.version);
        let mut task = self.new_task(&entry, principal.as_ref(), call, saved, ttl)?;
        task.dedupe = dedupe_key(&entry, &task.owner, params.arguments())?;
        let (slot, shared) = (self.enter(&entry), task.dedupe.is_some());
        let me = self.clone();
        self.beside(move |answer| async move {
            let created = me.admit_or_queue(task.clone(), slot.is_some()).await;
            if let (Ok(Created { record, claim: Some(claim), .. }), Some(slot)) = (&created, slot) {
                let (NewTask { call, saved, .. }, claim, record) =
                    (task, claim.clone(), record.clone());
                me.begin(Claimed { claim, record, call, saved }, slot, session.clone(), principal);
            }
            if let (Ok(created), Some(session)) = (&created, &session) {
                me.desk.enter(&created.record.id, session, &params);
            }
            let newborn = |created: Created| Newborn::new(&me, created.record, None, !shared);
            let _ = answer.send(created.map(newborn));
        })
        .await
        .map(Newborn::told)
    }

    /// Runs something to its end, whoever stops waiting for it.
    async fn beside<T: Send + 'static, F>(
        &self,
        work: impl FnOnce(oneshot::Sender<Result<T, RpcError>>) -> F,
    ) -> Result<T, RpcError>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (answer, created) = oneshot::channel();
        self.spawn(work(answer));
        created.await.unwrap_or_else(|_| Err(RpcError::internal("the server is shutting down")))
    }

    /// Ends a task that nobody knows of. `claim` is that of an attempt which will not begin.
    async fn abandon(&self, id: &TaskId, claim: Option<&Claim>) {
        tracing::debug!(target: "mcp", task = %id, "nobody waits for the new task: it is cancelled");
        let cancelled = self.store.cancel(&Access::Operator, id).await;
        let mut ended = cancelled.map(|cancelled| cancelled.iter().for_each(count_cancelled));
        if let (Ok(()), Some(claim)) = (&ended, claim) {
            let outcome = run::failed(&RpcError::internal("cancelled"));
            ended = self.store.finish(claim, outcome).await.map(drop);
        }
        if let Err(error) = ended {
            tracing::warn!(target: "mcp", task = %id, %error, "a task that nobody knows of goes on");
        }
    }

    fn new_task(
        &self,
        entry: &ToolEntry,
        principal: Option<&Principal>,
        call: Json,
        saved: Saved,
        ttl: Option<Duration>,
    ) -> Result<NewTask, RpcError> {
        let options = &entry.definition.task;
        let id = TaskId::random().map_err(no_randomness)?;
        let mut task = NewTask::new(id, Owner::of(principal), &*entry.definition.name, call, saved);
        // What the client asks for, within bounds (L44); else what the tool says.
        let asked = ttl.map(|ttl| ttl.clamp(self.settings.min_ttl, self.settings.max_ttl));
        task.ttl = Some(asked.or(options.ttl).unwrap_or(self.settings.ttl));
        task.restart = options.restart;
        Ok(task)
    }

    /// Creates a task, claimed if there is room for it here.
    async fn admit_or_queue(&self, task: NewTask, room: bool) -> Result<Created, RpcError> {
        if room {
            match self.admit(task.clone()).await {
                // This node has lost its lease, and has not noticed yet: the task is for whoever comes first.
                Err(StoreError::Fenced) => {}
                created => {
                    return created.map_err(|error| self.trouble("create", &task.tool, error));
                }
            }
        }
        let created = self.store.create(task.clone(), self.settings.admission()).await;
        created.map_err(|error| self.trouble("create", &task.tool, error))
    }

    /// Creates a task that this node works on.
    async fn admit(&self, mut task: NewTask) -> Result<Created, StoreError> {
        let joined = tokio::time::timeout(PATIENCE, self.node.joined()).await;
        task.claim =
            Some(joined.map_err(|_| StoreError::unavailable("the store does not answer"))?);
        self.store.create(task, self.settings.admission()).await
    }

    /// The error for a request when the store does not do what it was asked to.
    fn trouble(&self, operation: &str, what: &str, error: StoreError) -> RpcError {
        match error {
            StoreError::Refused(refusal) => {
                tracing::warn!(target: "mcp", operation, what, %refusal, "task refused");
                RpcError::internal(refusal.to_string())
            }
            error => {
                tracing::error!(target: "mcp", operation, what, %error, "the task store failed");
                RpcError::internal("tasks cannot be reached at the moment: try again later")
            }
        }
    }

    /// One task. Whatever is wrong with the id, the error is the same (D9).
    pub async fn view(&self, access: &Access, id: &str) -> Result<TaskView, RpcError> {
        let id = known_form(id)?;
        let view = self.store.get(access, &id).await;
        view.map_err(|error| self.trouble("get", id.as_str(), error))?.ok_or_else(unknown)
    }

    /// A page of tasks, and whether there are more.
    pub async fn list(
        &self,
        access: &Access,
        after: Option<Position>,
        limit: usize,
    ) -> Result<(Vec<TaskRecord>, bool), RpcError> {
        let records = self.store.list(access, after, limit.saturating_add(1)).await;
        let mut records = records.map_err(|error| self.trouble("list", "", error))?;
        let more = records.len() > limit;
        records.truncate(limit);
        Ok((records, more))
    }

    /// Cancels a task.
    pub async fn cancel(&self, access: &Access, id: &str) -> Result<Cancelled, RpcError> {
        let id = known_form(id)?;
        let cancelled = self.store.cancel(access, &id).await;
        let cancelled = cancelled
            .map_err(|error| self.trouble("cancel", id.as_str(), error))?
            .ok_or_else(unknown);
        cancelled.inspect(count_cancelled)
    }

    /// Answers questions of a task.
    pub async fn answer(
        &self,
        access: &Access,
        id: &str,
        answers: Vec<(Key, Answer)>,
    ) -> Result<TaskView, RpcError> {
        let id = known_form(id)?;
        let limit = self.settings.journal;
        for (key, answer) in &answers {
            let bytes = match answer {
                Answer::Given(json) => json.as_str().len(),
                Answer::Refused(reason) => reason.len(),
            };
            if bytes > limit {
                return Err(RpcError::invalid_params(format!(
                    "the answer to `{key}` takes {bytes} bytes and may take {limit}"
                )));
            }
        }
        let view = self.store.answer(access, &id, answers).await;
        view.map_err(|error| self.trouble("answer", id.as_str(), error))?.ok_or_else(unknown)
    }

    /// Waits until the task has ended (L52). Any number may wait for one task (D8). The error of an unknown task if it
    /// expires meanwhile (D12).
    pub async fn wait(&self, access: &Access, id: &str) -> Result<TaskView, RpcError> {
        let watch = self.watches.enter(&known_form(id)?);
        loop {
            // It hears of what happens from here on: nothing is lost between the look and the wait.
            let changed = watch.changed();
            let view = self.view(access, id).await?;
            if view.record.state.is_final() {
                return Ok(view);
            }
            watch.saw(view.record.change);
            let left = view.record.expires_at.map(|at| self.clock.until(at));
            match left {
                Some(left) => drop(tokio::time::timeout(left, changed).await),
                None => changed.await,
            }
        }
    }

    /// The poll interval to tell whoever asks for this task now: it grows when it is asked for faster than that (P9). The
    /// error is for those who do not stop: how long to wait.
    pub fn pace(&self, record: &TaskRecord) -> Result<Duration, Duration> {
        match record.state.is_final() {
            // Whoever reads a result need not wait.
            true => Ok(self.settings.poll_interval),
            false => self.paces.ask(&record.id, self.settings.poll_interval),
        }
    }

    /// Somebody wants to be shown this task: [`Desk::show`] is called with it soon, and again whenever it changes, as long as
    /// [`Desk::wants`] says so.
    pub fn show(&self, id: &TaskId) {
        self.dirty.lock().unwrap_or_else(PoisonError::into_inner).push(id);
        self.shown.notify_one();
    }
}

/// A queue in which everybody stands once.
#[derive(Default)]
struct Dirty {
    queue: VecDeque<TaskId>,
    known: HashSet<TaskId>,
}

impl Dirty {
    fn push(&mut self, id: &TaskId) {
        if self.known.insert(id.clone()) {
            self.queue.push_back(id.clone());
        }
    }

    fn pop(&mut self) -> Option<TaskId> {
        let next = self.queue.pop_front()?;
        self.known.remove(&next);
        Some(next)
    }
}

/// A task that its client was not told of yet. If this is dropped, the client never will be, and the task is cancelled (D7):
/// wherever it is dropped, in a channel that nobody reads any more as well.
pub(crate) struct Newborn {
    engine: Arc<Engine>,
    record: TaskRecord,
    /// What is to go on with it, if that has not begun.
    attempt: Option<Arc<Attempt>>,
    /// Whether nobody else can have been given it.
    alone: bool,
}

impl Newborn {
    fn new(
        engine: &Arc<Engine>,
        record: TaskRecord,
        attempt: Option<Arc<Attempt>>,
        alone: bool,
    ) -> Self {
        Self { engine: engine.clone(), record, attempt, alone }
    }

    /// The client is being told.
    fn told(mut self) -> TaskRecord {
        self.alone = false;
        self.record.clone()
    }

    /// The client is being told, and the call goes on as the task.
    pub fn run(mut self, running: Running) -> TaskRecord {
        if let Some(attempt) = self.attempt.take() {
            self.engine.run(attempt, running);
        }
        self.told()
    }
}

impl Drop for Newborn {
    fn drop(&mut self) {
        if !self.alone {
            return;
        }
        let (engine, id) = (self.engine.clone(), self.record.id.clone());
        let claim = self.attempt.take().map(|attempt| {
            engine.forget(&attempt);
            attempt.claim.clone()
        });
        engine.clone().spawn(async move { engine.abandon(&id, claim.as_ref()).await });
    }
}

impl Ears for Engine {
    fn changed(&self, id: &TaskId) {
        self.watches.wake(id);
        if let Some(attempt) = self.running().get(id) {
            attempt.call();
        }
        if self.desk.wants(id) {
            self.show(id);
        }
    }

    fn due(&self) {
        self.due.notify_one();
    }

    fn lost(&self) {
        self.watches.wake_all();
        let running: Vec<_> = self.running().values().cloned().collect();
        running.iter().for_each(|attempt| attempt.call());
        self.desk.known().iter().for_each(|id| self.show(id));
        self.due.notify_one();
    }

    fn watched(&self) -> Vec<(TaskId, u64)> {
        let mut watched = self.watches.all();
        // What runs here is asked for its inbox, whatever clients have seen of it.
        watched.extend(self.running().keys().map(|id| (id.clone(), 0)));
        watched.extend(self.desk.known().into_iter().map(|id| (id, 0)));
        watched
    }
}

/// Ids that are too long to be one are not looked up.
fn known_form(id: &str) -> Result<TaskId, RpcError> {
    if id.len() > TaskId::LONGEST { Err(unknown()) } else { Ok(id.into()) }
}

fn count_cancelled(cancelled: &Cancelled) {
    if cancelled.first {
        crate::telemetry::ended(TaskState::Cancelled, true);
    }
}

fn unknown() -> RpcError {
    RpcError::invalid_params("unknown task: there is none of this id, or it has expired")
}

fn no_randomness(error: getrandom::Error) -> RpcError {
    RpcError::internal(format!("no randomness for an id: {error}"))
}

fn random_call() -> Result<CallId, RpcError> {
    let mut id = [0; 16];
    getrandom::fill(&mut id).map_err(no_randomness)?;
    Ok(CallId(id))
}

/// Tells calls of one tool apart by their arguments. Anonymous callers never share a task: they would share its id.
fn dedupe_key(
    entry: &ToolEntry,
    owner: &Owner,
    arguments: Option<&str>,
) -> Result<Option<String>, RpcError> {
    if !entry.definition.task.dedupe || owner.is_anonymous() {
        return Ok(None);
    }
    let digest = digest_params(arguments.unwrap_or("{}"))
        .map_err(|error| RpcError::invalid_params(format!("`arguments`: {error}")))?;
    Ok(Some(URL_SAFE_NO_PAD.encode(digest)))
}
