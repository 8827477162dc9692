//! What the engine asks of a store: few, coarse operations, each one transaction.

use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Duration;

use serde_json::Value;

use super::id::{NodeId, Owner, TaskId};
use crate::journal::{BoxFuture, Commit, Inbox, Json, Key, Question, Saved};
use crate::server::definition::Restart;

/// Where tasks are kept. [`MemoryStore`](crate::store::MemoryStore) is the default; a store of your own passes the
/// contract kit ([`task::kit`](crate::task::kit), feature `kit`).
///
/// Each operation is one transaction: all of it is durable when its future is ready, or nothing of it has happened.
/// Operations may be called from everywhere at the same time; a store groups their commits as it likes. Times are
/// milliseconds since the epoch, by the store's own clock, which all nodes that share a store share, too.
///
/// **Fencing.** A [`Claim`] is the right of one node to work on one task. Every write of a worker carries it, and is
/// refused with [`StoreError::Fenced`] when the task has been claimed again, handed back or deleted since: a worker that
/// was thought dead can do no harm. A claim exists as long as somebody may be working on the task: until it is finished,
/// or, for a task that was cancelled meanwhile, until its worker has acknowledged that with [`finish`](Self::finish).
///
/// **Leases** are the node's: one row and one write per beat, however many tasks it runs.
///
/// **Expiry.** From [`TaskRecord::expires_at`] on a task does not exist for any operation, whether its row was deleted
/// already or not.
///
/// # Cancel safety
///
/// Dropping the future of an operation does not tear it: it happens, or it does not.
pub trait TaskStore: Send + Sync + 'static {
    /// Whom to tell of changes, from now on and beside those who listen already: of those that this process makes and, sooner
    /// or later, of those that others make.
    fn listen(&self, ears: Weak<dyn Ears>);

    /// Enters a node for the length of a lease: one that nobody has heard of, or one whose lease has run out. That one has
    /// again what it held and nobody has [reaped](Self::reap) meanwhile.
    fn join(&self, node: NodeId, lease: Duration) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Renews a node's lease, and says which of its tasks somebody called for since it last looked: those that have
    /// something in their inbox, or were cancelled. Level-triggered: a task is named until [`take_in`](Self::take_in).
    ///
    /// # Errors
    ///
    /// [`StoreError::Fenced`] if the lease had run out, or somebody reaped the node: it must stop what it runs. It may
    /// [join](Self::join) again.
    fn beat(&self, node: NodeId, lease: Duration) -> BoxFuture<'_, Result<Vec<Claim>, StoreError>>;

    /// Removes a node that runs nothing any more. Claims that it still holds are treated as a dead node's: they stand
    /// until somebody [reaps](Self::reap) them.
    fn leave(&self, node: NodeId) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Creates a task; it can be read once this is ready (X22). `task.claim` makes it born claimed by that node, with
    /// epoch 1; otherwise it waits to be claimed.
    ///
    /// # Errors
    ///
    /// [`StoreError::Refused`] if a bound of `admission` is reached; [`StoreError::Fenced`] if the node's lease has run
    /// out.
    fn create(
        &self,
        task: NewTask,
        admission: Admission,
    ) -> BoxFuture<'_, Result<Created, StoreError>>;

    /// One task as clients see it, outcome and state at one instant (D1). `None` for one that is unknown, expired, or
    /// somebody else's: nobody can tell which (D9).
    fn get<'a>(
        &'a self,
        access: &'a Access,
        id: &'a TaskId,
    ) -> BoxFuture<'a, Result<Option<TaskView>, StoreError>>;

    /// Up to `limit` tasks after a position, in the order of [`Position`]: creation time, then id.
    fn list<'a>(
        &'a self,
        access: &'a Access,
        after: Option<Position>,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<TaskRecord>, StoreError>>;

    /// All that is known of one task, for operators.
    fn inspect<'a>(
        &'a self,
        id: &'a TaskId,
    ) -> BoxFuture<'a, Result<Option<TaskDetail>, StoreError>>;

    /// Claims up to `most` tasks of these tools that are due and that nobody works on, in the order in which they became
    /// due. The epoch of each goes up by one. The message of a failed attempt ([`Release::Retry`]) is not that of the next
    /// one: it goes, which clients see.
    ///
    /// # Errors
    ///
    /// [`StoreError::Fenced`] if the node's lease has run out.
    fn claim(
        &self,
        node: NodeId,
        tools: Vec<String>,
        most: usize,
    ) -> BoxFuture<'_, Result<Claims, StoreError>>;

    /// Writes what an attempt has learned: see [`Commit`] for the order. The state becomes `input_required` when a
    /// question is open and has no answer, `working` otherwise (L38, L41). Only questions are for clients to see: a commit
    /// of records, timers or progress alone is no change (D13).
    ///
    /// **Repeating** it is safe: whoever was told [`StoreError::Unavailable`] cannot know whether it took place, and asks for
    /// the same again. A commit whose records are the last ones of the journal already has been made, and does nothing: no
    /// key is recorded twice otherwise. One without records writes what stands there. (If a client has answered in between
    /// what the commit refuses, that answer is refused with it: its question is open again.)
    ///
    /// # Errors
    ///
    /// [`StoreError::Cancelled`] if the task was cancelled and the claim stands; nothing is written.
    fn commit<'a>(
        &'a self,
        claim: &'a Claim,
        commit: Commit,
    ) -> BoxFuture<'a, Result<(), StoreError>>;

    /// What came from outside and is not in the journal: answers to open questions, and when the task was cancelled.
    /// Marks it as seen: [`beat`](Self::beat) and a park look for what came after.
    fn take_in<'a>(&'a self, claim: &'a Claim) -> BoxFuture<'a, Result<Inbox, StoreError>>;

    /// Says how far a task is. Counts as a change that clients see. Nothing happens if the claim has ended.
    fn note<'a>(&'a self, claim: &'a Claim, note: Note) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Ends the task, and with it the claim, its questions and timers. The first end stands: the state that is returned
    /// is [`TaskState::Cancelled`] if the task was cancelled before.
    fn finish<'a>(
        &'a self,
        claim: &'a Claim,
        outcome: Outcome,
    ) -> BoxFuture<'a, Result<TaskState, StoreError>>;

    /// Gives the claim up without an end.
    fn release<'a>(
        &'a self,
        claim: &'a Claim,
        release: Release,
    ) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Answers questions. Keys that are not open, or that have an answer, are passed over (X52); of two answers to one
    /// key the first counts. If one counts, a parked task becomes due; one that waits for its next attempt waits on. The
    /// view is the task after that.
    fn answer<'a>(
        &'a self,
        access: &'a Access,
        id: &'a TaskId,
        answers: Vec<(Key, Answer)>,
    ) -> BoxFuture<'a, Result<Option<TaskView>, StoreError>>;

    /// Ends a task as cancelled, at once (L73). One that has ended stays as it is. If a worker holds a claim, the claim
    /// stands until the worker has finished; otherwise it goes.
    fn cancel<'a>(
        &'a self,
        access: &'a Access,
        id: &'a TaskId,
    ) -> BoxFuture<'a, Result<Option<Cancelled>, StoreError>>;

    /// Frees the tasks of nodes whose lease has run out, and removes those nodes: tasks with [`Restart::Replay`] are due
    /// again after [`crash_backoff`], one attempt later; those with [`Restart::Fail`] end with `interrupted`. Tasks that
    /// were cancelled lose their claim.
    ///
    /// # Errors
    ///
    /// [`StoreError::Fenced`] if the lease of `node`, which asks for it, has run out: nobody reaps himself.
    fn reap(&self, node: NodeId, interrupted: Outcome)
    -> BoxFuture<'_, Result<Reaped, StoreError>>;

    /// Deletes up to `limit` tasks that have expired, tells the ears of each, and says how many they were.
    fn expire(&self, limit: usize) -> BoxFuture<'_, Result<usize, StoreError>>;

    /// Deletes tasks that have ended: one, or all that ended before a time.
    fn purge(&self, which: Purge) -> BoxFuture<'_, Result<usize, StoreError>>;

    /// Numbers for gauges.
    fn stats(&self) -> BoxFuture<'_, Result<Stats, StoreError>>;
}

