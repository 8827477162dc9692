//! One attempt of a call: what its function, its driver and the outside share.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Poll, Waker};

use serde_json::value::RawValue;
use tokio::sync::Notify;

use super::clock::Clock;
use super::exit::Exit;
use super::home::{Home, Promote};
use super::key::{Key, StepName};
use super::open::{Arrival, Check, LiveReply, OpId, Stage};
use super::record::{CallId, Json, Question};
use super::saved::Saved;
use super::signal::Signal;
use super::state::State;

/// Who runs a call: it owns the [`Run`] and puts questions to the client.
pub trait Host: Send + Sync + 'static {
    /// The run of this attempt.
    fn run(&self) -> &Run;

    /// The version of the tool. A journal that another version wrote may not fit this one.
    fn version(&self) -> &str {
        ""
    }

    /// Live only: put this question to the client now. The answer goes to [`Run::answer`] or
    /// [`Run::refuse`], which may be called from in here.
    fn ask(&self, key: &str, question: &Question);

    /// Live only: nobody waits for the answer any more.
    fn withdraw(&self, key: &str);
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Mode {
    Live,
    Inline,
    Stored,
}

/// The state of one attempt. It is embedded in the call's own allocation, and takes nothing from
/// the heap until the function uses the journal.
pub struct Run {
    pub(super) mode: Mode,
    pub(super) clock: Clock,
    ids: fn() -> CallId,
    state: OnceLock<Box<Mutex<State>>>,
    signal: OnceLock<Arc<Signal>>,
    /// The function has used the journal, or somebody wants something of the driver.
    touched: AtomicBool,
    /// There is something for the driver to look at after this poll.
    attention: AtomicBool,
    replaying: AtomicBool,
    /// A step of this run is being polled, right now.
    in_step: AtomicBool,
    /// In milliseconds since the epoch; `u64::MAX`: not cancelled.
    cancelled_at: AtomicU64,
    cancels: Notify,
    /// The bits of an `f64`.
    high_water: AtomicU64,
}

impl Run {
    fn new(mode: Mode, ids: fn() -> CallId, clock: Clock) -> Self {
        Run {
            mode,
            clock,
            ids,
            state: OnceLock::new(),
            signal: OnceLock::new(),
            touched: AtomicBool::new(false),
            attention: AtomicBool::new(false),
            replaying: AtomicBool::new(false),
            in_step: AtomicBool::new(false),
            cancelled_at: AtomicU64::new(u64::MAX),
            cancels: Notify::const_new(),
            high_water: AtomicU64::new(f64::NEG_INFINITY.to_bits()),
        }
    }

    fn resumed(mode: Mode, ids: fn() -> CallId, clock: Clock, state: State) -> Self {
        let run = Run::new(mode, ids, clock);
        run.replaying.store(!state.live, SeqCst);
        let _ = run.state.set(Box::new(Mutex::new(state)));
        run
    }

    /// A call that nothing is ever replayed of, since its client waits on an open connection.
    /// `ids` makes a random call id if one is needed.
    pub fn live(ids: fn() -> CallId, clock: Clock) -> Self {
        Run::new(Mode::Live, ids, clock)
    }

    /// A call whose client carries the journal, `saved`, from round to round; `None` in the first
    /// round. `presented` are the answers of this round. They count only for open questions of
    /// `saved`, and become records only when the function asks again (I11).
    pub fn inline(
        ids: fn() -> CallId,
        saved: Option<Saved>,
        presented: Vec<(String, Box<RawValue>)>,
        clock: Clock,
    ) -> Self {
        let Some(saved) = saved else { return Run::new(Mode::Inline, ids, clock) };
        let (at, progress, mut saved) = (clock.now(), saved.progress, saved);
        let held = std::mem::take(&mut saved.held);
        let mut state = State::resumed(saved);
        // What was held came in an earlier round, before everything of this one.
        for (key, json) in held {
            state.arrive(key, Arrival { at: 0, reply: Ok(json) });
        }
        for (key, json) in presented {
            state.arrive(key.into(), Arrival { at, reply: Ok(json.into()) });
        }
        let run = Run::resumed(Mode::Inline, ids, clock, state);
        run.raise_to(progress);
        run
    }

