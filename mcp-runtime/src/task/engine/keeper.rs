//! The node: its lease, tasks that are due, tasks of the dead, the end.

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use super::Engine;
use super::attempt::Stop;
use super::run::failed;
use crate::error::RpcError;
use crate::server::definition::TaskSupport;
use crate::task::id::NodeId;
use crate::task::store::{Access, Release, StoreError};

/// How many tasks are claimed in one go.
const HANDFUL: usize = 64;

/// How many expired tasks are deleted in one transaction.
const SWEPT: usize = 1_000;

/// Which node this is, if it is one.
pub(super) struct Node {
    id: watch::Sender<Option<NodeId>>,
    stopping: AtomicBool,
    /// It has said farewell: there is no lease to keep any more.
    left: AtomicBool,
}

impl Default for Node {
    fn default() -> Self {
        Self {
            id: watch::Sender::new(None),
            stopping: AtomicBool::new(false),
            left: AtomicBool::new(false),
        }
    }
}

impl Node {
    fn id(&self) -> Option<NodeId> {
        *self.id.borrow()
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
}

/// Keeps the lease, and looks after those of others.
pub(super) async fn keep(engine: Weak<Engine>) {
    let mut renewed = Instant::now();
    loop {
        let Some(engine) = engine.upgrade() else { return };
        if engine.node.left.load(SeqCst) {
            return;
        }
        let lease = engine.settings.lease;
        let begun = Instant::now();
        match engine.keep_lease().await {
            Ok(()) => renewed = begun,
            Err(StoreError::Fenced) => {
                tracing::error!(target: "mcp", "the lease was lost: what runs here is stopped");
                engine.lose();
                // At once: what was lost is to go on.
                continue;
            }
            Err(error) => {
                tracing::error!(target: "mcp", %error, "the lease cannot be renewed");
                if renewed.elapsed() > lease {
                    engine.lose();
                }
            }
        }
        engine.sweep().await;
        drop(engine);
        sleep(lease / 3).await;
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
        let next = match engine.claim_due(node).await {
            Ok(next) => next,
            Err(error) => {
                tracing::error!(target: "mcp", %error, "tasks cannot be claimed");
                None
            }
        };
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
        let next = engine.dirty.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        match next {
            Some(id) => match engine.store.get(&Access::Operator, &id).await {
                Ok(view) => engine.desk.show(&engine, &id, view.as_ref()),
                Err(error) => {
                    tracing::error!(target: "mcp", task = %id, %error, "a task cannot be shown");
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
                let id = NodeId::random().map_err(StoreError::unavailable)?;
                self.store.join(id, lease).await?;
                self.node.id.send_replace(Some(id));
                self.due.notify_one();
                Ok(())
            }
        }
    }

    /// The store takes this node for dead, or will do so soon: nothing that runs here counts any more.
    fn lose(&self) {
        if self.node.id.send_replace(None).is_some() {
            crate::telemetry::lease_lost();
        }
        let running: Vec<_> = self.running().values().cloned().collect();
        running.iter().for_each(|attempt| attempt.stop(Stop::Lost));
    }

    async fn sweep(&self) {
        let interrupted =
            RpcError::internal("the task was interrupted: the process that worked on it has died");
        match self.store.reap(failed(&interrupted)).await {
            Ok(0) => {}
            Ok(tasks) => tracing::warn!(target: "mcp", tasks, "tasks of a dead node were freed"),
            Err(error) => tracing::error!(target: "mcp", %error, "dead nodes cannot be reaped"),
        }
        loop {
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

    /// Claims what is due, as far as there is room. Says when the next one is due.
    async fn claim_due(self: &Arc<Self>, node: NodeId) -> Result<Option<u64>, StoreError> {
        let mut next: Option<u64> = None;
        for (tools, most) in self.wanted() {
            let claims = self.store.claim(node, tools, most).await?;
            if claims.claimed.len() == most {
                // There may be more.
                self.due.notify_one();
            }
            next = [next, claims.next_due].into_iter().flatten().min();
            for claimed in claims.claimed {
                let server = self.server();
                let registry = server.as_ref().map(|server| server.registry());
                let entry = registry.as_ref().and_then(|it| it.tools.get(&claimed.record.tool));
                match entry.and_then(|listed| self.enter(&listed.entry)) {
                    Some(slot) => self.begin(claimed, slot, None, None),
                    // A new call was quicker.
                    None => self.store.release(&claimed.claim, Release::HandBack).await?,
                }
            }
        }
        Ok(next)
    }

    /// For which tools there is room, and for how many tasks: together those without a bound of their own.
    fn wanted(&self) -> Vec<(Vec<String>, usize)> {
        let Some(server) = self.server() else { return Vec::new() };
        let registry = server.registry();
        let slots = self.slots();
        let free = self.settings.running.saturating_sub(slots.all).min(HANDFUL);
        if free == 0 {
            return Vec::new();
        }
        let (mut unbounded, mut wanted) = (Vec::new(), Vec::new());
        for (name, listed) in &registry.tools {
            let options = &listed.entry.definition.task;
            if options.support == TaskSupport::Forbidden {
                continue;
            }
            match options.max_concurrent {
                None => unbounded.push(name.clone()),
                Some(most) => {
                    let here = slots.by_tool.get(name.as_str()).copied().unwrap_or(0);
                    let room = (most as usize).saturating_sub(here).min(free);
                    if room > 0 {
                        wanted.push((vec![name.clone()], room));
                    }
                }
            }
        }
        if !unbounded.is_empty() {
            wanted.push((unbounded, free));
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

    async fn idle(&self) {
        loop {
            let idle = self.idle.notified();
            if self.running().is_empty() {
                return;
            }
            idle.await;
        }
    }
}
