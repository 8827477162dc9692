//! Streams of changes (2026-07-28, Subscriptions).

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mcp_schema::v2026_07_28::SubscriptionFilter;
use mcp_schema::{JsonObject, Value};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::connection::{Before, Pending};
use super::error::ClientError;
use super::methods::{Client, WeakClient};
use super::rounds::{Options, Tasks};

const METHOD: &str = "subscriptions/listen";

/// How long to wait before a stream that broke off is opened again, at first and at most; each wait is twice the one before,
/// and up to a half of it is left to chance, so that clients which lost the same server do not come back together.
const PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// How often in a row that may fail.
const ATTEMPTS: u32 = 10;

/// What a server says has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// The list of tools.
    Tools,
    /// The list of prompts.
    Prompts,
    /// The list of resources, or that of templates.
    Resources,
    /// The contents of the resource with this address.
    Resource(String),
    /// Anything that the stream is about: it was interrupted, or more came than was taken. Fetch all of it again.
    Missed,
}

impl Change {
    fn of(method: &str, params: &Value) -> Option<Self> {
        Some(match method {
            "notifications/tools/list_changed" => Self::Tools,
            "notifications/prompts/list_changed" => Self::Prompts,
            "notifications/resources/list_changed" => Self::Resources,
            "notifications/resources/updated" => Self::Resource(params["uri"].as_str()?.to_owned()),
            _ => return None,
        })
    }
}

/// Changes that wait to be taken. Each says only that something is to be fetched again, so one of a kind is enough.
const WAITING: usize = 1024;

/// What one stream has said so far.
#[derive(Default)]
pub(super) struct Ear {
    heard: Mutex<Heard>,
    news: Notify,
}

#[derive(Default)]
struct Heard {
    acknowledged: Option<SubscriptionFilter>,
    changes: VecDeque<Change>,
    ended: bool,
}

impl Ear {
    fn heard(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn hear(&self, method: &str, params: &Value) {
        let mut heard = self.heard();
        match method {
            "notifications/subscriptions/acknowledged" => {
                heard.acknowledged = SubscriptionFilter::deserialize(&params["notifications"]).ok();
            }
            "notifications/cancelled" => heard.ended = true,
            method => {
                if let Some(change) = Change::of(method, params)
                    && !heard.changes.contains(&change)
                    && !heard.changes.contains(&Change::Missed)
                {
                    if heard.changes.len() >= WAITING {
                        heard.changes.clear();
                        heard.changes.push_back(Change::Missed);
                    } else {
                        heard.changes.push_back(change);
                    }
                }
            }
        }
        drop(heard);
        self.news.notify_one();
    }

    async fn until<T>(&self, mut found: impl FnMut(&mut Heard) -> Option<T>) -> T {
        loop {
            if let Some(found) = found(&mut self.heard()) {
                return found;
            }
            // A permit is kept for whoever comes too late, so nothing is missed between the two.
            self.news.notified().await;
        }
    }
}

/// A stream of changes. Dropping it ends it.
///
/// One that breaks off is opened again by itself, where the connection is still there: over HTTP, each stream is an exchange of
/// its own. That is tried ten times in a row, a quarter of a second after the break and then more and more slowly, up to every
/// 30 seconds. Once it is open again, [`Change::Missed`] says that what was told meanwhile is lost, and the client's cache has
/// forgotten what the stream is about.
pub struct Subscription {
    client: WeakClient,
    wanted: SubscriptionFilter,
    tasks: Tasks,
    acknowledged: SubscriptionFilter,
    stream: Stream,
}

enum Stream {
    Open(Open),
    /// It broke off, is to be opened again at that time, and was so often in vain.
    Broken {
        again: Instant,
        failures: u32,
    },
    Over,
}

struct Open {
    pending: Pending,
    ear: Arc<Ear>,
}

impl Subscription {
    pub(super) async fn open(
        client: &Client,
        wanted: SubscriptionFilter,
    ) -> Result<Self, ClientError> {
        // Of tasks only those are told who say that they know them.
        let of_tasks = wanted.extra.get("taskIds").is_some();
        let tasks = if of_tasks { Tasks::Declared } else { Tasks::None };
        let (open, acknowledged) = Open::new(client, &wanted, tasks).await?;
        let stream = Stream::Open(open);
        Ok(Self { client: client.downgrade(), wanted, tasks, acknowledged, stream })
    }

    /// What the server will tell, which may be less than was asked for, and another time less than before.
    pub fn acknowledged(&self) -> &SubscriptionFilter {
        &self.acknowledged
    }

