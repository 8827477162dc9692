//! A running call becomes a task (I14).

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::Notify;

use super::attempt::Attempt;
use super::call::StoredCall;
use super::{Engine, Newborn};
use crate::error::RpcError;
use crate::journal::{BoxFuture, HomeError, Key, Promote, Promoted, Question, Saved};
use crate::server::context::{Context, Subject};
use crate::telemetry;

/// A call that may become a task while it runs: at most once, and for as long as it has not answered.
pub(crate) struct Promotion {
    engine: Arc<Engine>,
    cx: Weak<Context>,
    stage: Mutex<Stage>,
    /// Somebody asked for it.
    begun: AtomicBool,
    decided: Notify,
}

/// How far it is.
enum Stage {
    Inline,
    Task(Newborn),
    /// Somebody has taken the task.
    Over,
    /// It cannot become one: it stays inline.
    Failed(RpcError),
}

impl Promotion {
    pub fn new(engine: Arc<Engine>, cx: &Arc<Context>) -> Arc<Self> {
        Arc::new(Self {
            engine,
            cx: Arc::downgrade(cx),
            stage: Mutex::new(Stage::Inline),
            begun: AtomicBool::new(false),
            decided: Notify::new(),
        })
    }

    fn stage(&self) -> MutexGuard<'_, Stage> {
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this is the first wish for it.
    pub fn begin(&self) -> bool {
        !self.begun.swap(true, SeqCst)
    }

    /// Why it cannot become a task, if that is decided.
    pub fn failure(&self) -> Option<RpcError> {
        match &*self.stage() {
            Stage::Failed(error) => Some(error.clone()),
            _ => None,
        }
    }

    /// Waits until it is decided.
    pub async fn decided(&self) {
        loop {
            let decided = self.decided.notified();
            if !matches!(*self.stage(), Stage::Inline) {
                return;
            }
            decided.await;
        }
    }

    /// The task, once it is one.
    pub fn take(&self) -> Option<Newborn> {
        let mut stage = self.stage();
        match std::mem::replace(&mut *stage, Stage::Over) {
            Stage::Task(newborn) => Some(newborn),
            other => {
                *stage = other;
                None
            }
        }
    }
}

impl Promote for Promotion {
    fn create(
        &self,
        saved: Saved,
        questions: Vec<(Key, Question)>,
    ) -> BoxFuture<'_, Result<Promoted, HomeError>> {
        Box::pin(async move {
            let promoted = match self.try_create(saved, questions).await {
                Ok((newborn, attempt)) => {
                    if let Some(cx) = self.cx.upgrade() {
                        cx.be_task(attempt.clone(), None);
                        telemetry::audit("create", &newborn.record, cx.target());
                    }
                    let epoch = attempt.claim.epoch;
                    *self.stage() = Stage::Task(newborn);
                    Ok(Promoted { home: attempt, epoch })
                }
                Err(error) => {
                    tracing::warn!(target: "mcp", %error, "a call could not become a task: it stays inline");
                    let problem = HomeError::Unavailable(error.message.clone());
                    *self.stage() = Stage::Failed(error);
                    Err(problem)
                }
            };
            self.decided.notify_waiters();
            promoted
        })
    }
}

impl Promotion {
    async fn try_create(
        &self,
        saved: Saved,
        questions: Vec<(Key, Question)>,
    ) -> Result<(Newborn, Arc<Attempt>), RpcError> {
        let engine = &self.engine;
        let cx = self.cx.upgrade().ok_or_else(|| RpcError::internal("the call has ended"))?;
        let Subject::Tool(entry) = &cx.subject else {
            return Err(RpcError::internal("only calls of tools become tasks"));
        };
        let slot = engine.enter(entry).ok_or_else(|| {
            RpcError::internal(match engine.node.is_stopping() {
                true => "the server is shutting down: it begins no tasks any more".to_owned(),
                false => format!("too many tasks of `{}` at the same time", cx.target()),
            })
        })?;
        let call = StoredCall::write(cx.revision, &cx.id, None, &cx.params.text)?;
        let mut task = engine.new_task(entry, cx.principal.as_ref(), call, saved.clone(), None)?;
        task.questions = questions;
        let me = engine.clone();
        engine
            .beside(move |answer| async move {
                let tool = task.tool.clone();
                let created = me.admit(task).await;
                let created = created.map_err(|error| me.trouble("promote", &tool, error));
                let newborn = created.and_then(|created| {
                    let claim = created.claim.clone();
                    let claim =
                        claim.ok_or_else(|| RpcError::internal("the store kept the claim"))?;
                    let (number, expires_at) = (created.record.attempt, created.record.expires_at);
                    let owner = created.record.owner.clone();
                    let attempt = Attempt::new(me.clone(), claim, slot, owner, number, expires_at);
                    attempt.resume(&saved);
                    me.enroll(&attempt);
                    let newborn = Newborn::new(&me, created.record, Some(attempt.clone()), true);
                    Ok((newborn, attempt))
                });
                let _ = answer.send(newborn);
            })
            .await
    }
}
