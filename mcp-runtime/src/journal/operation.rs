//! What all operations have in common: the key at the call, turns, and the end.

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::task::{Context, Poll};
use std::time::Duration;

use super::exit::Exit;
use super::key::{StepName, escape};
use super::open::{Check, Kind, OpId, Turn};
use super::record::{Learned, Question};
use super::run::{Mode, Run};

/// An operation from its call to the drop of its future.
pub(super) struct Op<'a> {
    pub run: &'a Run,
    pub id: OpId,
}

/// An operation that was allowed to start, or has been learned before.
pub(super) enum Entered {
    Start,
    Learned(Learned),
}

impl Run {
    /// Takes the key (I7). `None` after a mistake: the operation then stays pending for ever, and
    /// the driver ends the attempt (I10).
    pub(super) fn claim(&self, name: &impl StepName, kind: Kind) -> Option<Op<'_>> {
        let name = name.text();
        self.touch();
        if self.in_step().load(SeqCst) {
            self.refuse_in_step(&name);
            return None;
        }
        let claimed = self.lock().claim(&escape(&name), kind);
        match claimed {
            Ok(id) => Some(Op { run: self, id }),
            Err(exit) => {
                self.exit(exit);
                None
            }
        }
    }

    pub(super) fn claim_question(
        &self,
        name: &impl StepName,
        question: Question,
        check: Check,
    ) -> Option<Op<'_>> {
        // Nothing is ever compared in a live call.
        let digest = (self.mode != Mode::Live).then(|| question.digest());
        self.claim(name, Kind::Question { question, check, digest })
    }

    fn refuse_in_step(&self, name: &str) {
        self.exit(Exit::Misuse(format!(
            "`{name}` is used inside a step: a step is one record and cannot hold another \
             operation; move it before or after the step"
        )));
    }
}

impl Op<'_> {
    /// Takes a turn in a journaled run.
    pub fn poll_enter(&self, cx: &mut Context<'_>, after: Option<Duration>) -> Poll<Entered> {
        if self.poll_outside_step().is_pending() {
            return Poll::Pending;
        }
        let deadline = after.map(|after| self.run.clock.after(after));
        match self.run.lock().turn(self.id, cx.waker(), deadline) {
            Turn::Wait => Poll::Pending,
            Turn::Start => Poll::Ready(Entered::Start),
            Turn::Learned(learned) => Poll::Ready(Entered::Learned(learned)),
        }
    }

    /// Pending, and the end of the attempt, inside a step (I9).
    pub fn poll_outside_step(&self) -> Poll<()> {
        if !self.run.in_step().load(SeqCst) {
            return Poll::Ready(());
        }
        let key = self.run.lock().open.get(&self.id).map(|op| op.key.clone());
        self.run.refuse_in_step(key.as_deref().unwrap_or_default());
        Poll::Pending
    }

    /// This operation's journal contradicts it.
    pub fn diverged(&self, called: impl FnOnce(&str) -> String, recorded: &str) {
        let key = self.run.lock().open.get(&self.id).map(|op| op.key.clone());
        let called = called(key.as_deref().unwrap_or_default());
        self.run.exit(Exit::Diverged { called, recorded: recorded.to_owned() });
    }

    pub fn misuse(&self, message: impl FnOnce(&str) -> String) {
        let key = self.run.lock().open.get(&self.id).map(|op| op.key.clone());
        self.run.exit(Exit::Misuse(message(key.as_deref().unwrap_or_default())));
    }

    pub fn is_live(&self) -> bool {
        self.run.mode == Mode::Live
    }
}

impl Drop for Op<'_> {
    fn drop(&mut self) {
        self.run.lock().release(self.id);
        // In a live run a question may have to be withdrawn; the driver asks the host to.
        if self.is_live() {
            self.run.call_attention();
        }
    }
}

/// The check of a question in the form in which it is kept.
pub(super) fn check<F>(check: F) -> Check
where
    F: Fn(&str) -> Result<(), String> + Send + Sync + 'static,
{
    Arc::new(check)
}