    /// The next change; nothing once the server has ended the stream. Changes that are alike and were not taken yet are one,
    /// and more than 1024 that were not taken are [`Change::Missed`].
    ///
    /// Cancel safe.
    ///
    /// # Errors
    ///
    /// [`ClientError::Closed`] when the connection broke off, [`ClientError::Rpc`] when the server ended the stream with an
    /// error, and what went wrong last when it could not be opened again: open another one, and fetch again what the changes are
    /// about. After an error there is nothing.
    pub async fn next(&mut self) -> Result<Option<Change>, ClientError> {
        loop {
            match &mut self.stream {
                Stream::Over => return Ok(None),
                Stream::Open(open) => match open.next().await {
                    Ok(Some(change)) => return Ok(Some(change)),
                    Ok(None) => {
                        self.stream = Stream::Over;
                        return Ok(None);
                    }
                    Err(error) => self.broken(error, 0)?,
                },
                Stream::Broken { again, failures } => {
                    let failures = *failures;
                    tokio::time::sleep_until(*again).await;
                    match self.again().await {
                        Ok(()) => return Ok(Some(Change::Missed)),
                        Err(error) => self.broken(error, failures + 1)?,
                    }
                }
            }
        }
    }

    /// What comes of an error: another attempt, where that may help.
    fn broken(&mut self, error: ClientError, failures: u32) -> Result<(), ClientError> {
        let after = match &error {
            ClientError::Interrupted { .. }
            | ClientError::Unreachable { .. }
            | ClientError::TimedOut { .. } => None,
            // The server is there, and not well, or has too much to do.
            ClientError::Http { status, retry_after, .. } if *status >= 500 || *status == 429 => {
                *retry_after
            }
            _ => return self.over(error),
        };
        // Who follows a task looks at it meanwhile, and opens another stream when it is worth it.
        if failures >= ATTEMPTS || self.tasks != Tasks::None {
            return self.over(error);
        }
        let pause = PAUSE.saturating_mul(1 << failures.min(16)).min(LONGEST_PAUSE);
        let pause = pause.mul_f64(0.5 + chance() / 2.0).max(after.unwrap_or_default());
        tracing::debug!(target: "mcp", %error, ?pause, "the stream of changes is opened again");
        // An hour is for ever: a server that says a century shall not make the sum overflow.
        let again = Instant::now() + pause.min(Duration::from_secs(3600));
        self.stream = Stream::Broken { again, failures };
        Ok(())
    }

    fn over(&mut self, error: ClientError) -> Result<(), ClientError> {
        self.stream = Stream::Over;
        Err(error)
    }

    async fn again(&mut self) -> Result<(), ClientError> {
        let closed = || ClientError::Closed("the client was dropped".to_owned());
        let client = self.client.upgrade().ok_or_else(closed)?;
        let (open, acknowledged) = Open::new(&client, &self.wanted, self.tasks).await?;
        client.connection().memory.missed(&self.wanted);
        self.acknowledged = acknowledged;
        self.stream = Stream::Open(open);
        Ok(())
    }
}

impl Open {
    /// Opens a stream. Dropping the future before it is acknowledged takes that back.
    async fn new(
        client: &Client,
        wanted: &SubscriptionFilter,
        tasks: Tasks,
    ) -> Result<(Self, SubscriptionFilter), ClientError> {
        let ear = Arc::new(Ear::default());
        let before = Before { ear: Some(ear.clone()), ..Before::default() };
        let options = Options { before, tasks, ..Options::default() };
        let params = JsonObject::from_iter([("notifications".to_owned(), json!(wanted))]);
        let mut pending = client.begin(METHOD, params, &options).await?;
        let acknowledgement = async {
            tokio::select! {
                biased;
                filter = ear.until(|heard| heard.acknowledged.take()) => Ok(filter),
                reply = &mut pending.reply => {
                    pending.outcome(reply)?;
                    Err(ClientError::invalid(METHOD, "it ended before it was acknowledged"))
                }
            }
        };
        let acknowledged = match client.timeout() {
            None => acknowledgement.await?,
            Some(limit) => tokio::time::timeout(limit, acknowledgement)
                .await
                .map_err(|_| ClientError::TimedOut { method: METHOD.to_owned(), limit })??,
        };
        Ok((Self { pending, ear }, acknowledged))
    }

    /// The next change, and nothing at the end.
    async fn next(&mut self) -> Result<Option<Change>, ClientError> {
        let news = self.ear.until(|heard| match heard.changes.pop_front() {
            Some(change) => Some(Some(change)),
            None => heard.ended.then_some(None),
        });
        let reply = tokio::select! {
            biased;
            change = news => return Ok(change),
            reply = &mut self.pending.reply => reply,
        };
        let ended = self.pending.outcome(reply);
        // What was said before the end is heard first; then the end itself, again.
        let mut heard = self.ear.heard();
        heard.ended = ended.is_ok();
        let change = heard.changes.pop_front();
        drop(heard);
        ended.map(|_| change)
    }
}

/// A number from 0 to 1.
fn chance() -> f64 {
    let mut byte = [0];
    // Without chance all waits are as long as they can be.
    if getrandom::fill(&mut byte).is_err() {
        return 1.0;
    }
    f64::from(byte[0]) / 255.0
}

impl std::fmt::Debug for Subscription {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Subscription")
            .field("acknowledged", &self.acknowledged)
            .finish_non_exhaustive()
    }
}