/// A store that several share: servers of one process, or a server and whoever looks after its tasks.
impl<S: TaskStore + ?Sized> TaskStore for Arc<S> {
    fn listen(&self, ears: Weak<dyn Ears>) {
        (**self).listen(ears)
    }

    fn join(&self, node: NodeId, lease: Duration) -> BoxFuture<'_, Result<(), StoreError>> {
        (**self).join(node, lease)
    }

    fn beat(&self, node: NodeId, lease: Duration) -> BoxFuture<'_, Result<Vec<Claim>, StoreError>> {
        (**self).beat(node, lease)
    }

    fn leave(&self, node: NodeId) -> BoxFuture<'_, Result<(), StoreError>> {
        (**self).leave(node)
    }

    fn create(
        &self,
        task: NewTask,
        admission: Admission,
    ) -> BoxFuture<'_, Result<Created, StoreError>> {
        (**self).create(task, admission)
    }

    fn get<'a>(
        &'a self,
        access: &'a Access,
        id: &'a TaskId,
    ) -> BoxFuture<'a, Result<Option<TaskView>, StoreError>> {
        (**self).get(access, id)
    }

    fn list<'a>(
        &'a self,
        access: &'a Access,
        after: Option<Position>,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<TaskRecord>, StoreError>> {
        (**self).list(access, after, limit)
    }

    fn inspect<'a>(
        &'a self,
        id: &'a TaskId,
    ) -> BoxFuture<'a, Result<Option<TaskDetail>, StoreError>> {
        (**self).inspect(id)
    }

    fn claim(
        &self,
        node: NodeId,
        tools: Vec<String>,
        most: usize,
    ) -> BoxFuture<'_, Result<Claims, StoreError>> {
        (**self).claim(node, tools, most)
    }

    fn commit<'a>(
        &'a self,
        claim: &'a Claim,
        commit: Commit,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        (**self).commit(claim, commit)
    }

    fn take_in<'a>(&'a self, claim: &'a Claim) -> BoxFuture<'a, Result<Inbox, StoreError>> {
        (**self).take_in(claim)
    }

    fn note<'a>(&'a self, claim: &'a Claim, note: Note) -> BoxFuture<'a, Result<(), StoreError>> {
        (**self).note(claim, note)
    }

    fn finish<'a>(
        &'a self,
        claim: &'a Claim,
        outcome: Outcome,
    ) -> BoxFuture<'a, Result<TaskState, StoreError>> {
        (**self).finish(claim, outcome)
    }

    fn release<'a>(
        &'a self,
        claim: &'a Claim,
        release: Release,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        (**self).release(claim, release)
    }

    fn answer<'a>(
        &'a self,
        access: &'a Access,
        id: &'a TaskId,
        answers: Vec<(Key, Answer)>,
    ) -> BoxFuture<'a, Result<Option<TaskView>, StoreError>> {
        (**self).answer(access, id, answers)
    }

    fn cancel<'a>(
        &'a self,
        access: &'a Access,
        id: &'a TaskId,
    ) -> BoxFuture<'a, Result<Option<Cancelled>, StoreError>> {
        (**self).cancel(access, id)
    }

    fn reap(
        &self,
        node: NodeId,
        interrupted: Outcome,
    ) -> BoxFuture<'_, Result<Reaped, StoreError>> {
        (**self).reap(node, interrupted)
    }

    fn expire(&self, limit: usize) -> BoxFuture<'_, Result<usize, StoreError>> {
        (**self).expire(limit)
    }

    fn purge(&self, which: Purge) -> BoxFuture<'_, Result<usize, StoreError>> {
        (**self).purge(which)
    }

    fn stats(&self) -> BoxFuture<'_, Result<Stats, StoreError>> {
        (**self).stats()
    }
}

