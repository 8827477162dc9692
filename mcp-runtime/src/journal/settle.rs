//! Between two polls of a journaled run.
//!
//! In this order: commit what was learned, deliver one line of the journal, and once there is
//! nothing to deliver, suspend, park or wait. Architecture invariant: all decisions are made here
//! and none in the operations; those only say what they wait for.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::time::Instant;

use super::driver::{Body, OnChange, Policies, message};
use super::exit::{End, Exit};
use super::home::{BoxFuture, HomeError};
use super::open::Arrival;
use super::run::{Host, Run};
use super::signal::Bell;
use super::state::State;

/// A run that was woken this many times in a row is not waited for any longer (I4).
const RESTLESS: u32 = 256;

/// How often a run that may be cut off is looked at: from the first to the second, doubling.
const LOOKS: (Duration, Duration) = (Duration::from_millis(1), Duration::from_secs(1));

/// Drives a run to its end that has met the journal.
pub(super) async fn settle<H: Host, O>(mut body: Body<H, O>, policies: Policies) -> End<O> {
    let call = body.call.clone();
    let (run, version) = (call.run(), call.version());
    let mut settling = Settling {
        run,
        version,
        policies,
        bell: Bell::new(run.signal()),
        restless: 0,
        grace: Rest::default(),
        idle: Rest::default(),
        look: LOOKS.0,
        stale: true,
        arrived: None,
    };
    loop {
        settling.bell.clear();
        let polled = body.poll(&mut Context::from_waker(settling.bell.waker()));
        // I10: an exit wins over whatever the function made of the same poll.
        if let Some(exit) = body.attend() {
            body.close();
            return End::Exit(exit);
        }
        if let Poll::Ready(end) = polled {
            return end;
        }
        let stop = match settling.decide().await {
            Ok(()) => continue,
            Err(stop) => stop,
        };
        // The snapshot is taken before the function is dropped.
        let end = match stop {
            Stop::Suspend => match settling.sealable() {
                Ok(saved) => End::Suspended(saved),
                Err(exit) => End::Exit(exit),
            },
            Stop::Park => End::Parked,
            Stop::Exit(exit) => End::Exit(exit),
            Stop::Panicked(message) => End::Panicked(message),
        };
        body.close();
        return end;
    }
}

/// Why the function is not polled again.
enum Stop {
    Suspend,
    Park,
    Exit(Exit),
    Panicked(String),
}

impl From<Exit> for Stop {
    fn from(exit: Exit) -> Self {
        Stop::Exit(exit)
    }
}

impl From<HomeError> for Stop {
    fn from(error: HomeError) -> Self {
        Stop::Exit(match error {
            HomeError::Fenced => Exit::Fenced,
            HomeError::Unavailable(why) => Exit::Home(why),
            HomeError::TooLarge { bytes, limit } => Exit::Outgrown { bytes, limit },
        })
    }
}

struct Settling<'a> {
    run: &'a Run,
    version: &'a str,
    policies: Policies,
    bell: Bell,
    /// How many polls in a row the run was woken in.
    restless: u32,
    /// Since when a rerun has been silent that may have left its journal.
    grace: Rest,
    /// Since when a stored run could be parked.
    idle: Rest,
    /// How long the next look at a silent rerun is away.
    look: Duration,
    /// The home may have something that it was not asked for yet.
    stale: bool,
    arrived: Option<BoxFuture<'static, ()>>,
}

