//! How an attempt ends.

use super::saved::Saved;

/// How an attempt of a call ended.
#[derive(Debug)]
pub enum End<O> {
    /// The function returned.
    Done(O),
    /// The function panicked, with this message. What it learned before stays learned.
    Panicked(String),
    /// Inline only: the function waits for answers (see [`Run::questions`](super::Run::questions)).
    /// Another attempt goes on from here with them.
    Suspended(Saved),
    /// Stored only: the function waits for something that need not be waited for in memory. The
    /// store has everything that the next attempt needs.
    Parked,
    /// The journal ended the attempt.
    Exit(Exit),
}

/// Why the journal ended an attempt. The function never sees one of these: the operation that met
/// it stays pending, and the function is dropped (I10).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Exit {
    /// The function no longer does what its journal says that it did.
    #[error(
        "the function no longer fits its journal: it calls for {called}, but the journal holds \
         {recorded}; do in the same order what was done before, or put what may change into a step"
    )]
    Diverged {
        /// What the function does now.
        called: String,
        /// What it did before.
        recorded: String,
    },
    /// The function uses the journal in a way that could not be replayed.
    #[error("{0}")]
    Misuse(String),
    /// The state that the client would have to carry is too large.
    #[error(
        "the state of the call takes {bytes} bytes and may take {limit}; the largest part is \
         `{key}` with {largest} bytes: keep its value elsewhere and return a reference from the step"
    )]
    TooLarge {
        /// The largest record.
        key: String,
        /// How many bytes it takes.
        largest: usize,
        /// How many bytes the whole state takes.
        bytes: usize,
        /// How many it may take.
        limit: usize,
    },
    /// The journal in the store would become larger than it may be.
    #[error(
        "the journal of the task would take {bytes} bytes and may take {limit}: keep large values \
         elsewhere and return references from the steps"
    )]
    Outgrown {
        /// How many bytes it would take.
        bytes: usize,
        /// How many it may take.
        limit: usize,
    },
    /// Another attempt has taken over; this one can do no harm any more.
    #[error("another attempt has taken over the call")]
    Fenced,
    /// The store could not be written. What the function has seen is all in there.
    #[error("the journal could not be kept: {0}")]
    Home(String),
}
