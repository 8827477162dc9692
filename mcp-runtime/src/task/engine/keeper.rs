//! The node: its lease, tasks that are due, tasks of the dead, the end.

use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::Engine;
use super::attempt::Stop;
use super::run::failed;
use crate::error::RpcError;
use crate::server::definition::TaskSupport;
use crate::task::id::NodeId;
use crate::task::store::{Access, Claimed, Reaped, Release, StoreError, TaskState};

/// How many tasks are claimed in one go.
const HANDFUL: usize = 64;

/// How many expired tasks are deleted in one transaction: others wait for it, and tasks can be large.
const SWEPT: usize = 64;

/// Which node this is, if it is one.
#[derive(Default)]
pub(super) struct Node {
    /// The same for the life of the process. What it holds, it holds again once it is back after an outage, unless somebody
    /// has taken it meanwhile.
    own: OnceLock<NodeId>,
    /// While its lease holds, as far as is known here.
    id: watch::Sender<Option<NodeId>>,
    /// When others have had time to come back from an outage that this node has seen.
    reaps_from: Mutex<Option<Instant>>,
    /// Whose turn it is to be claimed for first.
    turns: AtomicUsize,
    /// Tasks are being claimed.
    claiming: tokio::sync::Mutex<()>,
    /// Nothing new is begun.
    stopping: AtomicBool,
    /// What runs is to end.
    handing_back: AtomicBool,
    /// It has said farewell: there is no lease to keep any more.
    left: AtomicBool,
}

impl Node {
    fn id(&self) -> Option<NodeId> {
        *self.id.borrow()
    }

    fn own(&self) -> Result<NodeId, StoreError> {
        if let Some(own) = self.own.get() {
            return Ok(*own);
        }
        let new = NodeId::random().map_err(StoreError::unavailable)?;
        Ok(*self.own.get_or_init(|| new))
    }

    /// Waits until the store knows this node.
    pub async fn joined(&self) -> NodeId {
        let mut id = self.id.subscribe();
        match id.wait_for(Option::is_some).await.map(|id| *id) {
            Ok(Some(id)) => id,
            // The sender lives as long as this does.
            _ => std::future::pending().await,
        }
    }

    #[cfg(test)]
    pub fn die(&self) {
        self.stopping.store(true, SeqCst);
        self.left.store(true, SeqCst);
    }

    pub fn is_stopping(&self) -> bool {
        self.stopping.load(SeqCst)
    }

    pub fn hands_back(&self) -> bool {
        self.handing_back.load(SeqCst)
    }

    pub fn has_left(&self) -> bool {
        self.left.load(SeqCst)
    }

