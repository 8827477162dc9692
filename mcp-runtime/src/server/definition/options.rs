//! How a tool runs, and what it needs of its client.

use std::time::Duration;

/// Something that a client may or may not be able to do for a handler.
///
/// A tool that `requires` one is refused before it runs when the client did not declare it: with -32021 and HTTP 400 since
/// 2026-07-28, which is impossible once the answer has begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ClientFeature {
    /// Forms: [`Context::elicit`](crate::Context::elicit).
    Elicitation,
    /// Pages to visit: [`Context::elicit_url`](crate::Context::elicit_url).
    ElicitationUrl,
    /// Messages written by the client's model: [`Context::sample`](crate::Context::sample).
    Sampling,
    /// The same, with tools for that model.
    SamplingTools,
    /// The folders that the client works on: [`Context::roots`](crate::Context::roots).
    Roots,
}

/// Whether a tool runs as a task.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TaskSupport {
    /// Never: every call is answered by its result.
    #[default]
    Forbidden,
    /// If the client wants it (2025-11-25) or the call takes long (the tasks extension); inline for everybody else.
    Optional,
    /// Always: clients that know no tasks are refused.
    Required,
}

impl TaskSupport {
    /// The word of revision 2025-11-25 (`execution.taskSupport`).
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Forbidden => "forbidden",
            Self::Optional => "optional",
            Self::Required => "required",
        }
    }
}

/// What becomes of a task whose process died.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Restart {
    /// It has failed, and says that it was interrupted.
    #[default]
    Fail,
    /// Another worker goes on from its journal.
    Replay,
}

/// How often a task is tried again, and after what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Retry {
    /// All attempts, the first one included.
    pub attempts: u32,
    /// The pause before the second attempt; it doubles with each further one.
    pub backoff: Duration,
    /// What is tried again.
    pub on: RetryOn,
}

/// What ends an attempt so that another one follows. A crash is none of these: [`Restart`] says what becomes of that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RetryOn {
    /// The function returned an error: a result with `isError`, or a protocol error. Invalid params and a missing
    /// capability of the client are not tried again: the same call would meet them again.
    pub error: bool,
    /// The function panicked.
    pub panic: bool,
    /// The attempt took longer than [`TaskOptions::timeout`].
    pub timeout: bool,
}

impl RetryOn {
    /// All of them.
    pub const ALL: Self = Self { error: true, panic: true, timeout: true };
}

impl Default for RetryOn {
    fn default() -> Self {
        Self::ALL
    }
}

/// How a tool runs as a task: the task keys of `#[mcp_tool]`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TaskOptions {
    /// Whether it runs as one at all.
    pub support: TaskSupport,
    /// Whether the function says itself where the task begins, with `cx.into_task()`: until there it runs inline.
    pub boundary: bool,
    /// After a crash.
    pub restart: Restart,
    /// After an error.
    pub retry: Option<Retry>,
    /// How long one attempt may run, without the time that it is parked. It holds for inline calls, too.
    pub timeout: Option<Duration>,
    /// How long a question waits for its answer.
    pub input_timeout: Option<Duration>,
    /// How long a task exists, from its creation on.
    pub ttl: Option<Duration>,
    /// How long an `optional` tool may run before its call becomes a task.
    pub inline_budget: Option<Duration>,
    /// How many tasks of this tool run at the same time in one process.
    pub max_concurrent: Option<u32>,
    /// Whether a second call with the same arguments by the same principal joins the task that is running.
    pub dedupe: bool,
    /// The version of the function: change it when its steps change.
    pub version: &'static str,
}

impl TaskOptions {
    /// No task.
    pub const DEFAULT: Self = Self {
        support: TaskSupport::Forbidden,
        boundary: false,
        restart: Restart::Fail,
        retry: None,
        timeout: None,
        input_timeout: None,
        ttl: None,
        inline_budget: None,
        max_concurrent: None,
        dedupe: false,
        version: "",
    };

    /// Options with this support, for the rest see [`DEFAULT`](Self::DEFAULT).
    pub const fn new(support: TaskSupport) -> Self {
        Self { support, ..Self::DEFAULT }
    }
}

impl Default for TaskOptions {
    fn default() -> Self {
        Self::DEFAULT
    }
}
