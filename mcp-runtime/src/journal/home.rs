//! What the journal asks of a store.

use std::pin::Pin;
use std::sync::Arc;

use super::key::Key;
use super::record::{Json, Question, Record};
use super::saved::Saved;

/// A future in a box, as a trait object needs it.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// One call in a store, as the attempt sees it that holds `epoch`.
///
/// A claim makes a new epoch; from then on every operation of an older one is refused. That fences
/// a worker that was thought dead.
pub trait Home: Send + Sync + 'static {
    /// Writes all of `commit` in one transaction, or nothing of it. A home whose store comes and
    /// goes keeps trying: the attempt can do nothing better meanwhile.
    ///
    /// # Errors
    /// [`HomeError::Fenced`] if the epoch is not the call's any more. After
    /// [`HomeError::Unavailable`] the attempt ends, whether the commit took place or not.
    fn commit(&self, epoch: u64, commit: Commit) -> BoxFuture<'_, Result<(), HomeError>>;

    /// What has come from outside and is not in the journal yet. Asking twice gives it twice. A
    /// home may return nothing as long as it has heard of nothing; with `surely` it looks, since a
    /// timer is about to fire (I12).
    ///
    /// # Errors
    /// As for [`commit`](Self::commit).
    fn take_in(&self, epoch: u64, surely: bool) -> BoxFuture<'_, Result<Inbox, HomeError>>;

    /// Completes once something may have come that the last [`take_in`](Self::take_in) did not
    /// return. Completing for nothing does no harm; never completing makes answers wait for the
    /// next attempt.
    fn arrived(self: Arc<Self>, epoch: u64) -> BoxFuture<'static, ()>;
}

/// What one commit writes, in this order. A record closes the question and the timer of its key.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Commit {
    /// Records to take away: the tool's new version has no use for them.
    pub abandoned: Vec<Key>,
    /// The version of the tool that now goes on, when records were abandoned.
    pub version: Option<String>,
    /// Questions to put to the client. Their digests are kept for the call's life (I11).
    pub put: Vec<(Key, Question)>,
    /// Timers that run now: deadlines in milliseconds since the epoch.
    pub set: Vec<(Key, u64)>,
    /// Questions that nobody waits for any more.
    pub withdrawn: Vec<Key>,
    /// Timers that nobody waits for any more.
    pub unset: Vec<Key>,
    /// Answers that did not pass the check of their question: it is open again.
    pub refused: Vec<Key>,
    /// New lines of the journal.
    pub records: Vec<Record>,
    /// How far the progress went that the client was told of.
    pub progress: Option<f64>,
}

impl Commit {
    /// Whether there is nothing to write. Progress alone is not worth a write.
    pub fn is_empty(&self) -> bool {
        let Commit { abandoned, version, put, set, withdrawn, unset, refused, records, .. } = self;
        let keys = [abandoned, withdrawn, unset, refused].iter().all(|keys| keys.is_empty());
        keys && version.is_none() && put.is_empty() && set.is_empty() && records.is_empty()
    }
}

/// What has come from outside.
#[derive(Clone, Debug, Default)]
pub struct Inbox {
    /// Answers to open questions, at most one for each.
    pub answers: Vec<Arrived>,
    /// When the call was cancelled, in milliseconds since the epoch, by the store's clock.
    pub cancelled: Option<u64>,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Arrived {
    /// The question's key.
    pub key: Key,
    /// When it came, in milliseconds since the epoch, by the store's clock.
    pub at: u64,
    /// What it says as JSON, or why the client will not answer.
    pub reply: Result<Json, Arc<str>>,
}

/// Why a home refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HomeError {
    /// The epoch is not the call's any more.
    #[error("another attempt has taken over the call")]
    Fenced,
    /// The store failed.
    #[error("{0}")]
    Unavailable(String),
    /// The journal would become larger than it may be; nothing was written.
    #[error("the journal would take {bytes} bytes and may take {limit}")]
    TooLarge {
        /// How many bytes it would take.
        bytes: usize,
        /// How many it may take.
        limit: usize,
    },
}

/// Makes a task of an inline call while it runs (I14).
pub trait Promote: Send + Sync + 'static {
    /// Creates the task with all of `saved` and the questions that are open now, in one
    /// transaction, and claims it for the running attempt. What `saved.held` holds for one of those
    /// questions is its answer, at time 0: it goes into the inbox.
    ///
    /// # Errors
    /// The call then stays inline, as if this had not been tried.
    fn create(
        &self,
        saved: Saved,
        questions: Vec<(Key, Question)>,
    ) -> BoxFuture<'_, Result<Promoted, HomeError>>;
}

/// Where a promoted call lives from now on.
pub struct Promoted {
    /// Its home.
    pub home: Arc<dyn Home>,
    /// The epoch of the claim.
    pub epoch: u64,
}
