//! Tasks in one file.

mod client;
mod create;
mod end;
mod file;
mod node;
mod read;
mod readers;
mod remove;
mod schema;
mod statements;
mod trouble;
mod tx;
mod values;
mod work;
mod writer;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use std::time::Duration;

use self::file::Setup;
use self::readers::Readers;
use self::trouble::Named;
use self::writer::Writer;
use crate::journal::{BoxFuture, Clock, Commit, Inbox, Key};
use crate::task::{
    Access, Admission, Answer, Cancelled, Claim, Claims, Created, Ears, NewTask, NodeId, Note,
    Outcome, Position, Purge, Reaped, Release, Stats, StoreError, TaskDetail, TaskId, TaskRecord,
    TaskState, TaskStore, TaskView,
};

/// Tasks in one SQLite file: they survive their process.
///
/// ```no_run
/// # fn main() -> Result<(), mcp_runtime::task::StoreError> {
/// use mcp_runtime::store::SqliteStore;
///
/// let store = SqliteStore::open("tasks.db")?;
/// # Ok(())
/// # }
/// ```
///
/// An operation that was acknowledged is on the disk. Operations that come at the same time share one transaction and one
/// sync. Other processes on the same machine may use the same file at the same time, servers and operators alike; what
/// they change is noticed within a quarter of a second. The file must be on a local disk, and has two companions while it
/// is open, `-wal` and `-shm`: leave them with it.
///
/// When the file cannot be used, because its disk is full, say, operations fail with [`StoreError::Unavailable`], which
/// says what to do; they work again once that is done.
///
/// Dropping the store waits until what was begun is written, and closes the file.
pub struct SqliteStore {
    // Dropped in this order: the last one to close the file puts its parts together.
    readers: Arc<Readers>,
    writer: Writer,
    clock: Clock,
    path: PathBuf,
}

/// How to open a [`SqliteStore`]: see [`SqliteStore::options`].
#[derive(Clone, Debug)]
pub struct SqliteOptions {
    clock: Clock,
    durable: bool,
    patience: Duration,
    largest: Option<u64>,
}

impl SqliteStore {
    /// Opens a file, or creates it; its folder must be there. Blocks while it does.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] if the file cannot be opened or written, is somebody else's, or was written by a newer
    /// version of this program.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        Self::options().open(path)
    }

    /// Opens a file otherwise than usual.
    pub fn options() -> SqliteOptions {
        SqliteOptions {
            clock: Clock::System,
            durable: true,
            patience: Duration::from_secs(5),
            largest: None,
        }
    }
}

impl SqliteOptions {
    /// The clock that all times are of. The system's, usually.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Does not wait for the disk: faster, but if the machine loses its power, what was acknowledged in the last seconds
    /// may be lost. The file stays whole, and a process that dies loses nothing.
    pub fn risk_last_commits(mut self) -> Self {
        self.durable = false;
        self
    }

    /// How long to wait for another process that has locked the file. 5 seconds.
    pub fn lock_timeout(mut self, timeout: Duration) -> Self {
        self.patience = timeout;
        self
    }

    /// How many bytes the file may have; then it is full, as a disk is. No bound, usually.
    pub fn largest(mut self, bytes: u64) -> Self {
        self.largest = Some(bytes);
        self
    }

    /// Opens a file: see [`SqliteStore::open`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn open(self, path: impl AsRef<Path>) -> Result<SqliteStore, StoreError> {
        let path = path.as_ref().to_owned();
        let named = Named::new(&path, self.patience);
        let setup = Setup { named, durable: self.durable, largest: self.largest };
        let (writer, readers) = Writer::start(&setup, self.clock.clone())?;
        Ok(SqliteStore { readers, writer, clock: self.clock, path })
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").field("path", &self.path).finish_non_exhaustive()
    }
}

/// Each of them says what to do, and has it done by the writer or a reader.
impl TaskStore for SqliteStore {
    fn listen(&self, ears: Weak<dyn Ears>) {
        self.writer.listen(ears);
    }

