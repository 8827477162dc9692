//! Event streams of legacy sessions, noted so that a client which lost one can go on reading where it was
//! (2025-11-25, Resumability and Redelivery).

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context as TaskContext, Poll, Waker};

use bytes::Bytes;

use super::body::{CHUNK, write_event};
use super::sessions::{Busy, Entry};
use crate::server::limits::Limits;
use crate::server::listen::Listener;

/// The stream that belongs to no request.
pub(super) const STANDALONE: u64 = 0;

/// After how many milliseconds a client comes back to a stream that was closed.
const RETRY: u32 = 500;

/// What is kept of streams that have ended, in all sessions together.
const KEPT_BYTES: usize = 64 << 20;
const KEPT_STREAMS: usize = 4096;

/// One event stream: its last events, whether they were read or not.
///
/// Who writes waits for a reader that is slow, and not for one that is gone: then the oldest events give way.
pub(super) struct Log {
    pub number: u64,
    /// Events, and their bytes.
    limit: (usize, usize),
    state: Mutex<State>,
}

struct State {
    /// The last ones before `next`, as they are sent.
    events: VecDeque<Bytes>,
    bytes: usize,
    /// The number of the next event; the first is 1.
    next: u64,
    ended: bool,
    hang_up: bool,
    /// The reader that is attached.
    reader: Option<u64>,
    readers: u64,
    /// The first event that it has not read.
    unread: u64,
    reading: Option<Waker>,
    writing: Option<Waker>,
}

impl State {
    fn is_full(&self, (events, bytes): (usize, usize)) -> bool {
        let unread = usize::try_from(self.next - self.unread).unwrap_or(usize::MAX);
        self.reader.is_some()
            && unread > 0
            && (unread >= events
                || self.events.iter().rev().take(unread).map(Bytes::len).sum::<usize>() >= bytes)
    }

    fn add(&mut self, event: Bytes, (events, bytes): (usize, usize)) {
        self.bytes += event.len();
        self.events.push_back(event);
        self.next += 1;
        while self.events.len() > events || (self.bytes > bytes && self.events.len() > 1) {
            let oldest = self.next - self.events.len() as u64;
            if self.reader.is_some() && oldest >= self.unread {
                break;
            }
            self.bytes -= self.events.pop_front().map_or(0, |event| event.len());
        }
    }
}

fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}

impl Log {
    pub fn new(number: u64, limits: &Limits) -> Arc<Self> {
        let state = State {
            events: VecDeque::new(),
            bytes: 0,
            next: 1,
            ended: false,
            hang_up: false,
            reader: None,
            readers: 0,
            unread: 1,
            reading: None,
            writing: None,
        };
        let limit = (limits.replayed_events.max(1), limits.message);
        Arc::new(Self { number, limit, state: Mutex::new(state) })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An event without data, for the client to have an id to come back with.
    pub fn prime(&self) {
        let mut state = self.lock();
        let event = format!("id: {}-{}\nretry: {RETRY}\ndata: \n\n", self.number, state.next);
        state.add(event.into(), self.limit);
    }

    fn note(&self, state: &mut State, text: &[u8]) {
        let mut event = Vec::new();
        write_event(&mut event, Some((self.number, state.next)), text);
        state.add(event.into(), self.limit);
    }

    /// Adds a message, once there is room for it.
    pub async fn push(&self, text: &[u8]) {
        poll_fn(|cx| {
            let mut state = self.lock();
            if state.ended {
                return Poll::Ready(());
            }
            if state.is_full(self.limit) {
                state.writing = Some(cx.waker().clone());
                return Poll::Pending;
            }
            self.note(&mut state, text);
            let waker = state.reading.take();
            drop(state);
            wake(waker);
            Poll::Ready(())
        })
        .await;
    }

    /// Has whoever reads go away after what was said so far, and come back later.
    pub fn hang_up(&self) {
        let mut state = self.lock();
        state.hang_up = state.reader.is_some();
        let waker = state.reading.take();
        drop(state);
        wake(waker);
    }

    /// There will be no more.
    pub fn end(&self) {
        let mut state = self.lock();
        state.ended = true;
        let wakers = (state.reading.take(), state.writing.take());
        drop(state);
        wake(wakers.0);
        wake(wakers.1);
    }

    fn bytes(&self) -> usize {
        self.lock().bytes
    }
}

/// Reads a log, for one connection. A second reader takes the place of the first: a client that comes back may do so
/// before anybody noticed that it was gone.
pub(super) struct Reader {
    log: Arc<Log>,
    token: u64,
    /// The next event to read.
    at: u64,
    /// Where more comes from than was noted.
    feed: Option<Arc<Listener>>,
    _busy: Busy,
}

impl Reader {
    /// Reads from an event on, or what comes from now on.
    pub fn new(log: Arc<Log>, from: Option<u64>, feed: Option<Arc<Listener>>, busy: Busy) -> Self {
        let mut state = log.lock();
        state.readers += 1;
        let token = state.readers;
        let at = from.unwrap_or(state.next).clamp(1, state.next);
        state.reader = Some(token);
        state.unread = at;
        state.hang_up = false;
        let wakers = (state.reading.take(), state.writing.take());
        drop(state);
        wake(wakers.0);
        wake(wakers.1);
        Self { log, token, at, feed, _busy: busy }
    }

