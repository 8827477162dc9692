//! One claim of one task, as the journal's home.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use mcp_schema::shared::LoggingLevel;
use serde_json::value::RawValue;
use tokio::sync::Notify;

use super::Engine;
use super::run::again;
use crate::journal::{BoxFuture, Commit, Home, HomeError, Inbox, Record, Saved};
use crate::server::context::Report;
use crate::task::id::{Owner, TaskId};
use crate::task::store::{Claim, Note, StoreError};

/// How often clients can see a task's progress change.
const NOTE_EVERY: Duration = Duration::from_millis(500);

/// Room for one attempt; whoever drops it gives it back.
pub(super) struct Slot {
    engine: Arc<Engine>,
    tool: Box<str>,
}

impl Slot {
    pub fn new(engine: Arc<Engine>, tool: Box<str>) -> Self {
        Self { engine, tool }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.engine.leave(&self.tool);
    }
}

/// Why an attempt is to stop that has not ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Stop {
    /// The server stops.
    HandBack = 1,
    /// The lease has run out: somebody else may do the same at any moment.
    Lost = 2,
    /// The process has died.
    #[cfg(test)]
    Dead = 3,
}

/// One claim of one task while this process works on it.
pub(crate) struct Attempt {
    pub(super) claim: Claim,
    pub(super) engine: Arc<Engine>,
    pub(super) expires_at: Option<u64>,
    pub(super) owner: Owner,
    /// How often the task was begun, this time included.
    pub(super) number: u32,
    /// Free as soon as the attempt is over, whoever still holds it.
    slot: Mutex<Option<Slot>>,
    me: Weak<Attempt>,
    /// The store may have something that it was not asked for.
    called: AtomicBool,
    /// How often it could not say so since it last did.
    failed_looks: AtomicU32,
    bell: Notify,
    /// The task was cancelled: nobody will ever run it again, and its journal ends here.
    cancelled: AtomicBool,
    stop: AtomicU8,
    stopped: Notify,
    /// What the journal takes, in bytes.
    size: AtomicUsize,
    final_failure: AtomicBool,
    notes: Mutex<Notes>,
}

#[derive(Default)]
struct Notes {
    pending: Option<Note>,
    /// Somebody is at it.
    writing: bool,
}

impl Attempt {
    pub(super) fn new(
        engine: Arc<Engine>,
        claim: Claim,
        slot: Slot,
        owner: Owner,
        number: u32,
        expires_at: Option<u64>,
    ) -> Arc<Self> {
        Arc::new_cyclic(|me| Self {
            claim,
            engine,
            expires_at,
            owner,
            number,
            slot: Mutex::new(Some(slot)),
            me: me.clone(),
            called: AtomicBool::new(false),
            failed_looks: AtomicU32::new(0),
            bell: Notify::new(),
            cancelled: AtomicBool::new(false),
            stop: AtomicU8::new(0),
            stopped: Notify::new(),
            size: AtomicUsize::new(0),
            final_failure: AtomicBool::new(false),
            notes: Mutex::default(),
        })
    }

    /// What an earlier attempt has left: somebody may have called for the task since, and its journal counts.
    pub(super) fn resume(&self, saved: &Saved) {
        self.size.store(saved.records.iter().map(Record::size).sum(), SeqCst);
        self.call();
    }

    /// The store may have something for this attempt.
    pub(super) fn call(&self) {
        self.called.store(true, SeqCst);
        self.bell.notify_waiters();
    }

    /// The inbox could not be read, which is no reason to stop.
    fn look_later(&self, why: &str) {
        let pause = again(self.failed_looks.fetch_add(1, SeqCst));
        let task = &self.claim.task;
        tracing::error!(target: "mcp", %task, %why, ?pause, "the task's inbox cannot be read: it is looked into again");
        let me = self.me.clone();
        self.engine.spawn(async move {
            tokio::time::sleep(pause).await;
            if let Some(me) = me.upgrade() {
                me.call();
            }
        });
    }

    /// The task.
    pub fn id(&self) -> &TaskId {
        &self.claim.task
    }

    /// How long its questions wait where nobody says otherwise.
    pub fn input_timeout(&self) -> Duration {
        self.engine.settings.input_timeout
    }

    /// A log message of the task, for clients that have such.
    pub fn log(&self, level: &LoggingLevel, logger: Option<&str>, data: Option<&RawValue>) {
        self.engine.desk.log(&self.claim.task, level, logger, data);
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.cancelled.load(SeqCst)
    }

    pub(super) fn stop(&self, why: Stop) {
        self.stop.fetch_max(why as u8, SeqCst);
        self.stopped.notify_waiters();
    }

    /// It is over, and there is room for another one.
    pub(super) fn leave(&self) {
        let slot = self.slot.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(slot);
    }

