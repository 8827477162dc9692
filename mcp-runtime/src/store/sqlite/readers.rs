//! The connections that read.
//!
//! One task is read where it is asked for: that takes less time than to hand it to another thread. What takes longer, and
//! what has to wait because the file is locked, goes to a thread that may wait.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError, Weak};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::file::Setup;
use super::statements::{self as say, Statements};
use super::trouble::{Named, is_locked};
use super::values::Int;
use crate::journal::Clock;
use crate::task::{Ears, StoreError, TaskId};

/// Connections for reading at once: more would only wait for processors.
const AT_ONCE: usize = 4;

type Reading = Box<dyn FnOnce(&Connection) + Send>;

pub(super) struct Readers {
    at_once: Vec<Mutex<Connection>>,
    next: AtomicUsize,
    queue: Option<Arc<Sender<Reading>>>,
    thread: Option<JoinHandle<()>>,
    named: Named,
}

/// Has the readers look at what others have written, and does not keep them.
///
/// Architecture invariant: the writer's thread holds nothing whose end waits for the readers' thread. That one may hold the last
/// engine for a moment, and with it the store, whose end waits for the writer.
pub(super) struct Lookout {
    queue: Weak<Sender<Reading>>,
    /// Somebody looks already, or is about to.
    looking: Arc<AtomicBool>,
}

impl Readers {
    pub fn start(setup: &Setup) -> Result<Self, StoreError> {
        let open = |_| setup.reader(Duration::ZERO).map(Mutex::new);
        let at_once = (0..AT_ONCE).map(open).collect::<Result<_, _>>()?;
        let sql = setup.reader(setup.named.patience)?;
        let (queue, readings): (_, Receiver<Reading>) = channel();
        let thread = thread::Builder::new()
            .name("tasks-read".into())
            .spawn(move || readings.into_iter().for_each(|read| read(&sql)))
            .map_err(|error| {
                StoreError::unavailable(format_args!("no thread for tasks: {error}"))
            })?;
        Ok(Self {
            at_once,
            next: AtomicUsize::new(0),
            queue: Some(Arc::new(queue)),
            thread: Some(thread),
            named: setup.named.clone(),
        })
    }

    /// Reads here and now. It takes microseconds, unless another process has locked the file: then elsewhere.
    pub async fn read_at_once<T, F>(&self, read: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Fn(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let done = read(&self.connection());
        match done {
            Err(error) if is_locked(&error) => self.read(read).await,
            done => done.map_err(|error| self.named.explain(&error)),
        }
    }

    /// Reads on the thread that may wait.
    pub async fn read<T, F>(&self, read: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        self.send(Box::new(move |sql| {
            if !reply.is_closed() {
                // Nobody waits: that is their right.
                let _ = reply.send(read(sql));
            }
        }));
        match answer.await {
            Ok(done) => done.map_err(|error| self.named.explain(&error)),
            Err(_) => Err(StoreError::unavailable(
                "the thread that reads tasks has ended, which is a mistake of this program: start it again",
            )),
        }
    }

    pub fn lookout(&self) -> Lookout {
        let queue = self.queue.as_ref().map_or_else(Weak::new, Arc::downgrade);
        Lookout { queue, looking: Arc::default() }
    }

    fn send(&self, reading: Reading) {
        if let Some(queue) = &self.queue {
            // Without a thread the reading is dropped, and whoever waits for it learns that.
            let _ = queue.send(reading);
        }
    }

    /// One that is free, or else whichever is next.
    fn connection(&self) -> MutexGuard<'_, Connection> {
        let first = self.next.fetch_add(1, Relaxed);
        let turns = (0..AT_ONCE).map(|turn| &self.at_once[(first + turn) % AT_ONCE]);
        for connection in turns {
            match connection.try_lock() {
                Ok(connection) => return connection,
                // A reader leaves nothing half done.
                Err(TryLockError::Poisoned(poisoned)) => return poisoned.into_inner(),
                Err(TryLockError::WouldBlock) => {}
            }
        }
        self.at_once[first % AT_ONCE].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lookout {
    /// Another process has written: tells these ears what may concern them.
    pub fn look(&self, ears: Vec<Weak<dyn Ears>>, clock: &Clock) {
        let Some(queue) = self.queue.upgrade() else { return };
        if self.looking.swap(true, Relaxed) {
            return;
        }
        let (looking, clock) = (self.looking.clone(), clock.clone());
        let look: Reading = Box::new(move |sql| {
            // Before looking: what is written from now on is worth another look.
            looking.store(false, Relaxed);
            for ears in ears.iter().filter_map(Weak::upgrade) {
                match news(sql, &ears.watched(), clock.now()) {
                    Ok(changed) => changed.iter().for_each(|id| ears.changed(id)),
                    Err(error) => {
                        tracing::debug!(%error, "tasks that others have changed are not known");
                        ears.lost();
                    }
                }
                ears.due();
            }
        });
        // Without a thread nobody looks.
        let _ = queue.send(look);
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take()
            // Whoever listens may hold the store, and be dropped by this very thread.
            && thread.thread().id() != thread::current().id()
        {
            // It has panicked, at worst, which was reported then.
            let _ = thread.join();
        }
    }
}

/// Of these tasks, with the change that was last seen, those that have changed or are gone; and all whose workers were called.
fn news(sql: &Connection, watched: &[(TaskId, u64)], now: u64) -> rusqlite::Result<Vec<TaskId>> {
    let mut news = sql.all(say::CALLED, [], |row| row.get(0))?;
    for (id, seen) in watched {
        let change = sql.one(say::CHANGE, (id, Int(now)), |row| row.get(0))?;
        if change.is_none_or(|Int(change)| change != *seen) {
            news.push(id.clone());
        }
    }
    Ok(news)
}
