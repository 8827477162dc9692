//! Requests that are being answered, and what becomes of them when their client goes away.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context as TaskContext, Poll, ready};

use tokio::runtime::Handle;
use tokio::sync::Notify;

use super::replay::Log;
use super::sessions::Busy;
use crate::protocol::{Response, Status};
use crate::server::drive::{Drive, Item};
use crate::server::outbox::Text;

/// How many requests are being answered, at most `limit`.
pub(super) struct Gauge {
    running: AtomicUsize,
    limit: usize,
    idle: Notify,
}

impl Gauge {
    pub fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self { running: AtomicUsize::new(0), limit, idle: Notify::new() })
    }

    /// One more, unless there are too many.
    pub fn enter(self: &Arc<Self>) -> Option<Permit> {
        let permit = self.running.fetch_add(1, Ordering::SeqCst) < self.limit;
        let entered = Permit(self.clone());
        permit.then_some(entered)
    }

    /// Waits until none is left.
    pub async fn idle(&self) {
        loop {
            let idle = self.idle.notified();
            if self.running.load(Ordering::SeqCst) == 0 {
                return;
            }
            idle.await;
        }
    }
}

pub(super) struct Permit(Arc<Gauge>);

impl Drop for Permit {
    fn drop(&mut self) {
        if self.0.running.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.0.idle.notify_waiters();
        }
    }
}

/// What one POST asked for.
pub(super) enum Work {
    One(Drive),
    Batch(Batch),
}

impl Work {
    fn set_heard(&mut self, heard: bool) {
        if let Self::One(drive) = self {
            drive.set_heard(heard);
        }
    }

    fn poll_item(&mut self, cx: &mut TaskContext<'_>) -> Poll<Item> {
        match self {
            Self::One(drive) => drive.poll_item(cx),
            Self::Batch(batch) => batch.poll_item(cx),
        }
    }
}

/// The requests of one batch; their responses travel together.
pub(super) struct Batch {
    pub drives: Vec<Drive>,
    pub responses: Vec<Vec<u8>>,
}

impl Batch {
    fn poll_item(&mut self, cx: &mut TaskContext<'_>) -> Poll<Item> {
        let mut index = 0;
        while let Some(drive) = self.drives.get_mut(index) {
            match drive.poll_item(cx) {
                Poll::Pending => index += 1,
                Poll::Ready(Item::Message(text)) => return Poll::Ready(Item::Message(text)),
                Poll::Ready(end) => {
                    if let Item::Response(response) = end {
                        self.responses.push(response.body);
                    }
                    self.drives.swap_remove(index);
                }
            }
        }
        if !self.drives.is_empty() {
            return Poll::Pending;
        }
        Poll::Ready(match std::mem::take(&mut self.responses) {
            none if none.is_empty() => Item::Nothing,
            responses => Item::Response(array(&responses)),
        })
    }
}

/// Responses as one.
pub(super) fn array(responses: &[Vec<u8>]) -> Response {
    let mut body = vec![b'['];
    body.extend_from_slice(&responses.join(&b','));
    body.push(b']');
    Response { body, status: Status::Ok }
}

/// A request that is being answered.
///
/// Dropped before its end: a modern one is cancelled, since its client is gone (2026-07-28, Streamable HTTP,
/// Cancellation); a legacy one goes on (2025-11-25, Sending Messages, 6).
pub(super) struct Running {
    work: Option<Work>,
    permit: Option<Permit>,
    /// The session, if it is one of a session.
    busy: Option<Busy>,
    /// Nobody could use the result of a legacy request without its response.
    fragile: bool,
    /// Such a request when it is answered: its session hears what follows from it once this is dropped.
    answered: Option<Box<Work>>,
}

impl Running {
    pub fn new(work: Work, permit: Option<Permit>, busy: Option<Busy>) -> Self {
        Self { work: Some(work), permit, busy, fragile: false, answered: None }
    }

    /// Ends it with its client in any era: a task that nobody knows of must not be left behind (D7).
    pub fn end_with_client(&mut self) {
        self.fragile = true;
    }

    pub fn poll_item(&mut self, cx: &mut TaskContext<'_>) -> Poll<Item> {
        let Some(work) = &mut self.work else { return Poll::Ready(Item::Nothing) };
        let item = ready!(work.poll_item(cx));
        if !matches!(item, Item::Message(_)) {
            self.answered = self.work.take().filter(|_| self.fragile).map(Box::new);
        }
        Poll::Ready(item)
    }

    /// What is to be kept until the response is written.
    pub fn answered(&mut self) -> Option<Box<Work>> {
        self.answered.take()
    }

    pub async fn next(&mut self) -> Item {
        poll_fn(|cx| self.poll_item(cx)).await
    }

    pub fn session(&self) -> Option<&Busy> {
        self.busy.as_ref()
    }

    /// Answers the request into a log, whether somebody reads it or not.
    pub fn record(mut self, log: Arc<Log>, first: Text) {
        let (Some(mut work), permit, Some(busy)) =
            (self.work.take(), self.permit.take(), self.busy.take())
        else {
            return;
        };
        tokio::spawn(async move {
            let mut text = Some(first);
            loop {
                match text.take() {
                    // A handler wants the client to come back later.
                    Some(text) if text.is_empty() => log.hang_up(),
                    Some(text) => log.push(text.as_bytes()).await,
                    None => {}
                }
                let next = poll_fn(|cx| {
                    work.set_heard(log.poll_read(cx));
                    work.poll_item(cx)
                });
                match next.await {
                    Item::Message(more) => text = Some(more),
                    Item::Response(response) => {
                        log.push(&response.body).await;
                        break;
                    }
                    Item::Nothing => break,
                }
            }
            log.end();
            busy.entry().has_ended(&log);
            drop((work, permit, busy));
        });
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let Some(mut work) = self.work.take() else { return };
        // Without a runtime there is nobody left to run it.
        let Ok(runtime) = Handle::try_current() else { return };
        let (permit, busy) = (self.permit.take(), self.busy.take());
        match (busy, work) {
            (None, Work::One(drive @ Drive::Call(_))) => {
                runtime.spawn(async move {
                    drive.abandon().await;
                    drop(permit);
                });
            }
            (None, _) => {}
            // To stop waiting for a task is no loss: its client asks again (L23, D6).
            (Some(_), Work::One(Drive::Result(_))) => {}
            (Some(_), _) if self.fragile => {}
            (Some(busy), one) => {
                work = one;
                // Nothing was said yet that the client could come back to; what the handler does is done all the same.
                runtime.spawn(async move {
                    while let Item::Message(text) = poll_fn(|cx| work.poll_item(cx)).await {
                        busy.entry().session.unheard(&text);
                    }
                    drop((work, permit, busy));
                });
            }
        }
    }
}