    fn stopping(&self) -> Option<Stop> {
        match self.stop.load(SeqCst) {
            0 => None,
            1 => Some(Stop::HandBack),
            #[cfg(test)]
            3 => Some(Stop::Dead),
            _ => Some(Stop::Lost),
        }
    }

    /// Waits until the attempt is to stop.
    pub(super) async fn stopped(&self) -> Stop {
        loop {
            let stopped = self.stopped.notified();
            if let Some(stop) = self.stopping() {
                return stop;
            }
            stopped.await;
        }
    }

    /// Waits until the task has ceased to exist (D12).
    pub(super) async fn expired(&self) {
        let Some(at) = self.expires_at else { return std::future::pending().await };
        loop {
            let left = self.engine.clock.until(at);
            if left.is_zero() {
                return;
            }
            tokio::time::sleep(left).await;
            self.engine.clock.reach(at.min(self.engine.clock.after(left)));
        }
    }

    /// The author says that trying again is of no use.
    pub fn fail_for_good(&self) {
        self.final_failure.store(true, SeqCst);
    }

    pub(super) fn fails_for_good(&self) -> bool {
        self.final_failure.load(SeqCst)
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How far the task is, for whoever asks for it. Written now and then, the last one always unless the task ends.
    pub fn report(self: &Arc<Self>, report: &Report) {
        self.engine.desk.progress(&self.claim.task, report);
        let progress = Some((report.progress, report.total));
        let mut notes = self.notes();
        let before = notes.pending.take().and_then(|note| note.message);
        notes.pending = Some(Note { message: report.message.clone().or(before), progress });
        if std::mem::replace(&mut notes.writing, true) {
            return;
        }
        drop(notes);
        let me = self.clone();
        self.engine.spawn(async move {
            while me.write_note().await {
                tokio::time::sleep(NOTE_EVERY).await;
            }
        });
    }

    /// Writes what there is to write; says whether there was something.
    pub(super) async fn write_note(&self) -> bool {
        let note = {
            let mut notes = self.notes();
            let note = notes.pending.take();
            notes.writing = note.is_some();
            note
        };
        let Some(note) = note else { return false };
        if let Err(error) = self.engine.store.note(&self.claim, note).await {
            tracing::warn!(target: "mcp", task = %self.claim.task, %error, "progress is not kept");
        }
        true
    }
}

impl Home for Attempt {
    fn commit(&self, _epoch: u64, commit: Commit) -> BoxFuture<'_, Result<(), HomeError>> {
        Box::pin(async move {
            if self.is_cancelled() {
                return Ok(());
            }
            let limit = self.engine.settings.journal;
            let bytes =
                self.size.load(SeqCst) + commit.records.iter().map(Record::size).sum::<usize>();
            if bytes > limit {
                return Err(HomeError::TooLarge { bytes, limit });
            }
            self.size.store(bytes, SeqCst);
            let store = &self.engine.store;
            let commit = || store.commit(&self.claim, commit.clone());
            match self.engine.persist(&self.claim.task, commit).await {
                Ok(()) => Ok(()),
                // A cancelled task is never run again: what it still learns while it cleans up is for itself alone.
                Err(StoreError::Cancelled) => {
                    self.cancelled.store(true, SeqCst);
                    self.call();
                    Ok(())
                }
                Err(error) => Err(home_error(error)),
            }
        })
    }

    fn take_in(&self, _epoch: u64, surely: bool) -> BoxFuture<'_, Result<Inbox, HomeError>> {
        Box::pin(async move {
            // Before the look: what comes after it calls again.
            if !self.called.swap(false, SeqCst) && !surely {
                return Ok(Inbox::default());
            }
            let store = &self.engine.store;
            let look = || store.take_in(&self.claim);
            let inbox = match surely {
                // A timer must not win against an answer that only cannot be read at the moment.
                true => self.engine.persist(&self.claim.task, look).await,
                false => look().await,
            };
            match inbox {
                Ok(inbox) => {
                    self.failed_looks.store(0, SeqCst);
                    if inbox.cancelled.is_some() {
                        self.cancelled.store(true, SeqCst);
                    }
                    Ok(inbox)
                }
                Err(StoreError::Unavailable(why)) if !surely => {
                    self.look_later(&why);
                    Ok(Inbox::default())
                }
                Err(error) => Err(home_error(error)),
            }
        })
    }

    fn arrived(self: Arc<Self>, _epoch: u64) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            loop {
                let bell = self.bell.notified();
                if self.called.load(SeqCst) {
                    return;
                }
                bell.await;
            }
        })
    }
}

fn home_error(error: StoreError) -> HomeError {
    match error {
        StoreError::Fenced => HomeError::Fenced,
        error => HomeError::Unavailable(error.to_string()),
    }
}
