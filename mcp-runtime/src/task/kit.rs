//! The contract kit: proves that a store keeps what [`TaskStore`] promises.
//!
//! Say how a fresh store is made and how its time passes, and run [`check`] in a test:
//!
//! ```no_run
//! use std::sync::Arc;
//! use std::time::Duration;
//!
//! use mcp_runtime::store::MemoryStore;
//! use mcp_runtime::task::kit::{self, Bench};
//! use mcp_runtime::task::{BoxFuture, Clock, TaskStore};
//!
//! struct InMemory(Clock);
//!
//! impl Bench for InMemory {
//!     fn fresh(&self) -> BoxFuture<'_, Arc<dyn TaskStore>> {
//!         let store: Arc<dyn TaskStore> = Arc::new(MemoryStore::with_clock(self.0.clone()));
//!         Box::pin(std::future::ready(store))
//!     }
//!
//!     fn advance(&self, time: Duration) -> BoxFuture<'_, ()> {
//!         self.0.advance(time);
//!         Box::pin(std::future::ready(()))
//!     }
//!
//!     fn now(&self) -> u64 {
//!         self.0.now()
//!     }
//! }
//!
//! #[tokio::test]
//! async fn keeps_the_contract() {
//!     let bench = InMemory(Clock::simulated(1_000_000));
//!     if let Err(failed) = kit::check(&bench).await {
//!         panic!("{failed}");
//!     }
//! }
//! ```
//!
//! There are three kinds of [`CASES`]. Most tell one story each, and are named for what they prove. `random_histories` runs
//! random operations against the store and against a model of it that is too simple to be wrong, and compares what can be
//! seen; `histories_with_crashes` does so with a store that is [reopened](Bench::reopen) between any two of them.
//! `everything_at_once` lets many workers and clients loose on the same tasks, and looks at what they have left.
//!
//! | variable | |
//! | --- | --- |
//! | `STORE_FUZZ` | how many random histories there are: 200 |
//! | `STORE_SEED` | runs the history of this number alone |
//!
//! The kit needs a tokio runtime whose time is not paused.

mod cases;
mod model;
mod race;
mod random;
mod scene;

use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use self::cases::{claims, ears, ends, expiry, journal, lists, nodes, parking, questions, tasks};
use super::{BoxFuture, StoreError, TaskStore};

/// A place to try a store.
pub trait Bench: Send + Sync {
    /// A store without tasks and nodes. The one before it is not used any more.
    fn fresh(&self) -> BoxFuture<'_, Arc<dyn TaskStore>>;

    /// Lets this much time pass, by the store's clock. One whose clock cannot be set sleeps.
    fn advance(&self, time: Duration) -> BoxFuture<'_, ()>;

    /// What the store's clock shows, in milliseconds since the epoch.
    fn now(&self) -> u64;

    /// Opens the store that [`fresh`](Self::fresh) made last once more, with nothing but what was durable: after a crash.
    /// All handles to it were dropped. `None` for a store that does not survive its process.
    fn reopen(&self) -> Option<BoxFuture<'_, Arc<dyn TaskStore>>> {
        None
    }

    /// Whether the clock stands still between two [`advance`](Self::advance). Random histories need that: where it goes by
    /// itself, they and what depends on a moment are left out.
    fn stands_still(&self) -> bool {
        true
    }

    /// What the cases count time in. Smaller for a bench that sleeps, but long enough for some operations.
    fn unit(&self) -> Duration {
        Duration::from_secs(1)
    }
}

/// One thing that a store must do.
#[derive(Clone, Copy)]
pub struct Case {
    name: &'static str,
    run: for<'b> fn(&'b dyn Bench) -> BoxFuture<'b, Result<(), Broken>>,
}

impl Case {
    /// What it proves.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Runs it, with a fresh store.
    ///
    /// # Errors
    ///
    /// What the store did not do.
    pub async fn run(&self, bench: &dyn Bench) -> Result<(), Broken> {
        (self.run)(bench).await
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Case").field(&self.name).finish()
    }
}

