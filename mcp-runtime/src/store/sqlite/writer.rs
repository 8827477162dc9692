//! The one thread that writes.
//!
//! A sync of the disk takes as long for one operation as for hundreds. So operations wait in a queue while the last transaction is
//! being committed, and the next one takes all that came meanwhile; each is answered when its transaction is durable.
//!
//! Architecture invariant: an operation that is refused has written nothing, so that it can share a transaction with
//! others. One that meets an error of the file has all of its transaction rolled back, and each of them is then tried by
//! itself.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError, channel};
use std::sync::{Arc, Weak};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::file::Setup;
use super::readers::{Lookout, Readers};
use super::statements::{self as say, Statements};
use super::trouble::Trouble;
use super::tx::{News, Tx};
use crate::journal::Clock;
use crate::task::{Ears, StoreError};

/// Operations in one transaction.
const MOST: usize = 512;

/// How often to look whether another process has written to the file, while somebody listens.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// The thread and its queue.
pub(super) struct Writer {
    queue: Option<Sender<Message>>,
    thread: Option<JoinHandle<()>>,
}

enum Message {
    Do(Box<dyn Job>),
    Listen(Weak<dyn Ears>),
}

impl Writer {
    /// With the readers of the same file, which the writer has made sure is there.
    pub fn start(setup: &Setup, clock: Clock) -> Result<(Self, Arc<Readers>), StoreError> {
        let sql = setup.writer()?;
        let readers = Arc::new(Readers::start(setup)?);
        // From here on: whoever listens has read nothing before.
        let version = sql.one(say::DATA_VERSION, [], |row| row.get(0)).ok().flatten();
        let (queue, messages) = channel();
        let room = Room {
            sql,
            messages,
            clock,
            lookout: readers.lookout(),
            setup: setup.clone(),
            ears: Vec::new(),
            version,
            looked: Instant::now(),
        };
        let thread =
            thread::Builder::new().name("tasks-write".into()).spawn(move || room.work()).map_err(
                |error| StoreError::unavailable(format_args!("no thread for tasks: {error}")),
            )?;
        Ok((Self { queue: Some(queue), thread: Some(thread) }, readers))
    }

    pub fn listen(&self, ears: Weak<dyn Ears>) {
        if let Some(queue) = &self.queue {
            // Without a writer there is nothing to hear.
            let _ = queue.send(Message::Listen(ears));
        }
    }

    /// Does something in a transaction. It may be done twice, if the first time was rolled back.
    ///
    /// Once this was polled, it happens whether it is waited for or not, but not if nobody waits any more before it has begun.
    pub async fn write<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Fn(&mut Tx<'_>) -> Result<T, Trouble> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let order = Order { work, reply, done: None };
        let sent = self
            .queue
            .as_ref()
            .is_some_and(|queue| queue.send(Message::Do(Box::new(order))).is_ok());
        match answer.await {
            Ok(done) if sent => done,
            _ => Err(StoreError::unavailable(
                "the thread that writes tasks has ended, which is a mistake of this program: start it again",
            )),
        }
    }
}

impl Drop for Writer {
    /// Waits until what was begun is written. The last one who closes the file puts its parts together.
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

/// An operation in the queue.
trait Job: Send {
    /// Whether nobody waits for it any more.
    fn is_idle(&self) -> bool;