/// Who hears of changes. The calls return at once.
pub trait Ears: Send + Sync {
    /// Clients may see something new of this task, its inbox may have something, or it is gone. May come for nothing; a
    /// store that can lose it makes up for that (see [`watched`](Self::watched)).
    fn changed(&self, id: &TaskId);

    /// A task may be due that nobody works on.
    fn due(&self);

    /// Anything may have changed.
    fn lost(&self);

    /// The tasks that somebody waits for here, with the [`TaskRecord::change`] that was last seen: for stores that have to
    /// look for themselves.
    fn watched(&self) -> Vec<(TaskId, u64)>;
}

/// In whose name an operation is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    /// Only what belongs to this owner exists.
    Owner(Owner),
    /// Everything exists.
    Operator,
}

impl Access {
    /// Whether it may see what belongs to `owner`.
    pub fn allows(&self, owner: &Owner) -> bool {
        match self {
            Self::Owner(own) => own == owner,
            Self::Operator => true,
        }
    }
}

/// The right of one node to work on one task.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Claim {
    /// The task.
    pub task: TaskId,
    /// Who may work.
    pub node: NodeId,
    /// Goes up with every claim of the task, and when a claim is taken away.
    pub epoch: u64,
}

/// Where a task stands, whatever revision reads it (D4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TaskState {
    /// It runs, is due, or waits for a timer.
    Working,
    /// It has a question without an answer.
    InputRequired,
    /// The tool returned.
    Returned,
    /// The tool returned, with `isError`: `failed` in 2025-11-25 (L78), `completed` in the extension (X19).
    ReturnedError,
    /// It ended with a protocol error.
    Failed,
    /// It was cancelled.
    Cancelled,
}

