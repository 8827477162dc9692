//! Runs the function of one attempt to its end.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use super::exit::{End, Exit};
use super::home::{BoxFuture, Promote};
use super::run::{Host, Mode};
use super::settle::settle;

/// What the author or the operator decides about a run.
#[derive(Clone, Copy, Debug)]
pub struct Policies {
    /// How long a rerun may be silent before something that does not fit the journal counts as a
    /// divergence, if a future that is not the journal's is still awaited. 60 s.
    pub grace: Duration,
    /// How long a stored call stays in memory after it has come to rest. 1 s.
    pub park_after: Duration,
    /// Whether a journal that another version of the tool wrote may be left behind.
    pub on_change: OnChange,
    /// How large the state of an inline call may be as JSON, in bytes, before it is sealed. 16 KiB.
    pub state_limit: usize,
}

impl Policies {
    const DEFAULT: Policies = Policies {
        grace: Duration::from_secs(60),
        park_after: Duration::from_secs(1),
        on_change: OnChange::Fail,
        state_limit: 16 * 1024,
    };
}

impl Default for Policies {
    fn default() -> Self {
        Policies::DEFAULT
    }
}

/// What happens to a run that no longer fits its journal, when the tool's version has changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum OnChange {
    /// It ends as diverged, as within one version.
    #[default]
    Fail,
    /// Records that the new version does not call for are given up, and the run goes on. What a
    /// record says must still be readable, and a question still be the same.
    GoOn,
}

/// Drives one attempt: a future that completes with its [`End`].
///
/// A function that never uses the journal is polled with the caller's own waker and costs nothing
/// more. In a journaled run that does use it, the driver settles the run between polls: commits
/// what was learned, delivers it, and decides whether to wait, to suspend or to park. That needs
/// tokio's timer.
///
/// # Cancel safety
/// Dropping the driver is a crash of the attempt: another one goes on from what is saved. In a live
/// run the open questions are withdrawn.
pub struct Driver<H: Host, O> {
    phase: Phase<H, O>,
    policies: Policies,
}

enum Phase<H: Host, O> {
    Direct(Body<H, O>),
    Settling(Arc<H>, BoxFuture<'static, End<O>>),
    Ended,
}

impl<H: Host, O: Send + 'static> Driver<H, O> {
    /// A driver of `future`, which uses the run of `call`, with the default policies.
    pub fn new(call: Arc<H>, future: BoxFuture<'static, O>) -> Self {
        let phase = Phase::Direct(Body { call, future: Some(future) });
        Driver { phase, policies: Policies::DEFAULT }
    }

    /// The same with these policies.
    pub fn with_policies(mut self, policies: Policies) -> Self {
        self.policies = policies;
        self
    }

    /// Makes a task of the call between two polls (I14). Poll the driver afterwards: it does so
    /// then, and `into` hears of it. Does nothing in runs that are not inline.
    pub fn promote(&mut self, into: Arc<dyn Promote>) {
        match &self.phase {
            Phase::Direct(Body { call, .. }) | Phase::Settling(call, _) => call.run().promote(into),
            Phase::Ended => {}
        }
    }
}

impl<H: Host, O: Send + 'static> Future for Driver<H, O> {
    type Output = End<O>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<End<O>> {
        let this = &mut *self;
        if let Phase::Direct(body) = &mut this.phase {
            let polled = body.poll(cx);
            let run = body.call.run();
            if run.is_touched()
                && let Some(exit) = body.attend()
            {
                body.close();
                this.phase = Phase::Ended;
                return Poll::Ready(End::Exit(exit));
            }
            if let Poll::Ready(outcome) = polled {
                this.phase = Phase::Ended;
                return Poll::Ready(outcome);
            }
            match body.call.run().mode {
                Mode::Live => return Poll::Pending,
                Mode::Inline if !body.call.run().is_touched() => return Poll::Pending,
                Mode::Inline | Mode::Stored => {}
            }
            let Phase::Direct(body) = std::mem::replace(&mut this.phase, Phase::Ended) else {
                return Poll::Pending;
            };
            let call = body.call.clone();
            this.phase = Phase::Settling(call, Box::pin(settle(body, this.policies)));
        }
        let Phase::Settling(_, settling) = &mut this.phase else { return Poll::Pending };
        let end = std::task::ready!(settling.as_mut().poll(cx));
        this.phase = Phase::Ended;
        Poll::Ready(end)
    }
}

/// The function, and what it runs for.
pub(super) struct Body<H: Host, O> {
    pub call: Arc<H>,
    future: Option<BoxFuture<'static, O>>,
}

impl<H: Host, O> Body<H, O> {
    /// Polls the function. A panic ends it, too.
    pub fn poll(&mut self, cx: &mut Context<'_>) -> Poll<End<O>> {
        let Some(future) = &mut self.future else { return Poll::Pending };
        // Nothing that a panic may have left half-done is used again: the future is dropped, and
        // the run's state is changed by whole moves only.
        match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(outcome)) => {
                self.future = None;
                Poll::Ready(End::Done(outcome))
            }
            Err(panic) => {
                self.close();
                Poll::Ready(End::Panicked(message(&*panic)))
            }
        }
    }

    /// Looks at what the function left to do in its last poll: the reason to end the attempt, and,
    /// in a live run, questions to put or to withdraw.
    pub fn attend(&self) -> Option<Exit> {
        let run = self.call.run();
        while run.take_attention() {
            let mut state = run.lock();
            let exit = state.exit.take();
            if run.mode == Mode::Live {
                let news = std::mem::take(&mut state.ledger.news);
                drop(state);
                for key in &news.withdrawn {
                    self.call.withdraw(key);
                }
                if exit.is_none() {
                    for (key, question) in &news.put {
                        self.call.ask(key, question);
                    }
                }
            }
            if exit.is_some() {
                return exit;
            }
        }
        None
    }

    /// Drops the function. What it waited for stays as it is, for the next attempt (I6). A live
    /// run has none: nobody will ever read the answers to its questions.
    pub fn close(&mut self) {
        let Some(future) = self.future.take() else { return };
        let run = self.call.run();
        let live = run.mode == Mode::Live;
        if run.is_touched() && !live {
            run.lock().closing = true;
        }
        // A destructor of the author's that panics must not take the worker with it.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(future)));
        if live && run.is_touched() {
            self.attend();
        }
    }
}

impl<H: Host, O> Drop for Body<H, O> {
    fn drop(&mut self) {
        self.close();
    }
}

/// What a panic says.
pub(super) fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("a panic without a message").to_owned()
}
