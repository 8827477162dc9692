//! Legacy sessions over HTTP: what `initialize` agreed upon, under an id that nobody can guess.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tokio::time::Instant;

use super::replay::{Ended, Log, Reader, STANDALONE};
use crate::server::limits::Limits;
use crate::server::principal::Principal;
use crate::server::session::Session;

/// One session.
pub(super) struct Entry {
    pub id: Box<str>,
    pub session: Arc<Session>,
    sessions: Arc<Sessions>,
    /// Calls that run and streams that are open.
    busy: AtomicUsize,
    /// In milliseconds since the table was made.
    used: AtomicU64,
    streams: Mutex<Streams>,
}

#[derive(Default)]
struct Streams {
    last: u64,
    logs: HashMap<u64, Arc<Log>>,
    closed: bool,
}

impl Entry {
    fn streams(&self) -> MutexGuard<'_, Streams> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn touch(&self) {
        self.used.store(self.sessions.now(), Ordering::Relaxed);
    }

    /// Keeps the session from being idle.
    pub fn busy(self: &Arc<Self>) -> Busy {
        self.busy.fetch_add(1, Ordering::SeqCst);
        Busy(self.clone())
    }

    fn is_busy(&self) -> bool {
        self.busy.load(Ordering::SeqCst) > 0
    }

    /// A stream for a call, and the client's end of it.
    pub fn open(self: &Arc<Self>) -> (Arc<Log>, Reader) {
        let mut streams = self.streams();
        streams.last += 1;
        let log = Log::new(streams.last, &self.sessions.limits);
        if streams.closed {
            log.end();
        }
        streams.logs.insert(log.number, log.clone());
        drop(streams);
        let reader = Reader::new(log.clone(), None, None, self.busy());
        (log, reader)
    }

    /// The stream that belongs to no call, after an event or from now on.
    pub fn listen(self: &Arc<Self>, after: Option<u64>) -> (Arc<Log>, Reader) {
        let log = {
            let mut streams = self.streams();
            let new = || Log::new(STANDALONE, &self.sessions.limits);
            streams.logs.entry(STANDALONE).or_insert_with(new).clone()
        };
        let from = after.map(|event| event.saturating_add(1));
        let feed = Some(self.session.listener.clone());
        let reader = Reader::new(log.clone(), from, feed, self.busy());
        (log, reader)
    }

    /// The rest of a stream, if it is still known.
    pub fn resume(self: &Arc<Self>, number: u64, after: u64) -> Option<Reader> {
        if number == STANDALONE {
            return Some(self.listen(Some(after)).1);
        }
        let log = self.streams().logs.get(&number)?.clone();
        Some(Reader::new(log, Some(after.saturating_add(1)), None, self.busy()))
    }

    /// The stream is complete. It is kept for a while, in case that its end did not arrive.
    pub fn has_ended(self: &Arc<Self>, log: &Log) {
        for (entry, number) in self.sessions.ended.add(self, log) {
            entry.streams().logs.remove(&number);
        }
    }

    fn close(&self) {
        self.session.close();
        let mut streams = self.streams();
        streams.closed = true;
        for log in streams.logs.values() {
            log.end();
        }
    }
}

/// A session at work.
pub(super) struct Busy(Arc<Entry>);

impl Busy {
    pub fn entry(&self) -> &Arc<Entry> {
        &self.0
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.touch();
        self.0.busy.fetch_sub(1, Ordering::SeqCst);
    }
}

/// All sessions. One that was idle for too long is gone, and noticed when it is looked for or room is needed.
pub(super) struct Sessions {
    limits: Limits,
    begun: Instant,
    table: Mutex<Table>,
    ended: Ended,
}

#[derive(Default)]
struct Table {
    by_id: HashMap<Box<str>, Arc<Entry>>,
    /// When it was last searched for idle ones.
    swept: u64,
}

/// Why there is no new session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoSession {
    Full,
    NoRandomness,
}

impl Sessions {
    pub fn new(limits: Limits) -> Arc<Self> {
        let table = Mutex::default();
        Arc::new(Self { limits, begun: Instant::now(), table, ended: Ended::default() })
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> u64 {
        millis(self.begun.elapsed())
    }

    fn is_over(&self, entry: &Entry, now: u64) -> bool {
        let idle = now.saturating_sub(entry.used.load(Ordering::Relaxed));
        !entry.is_busy() && idle > millis(self.limits.session_idle)
    }

    /// A new session.
    pub fn add(self: &Arc<Self>, session: Arc<Session>) -> Result<Arc<Entry>, NoSession> {
        let mut id = [0; 24];
        getrandom::fill(&mut id).map_err(|_| NoSession::NoRandomness)?;
        let id: Box<str> = URL_SAFE_NO_PAD.encode(id).into();
        let now = self.now();
        let entry = Arc::new(Entry {
            id: id.clone(),
            session,
            sessions: self.clone(),
            busy: AtomicUsize::new(0),
            used: AtomicU64::new(now),
            streams: Mutex::default(),
        });
        let mut gone = Vec::new();
        let room = {
            let mut table = self.table();
            let is_full = table.by_id.len() >= self.limits.sessions;
            if is_full || now.saturating_sub(table.swept) > 1000 {
                table.swept = now;
                gone.extend(table.by_id.extract_if(|_, entry| self.is_over(entry, now)));
            }
            if table.by_id.len() >= self.limits.sessions {
                let idle = table.by_id.values().filter(|entry| !entry.is_busy());
                let oldest = idle.min_by_key(|entry| entry.used.load(Ordering::Relaxed));
                if let Some(oldest) = oldest.map(|entry| entry.id.clone()) {
                    gone.extend(table.by_id.remove_entry(&oldest));
                }
            }
            let room = table.by_id.len() < self.limits.sessions;
            if room {
                table.by_id.insert(id, entry.clone());
            }
            room
        };
        gone.iter().for_each(|(_, entry)| entry.close());
        if room { Ok(entry) } else { Err(NoSession::Full) }
    }

    /// The session with this id, if it is this principal's.
    pub fn find(&self, id: &[u8], principal: Option<&Principal>) -> Option<Arc<Entry>> {
        let id = std::str::from_utf8(id).ok()?;
        let mut table = self.table();
        let entry = table
            .by_id
            .get(id)
            .filter(|entry| entry.session.principal.as_ref() == principal)?
            .clone();
        if self.is_over(&entry, self.now()) {
            table.by_id.remove(id);
            drop(table);
            entry.close();
            return None;
        }
        entry.touch();
        Some(entry)
    }

    /// Ends a session: what runs in it is cancelled.
    pub fn remove(&self, entry: &Entry) {
        self.table().by_id.remove(&entry.id);
        entry.close();
    }

    /// Ends all.
    pub fn close(&self) {
        let all = std::mem::take(&mut self.table().by_id);
        all.values().for_each(|entry| entry.close());
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