impl TaskState {
    /// Whether it stays so for ever (L35).
    pub const fn is_final(self) -> bool {
        !matches!(self, Self::Working | Self::InputRequired)
    }

    /// A word for it, the same in every version: for databases and command lines.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Working => "working",
            Self::InputRequired => "input_required",
            Self::Returned => "returned",
            Self::ReturnedError => "returned_error",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Working,
        Self::InputRequired,
        Self::Returned,
        Self::ReturnedError,
        Self::Failed,
        Self::Cancelled,
    ];
}

impl fmt::Display for TaskState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How a task ended, raw: the wire of each revision is made of it when it is read (D4).
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// What the tool returned: a JSON object with `content`, and `structuredContent`, `isError` and `_meta` where they are.
    Returned {
        /// Whether the tool ran into trouble.
        is_error: bool,
        /// The object.
        body: Json,
    },
    /// A protocol error: a JSON object with `code`, `message` and perhaps `data`.
    Failed(Json),
}

impl Outcome {
    /// The object, whichever it is.
    pub const fn json(&self) -> &Json {
        match self {
            Self::Returned { body, .. } | Self::Failed(body) => body,
        }
    }

    /// The state of a task that ended so.
    pub const fn state(&self) -> TaskState {
        match self {
            Self::Returned { is_error: false, .. } => TaskState::Returned,
            Self::Returned { is_error: true, .. } => TaskState::ReturnedError,
            Self::Failed(_) => TaskState::Failed,
        }
    }

    /// What [`TaskRecord::message`] becomes (L90, X79): why it failed, in the words of the protocol error, or the first text
    /// that the tool returned with `isError`, cut short. `None` if there is no such thing: the message then stays as it
    /// was.
    pub fn message(&self) -> Option<String> {
        match self {
            Self::Returned { is_error: false, .. } => None,
            Self::Returned { is_error: true, body } => {
                let body: Value = serde_json::from_str(body.as_str()).ok()?;
                let mut parts = body["content"].as_array()?.iter();
                let text = parts.find(|part| part["type"] == "text")?;
                Some(cut(text["text"].as_str()?, LONGEST_MESSAGE))
            }
            Self::Failed(error) => {
                let error: Value = serde_json::from_str(error.as_str()).ok()?;
                error["message"].as_str().map(str::to_owned)
            }
        }
    }
}

/// How much of what a tool returned is a message, in characters.
const LONGEST_MESSAGE: usize = 200;

fn cut(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// A task to be created.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct NewTask {
    /// Its id: new, and hard to guess.
    pub id: TaskId,
    /// Whose it is.
    pub owner: Owner,
    /// The tool's name.
    pub tool: String,
    /// The call as the engine wrote it down: JSON that stores do not look into.
    pub call: Json,
    /// The journal: empty, or that of a call which was inline until now. [`Saved::held`] are answers to some of
    /// `questions`: they go into the inbox, at time 0.
    pub saved: Saved,
    /// The questions that are open now, in the order of asking. [`Saved::asked`] has their digests.
    pub questions: Vec<(Key, Question)>,
    /// How long the task exists, from now on (D11). `None`: for ever.
    pub ttl: Option<Duration>,
    /// What becomes of it when its node dies.
    pub restart: Restart,
    /// A task of the same owner and tool that has this key and has not ended is joined instead.
    pub dedupe: Option<String>,
    /// The task that it repeats (P20).
    pub retry_of: Option<TaskId>,
    /// The node that works on it already.
    pub claim: Option<NodeId>,
}

