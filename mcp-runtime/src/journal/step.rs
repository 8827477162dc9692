//! Steps and values: what the function does to learn something, once.

use std::any::type_name;
use std::fmt::{self, Display};
use std::future::{pending, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::task::{Context, Poll};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::to_raw_value;

use super::key::StepName;
use super::open::Kind;
use super::operation::{Entered, Op};
use super::record::Learned;
use super::run::Run;

/// What a step may return: it is written as JSON and read back when the function runs again.
#[diagnostic::on_unimplemented(
    message = "a step's value must be kept in the journal, and `{Self}` cannot be",
    label = "this step returns `{Self}`",
    note = "derive `serde::Serialize` and `serde::Deserialize` for it, or return only the part that later code needs"
)]
pub trait Journaled: Serialize + DeserializeOwned + Send {}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned + Send> Journaled for T {}

/// The error of a step as the journal keeps it: its message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepError(Arc<str>);

impl StepError {
    /// The message of any error.
    pub fn new(error: impl Display) -> Self {
        StepError(error.to_string().into())
    }

    /// The message.
    pub fn message(&self) -> &str {
        &self.0
    }
}

impl Display for StepError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for StepError {}

/// What a step may fail with: it is kept as its message, and comes back as a [`StepError`], in the
/// first run, too, so that the function takes the same way in each.
#[diagnostic::on_unimplemented(
    message = "a step's error must survive a replay, and `{Self}` cannot",
    label = "the step fails with `{Self}`",
    note = "map it: `.map_err(StepError::new)`",
    note = "an error type of your own can be made from it: add a variant `#[error(transparent)] Step(#[from] StepError)`"
)]
pub trait StepFailure: Display + From<StepError> + Send {}

#[diagnostic::do_not_recommend]
impl<E: Display + From<StepError> + Send> StepFailure for E {}

impl Run {
    /// Runs `f` once for the call's life, or returns what it returned in an earlier attempt. A
    /// step that was cut off (a crash, a dropped future) runs again: at least once, and never
    /// again once its result is in the journal.
    ///
    /// The key is taken when this is called, not when it is first polled (I7).
    ///
    /// # Errors
    /// What `f` fails with, as its message; a failure is kept like a value.
    ///
    /// # Cancel safety
    /// Dropping the future drops `f`'s. Nothing is recorded then.
    pub fn step<'a, N, F, Fut, T, E>(
        &'a self,
        name: N,
        f: F,
    ) -> impl Future<Output = Result<T, E>> + Send + use<'a, N, F, Fut, T, E>
    where
        N: StepName,
        F: FnOnce() -> Fut + Send + 'a,
        Fut: Future<Output = Result<T, E>> + Send + 'a,
        T: Journaled + 'a,
        E: StepFailure + 'a,
    {
        let op = self.claim(&name, Kind::Step);
        async move {
            let Some(op) = op else { return pending().await };
            match op.enter_step().await {
                Entered::Learned(learned) => op.recall(learned).await,
                Entered::Start => {
                    let outcome = InStep { run: self, future: pin!(async { f().await }) }.await;
                    op.keep(outcome).await
                }
            }
        }
    }

    /// Makes a value once for the call's life: the time, a random number, an id.
    ///
    /// # Cancel safety
    /// Nothing is recorded if the future is dropped before it completes.
    pub fn value<'a, N, F, T>(
        &'a self,
        name: N,
        f: F,
    ) -> impl Future<Output = T> + Send + use<'a, N, F, T>
    where
        N: StepName,
        F: FnOnce() -> T + Send + 'a,
        T: Journaled + 'a,
    {
        let made = self.step(name, move || async move { Ok::<T, StepError>(f()) });
        async move {
            match made.await {
                Ok(value) => value,
                // Only a step that failed in an earlier version of the tool has an error here.
                Err(_) => {
                    self.exit(super::exit::Exit::Diverged {
                        called: "a value".into(),
                        recorded: "a failed step of that name".into(),
                    });
                    pending().await
                }
            }
        }
    }
}

impl Op<'_> {
    async fn enter_step(&self) -> Entered {
        if self.is_live() {
            poll_fn(|_| self.poll_outside_step()).await;
            return Entered::Start;
        }
        poll_fn(|cx| self.poll_enter(cx, None)).await
    }

    /// Takes a fresh outcome into the journal, and gives it out as a rerun would.
    async fn keep<T: Journaled, E: StepFailure>(&self, outcome: Result<T, E>) -> Result<T, E> {
        // A live call keeps nothing, but shows in debug builds what the others would.
        if self.is_live() && outcome.is_ok() && !cfg!(debug_assertions) {
            return outcome;
        }
        let learned = match &outcome {
            Ok(value) => to_raw_value(value).ok().map(|json| Learned::Value(json.into())),
            Err(error) => Some(Learned::Error(error.to_string().into())),
        };
        let Some(mut learned) = learned else { return self.lossy::<T, _>().await };
        if !self.is_live() {
            learned = self.commit(learned).await;
        }
        match (outcome, learned) {
            (Ok(value), _) if !cfg!(debug_assertions) => Ok(value),
            // I13: debug builds hand out the decoded record, so that a lossy type shows at once.
            (_, Learned::Value(json)) => match serde_json::from_str(json.as_str()) {
                Ok(value) => Ok(value),
                Err(_) => self.lossy::<T, _>().await,
            },
            (_, learned) => self.recall(learned).await,
        }
    }

    async fn commit(&self, learned: Learned) -> Learned {
        self.run.lock().learn(self.id, learned);
        loop {
            if let Entered::Learned(learned) = poll_fn(|cx| self.poll_enter(cx, None)).await {
                return learned;
            }
        }
    }

    /// What an earlier attempt has learned.
    async fn recall<T: Journaled, E: StepFailure>(&self, learned: Learned) -> Result<T, E> {
        match learned {
            Learned::Error(text) => return Err(E::from(StepError(text))),
            Learned::Value(json) => {
                if let Ok(value) = serde_json::from_str(json.as_str()) {
                    return Ok(value);
                }
            }
            // The call has compared the kinds already.
            Learned::Answer(_) | Learned::Fired | Learned::Cancelled => {}
        }
        // Without serde's message, which quotes the value.
        let called =
            |key: &str| format!("step `{key}` with a result of type `{}`", type_name::<T>());
        self.diverged(called, "a result of another shape");
        pending().await
    }

    async fn lossy<T, R>(&self) -> R {
        self.misuse(|key| {
            format!(
                "step `{key}` returns a `{}` that cannot be read back from JSON: return only the \
                 part that later code needs, or mend its serde attributes",
                type_name::<T>()
            )
        });
        pending().await
    }
}

/// Marks the run while a step of it is polled, so that using the journal in there is refused (I9).
struct InStep<'a, F> {
    run: &'a Run,
    future: Pin<&'a mut F>,
}

impl<F: Future> Future for InStep<'_, F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        struct Restore<'a>(&'a AtomicBool, bool);
        impl Drop for Restore<'_> {
            fn drop(&mut self) {
                self.0.store(self.1, SeqCst);
            }
        }
        let mark = self.run.in_step();
        let _restore = Restore(mark, mark.swap(true, SeqCst));
        self.future.as_mut().poll(cx)
    }
}