    fn reaps_from(&self) -> MutexGuard<'_, Option<Instant>> {
        self.reaps_from.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keeps the lease. Nothing else is done here, so that nothing else can make a beat late.
pub(super) async fn keep(engine: Weak<Engine>) {
    // Until when the lease lasts by this process's own clock, which began to count before the store's did.
    let mut lasts: Option<Instant> = None;
    loop {
        let Some(engine) = engine.upgrade() else { return };
        if engine.node.has_left() {
            return;
        }
        let (lease, begun) = (engine.settings.lease, Instant::now());
        if lasts.is_some_and(|lasts| lasts <= begun) {
            tracing::error!(target: "mcp", "the lease has run out: what runs here is stopped");
            engine.lose();
            lasts = None;
        }
        let patience = lasts.map_or(lease / 2, |lasts| (lease / 2).min(lasts - begun));
        match timeout(patience, engine.keep_lease()).await {
            Ok(Ok(())) => lasts = Some(begun + lease),
            Ok(Err(StoreError::Fenced)) => {
                tracing::error!(target: "mcp", "the lease was lost: what runs here is stopped");
                engine.lose();
                lasts = None;
                // At once: what was lost is to go on.
                continue;
            }
            Ok(Err(error)) => {
                tracing::error!(target: "mcp", %error, "the lease cannot be renewed");
            }
            Err(_) => {
                tracing::error!(target: "mcp", "the lease cannot be renewed: the store does not answer")
            }
        }
        drop(engine);
        let next = begun + lease / 3;
        sleep_until(lasts.map_or(next, |lasts| lasts.min(next))).await;
    }
}

/// Looks after what others have left: tasks of the dead, and what has expired.
pub(super) async fn tend(engine: Weak<Engine>) {
    loop {
        let Some(engine) = engine.upgrade() else { return };
        if engine.node.has_left() {
            return;
        }
        let node = engine.node.joined().await;
        engine.sweep(node).await;
        let rest = engine.settings.lease / 3;
        drop(engine);
        sleep(rest).await;
    }
}

/// Takes up what is due and runs nowhere.
pub(super) async fn take_up(engine: Weak<Engine>) {
    loop {
        let Some(engine) = engine.upgrade() else { return };
        if engine.node.is_stopping() {
            return;
        }
        let node = engine.node.joined().await;
        let next = engine.claim_due(node).await;
        // The beat is the poll that makes up for what nobody told of.
        let rest = engine.settings.lease / 3;
        let rest = next.map_or(rest, |at| engine.clock.until(at).min(rest));
        let due = engine.due.clone();
        drop(engine);
        let _ = timeout(rest, due.notified()).await;
    }
}

/// Shows tasks to those who want to be told of them.
pub(super) async fn herald(engine: Weak<Engine>) {
    let Some(shown) = engine.upgrade().map(|engine| engine.shown.clone()) else { return };
    loop {
        let Some(engine) = engine.upgrade() else { return };
        let next = engine.dirty.lock().unwrap_or_else(PoisonError::into_inner).pop();
        match next {
            Some(id) => match engine.store.get(&Access::Operator, &id).await {
                Ok(view) => engine.desk.show(&engine, &id, view.as_ref()),
                Err(error) => {
                    tracing::error!(target: "mcp", task = %id, %error, "a task cannot be shown");
                    engine.show(&id);
                    drop(engine);
                    sleep(Duration::from_secs(1)).await;
                }
            },
            None => {
                drop(engine);
                // Now and then it looks whether the server is still there.
                let _ = timeout(Duration::from_secs(60), shown.notified()).await;
            }
        }
    }
}

impl Engine {
    async fn keep_lease(&self) -> Result<(), StoreError> {
        let lease = self.settings.lease;
        match self.node.id() {
            Some(id) => {
                for claim in self.store.beat(id, lease).await? {
                    let attempt = self.running().get(&claim.task).cloned();
                    if let Some(attempt) = attempt.filter(|attempt| attempt.claim == claim) {
                        attempt.call();
                    }
                }
                Ok(())
            }
            None => {
                let back = self.node.own.get().is_some();
                let own = self.node.own()?;
                self.store.join(own, lease).await?;
                // If the store was away, it was for others as well. They have a lease's time to come back with what they hold.
                *self.node.reaps_from() = back.then(|| Instant::now() + lease);
                self.node.id.send_replace(Some(own));
                self.due.notify_one();
                Ok(())
            }
        }
    }

    /// The store takes this node for dead, or will do so soon. Functions are stopped, since somebody else may begin them
    /// again; what they have ended with is still offered to the store ([`persist`](Self::persist)).
    fn lose(&self) {
        if self.node.id.send_replace(None).is_none() {
            return;
        }
        crate::telemetry::lease_lost();
        let running: Vec<_> = self.running().values().cloned().collect();
        running.iter().for_each(|attempt| attempt.stop(Stop::Lost));
    }

    async fn sweep(&self, node: NodeId) {
        if self.node.reaps_from().is_none_or(|from| from <= Instant::now()) {
            self.reap(node).await;
        }
        // One short transaction at a time, with turns for others in between.
        while !self.node.has_left() {
            match self.store.expire(SWEPT).await {
                Ok(SWEPT) => {}
                Ok(_) => break,
                Err(error) => {
                    tracing::error!(target: "mcp", %error, "expired tasks cannot be deleted");
                    break;
                }
            }
        }
        crate::telemetry::gauges(&*self.store, &self.clock).await;
    }

    async fn reap(&self, node: NodeId) {
        let interrupted =
            RpcError::internal("the task was interrupted: the process that worked on it has died");
        match self.store.reap(node, failed(&interrupted)).await {
            Ok(Reaped { freed: 0, .. }) => {}
            Ok(Reaped { freed, failed }) => {
                tracing::warn!(target: "mcp", tasks = freed, failed, "tasks of a dead node were freed");
                (0..failed).for_each(|_| crate::telemetry::ended(TaskState::Failed, true));
            }
            // The next beat says so, too.
            Err(StoreError::Fenced) => {}
            Err(error) => tracing::error!(target: "mcp", %error, "dead nodes cannot be reaped"),
        }
    }

