//! A question that the client answers by a task of its own (2025-11-25, Tasks): here the server is the requestor.
//!
//! The client says which task it has made of the question. That is asked for at the pace that the client wishes, until it has
//! ended or waits for the server, and then for its result, which is the answer (L20 to L22, L40). What the client tells by
//! itself is not waited for (L26, L27). How long all of it may take is the question's own limit.
//!
//! The client's task belongs to its session, and so does what is kept of it: nothing of it is in the journal. A task of ours
//! that asked, and goes on in another session or another process, asks anew there.

use std::sync::{Arc, Weak};
use std::time::Duration;

use serde_json::json;
use serde_json::value::RawValue;
use tokio::task::AbortHandle;
use tokio::time::{sleep, timeout};

use super::Session;
use crate::protocol;
use crate::protocol::legacy::hosted::Hosted;
use crate::task::TaskId;

/// An answer, or why there is none.
pub(super) type Reply = Result<Box<RawValue>, String>;

/// How long to wait for an answer about a task. After that the request is taken for lost, and the next look follows (L22, L23).
const PATIENCE: Duration = Duration::from_secs(60);

/// Looks after one task of the client, until it is dropped.
pub(super) struct Follower {
    task: Box<str>,
    running: AbortHandle,
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.running.abort();
    }
}

impl Follower {
    /// Must be called with the runtime entered.
    pub fn begin(session: &Arc<Session>, question: i64, task: Hosted) -> Self {
        let name = task.id.as_str().into();
        let session = Arc::downgrade(session);
        let following = tokio::spawn(async move {
            let looked_after = Task { session: session.clone(), question, id: task.id };
            let reply = looked_after.end(task.poll).await;
            if let (Some(session), Some(reply)) = (session.upgrade(), reply) {
                log("end", &looked_after.id);
                session.settle(question, reply);
            }
        });
        Self { task: name, running: following.abort_handle() }
    }

    pub fn task(&self) -> &str {
        &self.task
    }
}

/// A task of the client.
struct Task {
    session: Weak<Session>,
    question: i64,
    id: String,
}

impl Task {
    /// Asks for it until there is something to say. `None` if the session is gone.
    async fn end(&self, mut poll: Duration) -> Option<Reply> {
        loop {
            sleep(poll).await;
            let seen = match self.request("tasks/get").await? {
                Some(Ok(seen)) => seen,
                Some(Err(why)) => return Some(Err(why)),
                None => continue,
            };
            let Some(task) = Hosted::read(&seen) else {
                return Some(Err("the client's answer to `tasks/get` is no task".to_owned()));
            };
            poll = task.poll;
            match task.status.as_str() {
                "working" => continue,
                // It need not be kept for anybody to ask for its result (L76).
                "cancelled" => return Some(Err("the client has cancelled its task".to_owned())),
                "completed" | "failed" | "input_required" => {}
                other => {
                    let other: String = other.chars().take(32).collect();
                    return Some(Err(format!(
                        "the client's task is `{other}`, which is no status"
                    )));
                }
            }
            if let Some(reply) = self.request("tasks/result").await? {
                return Some(reply);
            }
        }
    }

    /// A request about it, and what it brings: `None` within if it was lost.
    async fn request(&self, method: &str) -> Option<Option<Reply>> {
        // The id stands in the parameters, and in no metadata (L57).
        let params = json!({ "taskId": self.id });
        let (id, answer) = self.session.upgrade()?.follow_up(self.question, method, &params);
        let reply = timeout(PATIENCE, answer).await.ok().and_then(Result::ok);
        if reply.is_none() {
            let session = self.session.upgrade()?;
            // To give a request up is no cancellation of the task.
            if session.give_up(id)
                && let Some(text) = protocol::notification("notifications/cancelled", |params| {
                    params.field("requestId", &id);
                })
            {
                session.say_about(self.question, id, text);
            }
        }
        Some(reply)
    }
}

/// A line of the audit log about a task of the client (L110, L111).
pub(super) fn log(operation: &str, task: &str) {
    // A peer's text: no longer than ours can be, and no lines of its own in the log.
    let safe = |c: char| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
    let task: String = task.chars().take(TaskId::LONGEST).map(safe).collect();
    tracing::info!(target: "mcp::audit", operation, hosted = %task, "a task of the client");
}
