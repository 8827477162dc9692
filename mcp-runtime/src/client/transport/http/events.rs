//! The events of one response, bounded.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;
use http_body::{Body, Frame, SizeHint};
use reqwest::Response;
use sse_stream::{Sse, SseStream};

use super::refusal::told;

/// What an event may have beside its data, and what comments may stand between two: a comment every 15 seconds for a day.
const AROUND: usize = 64 << 10;

/// How long to wait before a stream is resumed, where the server does not say; doubled from one failure to the next.
pub(super) const RETRY: Duration = Duration::from_secs(1);
/// The longest of these waits.
pub(super) const RETRY_MOST: Duration = Duration::from_secs(30);
/// The shortest, whatever the server says: with an event on each connection it would otherwise be a loop without a pause.
const RETRY_LEAST: Duration = Duration::from_millis(100);

/// Where a stream is to be resumed, and when.
#[derive(Default)]
pub(super) struct Cursor {
    pub last: Option<String>,
    retry: Option<Duration>,
    /// How often nothing came of it since the last event.
    pub failures: u32,
}

impl Cursor {
    pub fn note(&mut self, event: &Sse) {
        self.failures = 0;
        if let Some(id) = &event.id {
            self.last = (!id.is_empty()).then(|| id.clone());
        }
        if let Some(retry) = event.retry {
            self.retry = Some(Duration::from_millis(retry));
        }
    }

    /// Before the next attempt: what the server has asked for, and no less (2025-11-25, Sending Messages to the Server, 6).
    pub async fn wait(&mut self) {
        let more = 1 << self.failures.min(5);
        self.failures += 1;
        let wait = match self.retry {
            Some(retry) if more == 1 => retry.max(RETRY_LEAST),
            Some(retry) => retry.max((RETRY * more).min(RETRY_MOST)),
            None => (RETRY * more).min(RETRY_MOST),
        };
        tokio::time::sleep(wait).await;
    }
}

/// The events of one response, as they come.
pub(super) struct Events {
    events: SseStream<Bounded>,
    left: Arc<AtomicUsize>,
    most: usize,
}

impl Events {
    /// `limit` is the size of the longest message.
    pub fn new(response: Response, limit: usize) -> Self {
        let most = limit.saturating_add(AROUND);
        let left = Arc::new(AtomicUsize::new(most));
        let body = Bounded { body: response.into(), left: left.clone(), limit };
        Self { events: SseStream::new(body), left, most }
    }

    /// The next event; an error says why there are no more, `InvalidData` among them that the server does not keep to the format.
    pub async fn next(&mut self) -> io::Result<Option<Sse>> {
        let next = std::future::poll_fn(|cx| Pin::new(&mut self.events).poll_next(cx)).await;
        self.left.store(self.most, Ordering::Relaxed);
        match next {
            None => Ok(None),
            Some(Ok(event)) => Ok(Some(event)),
            Some(Err(sse_stream::Error::Body(error))) => match error.downcast::<io::Error>() {
                Ok(error) => Err(*error),
                Err(error) => Err(io::Error::other(error)),
            },
            Some(Err(error)) => Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("the event stream: {error}"),
            )),
        }
    }
}

/// A body that ends with an error where an event is too long.
struct Bounded {
    body: reqwest::Body,
    left: Arc<AtomicUsize>,
    limit: usize,
}

impl Body for Bounded {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let Some(frame) = ready!(Pin::new(&mut self.body).poll_frame(cx)) else {
            return Poll::Ready(None);
        };
        let frame = frame.map_err(|error| io::Error::other(told(&error)));
        if let Ok(data) = frame.as_ref().map(|frame| frame.data_ref().map_or(0, Bytes::len)) {
            let left = self.left.load(Ordering::Relaxed);
            let Some(left) = left.checked_sub(data) else {
                return Poll::Ready(Some(Err(too_long(self.limit))));
            };
            self.left.store(left, Ordering::Relaxed);
        }
        Poll::Ready(Some(frame))
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

pub(super) fn too_long(limit: usize) -> io::Error {
    let problem = format!("the server sent a message of more than {limit} bytes");
    io::Error::new(io::ErrorKind::InvalidData, problem)
}