    /// A call that lives in a store, claimed under `epoch`. `saved` is what the store holds.
    pub fn stored(home: Arc<dyn Home>, epoch: u64, saved: Saved, clock: Clock) -> Self {
        let progress = saved.progress;
        let mut state = State::resumed(saved);
        state.home = Some((home, epoch));
        // The id is in `saved`: it is made when the call is stored.
        let run = Run::resumed(Mode::Stored, || CallId([0; 16]), clock, state);
        run.raise_to(progress);
        run
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        let state = self.state.get_or_init(|| Box::new(Mutex::new(State::new())));
        // No foreign code runs under the lock, so that a poisoned state is a whole one.
        state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    // ---- for the outside

    /// Live only: the client's answer to the question `key`, the first one wins. Says whether it
    /// was taken: no if there is no such question, or if this is not a live call.
    pub fn answer(&self, key: &str, answer: Box<RawValue>) -> bool {
        self.reply(key, Ok(answer.into()))
    }

    /// Live only: there will be no answer to the question `key`: the client refused, or its
    /// connection is gone.
    pub fn refuse(&self, key: &str, reason: impl Into<Box<str>>) -> bool {
        self.reply(key, Err(reason.into()))
    }

    fn reply(&self, key: &str, reply: Result<Json, Box<str>>) -> bool {
        if self.mode != Mode::Live || self.state.get().is_none() {
            return false;
        }
        let mut state = self.lock();
        let Some(op) = state.question_mut(key).filter(|op| op.reply.is_none()) else {
            return false;
        };
        op.reply = Some(reply);
        op.stage = Stage::Recording;
        let waker = op.waker.take();
        drop(state);
        waker.into_iter().for_each(Waker::wake);
        true
    }

    /// Cancels the call: [`cancelled`](Self::cancelled) completes, and steps can see it.
    pub fn cancel(&self) {
        self.cancel_at(self.clock.now());
    }

    pub(super) fn cancel_at(&self, time: u64) {
        // The first one counts, and a time at the end of all times still is one.
        let time = time.min(u64::MAX - 1);
        if self.cancelled_at.compare_exchange(u64::MAX, time, SeqCst, SeqCst).is_err() {
            return;
        }
        self.cancels.notify_waiters();
        if self.mode == Mode::Live && self.state.get().is_some() {
            let wakers = self.lock().cancel_wakers();
            wakers.into_iter().for_each(Waker::wake);
        }
        self.wake();
    }

    /// Whether the call was cancelled, whatever the function has seen of it. Good in steps and for
    /// giving up early; what the function does otherwise must depend on
    /// [`cancelled`](Self::cancelled) alone.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled_at.load(SeqCst) != u64::MAX
    }

    /// Waits until the call is cancelled. Not journaled: for steps, and for what is no part of the
    /// function. Cancel safe.
    pub async fn cancel_requested(&self) {
        while !self.is_cancelled() {
            let notified = self.cancels.notified();
            if !self.is_cancelled() {
                notified.await;
            }
        }
    }

    pub(super) fn cancel_time(&self) -> Option<u64> {
        Some(self.cancelled_at.load(SeqCst)).filter(|time| *time != u64::MAX)
    }

    /// The questions that wait for an answer, in the order of asking. After an attempt that was
    /// suspended these are the ones to put to the client.
    pub fn questions(&self) -> Vec<(Key, Question)> {
        if self.state.get().is_none() { Vec::new() } else { self.lock().questions() }
    }

    /// The first deadline that the function waits for, in milliseconds since the epoch: after an
    /// attempt that was parked, when to go on in any case.
    pub fn next_deadline(&self) -> Option<u64> {
        if self.state.get().is_none() { None } else { self.lock().next_deadline() }
    }

    /// Asks the driver to make a task of this inline call (I14). A driver that has not met the
    /// journal yet sees it only when it is polled: use [`Driver::promote`](super::Driver::promote)
    /// where the driver is at hand, and poll it afterwards.
    pub fn promote(&self, into: Arc<dyn Promote>) {
        if self.mode == Mode::Inline {
            self.lock().promotion = Some(into);
            self.touched.store(true, SeqCst);
            self.wake();
        }
    }

    /// Whether the run still goes through what earlier attempts have learned: nothing is reported
    /// meanwhile.
    pub fn is_replaying(&self) -> bool {
        self.replaying.load(SeqCst)
    }