impl NewTask {
    /// A task without more, that waits to be claimed.
    pub fn new(
        id: TaskId,
        owner: Owner,
        tool: impl Into<String>,
        call: Json,
        saved: Saved,
    ) -> Self {
        Self {
            id,
            owner,
            tool: tool.into(),
            call,
            saved,
            questions: Vec::new(),
            ttl: None,
            restart: Restart::Fail,
            dedupe: None,
            retry_of: None,
            claim: None,
        }
    }
}

/// How many tasks there may be. Bounds hold when a task is created; those that are there stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Admission {
    /// Tasks that have not ended.
    pub live: usize,
    /// Tasks of one owner that have not ended. Anonymous callers are not counted apart: the one bound for them is `live`.
    pub live_per_owner: usize,
    /// All tasks, those that have ended included.
    pub kept: usize,
    /// All tasks of one owner. Anonymous callers are not counted apart: the one bound for them is `kept`.
    pub kept_per_owner: usize,
}

impl Admission {
    /// No bounds.
    pub const UNBOUNDED: Self = Self {
        live: usize::MAX,
        live_per_owner: usize::MAX,
        kept: usize::MAX,
        kept_per_owner: usize::MAX,
    };
}

/// What [`TaskStore::create`] did.
#[derive(Clone, Debug)]
pub struct Created {
    /// The task.
    pub record: TaskRecord,
    /// Whether it is an older one with the same [`NewTask::dedupe`] key.
    pub joined: bool,
    /// The right to work on it, if it was born claimed.
    pub claim: Option<Claim>,
}

/// What is short about a task.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct TaskRecord {
    /// Its id.
    pub id: TaskId,
    /// Whose it is.
    pub owner: Owner,
    /// The tool's name.
    pub tool: String,
    /// Where it stands.
    pub state: TaskState,
    /// Goes up with everything that clients can see of it.
    pub change: u64,
    /// What is going on, or why it failed.
    pub message: Option<String>,
    /// How far it is, and what that is when all is done.
    pub progress: Option<(f64, Option<f64>)>,
    /// When it was created.
    pub created_at: u64,
    /// When clients could last see something new; never goes back (D13).
    pub updated_at: u64,
    /// When it stops to exist.
    pub expires_at: Option<u64>,
    /// How often it was begun because of an error or a crash: 1 at first.
    pub attempt: u32,
    /// The task that it repeats.
    pub retry_of: Option<TaskId>,
}

impl TaskRecord {
    /// A task that was created at this time.
    pub fn new(id: TaskId, owner: Owner, tool: impl Into<String>, created_at: u64) -> Self {
        Self {
            id,
            owner,
            tool: tool.into(),
            state: TaskState::Working,
            change: 0,
            message: None,
            progress: None,
            created_at,
            updated_at: created_at,
            expires_at: None,
            attempt: 1,
            retry_of: None,
        }
    }

    /// Its place in a list.
    pub fn position(&self) -> Position {
        Position { created_at: self.created_at, id: self.id.clone() }
    }
}

/// A place in the list of tasks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// When the task there was created.
    pub created_at: u64,
    /// Its id.
    pub id: TaskId,
}

/// A task as clients see it.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskView {
    /// What is short about it.
    pub record: TaskRecord,
    /// How it ended. `None` while it goes on, and when it was cancelled.
    pub outcome: Option<Outcome>,
    /// The questions that have no answer yet, in the order of asking; none of a task that has ended (X33).
    pub questions: Vec<(Key, Question)>,
}

/// A task as operators see it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TaskDetail {
    /// As clients see it.
    pub view: TaskView,
    /// The call, as the engine wrote it down.
    pub call: Json,
    /// The journal.
    pub saved: Saved,
    /// When each of [`Saved::records`] was committed.
    pub times: Vec<u64>,
    /// What becomes of it when its node dies.
    pub restart: Restart,
    /// Who works on it.
    pub claim: Option<Claim>,
    /// When it may be claimed, if nobody works on it. `None`: when input arrives.
    pub due_at: Option<u64>,
}

impl TaskDetail {
    /// All of it.
    pub fn new(
        view: TaskView,
        call: Json,
        saved: Saved,
        times: Vec<u64>,
        restart: Restart,
    ) -> Self {
        Self { view, call, saved, times, restart, claim: None, due_at: None }
    }
}

