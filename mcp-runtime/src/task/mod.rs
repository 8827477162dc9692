//! Tasks: calls that outlive their request, and their process.
//!
//! [`TaskStore`] says what is asked of a place where tasks are kept; [`TaskSettings`] has the bounds of the engine that runs
//! them. Authors of tools need neither: `#[mcp_tool(task_support = "optional")]` is all that a tool says.

pub(crate) mod engine;
mod id;
#[cfg(feature = "kit")]
pub mod kit;
pub mod operator;
mod settings;
mod store;

pub use self::id::{NodeId, Owner, TaskId};
pub use self::settings::TaskSettings;
pub use self::store::{
    Access, Admission, Answer, Cancelled, Claim, Claimed, Claims, Created, Ears, NewTask, Note,
    Outcome, Position, Purge, Reaped, Refusal, Release, Stats, StoreError, TaskDetail, TaskRecord,
    TaskState, TaskStore, TaskView, crash_backoff,
};
pub use crate::journal::{
    Arrived, AskedBefore, BoxFuture, CallId, Clock, Commit, Digest, Inbox, Json, Key, Learned,
    Question, Record, Saved, Standing,
};
