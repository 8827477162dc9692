//! Questions, timers and the cancel: what the function waits for.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use serde_json::value::RawValue;

use super::key::StepName;
use super::open::Arrival;
use super::open::Kind;
use super::operation::{Entered, Op, check};
use super::record::{Json, Learned, Question};
use super::run::Run;

/// What became of a question.
#[derive(Clone, Debug, PartialEq)]
pub enum Asked {
    /// The answer, as JSON. It has passed the check.
    Answer(Json),
    /// No answer came in time.
    TimedOut,
    /// The client will not answer, and why.
    Refused(Box<str>),
    /// Live only: the answer did not pass the check, and why. (Elsewhere the question stays open.)
    Invalid(Box<str>),
}

impl Run {
    /// Puts a question to the client. `check` says whether an answer will do, *before* it counts.
    ///
    /// # Cancel safety
    /// Dropping the future withdraws the question.
    pub fn ask<N, F>(&self, name: N, question: Question, valid: F) -> Ask<'_>
    where
        N: StepName,
        F: Fn(&str) -> Result<(), String> + Send + Sync + 'static,
    {
        Ask { op: self.claim_question(&name, question, check(valid)), limit: None, timer: None }
    }

    /// Waits this long. The deadline is in the journal: a rerun does not wait anew.
    ///
    /// # Cancel safety
    /// Dropping the future puts the timer off.
    pub fn sleep(&self, name: impl StepName, duration: Duration) -> Sleep<'_> {
        Sleep { op: self.claim(&name, Kind::Timer), duration, timer: None }
    }

    /// Waits until the call is cancelled. That the function saw it is in the journal, under the
    /// name `cancelled`: where two branches look out for it at the same time, one of them needs
    /// [`cancelled_as`](Self::cancelled_as).
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing.
    pub fn cancelled(&self) -> Cancelled<'_> {
        self.cancelled_as("cancelled")
    }

    /// [`cancelled`](Self::cancelled) under a name of its own.
    pub fn cancelled_as(&self, name: impl StepName) -> Cancelled<'_> {
        Cancelled { op: self.claim(&name, Kind::Cancel) }
    }
}

/// Completes with what became of a question. See [`Run::ask`].
#[must_use = "a question is put when it is awaited"]
pub struct Ask<'a> {
    op: Option<Op<'a>>,
    limit: Option<Duration>,
    timer: Option<Timer>,
}

impl Ask<'_> {
    /// Waits no longer than this for the answer, from the time when the question is put. The
    /// deadline is in the journal under the question's own key; a `tokio::time::timeout` around the
    /// question would start anew with each attempt.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Not live: takes an answer that came along before the question was put; `answer` finds it by
    /// the question's key. It counts as if it had arrived when the question was put, if it passes
    /// the check.
    ///
    /// Every other answer is bound to the text that was shown (I11). Only the author knows whether
    /// a question is the same whatever its text is.
    pub fn or_unasked(self, answer: impl FnOnce(&str) -> Option<Box<RawValue>>) -> Self {
        if let Some(op) = self.op.as_ref().filter(|op| !op.is_live()) {
            let mut state = op.run.lock();
            let fresh = state.open.get(&op.id).filter(|open| open.line.is_none());
            let key = fresh.map(|open| open.key.clone());
            if let Some(key) = key.filter(|key| state.ledger.get(key.as_str()).is_none())
                && let Some(json) = answer(key.as_str())
            {
                let at = op.run.clock.now();
                state.answers.entry(key).or_insert(Arrival { at, reply: Ok(json.into()) });
            }
        }
        self
    }

    fn poll_live(&mut self, cx: &mut Context<'_>) -> Poll<Asked> {
        let Some(op) = &self.op else { return Poll::Pending };
        if op.poll_outside_step().is_pending() {
            return Poll::Pending;
        }
        if let Some((reply, check)) = op.run.poll_reply(op.id, cx.waker()) {
            return Poll::Ready(match reply {
                Err(reason) => Asked::Refused(reason),
                Ok(answer) => match check(answer.as_str()) {
                    Ok(()) => Asked::Answer(answer),
                    Err(problem) => Asked::Invalid(problem.into()),
                },
            });
        }
        match self.limit {
            Some(limit) => poll_timer(&mut self.timer, op.run, limit, cx).map(|()| Asked::TimedOut),
            None => Poll::Pending,
        }
    }
}

impl Future for Ask<'_> {
    type Output = Asked;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Asked> {
        let Some(op) = &self.op else { return Poll::Pending };
        let asked = if op.is_live() {
            std::task::ready!(self.poll_live(cx))
        } else {
            match std::task::ready!(op.poll_enter(cx, self.limit)) {
                Entered::Learned(Learned::Answer(answer)) => Asked::Answer(answer),
                Entered::Learned(Learned::Error(reason)) => Asked::Refused((&*reason).into()),
                // The call has compared the kinds: of a question's there is only this one left.
                _ => Asked::TimedOut,
            }
        };
        self.op = None;
        self.timer = None;
        Poll::Ready(asked)
    }
}

/// Completes when a timer has fired. See [`Run::sleep`].
#[must_use = "a timer starts when it is awaited"]
pub struct Sleep<'a> {
    op: Option<Op<'a>>,
    duration: Duration,
    timer: Option<Timer>,
}

impl Future for Sleep<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let Some(op) = &this.op else { return Poll::Pending };
        std::task::ready!(if op.is_live() {
            std::task::ready!(op.poll_outside_step());
            poll_timer(&mut this.timer, op.run, this.duration, cx)
        } else {
            op.poll_enter(cx, Some(this.duration)).map(drop)
        });
        self.op = None;
        self.timer = None;
        Poll::Ready(())
    }
}

/// Completes when the function sees that its call is cancelled. See [`Run::cancelled`].
#[must_use = "nothing is waited for until it is awaited"]
pub struct Cancelled<'a> {
    op: Option<Op<'a>>,
}

impl Future for Cancelled<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Some(op) = &self.op else { return Poll::Pending };
        std::task::ready!(if op.is_live() {
            std::task::ready!(op.poll_outside_step());
            op.run.poll_cancel(op.id, cx.waker())
        } else {
            op.poll_enter(cx, None).map(drop)
        });
        self.op = None;
        Poll::Ready(())
    }
}

/// A deadline of a live call, and what wakes it.
struct Timer {
    deadline: u64,
    sleep: Pin<Box<tokio::time::Sleep>>,
}

fn poll_timer(
    timer: &mut Option<Timer>,
    run: &Run,
    duration: Duration,
    cx: &mut Context<'_>,
) -> Poll<()> {
    let clock = &run.clock;
    let timer = timer.get_or_insert_with(|| {
        let deadline = clock.after(duration);
        Timer { deadline, sleep: Box::pin(tokio::time::sleep(clock.until(deadline))) }
    });
    loop {
        std::task::ready!(timer.sleep.as_mut().poll(cx));
        let wait = clock.until(timer.deadline);
        if wait.is_zero() {
            return Poll::Ready(());
        }
        if matches!(clock, super::clock::Clock::Simulated(_)) {
            clock.reach(timer.deadline);
            return Poll::Ready(());
        }
        // Cut short by the longest wait, or the clock was set back.
        timer.sleep.as_mut().reset(tokio::time::Instant::now() + wait);
    }
}