/// Runs all [`CASES`], in their order.
///
/// # Errors
///
/// The cases that have failed, all of them.
pub async fn check(bench: &dyn Bench) -> Result<(), Failures> {
    let mut failed = Vec::new();
    for case in CASES {
        if let Err(broken) = case.run(bench).await {
            failed.push((case.name, broken));
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(Failures(failed)) }
}

macro_rules! cases {
    ($($module:ident: $($name:ident)*;)*) => {
        /// Everything that a store must do.
        pub const CASES: &[Case] = &[$($(
            Case { name: stringify!($name), run: |bench| Box::pin($module::$name(bench)) },
        )*)*];
    };
}

cases! {
    tasks:
        create_then_get
        everything_is_kept
        an_id_is_taken_once
        owners_see_their_own
        same_key_joins
        an_end_frees_the_key
        bounds_of_live_tasks
        bounds_of_one_owner
        bounds_of_kept_tasks
        bounds_of_what_one_owner_keeps
        notes_are_seen
        stats_count;
    lists:
        lists_come_in_order
        lists_come_in_pages
        pages_neither_skip_nor_repeat;
    expiry:
        expired_tasks_do_not_exist
        expired_tasks_make_room
        expired_tasks_are_deleted_in_batches
        ended_tasks_are_purged;
    claims:
        born_claimed_or_queued
        claimed_in_the_order_of_due
        claimed_by_tool
        claims_say_what_is_due_next
        fenced_worker_changes_nothing
        given_up_claims_are_fenced
        handed_back_is_due
        retries_forget_the_last_failures
        retries_forget_their_message;
    nodes:
        leases_are_renewed
        late_nodes_are_fenced
        late_nodes_come_back
        dead_nodes_are_replayed
        crashes_are_paced
        dead_nodes_fail
        dead_nodes_forget_the_cancelled
        nodes_leave;
    journal:
        commits_are_read_back
        commits_keep_their_order
        repeated_commits_do_nothing
        records_close_questions_and_timers
        abandoned_records_go
        promoted_calls_are_kept
        the_journal_alone_is_no_change;
    questions:
        questions_come_in_the_order_of_asking
        answers_arrive
        some_answers_are_not_all
        unknown_keys_are_passed_over
        refusals_arrive
        unfit_answers_are_asked_again
        called_until_taken_in;
    parking:
        an_answer_wakes
        an_answer_before_parking_wakes
        a_seen_answer_does_not_wake
        a_time_wakes
        an_answer_is_sooner_than_a_time
        a_pause_is_not_cut_short;
    ends:
        outcomes_are_read_back
        failures_say_why
        the_first_end_stands
        cancelled_before_it_began
        cancelled_while_it_waits
        cancelled_while_it_runs
        cancelled_after_its_end;
    ears:
        changes_are_heard
        due_tasks_are_heard
        nobody_need_listen;
    random:
        random_histories
        histories_with_crashes;
    race:
        everything_at_once;
}

/// What a store did not do.
pub struct Broken {
    what: String,
    at: &'static Location<'static>,
}

impl Broken {
    #[track_caller]
    pub(crate) fn new(what: impl fmt::Display) -> Self {
        Self { what: what.to_string(), at: Location::caller() }
    }
}

/// An operation has failed that must not.
impl From<StoreError> for Broken {
    #[track_caller]
    fn from(error: StoreError) -> Self {
        Self { what: format!("{error:?}"), at: Location::caller() }
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}:{})", self.what, self.at.file(), self.at.line())
    }
}

impl fmt::Debug for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Broken {}

/// The cases that have failed, and why.
pub struct Failures(Vec<(&'static str, Broken)>);

impl Failures {
    /// Their names.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().map(|(name, _)| *name)
    }
}

impl fmt::Display for Failures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} cases have failed:", self.0.len(), CASES.len())?;
        self.0.iter().try_for_each(|(name, broken)| write!(f, "\n{name}: {broken}"))
    }
}

impl fmt::Debug for Failures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Failures {}

#[track_caller]
pub(crate) fn ensure(holds: bool, what: impl fmt::Display) -> Result<(), Broken> {
    if holds { Ok(()) } else { Err(Broken::new(what)) }
}

#[track_caller]
fn same<T: PartialEq + fmt::Debug>(
    found: T,
    expected: T,
    what: impl fmt::Display,
) -> Result<(), Broken> {
    if found == expected {
        return Ok(());
    }
    Err(Broken::new(format_args!("{what}\n    found    {found:?}\n    expected {expected:?}")))
}

/// The operation is refused, and so.
#[track_caller]
fn refused<T: fmt::Debug>(
    done: Result<T, StoreError>,
    expected: StoreError,
    what: impl fmt::Display,
) -> Result<(), Broken> {
    same(done.map(|done| format!("{done:?}")), Err(expected), what)
}