    /// Claims what is due, as far as there is room. Says when the next one is due, if that is known.
    async fn claim_due(self: &Arc<Self>, node: NodeId) -> Option<u64> {
        let _claiming = self.node.claiming.lock().await;
        let mut next: Option<u64> = None;
        let mut left = HANDFUL;
        for (tools, bound) in self.wanted() {
            if self.node.is_stopping() {
                break;
            }
            // What was begun since takes up room, too.
            let most = self.room(&tools, bound).min(left);
            if most == 0 {
                continue;
            }
            let claims = match self.store.claim(node, tools, most).await {
                Ok(claims) => claims,
                Err(error) => {
                    tracing::error!(target: "mcp", %error, "tasks cannot be claimed");
                    continue;
                }
            };
            left -= claims.claimed.len().min(left);
            if claims.claimed.len() == most {
                // There may be more.
                self.due.notify_one();
            }
            next = [next, claims.next_due].into_iter().flatten().min();
            let too_many: Vec<_> =
                claims.claimed.into_iter().filter_map(|claimed| self.take(claimed)).collect();
            for Claimed { claim, record, .. } in too_many {
                // A new call was quicker. Back to its place in the queue: due since it was created, at the latest.
                let back = Release::Park { until: Some(record.created_at) };
                let release = || self.store.release(&claim, back.clone());
                if let Err(error) = self.persist(&claim.task, release).await {
                    tracing::warn!(target: "mcp", task = %claim.task, %error, "a claim is not given back");
                }
            }
        }
        next
    }

    /// Begins a task that was claimed, and gives it back if there is no room for it.
    fn take(self: &Arc<Self>, claimed: Claimed) -> Option<Claimed> {
        let server = self.server();
        let registry = server.as_ref().map(|server| server.registry());
        let entry = registry.as_ref().and_then(|it| it.tools.get(&claimed.record.tool));
        match entry.and_then(|listed| self.enter(&listed.entry)) {
            Some(slot) => {
                self.begin(claimed, slot, None, None);
                None
            }
            None => Some(claimed),
        }
    }

    /// How many more attempts there may be of these tools, of which each may have so many.
    fn room(&self, tools: &[String], bound: Option<u32>) -> usize {
        let slots = self.slots();
        let free = self.settings.running.saturating_sub(slots.all);
        let Some(bound) = bound else { return free };
        let here = tools.iter().filter_map(|tool| slots.by_tool.get(tool.as_str())).sum();
        free.min((bound as usize).saturating_sub(here))
    }

    /// The tools to claim for, and how many attempts of them there may be: together those without a bound of their own. In
    /// another order every time, so that none of them has the last room always.
    fn wanted(&self) -> Vec<(Vec<String>, Option<u32>)> {
        let Some(server) = self.server() else { return Vec::new() };
        let registry = server.registry();
        let (mut unbounded, mut wanted) = (Vec::new(), Vec::new());
        for (name, listed) in &registry.tools {
            let options = &listed.entry.definition.task;
            match options.max_concurrent {
                _ if options.support == TaskSupport::Forbidden => {}
                None => unbounded.push(name.clone()),
                bound => wanted.push((vec![name.clone()], bound)),
            }
        }
        if !unbounded.is_empty() {
            wanted.push((unbounded, None));
        }
        if !wanted.is_empty() {
            let first = self.node.turns.fetch_add(1, Relaxed) % wanted.len();
            wanted.rotate_left(first);
        }
        wanted
    }

    /// Ends the work of this process: nothing new is begun; what runs may end for as long as `patience` lasts, and is then
    /// handed back.
    pub async fn drain(&self, patience: Duration) {
        if self.home.get().is_none() || self.node.stopping.swap(true, SeqCst) {
            return;
        }
        if timeout(patience, self.idle()).await.is_err() {
            self.node.handing_back.store(true, SeqCst);
            let running: Vec<_> = self.running().values().cloned().collect();
            running.iter().for_each(|attempt| attempt.stop(Stop::HandBack));
            // To write down that they are handed back.
            let _ = timeout(self.settings.lease, self.idle()).await;
        }
        self.node.left.store(true, SeqCst);
        if let Some(node) = self.node.id()
            && let Err(error) = self.store.leave(node).await
        {
            tracing::warn!(target: "mcp", %error, "the node could not leave: its lease runs out");
        }
    }

    /// Nothing runs, nothing is about to, and nothing is being claimed.
    async fn idle(&self) {
        drop(self.node.claiming.lock().await);
        loop {
            let idle = self.idle.notified();
            if self.slots().all == 0 {
                return;
            }
            idle.await;
        }
    }
}
