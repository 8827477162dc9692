//! An operation that is open, and what passes between it and the state of its run.

use std::sync::Arc;
use std::task::Waker;

use super::key::Key;
use super::record::{Digest, Json, Learned, Question};

/// The number of an operation, in the order of the calls.
pub(super) type OpId = u64;

/// Says what is wrong with an answer.
pub(super) type Check = Arc<dyn Fn(&str) -> Result<(), String> + Send + Sync>;

/// What an operation is for.
pub(super) enum Kind {
    Step,
    Question { question: Question, check: Check, digest: Option<Digest> },
    Timer,
    Cancel,
}

impl Kind {
    pub fn fits(&self, learned: &Learned) -> bool {
        match self {
            Kind::Step => matches!(learned, Learned::Value(_) | Learned::Error(_)),
            Kind::Question { .. } => {
                matches!(learned, Learned::Answer(_) | Learned::Error(_) | Learned::Fired)
            }
            Kind::Timer => matches!(learned, Learned::Fired),
            Kind::Cancel => matches!(learned, Learned::Cancelled),
        }
    }

    /// What to call for one with a name of its own.
    pub fn method(&self) -> &'static str {
        match self {
            Kind::Step => "step",
            Kind::Question { .. } => "ask",
            Kind::Timer => "sleep",
            Kind::Cancel => "cancelled_as",
        }
    }

    pub fn what(&self) -> &'static str {
        match self {
            Kind::Step => "a step",
            Kind::Question { .. } => "a question",
            Kind::Timer => "a timer",
            Kind::Cancel => "a cancellation",
        }
    }
}

/// How far an operation has come.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Called, or polled before it may start.
    Called,
    /// A step that runs.
    Running,
    /// A question, timer or look-out for a cancel that waits for the outside.
    Open,
    /// What it learned is on its way into the journal.
    Recording,
}

/// An operation from its call until its future is dropped.
pub(super) struct Operation {
    pub key: Key,
    pub kind: Kind,
    pub stage: Stage,
    /// Its line of the journal.
    pub line: Option<usize>,
    /// Whom to wake. `None` until it is polled: nobody waits for it before.
    pub waker: Option<Waker>,
    pub deadline: Option<u64>,
    /// Live only: what the client said, or why it will not.
    pub reply: Option<Result<Json, Box<str>>>,
    /// Held while the operation is open (I7).
    pub name: Key,
}

/// What an operation is to do now.
pub(super) enum Turn {
    Wait,
    Start,
    Learned(Learned),
}

/// An answer that has come.
pub(super) struct Arrival {
    pub at: u64,
    pub reply: Result<Json, Arc<str>>,
}

/// Something from outside that an operation waits for, not yet in the journal.
pub(super) struct Event {
    pub id: OpId,
    pub learned: Learned,
    pub check: Option<Check>,
}

/// What a live question is to do now.
pub(super) enum LiveReply {
    Wait,
    Put,
    Reply(Result<Json, Box<str>>, Check),
}
