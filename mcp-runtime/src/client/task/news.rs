//! Changes of a task that a modern server tells by itself (the extension, Task Status Notifications).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use mcp_schema::Value;
use mcp_schema::v2026_07_28::SubscriptionFilter;
use serde_json::json;
use tokio::task::JoinSet;

use super::super::error::ClientError;
use super::super::methods::Client;
use super::super::subscription::Subscription;
use super::ears::Ear;
use super::remote::Remote;

/// How many streams one client opens for its tasks: the others are asked about, which needs none.
const STREAMS: usize = 8;

/// After how many looks at a task that has not ended a stream is worth it.
pub(super) const LOOKS: u32 = 2;

/// A stream for one task. Dropped, it is closed.
pub(super) struct News {
    _stream: JoinSet<()>,
    open: Arc<AtomicBool>,
    count: Arc<AtomicUsize>,
}

impl News {
    /// Opens one in the background, if the server may have any to offer.
    pub fn open(remote: &Arc<Remote>, ear: &Arc<Ear>) -> Option<Self> {
        let client = remote.client();
        let policy = client.tasks_settings();
        if !client.is_modern() || policy.silent.load(Ordering::Relaxed) {
            return None;
        }
        let count = policy.listening.clone();
        let free = |open: usize| (open < STREAMS).then_some(open + 1);
        count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, free).ok()?;
        let open = Arc::new(AtomicBool::new(false));
        let mut stream = JoinSet::new();
        let (client, ear, id) = (client.clone(), ear.clone(), remote.id().to_owned());
        let (shown, silent) = (open.clone(), policy.silent.clone());
        stream.spawn_on(
            async move {
                match client.listen_to_task(&id).await {
                    Ok(Some(mut subscription)) => {
                        shown.store(true, Ordering::Relaxed);
                        ear.hint();
                        // What it tells reaches the ear by itself; what it may have missed is looked at.
                        while let Ok(Some(_)) = subscription.next().await {
                            ear.hint();
                        }
                        shown.store(false, Ordering::Relaxed);
                        ear.hint();
                    }
                    // It has none to offer, and is not asked again.
                    Ok(None) | Err(ClientError::Rpc { .. }) => silent.store(true, Ordering::Relaxed),
                    Err(error) => {
                        tracing::debug!(target: "mcp::tasks", task = id, %error, "no stream of changes");
                    }
                }
            },
            client_runtime(remote),
        );
        Some(Self { _stream: stream, open, count })
    }

    /// Whether the server has agreed to tell of this task.
    pub fn is_open(&self) -> bool {
        self.open.load(Ordering::Relaxed)
    }
}

fn client_runtime(remote: &Remote) -> &tokio::runtime::Handle {
    remote.client().connection().runtime()
}

impl Drop for News {
    fn drop(&mut self) {
        self.count.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Client {
    /// A stream of the changes of one task; nothing if the server does not accept its id (X63, X64).
    async fn listen_to_task(&self, id: &str) -> Result<Option<Subscription>, ClientError> {
        let mut wanted = SubscriptionFilter::new();
        wanted.extra.insert("taskIds", json!([id]));
        let subscription = self.listen(wanted).await?;
        let accepted = subscription.acknowledged().extra.get("taskIds");
        let accepted =
            accepted.and_then(Value::as_array).is_some_and(|ids| ids.contains(&json!(id)));
        Ok(accepted.then_some(subscription))
    }
}