    /// Some events, or the end.
    pub fn poll(&mut self, cx: &mut TaskContext<'_>) -> Poll<Option<Bytes>> {
        let mut state = self.log.lock();
        loop {
            if state.reader != Some(self.token) {
                return Poll::Ready(None);
            }
            // What gave way is lost: a client sees it by the numbers.
            let oldest = state.next - state.events.len() as u64;
            self.at = self.at.max(oldest);
            if self.at < state.next {
                let start = usize::try_from(self.at - oldest).unwrap_or(usize::MAX);
                let (chunk, count) = gather(state.events.range(start.min(state.events.len())..));
                self.at += count;
                state.unread = self.at;
                let waker = state.writing.take();
                drop(state);
                wake(waker);
                return Poll::Ready(Some(chunk));
            }
            if state.hang_up {
                state.reader = None;
                return Poll::Ready(Some(format!("retry: {RETRY}\n\n").into()));
            }
            if state.ended {
                return Poll::Ready(None);
            }
            state.reading = Some(cx.waker().clone());
            // Under the lock, so that a reader whose place was taken does not take the wake-up of the other.
            match &self.feed {
                None => return Poll::Pending,
                Some(listener) => match listener.outbox.poll(cx) {
                    Poll::Ready(text) => self.log.note(&mut state, text.as_bytes()),
                    Poll::Pending if listener.has_ended() => return Poll::Ready(None),
                    Poll::Pending => return Poll::Pending,
                },
            }
        }
    }
}

fn gather<'e>(mut events: impl Iterator<Item = &'e Bytes>) -> (Bytes, u64) {
    let Some(first) = events.next() else { return (Bytes::new(), 0) };
    let mut count = 1;
    let mut more = events.next();
    if more.is_none() {
        return (first.clone(), count);
    }
    let mut chunk = first.to_vec();
    while let Some(event) = more
        && chunk.len() < CHUNK
    {
        chunk.extend_from_slice(event);
        count += 1;
        more = events.next();
    }
    (chunk.into(), count)
}

impl Drop for Reader {
    fn drop(&mut self) {
        let mut state = self.log.lock();
        if state.reader == Some(self.token) {
            state.reader = None;
        }
        let waker = state.writing.take();
        drop(state);
        wake(waker);
    }
}

/// Streams that have ended, oldest first: what is kept of them is bounded.
#[derive(Default)]
pub(super) struct Ended(Mutex<Queue>);

#[derive(Default)]
struct Queue {
    streams: VecDeque<(Weak<Entry>, u64, usize)>,
    bytes: usize,
}

impl Ended {
    /// Notes one, and hands back those that give way.
    pub fn add(&self, entry: &Arc<Entry>, log: &Log) -> Vec<(Arc<Entry>, u64)> {
        let bytes = log.bytes();
        let mut queue = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        queue.bytes += bytes;
        queue.streams.push_back((Arc::downgrade(entry), log.number, bytes));
        let mut gone = Vec::new();
        while queue.bytes > KEPT_BYTES || queue.streams.len() > KEPT_STREAMS {
            let Some((entry, number, bytes)) = queue.streams.pop_front() else { break };
            queue.bytes -= bytes;
            gone.extend(entry.upgrade().map(|entry| (entry, number)));
        }
        gone
    }
}