    /// The highest progress that was reported in any attempt; `None` before the first.
    pub fn high_water(&self) -> Option<f64> {
        let mark = f64::from_bits(self.high_water.load(SeqCst));
        mark.is_finite().then_some(mark)
    }

    /// Whether to report this progress: only if it is higher than every one before, as the
    /// protocol demands, and not while replaying. It is the new mark then.
    pub fn raise(&self, progress: f64) -> bool {
        if !progress.is_finite() || self.is_replaying() {
            return false;
        }
        let higher = |mark| (f64::from_bits(mark) < progress).then(|| progress.to_bits());
        self.high_water.fetch_update(SeqCst, SeqCst, higher).is_ok()
    }

    fn raise_to(&self, mark: Option<f64>) {
        if let Some(mark) = mark.filter(|mark| mark.is_finite()) {
            self.high_water.store(mark.to_bits(), SeqCst);
        }
    }

    /// A text for services that deduplicate: the same for this name in every attempt of this call,
    /// and different for everything else. Good in steps. Live calls have only one attempt.
    pub fn idempotency_key(&self, name: impl StepName) -> String {
        self.call_id().idempotency_key(&name.text())
    }

    /// The call's id, the same in all attempts; made when it is first asked for.
    pub fn call_id(&self) -> CallId {
        let known = self.lock().call;
        // Made outside of the lock, since `ids` is not ours.
        known.unwrap_or_else(|| {
            let fresh = (self.ids)();
            *self.lock().call.get_or_insert(fresh)
        })
    }

    /// Keys of records that the function never called for. After an attempt that is done: steps
    /// that a new version of the tool has lost at its end. Harmless, and worth a line in the log.
    pub fn unused_records(&self) -> Vec<Key> {
        if self.state.get().is_none() {
            return Vec::new();
        }
        self.lock().log.unclaimed().cloned().collect()
    }

    // ---- for the operations and the driver

    /// A live question is polled.
    pub(super) fn poll_reply(
        &self,
        id: OpId,
        waker: &Waker,
    ) -> Option<(Result<Json, Box<str>>, Check)> {
        let reply = self.lock().live_reply(id, waker);
        match reply {
            LiveReply::Wait => None,
            LiveReply::Put => {
                self.call_attention();
                None
            }
            LiveReply::Reply(reply, check) => Some((reply, check)),
        }
    }

    /// A live look-out for the cancel is polled.
    pub(super) fn poll_cancel(&self, id: OpId, waker: &Waker) -> Poll<()> {
        if let Some(op) = self.lock().open.get_mut(&id) {
            op.waker = Some(waker.clone());
        }
        // After the entry: a cancel before it was not told of this waker.
        if self.is_cancelled() { Poll::Ready(()) } else { Poll::Pending }
    }

    pub(super) fn touch(&self) {
        self.touched.store(true, SeqCst);
    }

    pub(super) fn is_touched(&self) -> bool {
        self.touched.load(SeqCst)
    }

    pub(super) fn call_attention(&self) {
        self.attention.store(true, SeqCst);
    }

    pub(super) fn take_attention(&self) -> bool {
        self.attention.load(SeqCst) && self.attention.swap(false, SeqCst)
    }

    pub(super) fn went_live(&self) {
        self.replaying.store(false, SeqCst);
    }

    pub(super) fn in_step(&self) -> &AtomicBool {
        &self.in_step
    }

    /// Ends the attempt. The first reason stands.
    pub(super) fn exit(&self, exit: Exit) {
        self.touch();
        self.lock().exit.get_or_insert(exit);
        self.call_attention();
    }

    /// The signal of a driver that settles.
    pub(super) fn signal(&self) -> Arc<Signal> {
        self.signal.get_or_init(Arc::default).clone()
    }

    fn wake(&self) {
        if let Some(signal) = self.signal.get() {
            signal.raise();
        }
    }

    pub(super) fn saved(&self, version: &str) -> Saved {
        let call = self.call_id();
        self.lock().saved(call, version, self.high_water())
    }

    /// Nothing was taken from the heap.
    #[cfg(test)]
    pub(super) fn is_unused(&self) -> bool {
        self.state.get().is_none() && self.signal.get().is_none() && !self.is_touched()
    }
}

impl fmt::Debug for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Run");
        shown.field("mode", &self.mode).field("replaying", &self.is_replaying());
        shown.finish_non_exhaustive()
    }
}
