//! The event stream of one console: what changed since it was last read.
//!
//! Nothing is queued. Between two events it waits for the store to call, or for a while; then it looks, and says how what
//! it sees differs from what it said before.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;
use http::{HeaderValue, Response, StatusCode, header};
use serde::Serialize;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::Instant;

use super::api::Query;
use super::tasks::id;
use super::window::{News, Window};
use super::{Answer, Problem, Site};
use crate::server::registry::Registry;
use crate::task::operator::{Short, Whole};
use crate::task::{Ears, Stats, StoreError, TaskId, TaskStore};
use crate::transport::http::{ResponseBody, write_event};

/// Between two looks, however much happens.
const PAUSE: Duration = Duration::from_millis(100);

/// Between two looks when the store does not call. Steps of a task are nothing that clients see, so stores do not call for
/// them.
const WATCHING: Duration = Duration::from_millis(300);

/// The same when no task is watched that runs.
const IDLE: Duration = Duration::from_secs(2);

/// How long nothing is said before a sign of life.
const SILENCE: Duration = Duration::from_secs(15);

/// Hears of changes, and passes it on to all streams.
pub(super) struct Bell(watch::Sender<u64>);

impl Bell {
    pub fn hung(store: &dyn TaskStore) -> Arc<Self> {
        let bell = Arc::new(Self(watch::Sender::new(0)));
        let ears: Weak<Self> = Arc::downgrade(&bell);
        store.listen(ears);
        bell
    }
}

impl Ears for Bell {
    fn changed(&self, _: &TaskId) {
        self.lost();
    }

    fn due(&self) {
        self.lost();
    }

    fn lost(&self) {
        self.0.send_modify(|count| *count = count.wrapping_add(1));
    }

    fn watched(&self) -> Vec<(TaskId, u64)> {
        Vec::new()
    }
}

/// Opens a stream.
pub(super) fn open(site: &Arc<Site>, query: &Query<'_>) -> Answer {
    let permit = site.streams.clone().try_acquire_owned().map_err(|_| {
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "too many consoles are open: close one")
    })?;
    let feed = Feed {
        watched: query.get("task").and_then(id),
        seen: Seen::Nothing,
        window: Window::default(),
        stats: Stats::default(),
        registry: site.server.registry(),
        trouble: false,
        bell: site.bell.0.subscribe(),
        closed: site.closed.subscribe(),
        looked: None,
        said: Instant::now(),
        site: site.clone(),
        _permit: permit,
    };
    let mut response = Response::new(ResponseBody::stream(Unfold(Box::pin(feed.next()))));
    let kind = HeaderValue::from_static("text/event-stream");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    Ok(response)
}

struct Feed {
    site: Arc<Site>,
    watched: Option<TaskId>,
    /// Of the task that is watched.
    seen: Seen,
    window: Window,
    stats: Stats,
    registry: Arc<Registry>,
    trouble: bool,
    bell: watch::Receiver<u64>,
    closed: watch::Receiver<bool>,
    looked: Option<Instant>,
    said: Instant,
    _permit: OwnedSemaphorePermit,
}

enum Seen {
    Nothing,
    Gone,
    /// As JSON, and whether it goes on.
    Task(Vec<u8>, bool),
}

type Step = Pin<Box<dyn Future<Output = Option<(Bytes, Feed)>> + Send>>;

/// A stream that is made of one future after the other.
struct Unfold(Step);

impl Stream for Unfold {
    type Item = Bytes;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        self.0.as_mut().poll(cx).map(|step| {
            let (bytes, feed) = step?;
            self.0 = Box::pin(feed.next());
            Some(bytes)
        })
    }
}

impl Feed {
    /// The next bytes, with what follows. `None`: the server shuts down.
    async fn next(mut self) -> Option<(Bytes, Self)> {
        let mut out = Vec::new();
        loop {
            if *self.closed.borrow() {
                return None;
            }
            self.rest().await;
            match self.look(&mut out).await {
                Ok(()) => self.trouble = false,
                // Once is enough.
                Err(_) if self.trouble => {}
                Err(error) => {
                    self.trouble = true;
                    event(&mut out, "trouble", &serde_json::json!({ "error": error.to_string() }));
                }
            }
            if out.is_empty() && self.said.elapsed() >= SILENCE {
                out.extend_from_slice(b":\n\n");
            }
            if !out.is_empty() {
                self.said = Instant::now();
                return Some((out.into(), self));
            }
        }
    }

    /// Waits until it is worth to look again.
    async fn rest(&mut self) {
        let Some(looked) = self.looked else { return };
        let every = if matches!(self.seen, Seen::Task(_, true)) { WATCHING } else { IDLE };
        let called = async {
            tokio::time::sleep_until(looked + PAUSE).await;
            drop(self.bell.changed().await);
        };
        tokio::select! {
            () = tokio::time::sleep_until(looked + every) => {}
            () = called => {}
            _ = self.closed.changed() => {}
        }
    }

    async fn look(&mut self, out: &mut Vec<u8>) -> Result<(), StoreError> {
        self.bell.mark_unchanged();
        self.looked = Some(Instant::now());
        let registry = self.site.server.registry();
        if !Arc::ptr_eq(&registry, &self.registry) {
            self.registry = registry;
            event(out, "lists", &serde_json::json!({}));
        }
        let store = self.site.server.task_store();
        let first = self.window.is_new();
        let (news, stats) = (self.window.look(&**store).await?, store.stats().await?);
        if first || stats != self.stats || !news.is_none() {
            self.stats = stats;
            event(out, "tasks", &tasks(&news, &stats, first));
        }
        let Some(id) = &self.watched else { return Ok(()) };
        match store.inspect(id).await? {
            Some(detail) => {
                let json = serde_json::to_vec(&Whole(&detail)).unwrap_or_default();
                let is_news = !matches!(&self.seen, Seen::Task(before, _) if *before == json);
                if is_news {
                    named(out, "task", &json);
                    self.seen = Seen::Task(json, !detail.view.record.state.is_final());
                }
            }
            None if matches!(self.seen, Seen::Gone) => {}
            None => {
                self.seen = Seen::Gone;
                event(out, "gone", &serde_json::json!({ "id": id.as_str() }));
            }
        }
        Ok(())
    }
}

/// `whole`: this is the whole picture, whatever was said before.
fn tasks(news: &News, stats: &Stats, whole: bool) -> serde_json::Value {
    serde_json::json!({
        "whole": whole,
        "changed": news.changed.iter().map(Short).collect::<Vec<_>>(),
        "gone": news.gone.iter().map(TaskId::as_str).collect::<Vec<_>>(),
        "running": stats.running,
        "due": stats.due,
        "waiting": stats.waiting,
        "ended": stats.ended,
    })
}

fn event(out: &mut Vec<u8>, name: &str, value: &impl Serialize) {
    named(out, name, &serde_json::to_vec(value).unwrap_or_default());
}

fn named(out: &mut Vec<u8>, name: &str, json: &[u8]) {
    out.extend_from_slice(b"event: ");
    out.extend_from_slice(name.as_bytes());
    out.push(b'\n');
    write_event(out, None, json);
}
