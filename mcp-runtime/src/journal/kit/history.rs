//! A rerun's history must be a prefix-extension of the last.

use std::sync::{Arc, Mutex, PoisonError};

/// What a function has seen, over all attempts of one call.
///
/// A function *notes* what it has learned in every attempt. The notes of two attempts of one call
/// may differ in length, as one of them may have been cut off, but not in what they have in common:
/// the function has acted on it.
///
/// ```ignore
/// let history = History::default();
/// loop {
///     let attempt = history.begin();
///     // .. run the function, which calls `attempt.note(..)`, to its end ..
///     history.end(attempt)?;
/// }
/// ```
#[derive(Debug, Default)]
pub struct History {
    longest: Mutex<Vec<String>>,
}

/// The notes of one attempt. Clones are of the same attempt.
#[derive(Clone, Debug, Default)]
pub struct Attempt {
    notes: Arc<Mutex<Vec<String>>>,
}

/// A function saw something else in a rerun than it had seen before.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("note {at} was {before:?} and is {now:?} in a rerun: look for what is not in a step")]
pub struct Changed {
    /// The number of the first note that differs, from 0.
    pub at: usize,
    /// What it was.
    pub before: String,
    /// What it is now.
    pub now: String,
}

impl History {
    /// A history that begins with what was seen so far in another: that of a second attempt to go
    /// on from one saved state.
    pub fn fork(&self) -> History {
        History { longest: Mutex::new(self.notes()) }
    }

    /// Begins an attempt.
    pub fn begin(&self) -> Attempt {
        Attempt::default()
    }

    /// Ends an attempt, and compares it with those before.
    ///
    /// # Errors
    /// The first note that differs.
    pub fn end(&self, attempt: Attempt) -> Result<(), Changed> {
        let notes = attempt.notes();
        let mut longest = self.longest.lock().unwrap_or_else(PoisonError::into_inner);
        let pairs = longest.iter().zip(&notes).enumerate();
        if let Some((at, (before, now))) = pairs.into_iter().find(|(_, (then, now))| then != now) {
            return Err(Changed { at, before: before.clone(), now: now.clone() });
        }
        if notes.len() > longest.len() {
            *longest = notes;
        }
        Ok(())
    }

    /// The longest history so far.
    pub fn notes(&self) -> Vec<String> {
        self.longest.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Attempt {
    /// Notes what the function has learned.
    pub fn note(&self, what: impl Into<String>) {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).push(what.into());
    }

    /// What was noted so far.
    pub fn notes(&self) -> Vec<String> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
