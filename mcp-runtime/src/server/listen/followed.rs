//! The tasks that a stream of changes follows.
//!
//! What there is to say of one is looked up when its client can take it. Results are large: a client that does not read must
//! not cost more than ids.

use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context as TaskContext, Poll, ready};
use std::time::Duration;

use super::Listener;
use crate::protocol::modern;
use crate::server::handle::Server;
use crate::server::outbox::Text;
use crate::task::{Access, TaskId};

/// How long to wait before a store is asked again that could not be used.
const AGAIN: Duration = Duration::from_secs(1);

/// Which of them the client has not heard all of.
#[derive(Default)]
pub(super) struct Followed(Mutex<State>);

#[derive(Default)]
struct State {
    tasks: HashMap<TaskId, Heard>,
    /// Those that there is something to say of, each once.
    news: VecDeque<TaskId>,
}

/// How much the client has heard of one.
#[derive(Default)]
struct Heard {
    change: Option<u64>,
    waits: bool,
}

impl Followed {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A task has changed. Whether that adds to what is to be said.
    pub fn mark(&self, id: &TaskId, change: u64) -> bool {
        let mut state = self.lock();
        let heard = state.tasks.entry(id.clone()).or_default();
        if heard.waits || heard.change >= Some(change) {
            return false;
        }
        heard.waits = true;
        state.news.push_back(id.clone());
        true
    }

    fn next(&self) -> Option<TaskId> {
        let mut state = self.lock();
        let id = state.news.pop_front()?;
        state.tasks.entry(id.clone()).or_default().waits = false;
        Some(id)
    }

    /// The client is being told of this change. Whether it has not heard of it yet.
    fn tell(&self, id: &TaskId, change: u64) -> bool {
        let mut state = self.lock();
        let heard = state.tasks.entry(id.clone()).or_default();
        let new = heard.change < Some(change);
        heard.change = heard.change.max(Some(change));
        new
    }
}

/// Says what there is to say, one after the other.
#[derive(Default)]
pub(crate) struct Teller(Option<Pin<Box<dyn Future<Output = Option<Text>> + Send>>>);

impl Teller {
    /// Whether it is about to say something.
    pub fn is_busy(&self) -> bool {
        self.0.is_some()
    }

    /// The next notification. Pending also where there is none: the outbox of the listener is woken when there is news.
    pub fn poll(
        &mut self,
        cx: &mut TaskContext<'_>,
        server: &Server,
        listener: &Arc<Listener>,
    ) -> Poll<Text> {
        loop {
            if self.0.is_none() {
                let Some(id) = listener.followed.next() else { return Poll::Pending };
                self.0 = Some(Box::pin(look(server.clone(), listener.clone(), id)));
            }
            let Some(looking) = &mut self.0 else { return Poll::Pending };
            // A store is somebody else's code: its panic must not end the connection.
            let polled = catch_unwind(AssertUnwindSafe(|| looking.as_mut().poll(cx)));
            let text = ready!(polled.unwrap_or_else(|_| {
                tracing::error!(target: "mcp", "the task store panicked");
                Poll::Ready(None)
            }));
            self.0 = None;
            if let Some(text) = text {
                return Poll::Ready(text);
            }
        }
    }
}

/// All of a task as it is now (X66), unless the client has heard that. One that has expired is not spoken of any more.
async fn look(server: Server, listener: Arc<Listener>, id: TaskId) -> Option<Text> {
    let inner = server.inner();
    let stream = listener.subscription.as_ref()?;
    let view = loop {
        match inner.tasks.store().get(&Access::Operator, &id).await {
            Ok(view) => break view?,
            Err(error) => {
                tracing::error!(target: "mcp", task = %id, %error, "a task cannot be shown");
                if listener.has_ended() {
                    return None;
                }
                tokio::time::sleep(AGAIN).await;
            }
        }
    };
    let poll = inner.tasks.settings().poll_interval;
    let news = listener.followed.tell(&id, view.record.change);
    news.then(|| modern::tasks::changed(&view, poll, &inner.server_info, stream)).flatten()
}
