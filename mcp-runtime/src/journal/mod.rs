//! The journal: what a running call has learned from outside, so that its function can be run
//! again and come to the same point.
//!
//! One attempt of a call runs an author's async function, driven by a [`Driver`]. Results of
//! steps, answers to questions, timers that fired and an observed cancel are its *records*, in the
//! order in which the function learned them. A later attempt runs the same function, and delivers
//! the records in that order, one at a time, instead of doing those things again. Code between the
//! operations runs again.
//!
//! Where the journal lives is the [`Run`]'s mode:
//!
//! | mode | its home | when the function waits for the client |
//! | --- | --- | --- |
//! | [`live`](Run::live) | none: nothing is ever replayed | it waits on the open connection |
//! | [`inline`](Run::inline) | memory, and [`Saved`] with the client | the attempt ends as [`End::Suspended`] |
//! | [`stored`](Run::stored) | a [`Home`], committed before the function sees a record | the attempt ends as [`End::Parked`] |
//!
//! The rules are numbered I1 to I14 in the comments; each has tests that are named for it:
//!
//! 1. All that is learned is one record, durable before the function sees it.
//! 2. Journal order is delivery order.
//! 3. Nothing new starts before all that can be delivered has been. What no longer fits diverges.
//! 4. A run is settled when nobody wakes it for one pass of the scheduler.
//! 5. A settled run with an open question suspends or parks; only running steps hold it.
//! 6. Questions go out with the commit of the poll that asked, and are withdrawn when the author
//!    drops them, not when the driver does.
//! 7. An operation's key is taken at its call. One open operation per name.
//! 8. Commits, live deliveries and promotion do not wait for settling.
//! 9. A step cannot use the journal.
//! 10. The journal's own reasons to end an attempt are never values in the function.
//! 11. An answer needs an open question of the same text, and passes its check, before it counts.
//! 12. What comes from outside is ordered by time; at the same time timer, answer, cancel.
//! 13. Debug builds hand out what a rerun would.
//! 14. A call can move into a store between two polls.
//!
//! Architecture invariant: this module knows no protocol, no wire and no store.

mod clock;
mod driver;
mod exit;
mod home;
mod key;
pub mod kit;
mod ledger;
mod log;
mod open;
mod operation;
mod record;
mod run;
mod saved;
mod settle;
mod signal;
mod state;
mod step;
mod wait;

#[cfg(test)]
mod tests;

pub use clock::Clock;
pub use driver::{Driver, OnChange, Policies};
pub use exit::{End, Exit};
pub use home::{Arrived, BoxFuture, Commit, Home, HomeError, Inbox, Promote, Promoted};
pub use key::{Key, StepName};
pub use record::{CallId, Digest, Json, Learned, Question, Record};
pub use run::{Host, Run};
pub use saved::{Asked as AskedBefore, Saved, Standing};
pub use step::{Journaled, StepError, StepFailure};
pub use wait::{Ask, Asked, Cancelled, Sleep};
