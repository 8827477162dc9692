//! `tasks/result`: waits for the end of a task.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

use tokio::time::Sleep;

use super::asker::Asker;
use crate::error::RpcError;
use crate::protocol::envelope::Id;
use crate::protocol::{Response, Status, error_response};
use crate::server::calls::{Calls, Cancel};
use crate::server::desk::Seat;
use crate::server::drive::Item;
use crate::server::session::Session;
use crate::task::TaskId;
use crate::task::engine::Engine;

/// How long it waits for a client that lost its stream. One that comes back later asks again (L23).
const PATIENCE: Duration = Duration::from_secs(30);

/// A client waits for the end of a task (L52), whose questions reach it on this stream meanwhile. To drop it is no
/// cancellation of the task (D6).
pub(crate) struct TaskResultDrive {
    waiting: Pin<Box<dyn Future<Output = Response> + Send>>,
    sitting: Sitting,
    end: Option<Response>,
    /// Since nobody reads the stream.
    unheard: Option<Pin<Box<Sleep>>>,
    cancel: Arc<Cancel>,
    calls: Option<(Arc<Calls>, Id)>,
}

/// A seat at the desk, given up when it is dropped.
struct Sitting {
    engine: Arc<Engine>,
    id: TaskId,
    seat: Arc<Seat>,
}

impl Sitting {
    fn rise(&self) {
        self.engine.desk().rise(&self.id, &self.seat);
    }
}

impl Drop for Sitting {
    fn drop(&mut self) {
        self.rise();
        // What was asked here may be asked elsewhere.
        if self.engine.desk().wants(&self.id) {
            self.engine.show(&self.id);
        }
    }
}

impl TaskResultDrive {
    /// Not if there are too many requests, or one of this id.
    pub(super) fn new(
        asker: Asker,
        id: String,
        session: &Arc<Session>,
        calls: Option<Arc<Calls>>,
        limit: usize,
    ) -> Result<Self, &'static str> {
        let cancel = Arc::default();
        if let Some(calls) = &calls {
            calls.enter_brief(&asker.id, &cancel, limit)?;
        }
        let calls = calls.map(|calls| (calls, asker.id.clone()));
        let seat = Seat::new(session);
        let sitting =
            Sitting { engine: asker.engine.clone(), id: id.as_str().into(), seat: seat.clone() };
        let waiting = Box::pin(async move {
            let asked = async {
                // Nobody sits down at another's task.
                let view = asker.view("result", &id).await?;
                if view.record.state.is_final() {
                    return Ok(view);
                }
                asker.engine.desk().sit(&view.record.id, &seat);
                asker.engine.show(&view.record.id);
                asker.engine.wait(&asker.access, &id).await
            };
            match asked.await {
                Ok(view) => asker.result(&view),
                Err(error) => asker.response(Err(error.into())),
            }
        });
        Ok(Self { waiting, sitting, end: None, unheard: None, cancel, calls })
    }

    /// Whether somebody reads what it says. Where nobody does for long, it is over.
    pub fn set_heard(&mut self, heard: bool) {
        if self.sitting.seat.set_heard(heard) {
            self.unheard = (!heard).then(|| Box::pin(tokio::time::sleep(PATIENCE)));
            self.sitting.engine.show(&self.sitting.id);
        }
    }

    pub fn poll_item(&mut self, cx: &mut TaskContext<'_>) -> Poll<Item> {
        if self.cancel.poll(cx) {
            return Poll::Ready(Item::Nothing);
        }
        if self.end.is_none()
            && let Poll::Ready(response) = self.poll_end(cx)
        {
            // What was asked here and not answered is taken back before the response.
            self.sitting.rise();
            self.end = Some(response);
        }
        if let Poll::Ready(text) = self.sitting.seat.outbox.poll(cx) {
            return Poll::Ready(Item::Message(text));
        }
        if let Some(response) = self.end.take() {
            return Poll::Ready(Item::Response(response));
        }
        match &mut self.unheard {
            Some(patience) => patience.as_mut().poll(cx).map(|()| Item::Nothing),
            None => Poll::Pending,
        }
    }

    /// A store is somebody else's code: its panic is an error of this request alone.
    fn poll_end(&mut self, cx: &mut TaskContext<'_>) -> Poll<Response> {
        let waiting = &mut self.waiting;
        catch_unwind(AssertUnwindSafe(|| waiting.as_mut().poll(cx))).unwrap_or_else(|_| {
            tracing::error!(target: "mcp", "the task store panicked");
            let id = self.calls.as_ref().map(|(_, id)| id);
            let error = RpcError::internal("`tasks/result` panicked");
            Poll::Ready(error_response(id, &error, Status::Ok))
        })
    }
}

impl Drop for TaskResultDrive {
    fn drop(&mut self) {
        if let Some((calls, id)) = &self.calls {
            calls.leave_brief(id, &self.cancel);
        }
    }
}