/// What [`TaskStore::claim`] found.
#[derive(Clone, Debug, Default)]
pub struct Claims {
    /// The tasks.
    pub claimed: Vec<Claimed>,
    /// When the next task of these tools is due that nobody works on, if that is known and no more could be claimed.
    pub next_due: Option<u64>,
}

/// What [`TaskStore::reap`] found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reaped {
    /// Claims that were taken away.
    pub freed: usize,
    /// Tasks among them that ended with it.
    pub failed: usize,
}

/// A task that was claimed.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// The right to work on it.
    pub claim: Claim,
    /// What is short about it.
    pub record: TaskRecord,
    /// The call, as the engine wrote it down.
    pub call: Json,
    /// The journal.
    pub saved: Saved,
}

/// How far a task is. What is `None` stays as it was.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Note {
    /// What is going on.
    pub message: Option<String>,
    /// How far it is, and what that is when all is done.
    pub progress: Option<(f64, Option<f64>)>,
}

/// Why a claim is given up.
#[derive(Clone, Debug, PartialEq)]
pub enum Release {
    /// The task waits for input or, if there is one, for this time. It is due at once if something came that
    /// [`TaskStore::take_in`] has not returned.
    Park {
        /// When it is due in any case.
        until: Option<u64>,
    },
    /// The attempt failed. The task is due at this time, one attempt later; failures at the end of its journal are
    /// forgotten ([`Saved::forget_last_failures`]).
    Retry {
        /// When to try again.
        at: u64,
        /// Why it failed, for clients to see.
        message: String,
    },
    /// The node stops. The task is due at once.
    HandBack,
}

/// What a client said to a question.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// The answer, as JSON. Whether it will do is found out by the function.
    Given(Json),
    /// There will be none, and why.
    Refused(String),
}

/// What a cancellation met.
#[derive(Clone, Debug, PartialEq)]
pub struct Cancelled {
    /// The task afterwards.
    pub view: TaskView,
    /// Whether this cancelled it: not if it had ended before.
    pub first: bool,
}

/// What to delete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Purge {
    /// This task, if it has ended.
    One(TaskId),
    /// All tasks that ended before this time.
    EndedBefore(u64),
}

/// Numbers for gauges.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Tasks that a node works on; one that was cancelled counts until its worker has acknowledged that.
    pub running: usize,
    /// Tasks that are due and that nobody works on.
    pub due: usize,
    /// Tasks that wait for input or a time.
    pub waiting: usize,
    /// Tasks that have ended, and have not expired.
    pub ended: usize,
    /// When the task became due that has been so for longest.
    pub due_since: Option<u64>,
}

/// Why a store did not do what it was asked to.
///
/// Its `Debug` is its text, since that is what `main` prints when it returns one.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The claim, or the node's lease, has ended.
    #[error("the claim has ended: another worker has taken over, or the task is gone")]
    Fenced,
    /// The task was cancelled.
    #[error("the task was cancelled")]
    Cancelled,
    /// There are too many tasks.
    #[error("{0}")]
    Refused(Refusal),
    /// The store cannot be used: it is unreachable, full, locked, broken, or another version's. The text says what to do.
    #[error("{0}")]
    Unavailable(Arc<str>),
}

impl fmt::Debug for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl StoreError {
    /// The store cannot be used.
    pub fn unavailable(why: impl fmt::Display) -> Self {
        Self::Unavailable(why.to_string().into())
    }
}

/// Which bound was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// [`Admission::live`].
    #[error("too many tasks at the same time: try again when some have ended")]
    Live,
    /// [`Admission::live_per_owner`].
    #[error("too many tasks of yours at the same time: wait for one of them to end, or cancel one")]
    PerOwner,
    /// [`Admission::kept`].
    #[error("too many tasks are kept: try again when some have expired")]
    Kept,
    /// [`Admission::kept_per_owner`].
    #[error(
        "too many tasks of yours are kept: try again when some have expired, and ask for a shorter `ttl`"
    )]
    KeptPerOwner,
}

/// How long after a crash a task is due again that was begun `attempt` times: at once after the first, then 1 s, 2 s,
/// 4 s, and so on up to a minute. What takes its process down with it must not do so in a loop.
pub fn crash_backoff(attempt: u32) -> Duration {
    match attempt {
        0 | 1 => Duration::ZERO,
        more => Duration::from_secs(1 << (more - 2).min(6)).min(Duration::from_secs(60)),
    }
}