    /// Does it. An error is one of the file.
    fn run(&mut self, tx: &mut Tx<'_>) -> rusqlite::Result<()>;

    /// Its transaction did not come about.
    fn fail(&mut self, why: StoreError);

    /// Tells whoever waits.
    fn reply(self: Box<Self>);
}

struct Order<T, F> {
    work: F,
    reply: oneshot::Sender<Result<T, StoreError>>,
    done: Option<Result<T, StoreError>>,
}

impl<T, F> Job for Order<T, F>
where
    T: Send,
    F: Fn(&mut Tx<'_>) -> Result<T, Trouble> + Send,
{
    fn is_idle(&self) -> bool {
        self.reply.is_closed()
    }

    fn run(&mut self, tx: &mut Tx<'_>) -> rusqlite::Result<()> {
        self.done = Some(match (self.work)(tx) {
            Ok(done) => Ok(done),
            Err(Trouble::Refused(why)) => Err(why),
            Err(Trouble::Sql(error)) => return Err(error),
        });
        Ok(())
    }

    fn fail(&mut self, why: StoreError) {
        self.done = Some(Err(why));
    }

    fn reply(self: Box<Self>) {
        if let Some(done) = self.done {
            // Nobody waits: that is their right.
            let _ = self.reply.send(done);
        }
    }
}

/// What the thread has.
struct Room {
    sql: Connection,
    messages: Receiver<Message>,
    clock: Clock,
    lookout: Lookout,
    setup: Setup,
    ears: Vec<Weak<dyn Ears>>,
    /// The file's version at the last look.
    version: Option<i64>,
    looked: Instant,
}

/// Why a transaction did not come about.
enum Failed {
    /// It could not begin.
    AtOnce(rusqlite::Error),
    /// Something in it went wrong, or the commit.
    Within(rusqlite::Error),
}

impl Room {
    fn work(mut self) {
        let mut jobs = Vec::new();
        while self.gather(&mut jobs) {
            if !jobs.is_empty() {
                self.write(&mut jobs);
            }
            self.look();
        }
    }

    /// Waits for operations, and takes all that are there. `false`: there will be no more.
    fn gather(&mut self, jobs: &mut Vec<Box<dyn Job>>) -> bool {
        let first = if !self.ears.is_empty() {
            let left = LOOK_EVERY.saturating_sub(self.looked.elapsed());
            match self.messages.recv_timeout(left) {
                Ok(message) => message,
                Err(RecvTimeoutError::Timeout) => return true,
                Err(RecvTimeoutError::Disconnected) => return false,
            }
        } else {
            match self.messages.recv() {
                Ok(message) => message,
                Err(_) => return false,
            }
        };
        self.take(first, jobs);
        while jobs.len() < MOST {
            match self.messages.try_recv() {
                Ok(message) => self.take(message, jobs),
                // Whoever has sent these wants them done: the end is seen next time.
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => break,
            }
        }
        true
    }

    fn take(&mut self, message: Message, jobs: &mut Vec<Box<dyn Job>>) {
        match message {
            Message::Do(job) => jobs.push(job),
            Message::Listen(ears) => self.ears.push(ears),
        }
    }

    fn write(&mut self, jobs: &mut Vec<Box<dyn Job>>) {
        match self.transaction(jobs) {
            Ok(news) => self.tell(news),
            // The others would wait for the same, one after the other.
            Err(Failed::AtOnce(error)) => self.fail(jobs, &error),
            Err(Failed::Within(error)) if jobs.len() == 1 => self.fail(jobs, &error),
            Err(Failed::Within(error)) => {
                tracing::debug!(%error, operations = jobs.len(), "each operation by itself");
                self.write_each(jobs);
            }
        }
        for job in jobs.drain(..) {
            job.reply();
        }
    }

    fn write_each(&mut self, jobs: &mut [Box<dyn Job>]) {
        for at in 0..jobs.len() {
            let job = &mut jobs[at..=at];
            match self.transaction(job) {
                Ok(news) => self.tell(news),
                Err(Failed::Within(error)) => self.fail(job, &error),
                Err(Failed::AtOnce(error)) => return self.fail(&mut jobs[at..], &error),
            }
        }
    }

    fn transaction(&self, jobs: &mut [Box<dyn Job>]) -> Result<News, Failed> {
        self.setup.begin(&self.sql).map_err(Failed::AtOnce)?;
        let done = self.within(jobs);
        if done.is_err() && !self.sql.is_autocommit() {
            // SQLite has already rolled back after some errors. If it cannot now, the next BEGIN will say so.
            if let Err(error) = self.sql.run(say::ROLLBACK, []) {
                tracing::warn!(%error, "a transaction of tasks was not rolled back");
            }
        }
        done.map_err(Failed::Within)
    }

    fn within(&self, jobs: &mut [Box<dyn Job>]) -> rusqlite::Result<News> {
        let mut tx = Tx::new(&self.sql);
        for job in jobs.iter_mut().filter(|job| !job.is_idle()) {
            tx.now = self.clock.now();
            job.run(&mut tx)?;
        }
        tx.counts.save(&self.sql)?;
        self.sql.run(say::COMMIT, [])?;
        Ok(tx.news)
    }

    fn fail(&self, jobs: &mut [Box<dyn Job>], error: &rusqlite::Error) {
        let why = self.setup.named.explain(error);
        tracing::error!(%why, operations = jobs.len(), "tasks were not written");
        for job in jobs {
            job.fail(why.clone());
        }
    }

    /// What this process has changed. Whoever listens holds no lock of ours, nor of the file's.
    fn tell(&self, news: News) {
        for ears in self.ears.iter().filter_map(Weak::upgrade) {
            news.changed.iter().for_each(|id| ears.changed(id));
            if news.due {
                ears.due();
            }
        }
    }

    /// What others have changed: the version that this connection sees does not count its own commits.
    fn look(&mut self) {
        self.ears.retain(|ears| ears.strong_count() > 0);
        if self.ears.is_empty() || self.looked.elapsed() < LOOK_EVERY {
            return;
        }
        self.looked = Instant::now();
        // A file that cannot be read now is looked at again.
        let Ok(Some(version)) = self.sql.one(say::DATA_VERSION, [], |row| row.get(0)) else {
            return;
        };
        if self.version.replace(version).is_some_and(|before| before != version) {
            self.lookout.look(self.ears.clone(), &self.clock);
        }
    }
}
