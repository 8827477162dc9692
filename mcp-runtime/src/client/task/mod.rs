//! Tasks of a server, seen from the client: calls that outlive their request.
//!
//! `call_tool(..).await` gives the result of a call, whether it has become a task or not; `.stream()` tells what happens on the
//! way; `.task()` gives a handle, which can be written down as a [`TaskTicket`] and taken up by another process.
//!
//! Of a call the one who makes it decides between eras: a legacy connection asks for a task, within what the server and the tool
//! allow (2025-11-25, Tasks); a modern one says that it knows tasks, and the server decides (the extension
//! `io.modelcontextprotocol/tasks`). From there on both are driven alike: asked about as often as the server proposes, sooner
//! when it says that something is new, and with its questions put to the client's handlers.

mod call;
mod drive;
mod ears;
mod handle;
mod handles;
mod hold;
mod info;
mod inputs;
mod list;
mod news;
mod pace;
mod remote;
mod stream;
mod ticket;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::time::Duration;

pub use self::call::TaskWish;
pub(super) use self::call::{Birth, Call, is_about_tasks};
pub(super) use self::ears::{Ear, Ears, relate};
pub use self::handle::RemoteTask;
pub use self::handles::{DamagedHandle, TaskHandles};
pub use self::info::TaskInfo;
pub use self::stream::{CallEvent, CallStream};
pub use self::ticket::TaskTicket;
pub use mcp_schema::v2025_11_25::TaskStatus;

use super::builder::ClientBuilder;

/// The extension's identifier (X1).
pub(super) use crate::protocol::modern::tasks::EXTENSION;

/// How long to wait for the end of a task, unless the builder says otherwise.
const DEADLINE: Duration = Duration::from_secs(24 * 60 * 60);

/// What a client is told about tasks when it is built, and remembers about its server.
#[derive(Clone, Debug)]
pub(super) struct TaskPolicy {
    pub enabled: bool,
    pub deadline: Duration,
    pub handles: Option<TaskHandles>,
    /// How many streams of changes are open.
    listening: Arc<AtomicUsize>,
    /// Whether the server has shown that it has none.
    silent: Arc<AtomicBool>,
}

impl Default for TaskPolicy {
    fn default() -> Self {
        Self {
            enabled: true,
            deadline: DEADLINE,
            handles: None,
            listening: Arc::default(),
            silent: Arc::default(),
        }
    }
}

impl ClientBuilder {
    /// Whether calls of tools may become tasks: yes, by default. A client without tasks gets results, however long they take,
    /// and cannot call tools that have to be tasks.
    pub fn tasks(mut self, enabled: bool) -> Self {
        self.task_policy().enabled = enabled;
        self
    }

    /// How long to wait for the end of a task, counted from when the waiting begins: then it is given up with
    /// [`TaskDeadline`](super::ClientError::TaskDeadline), and goes on at the server. A day. Whether the task has outlived its own time (`ttl`) is looked
    /// at besides.
    pub fn task_deadline(mut self, limit: Duration) -> Self {
        self.task_policy().deadline = limit;
        self
    }

    /// Writes every task down before the caller hears of it, and forgets it when its result was taken, when it was cancelled, and
    /// when the server does not know it any more (the extension, Task Polling): what a process that dies leaves behind, another
    /// one takes up with [`resume`](super::Client::resume). A task whose call ends in an error of the wire is not cancelled then,
    /// since it can be found again.
    pub fn keep_tasks(mut self, handles: TaskHandles) -> Self {
        self.task_policy().handles = Some(handles);
        self
    }
}