    fn join(&self, node: NodeId, lease: Duration) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(self.writer.write(move |tx| node::join(tx, node, lease)))
    }

    fn beat(&self, node: NodeId, lease: Duration) -> BoxFuture<'_, Result<Vec<Claim>, StoreError>> {
        Box::pin(self.writer.write(move |tx| node::beat(tx, node, lease)))
    }

    fn leave(&self, node: NodeId) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(self.writer.write(move |tx| node::leave(tx, node)))
    }

    fn create(
        &self,
        task: NewTask,
        admission: Admission,
    ) -> BoxFuture<'_, Result<Created, StoreError>> {
        Box::pin(self.writer.write(move |tx| create::create(tx, &task, admission)))
    }

    fn get<'a>(
        &'a self,
        access: &'a Access,
        id: &'a TaskId,
    ) -> BoxFuture<'a, Result<Option<TaskView>, StoreError>> {
        let (access, id, now) = (access.clone(), id.clone(), self.clock.now());
        Box::pin(
            self.readers.read_at_once(move |sql| {
                Ok(read::view(sql, &access, &id, now)?.map(|(_, view)| view))
            }),
        )
    }

    fn list<'a>(
        &'a self,
        access: &'a Access,
        after: Option<Position>,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<TaskRecord>, StoreError>> {
        let (access, now) = (access.clone(), self.clock.now());
        Box::pin(self.readers.read(move |sql| read::list(sql, &access, after.as_ref(), limit, now)))
    }

    fn inspect<'a>(
        &'a self,
        id: &'a TaskId,
    ) -> BoxFuture<'a, Result<Option<TaskDetail>, StoreError>> {
        let (id, now) = (id.clone(), self.clock.now());
        Box::pin(self.readers.read(move |sql| read::inspect(sql, &id, now)))
    }

    fn claim(
        &self,
        node: NodeId,
        tools: Vec<String>,
        most: usize,
    ) -> BoxFuture<'_, Result<Claims, StoreError>> {
        Box::pin(self.writer.write(move |tx| node::claim(tx, node, &tools, most)))
    }

    fn commit<'a>(
        &'a self,
        claim: &'a Claim,
        commit: Commit,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        let claim = claim.clone();
        Box::pin(self.writer.write(move |tx| work::commit(tx, &claim, &commit)))
    }

    fn take_in<'a>(&'a self, claim: &'a Claim) -> BoxFuture<'a, Result<Inbox, StoreError>> {
        let claim = claim.clone();
        Box::pin(self.writer.write(move |tx| work::take_in(tx, &claim)))
    }

    fn note<'a>(&'a self, claim: &'a Claim, note: Note) -> BoxFuture<'a, Result<(), StoreError>> {
        let claim = claim.clone();
        Box::pin(self.writer.write(move |tx| work::note(tx, &claim, &note)))
    }

    fn finish<'a>(
        &'a self,
        claim: &'a Claim,
        outcome: Outcome,
    ) -> BoxFuture<'a, Result<TaskState, StoreError>> {
        let claim = claim.clone();
        Box::pin(self.writer.write(move |tx| work::finish(tx, &claim, &outcome)))
    }

    fn release<'a>(
        &'a self,
        claim: &'a Claim,
        release: Release,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        let claim = claim.clone();
        Box::pin(self.writer.write(move |tx| work::release(tx, &claim, &release)))
    }

    fn answer<'a>(
        &'a self,
        access: &'a Access,
        id: &'a TaskId,
        answers: Vec<(Key, Answer)>,
    ) -> BoxFuture<'a, Result<Option<TaskView>, StoreError>> {
        let (access, id) = (access.clone(), id.clone());
        Box::pin(self.writer.write(move |tx| client::answer(tx, &access, &id, &answers)))
    }

    fn cancel<'a>(
        &'a self,
        access: &'a Access,
        id: &'a TaskId,
    ) -> BoxFuture<'a, Result<Option<Cancelled>, StoreError>> {
        let (access, id) = (access.clone(), id.clone());
        Box::pin(self.writer.write(move |tx| client::cancel(tx, &access, &id)))
    }

    fn reap(
        &self,
        node: NodeId,
        interrupted: Outcome,
    ) -> BoxFuture<'_, Result<Reaped, StoreError>> {
        Box::pin(self.writer.write(move |tx| node::reap(tx, node, &interrupted)))
    }

    fn expire(&self, limit: usize) -> BoxFuture<'_, Result<usize, StoreError>> {
        Box::pin(self.writer.write(move |tx| remove::expire(tx, limit)))
    }

    /// Many tasks go in several transactions, so that nobody waits long for one.
    fn purge(&self, which: Purge) -> BoxFuture<'_, Result<usize, StoreError>> {
        Box::pin(async move {
            let before = match which {
                Purge::One(id) => {
                    return self.writer.write(move |tx| remove::purge_one(tx, &id)).await;
                }
                Purge::EndedBefore(before) => before,
            };
            let (mut deleted, mut next) = (0, Some(1));
            while let Some(first) = next {
                let purge = move |tx: &mut tx::Tx<'_>| remove::purge_from(tx, first, before);
                let purged = self.writer.write(purge).await?;
                deleted += purged.deleted;
                next = purged.next;
            }
            Ok(deleted)
        })
    }

    fn stats(&self) -> BoxFuture<'_, Result<Stats, StoreError>> {
        let now = self.clock.now();
        Box::pin(self.readers.read(move |sql| read::stats(sql, now)))
    }
}
