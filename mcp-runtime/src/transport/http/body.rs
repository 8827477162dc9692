//! The body of a response: nothing, JSON, or an event stream.

use std::convert::Infallible;
use std::fmt;
use std::future::Future as _;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Instant, Sleep};

use super::replay::Reader;
use super::running::{Running, Work};
use crate::server::drive::Item;
use crate::server::outbox::Text;

/// How much is put together into one write, where more is ready.
pub(super) const CHUNK: usize = 16 << 10;

/// The body of a response of [`McpService`](crate::McpService).
///
/// Dropping the body of an event stream tells the server that the client is gone.
pub struct ResponseBody(Kind);

enum Kind {
    /// With the request that it answers, if that is to be kept until all is read, or nobody reads it any more.
    Full(Bytes, Option<Box<Work>>),
    Events(Box<Events>),
    Replayed(Box<Replayed>),
    #[cfg(feature = "console")]
    Stream(Pin<Box<dyn futures_core::Stream<Item = Bytes> + Send>>),
}

impl ResponseBody {
    pub(super) fn empty() -> Self {
        Self::full(Bytes::new())
    }

    pub(crate) fn full(bytes: impl Into<Bytes>) -> Self {
        Self(Kind::Full(bytes.into(), None))
    }

    /// Keeps the request that it answers.
    pub(super) fn keep(&mut self, answered: Option<Box<Work>>) {
        if let Kind::Full(_, kept) = &mut self.0 {
            *kept = answered;
        }
    }

    /// What a request says, with what it has said already.
    pub(super) fn events(running: Running, first: Text, keep_alive: Duration) -> Self {
        let (first, running) = (Some(first), Some(running));
        Self(Kind::Events(Box::new(Events { running, first, pulse: Pulse::new(keep_alive) })))
    }

    /// What a stream says. It is asked when the client can take more, so that nothing piles up.
    #[cfg(feature = "console")]
    pub(crate) fn stream(stream: impl futures_core::Stream<Item = Bytes> + Send + 'static) -> Self {
        Self(Kind::Stream(Box::pin(stream)))
    }

    /// What is noted of a stream, and what follows.
    pub(super) fn replayed(reader: Reader, keep_alive: Duration) -> Self {
        Self(Kind::Replayed(Box::new(Replayed {
            reader: Some(reader),
            pulse: Pulse::new(keep_alive),
        })))
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let data = match &mut self.0 {
            Kind::Full(bytes, _) => Some(std::mem::take(bytes)).filter(|bytes| !bytes.is_empty()),
            Kind::Events(events) => ready!(events.poll(cx)),
            Kind::Replayed(replayed) => ready!(replayed.poll(cx)),
            #[cfg(feature = "console")]
            Kind::Stream(stream) => ready!(stream.as_mut().poll_next(cx)),
        };
        Poll::Ready(data.map(|data| Ok(Frame::data(data))))
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Kind::Full(bytes, _) => bytes.is_empty(),
            Kind::Events(events) => events.running.is_none() && events.first.is_none(),
            Kind::Replayed(replayed) => replayed.reader.is_none(),
            #[cfg(feature = "console")]
            Kind::Stream(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Full(bytes, _) => SizeHint::with_exact(bytes.len() as u64),
            _ => SizeHint::default(),
        }
    }
}

impl fmt::Debug for ResponseBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match &self.0 {
            Kind::Full(..) => "full",
            Kind::Events(_) | Kind::Replayed(_) => "events",
            #[cfg(feature = "console")]
            Kind::Stream(_) => "stream",
        };
        f.debug_tuple("ResponseBody").field(&kind).finish()
    }
}

/// The event stream of one modern request: it owns the request, which ends with it.
struct Events {
    running: Option<Running>,
    first: Option<Text>,
    pulse: Pulse,
}

impl Events {
    fn poll(&mut self, cx: &mut TaskContext<'_>) -> Poll<Option<Bytes>> {
        let mut out = Vec::new();
        if let Some(first) = self.first.take() {
            write_event(&mut out, None, first.as_bytes());
        }
        while let Some(running) = &mut self.running
            && out.len() < CHUNK
        {
            match running.poll_item(cx) {
                Poll::Pending => break,
                Poll::Ready(Item::Message(text)) => write_event(&mut out, None, text.as_bytes()),
                Poll::Ready(Item::Response(response)) => {
                    write_event(&mut out, None, &response.body);
                    self.running = None;
                }
                Poll::Ready(Item::Nothing) => self.running = None,
            }
        }
        if !out.is_empty() {
            self.pulse.rest();
            return Poll::Ready(Some(out.into()));
        }
        if self.running.is_none() {
            return Poll::Ready(None);
        }
        self.pulse.poll(cx).map(Some)
    }
}

/// An event stream that outlives its connection.
struct Replayed {
    reader: Option<Reader>,
    pulse: Pulse,
}

impl Replayed {
    fn poll(&mut self, cx: &mut TaskContext<'_>) -> Poll<Option<Bytes>> {
        let Some(reader) = &mut self.reader else { return Poll::Ready(None) };
        match reader.poll(cx) {
            Poll::Ready(Some(events)) => {
                self.pulse.rest();
                Poll::Ready(Some(events))
            }
            Poll::Ready(None) => {
                self.reader = None;
                Poll::Ready(None)
            }
            Poll::Pending => self.pulse.poll(cx).map(Some),
        }
    }
}

/// Says now and then that a silent stream is alive, to whatever stands between: a comment, which clients ignore.
struct Pulse {
    every: Duration,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Pulse {
    fn new(every: Duration) -> Self {
        // Neither in a circle nor out of the clock's range, whatever somebody set.
        let every = every.clamp(Duration::from_millis(10), Duration::from_secs(24 * 60 * 60));
        Self { every, sleep: None }
    }

    fn rest(&mut self) {
        if let Some(sleep) = &mut self.sleep {
            sleep.as_mut().reset(Instant::now() + self.every);
        }
    }

    fn poll(&mut self, cx: &mut TaskContext<'_>) -> Poll<Bytes> {
        let every = self.every;
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep(every)));
        ready!(sleep.as_mut().poll(cx));
        self.rest();
        Poll::Ready(Bytes::from_static(b":\n\n"))
    }
}

/// One event. The text is one line, but for JSON that somebody else wrote.
pub(crate) fn write_event(out: &mut Vec<u8>, id: Option<(u64, u64)>, text: &[u8]) {
    use std::io::Write as _;
    out.reserve(text.len() + 32);
    if let Some((stream, event)) = id {
        // Writing into memory does not fail.
        let _ = writeln!(out, "id: {stream}-{event}");
    }
    if text.iter().any(|byte| matches!(byte, b'\n' | b'\r')) {
        // White space between tokens: inside a string JSON has it escaped.
        for line in text.split(|byte| matches!(byte, b'\n' | b'\r')) {
            write_data(out, line);
        }
    } else {
        write_data(out, text);
    }
    out.push(b'\n');
}

fn write_data(out: &mut Vec<u8>, line: &[u8]) {
    out.extend_from_slice(b"data: ");
    out.extend_from_slice(line);
    out.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_as_many_lines_as_its_text() {
        let mut out = Vec::new();
        write_event(&mut out, Some((3, 4)), b"{\"a\":1}");
        write_event(&mut out, None, b"{\n\"a\":\r1}");
        assert_eq!(
            String::from_utf8_lossy(&out),
            "id: 3-4\ndata: {\"a\":1}\n\ndata: {\ndata: \"a\":\ndata: 1}\n\n"
        );
    }
}
