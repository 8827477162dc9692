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
    /// Whoever wants to know whether there is a reader.
    watching: Option<Waker>,
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
            watching: None,
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

    /// Whether somebody reads; a wake-up when that changes.
    pub fn poll_read(&self, cx: &mut TaskContext<'_>) -> bool {
        let mut state = self.lock();
        if !state.watching.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            state.watching = Some(cx.waker().clone());
        }
        state.reader.is_some()
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
        let wakers = [state.reading.take(), state.writing.take(), state.watching.take()];
        drop(state);
        wakers.into_iter().for_each(wake);
        if let Some(listener) = &feed {
            listener.attach(from.is_some());
        }
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
                wake(state.watching.take());
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
        let wakers = [state.writing.take(), state.watching.take()];
        drop(state);
        wakers.into_iter().for_each(wake);
        if let Some(listener) = &self.feed {
            listener.detach();
        }
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

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use serde_json::value::RawValue;

    use super::super::sessions::Sessions;
    use super::*;
    use crate::protocol::legacy::Initialize;
    use crate::server::session::Session;

    fn limits(replayed_events: usize) -> Limits {
        Limits { replayed_events, ..Limits::default() }
    }

    fn entry() -> Arc<Entry> {
        let params = r#"{"protocolVersion":"2025-06-18"}"#.to_owned();
        let params = RawValue::from_string(params).expect("JSON");
        let initialize = Initialize::read(Some(&params)).expect("parameters");
        Sessions::new(limits(4)).add(Session::new(initialize, None, None)).expect("room")
    }

    fn read(reader: &mut Reader) -> Poll<Option<String>> {
        let events = reader.poll(&mut TaskContext::from_waker(Waker::noop()));
        events.map(|events| events.map(|it| String::from_utf8_lossy(&it).into_owned()))
    }

    #[tokio::test]
    async fn a_writer_waits_for_a_slow_reader_and_not_for_one_that_is_gone() {
        let (log, entry) = (Log::new(7, &limits(2)), entry());
        let mut reader = Reader::new(log.clone(), None, None, entry.busy());
        log.push(b"a").await;
        log.push(b"b").await;
        let mut cx = TaskContext::from_waker(Waker::noop());
        {
            let mut third = pin!(log.push(b"c"));
            assert!(third.as_mut().poll(&mut cx).is_pending());
            let text = "id: 7-1\ndata: a\n\nid: 7-2\ndata: b\n\n".to_owned();
            assert_eq!(read(&mut reader), Poll::Ready(Some(text)));
            assert!(third.as_mut().poll(&mut cx).is_ready());
        }
        log.push(b"d").await;
        drop(reader);
        for number in 0..100 {
            log.push(format!("{number}").as_bytes()).await;
        }
        assert_eq!(log.lock().events.len(), 2);
        log.end();
        let mut reader = Reader::new(log, Some(3), None, entry.busy());
        let text = "id: 7-103\ndata: 98\n\nid: 7-104\ndata: 99\n\n".to_owned();
        assert_eq!(read(&mut reader), Poll::Ready(Some(text)));
        assert_eq!(read(&mut reader), Poll::Ready(None));
    }

    #[tokio::test]
    async fn bytes_are_bounded_as_well() {
        let limits = Limits { message: 1000, ..limits(256) };
        let log = Log::new(1, &limits);
        for _ in 0..50 {
            log.push(&[b'x'; 400]).await;
        }
        assert!(log.bytes() <= 1000 && log.lock().events.len() == 2);
        // One that is larger than all is kept alone: it may be the response.
        log.push(&[b'x'; 4000]).await;
        assert_eq!(log.lock().events.len(), 1);
    }

    #[test]
    fn what_is_kept_of_streams_that_have_ended_is_bounded() {
        let (ended, entry) = (Ended::default(), entry());
        let mut gone = 0;
        for number in 0..2 * KEPT_STREAMS as u64 {
            gone += ended.add(&entry, &Log::new(number, &limits(4))).len();
        }
        assert_eq!(gone, KEPT_STREAMS);
    }
}
