//! What another process needs to take a task up.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::protocol::revision::Revision;

/// What another process needs to take a task up: [`Client::resume`](crate::client::Client::resume) does.
///
/// It is plain JSON. Where a server knows no users, the id in it is all that is needed to reach the task (X88): keep it as you
/// would keep a password.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TaskTicket {
    /// The server, where it has an address or a command line: a URL without its query, or the command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) server: Option<String>,
    pub(super) task_id: String,
    /// The revision that the task was created in.
    pub(super) revision: String,
    pub(super) tool: String,
    /// When this client heard that it was created: milliseconds since 1970, by its own clock.
    pub(super) created_ms: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) ttl_ms: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) poll_interval_ms: Option<u64>,
    /// Questions that were answered, so that nobody is asked twice (X51).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) answered: Vec<String>,
}

impl TaskTicket {
    /// A ticket for a task whose id came from elsewhere: from a log, or from another client. It is taken to be created now.
    pub fn new(task_id: impl Into<String>, revision: Revision) -> Self {
        Self {
            server: None,
            task_id: task_id.into(),
            revision: revision.as_str().to_owned(),
            tool: String::new(),
            created_ms: since_1970(SystemTime::now()),
            ttl_ms: None,
            poll_interval_ms: None,
            answered: Vec::new(),
        }
    }

    /// The server that runs the task, where it has an address: a URL without its query, or a command line.
    pub fn server(&self) -> Option<&str> {
        self.server.as_deref()
    }

    /// The task's id.
    pub fn task_id(&self) -> &str {
        &self.task_id
    }

    /// The revision that the task was created in.
    pub fn revision(&self) -> &str {
        &self.revision
    }

    /// The tool that was called; empty where nobody knows.
    pub fn tool(&self) -> &str {
        &self.tool
    }

    /// When the client heard that the task was created, by its own clock.
    pub fn created(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(self.created_ms)
    }

    /// How long the task exists from its creation on, as the server said last.
    pub fn ttl(&self) -> Option<Duration> {
        self.ttl_ms.map(Duration::from_millis)
    }

    /// How often the server wants to be asked, as it said last.
    pub fn poll_interval(&self) -> Option<Duration> {
        self.poll_interval_ms.map(Duration::from_millis)
    }

    /// The keys of the questions that were answered.
    pub fn answered(&self) -> impl Iterator<Item = &str> {
        self.answered.iter().map(String::as_str)
    }
}

/// Milliseconds as they are written down.
pub(super) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// A time as it is written down.
pub(super) fn since_1970(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, milliseconds)
}