impl Settling<'_> {
    /// Returns when the function is to be polled again.
    async fn decide(&mut self) -> Result<(), Stop> {
        // I8: what is learned, delivered or promoted does not wait for other branches to rest.
        let settled = if self.is_urgent() {
            // A long loop of quick steps must not keep the worker to itself.
            tokio::task::consume_budget().await;
            false
        } else {
            self.rests().await
        };
        if !settled && !self.is_urgent() {
            return Ok(());
        }
        self.promote().await;
        self.take_events().await?;
        self.commit().await?;
        match self.next(settled) {
            Next::Poll(wakers) => {
                wakers.into_iter().for_each(Waker::wake);
                Ok(())
            }
            Next::Diverged => Err(self.divergence().into()),
            Next::Look(look) => {
                self.wait(Some(look)).await;
                Ok(())
            }
            Next::Idle => self.idle().await,
        }
    }

    fn is_urgent(&self) -> bool {
        let state = self.run.lock();
        let commit = !state.records.is_empty() || state.home.is_some() && state.has_news();
        let delivery = || state.deliverable().is_some() && !state.has_untaken();
        state.promotion.is_some() || state.live && (commit || delivery())
    }

    /// I4: pending, and nobody woke the run, nor during one more pass of the scheduler, which is
    /// when the deferred wakes of `yield_now` and of tokio's budget come.
    async fn rests(&mut self) -> bool {
        tokio::task::yield_now().await;
        self.restless = if self.bell.is_raised() { self.restless.saturating_add(1) } else { 0 };
        self.restless == 0 || self.is_restless()
    }

    fn is_restless(&self) -> bool {
        self.restless > RESTLESS
    }

    /// I14: between two polls, and all at once.
    async fn promote(&mut self) {
        let (promotion, questions) = {
            let mut state = self.run.lock();
            let Some(promotion) = state.promotion.take() else { return };
            if state.home.is_some() {
                return;
            }
            let questions = state.questions();
            state.ledger.keep_only(&questions);
            (promotion, questions)
        };
        let saved = self.run.saved(self.version);
        // If it fails, the call goes on inline; whoever wanted it knows why.
        if let Ok(promoted) = promotion.create(saved, questions).await {
            let mut state = self.run.lock();
            state.ledger.news = Default::default();
            state.home = Some((promoted.home, promoted.epoch));
            self.stale = true;
        }
    }

    /// Makes a record of the next thing from outside, if somebody waits for one, nothing waits to
    /// be delivered, and replay is used up (I11, I12).
    async fn take_events(&mut self) -> Result<(), Stop> {
        loop {
            let (home, due) = {
                let state = self.run.lock();
                if !state.live || !state.records.is_empty() || state.deliverable().is_some() {
                    return Ok(());
                }
                let now = self.run.clock.now();
                (state.home.clone(), state.next_deadline().is_some_and(|deadline| deadline <= now))
            };
            let now = self.run.clock.now();
            if let Some((home, epoch)) = home {
                self.look_for_arrivals().await;
                // Before a timer fires, so that an answer that came in time still counts.
                if self.stale || due {
                    self.stale = false;
                    let inbox = home.take_in(epoch, due).await?;
                    let mut state = self.run.lock();
                    for arrived in inbox.answers {
                        let arrival = Arrival { at: arrived.at, reply: arrived.reply };
                        state.arrive(arrived.key, arrival);
                    }
                    drop(state);
                    if let Some(time) = inbox.cancelled {
                        self.run.cancel_at(time);
                    }
                }
            }
            let event = self.run.lock().event(now, self.run.cancel_time());
            let Some(event) = event else { return Ok(()) };
            // The author's check runs outside of the lock.
            match event.check.as_deref().map(|check| passes(check, &event.learned)) {
                None | Some(Ok(true)) => {
                    self.run.lock().admit(event);
                    return Ok(());
                }
                Some(Ok(false)) => {
                    self.run.lock().refuse(event.id);
                    // The home must hear of it first, or the next look brings the answer again.
                    self.commit().await?;
                }
                Some(Err(panic)) => return Err(Stop::Panicked(panic)),
            }
        }
    }

    /// I1, I6: records, questions and timers of this poll in one commit, before any delivery.
    async fn commit(&mut self) -> Result<(), Stop> {
        let (commit, records, home) = {
            let mut state = self.run.lock();
            if !state.live || !state.has_news() {
                return Ok(());
            }
            let home = state.home.clone();
            let (commit, records) = state.commit(self.run.high_water(), home.is_some());
            (commit, records, home)
        };
        if let Some((home, epoch)) = home {
            home.commit(epoch, commit).await?;
        }
        self.run.lock().committed(records);
        Ok(())
    }

    /// I2, I3: what to deliver, or whether replay is used up.
    fn next(&mut self, settled: bool) -> Next {
        let mut state = self.run.lock();
        if state.live {
            // I2: one at a time. Only a settled run has set an operation aside.
            if let Some(line) = state.deliverable()
                && (settled || !state.has_untaken())
            {
                return Next::Poll(state.offer(line).into_iter().collect());
            }
            return if settled { Next::Idle } else { Next::Poll(Vec::new()) };
        }
        if !settled {
            return Next::Poll(Vec::new());
        }
        if let Some(line) = state.deliverable() {
            // An earlier line's operation may only be slow to get to its call.
            if state.log.is_late(line)
                && let Some(look) = self.patience(&state)
            {
                return Next::Look(look);
            }
            return Next::Poll(state.offer(line).into_iter().collect());
        }
        let changed = state.version.as_deref().is_some_and(|version| version != self.version);
        let forgiving = changed && self.policies.on_change == OnChange::GoOn;
        if !state.log.all_claimed() {
            if let Some(look) = self.patience(&state) {
                return Next::Look(look);
            }
            if !forgiving {
                return Next::Diverged;
            }
        }
        let wakers = state.go_live(self.version);
        drop(state);
        self.run.went_live();
        Next::Poll(wakers)
    }

    /// How long to wait before the next look at a rerun that does not fit its journal. `None` when
    /// it never will: nobody else can wake it, or its grace is over.
    fn patience(&mut self, state: &State) -> Option<Duration> {
        let ours = state.open.values().filter_map(|op| op.waker.as_ref());
        let ours = ours.filter(|waker| waker.will_wake(self.bell.waker())).count();
        if self.bell.wakers() <= ours && !self.is_restless() {
            // The last waker may have been used between the look at the bell and this one.
            return self.bell.is_raised().then_some(Duration::ZERO);
        }
        if self.grace.begins(state.activity) {
            self.look = LOOKS.0;
        }
        let left = self.grace.left(self.policies.grace);
        // Without an operation that waits, the function is busy elsewhere, for as long as it likes.
        let waiting = state.open.values().any(|op| op.waker.is_some());
        if waiting && left.is_zero() {
            return None;
        }
        let look = if waiting { self.look.min(left) } else { self.look };
        self.look = (self.look * 2).min(LOOKS.1);
        Some(look)
    }

    fn divergence(&self) -> Exit {
        let state = self.run.lock();
        let list = |keys: &mut dyn Iterator<Item = String>| {
            let some: Vec<_> = keys.take(5).collect();
            if some.is_empty() { "nothing".to_owned() } else { some.join(", ") }
        };
        Exit::Diverged {
            called: list(&mut state.waiting().map(|key| format!("`{key}`"))),
            recorded: list(&mut state.log.unclaimed().map(|key| format!("`{key}`"))),
        }
    }

    /// Nothing to commit or to deliver: suspend, park or wait (I5).
    async fn idle(&mut self) -> Result<(), Stop> {
        let (stored, asks, deadline, running, activity) = {
            let mut state = self.run.lock();
            if state.version.as_deref() != Some(self.version) {
                // Nothing was replayed, or all of it fitted.
                state.adopt(self.version);
            }
            let asks = state.has_questions();
            let deadline = state.next_deadline();
            (state.home.is_some(), asks, deadline, state.running > 0, state.activity)
        };
        if !stored && asks && !running {
            return Err(Stop::Suspend);
        }
        let timer = deadline.map(|deadline| self.run.clock.until(deadline));
        let mut limit = timer;
        if stored && !running && (asks || deadline.is_some()) {
            self.idle.begins(activity);
            let left = self.idle.left(self.policies.park_after);
            if left.is_zero() {
                return Err(Stop::Park);
            }
            limit = Some(timer.map_or(left, |timer| timer.min(left)));
        }
        let timed_out = self.wait(limit).await;
        if let Some(deadline) = deadline.filter(|_| timed_out && limit == timer) {
            self.run.clock.reach(deadline);
        }
        Ok(())
    }

    /// Waits for a wake, for the home, or this long; says whether it was the time.
    async fn wait(&mut self, limit: Option<Duration>) -> bool {
        self.listen();
        let mut sleep = pin!(limit.map(tokio::time::sleep));
        poll_fn(|cx| {
            if self.bell.poll_raised(cx).is_ready() || self.poll_arrived(cx) {
                return Poll::Ready(false);
            }
            match sleep.as_mut().as_pin_mut() {
                Some(sleep) => sleep.poll(cx).map(|()| true),
                None => Poll::Pending,
            }
        })
        .await
    }

    /// A run that never rests never waits, and must hear of arrivals all the same.
    async fn look_for_arrivals(&mut self) {
        self.listen();
        poll_fn(|cx| Poll::Ready(self.poll_arrived(cx))).await;
    }

    fn listen(&mut self) {
        // What is known to have come is taken in when replay is used up, and no sooner.
        if self.arrived.is_none() && !self.stale {
            let home = self.run.lock().home.clone();
            self.arrived = home.map(|(home, epoch)| Arc::clone(&home).arrived(epoch));
        }
    }

    fn poll_arrived(&mut self, cx: &mut Context<'_>) -> bool {
        let arrived = self.arrived.as_mut().is_some_and(|it| it.as_mut().poll(cx).is_ready());
        if arrived {
            self.arrived = None;
            self.stale = true;
        }
        arrived
    }

    fn sealable(&self) -> Result<super::saved::Saved, Exit> {
        let saved = self.run.saved(self.version);
        let (bytes, limit) = (saved.size(), self.policies.state_limit);
        if bytes <= limit {
            return Ok(saved);
        }
        let (key, largest) = saved.size_of_largest().unwrap_or_default();
        Err(Exit::TooLarge { key: key.to_owned(), largest, bytes, limit })
    }
}

/// What [`Settling::next`] found.
enum Next {
    /// Poll the function, after these were woken.
    Poll(Vec<Waker>),
    /// Wait for at most this long, and look again.
    Look(Duration),
    Diverged,
    Idle,
}

/// Since when a run has done nothing.
#[derive(Default)]
struct Rest(Option<(u64, Instant)>);

impl Rest {
    /// Starts anew if the run was active since the last time; says so.
    fn begins(&mut self, activity: u64) -> bool {
        let new = self.0.is_none_or(|(then, _)| then != activity);
        if new {
            self.0 = Some((activity, Instant::now()));
        }
        new
    }

    fn left(&self, limit: Duration) -> Duration {
        self.0.map_or(limit, |(_, since)| limit.saturating_sub(since.elapsed()))
    }
}

/// Whether an answer passes the author's check; his panic's message otherwise.
fn passes(
    check: &(dyn Fn(&str) -> Result<(), String> + Send + Sync),
    learned: &super::record::Learned,
) -> Result<bool, String> {
    let super::record::Learned::Answer(json) = learned else { return Ok(true) };
    let checked = catch_unwind(AssertUnwindSafe(|| check(json.as_str())));
    checked.map(|verdict| verdict.is_ok()).map_err(|panic| message(&*panic))
}
