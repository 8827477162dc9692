//! The bounds of the engine.

use std::time::Duration;

use super::store::Admission;

/// How tasks are run and kept: what holds for all tools. What a tool says of itself comes first.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TaskSettings {
    /// Tasks that have not ended. 10,000.
    pub live: usize,
    /// Tasks of one principal that have not ended. 1,000.
    pub live_per_owner: usize,
    /// All tasks, those that have ended included: what clients may still read is not thrown away early (D11). 100,000.
    pub kept: usize,
    /// All tasks of one principal. 10,000.
    pub kept_per_owner: usize,
    /// Attempts that run at the same time in this process; further tasks wait. 1,024.
    pub running: usize,
    /// How long a task exists from its creation on, unless its tool or its client says otherwise. A day.
    pub ttl: Duration,
    /// The longest that a client can ask for. A week.
    pub max_ttl: Duration,
    /// The shortest: what a client asks for below that becomes this. 10 seconds.
    pub min_ttl: Duration,
    /// How long an `optional` tool may run before its call becomes a task (the extension only). 500 ms.
    pub inline_budget: Duration,
    /// How often clients should ask how far a task is. One second.
    pub poll_interval: Duration,
    /// The result of a task, in bytes. 1 MiB.
    pub result: usize,
    /// The journal of a task, in bytes. 1 MiB.
    pub journal: usize,
    /// How long a node may be silent before its tasks are taken from it. 6 seconds; it beats three times in that time.
    pub lease: Duration,
    /// How long a question of a task waits for its answer, unless the question or its tool says otherwise (D18). An hour.
    pub input_timeout: Duration,
    /// How long a task that waits stays in memory. One second.
    pub park_after: Duration,
    /// How often a task is begun again whose process died with it. 10.
    pub crashes: u32,
    /// Whether a request for a task over HTTP must name it in the header `Mcp-Name`, too (X69, D20). A wrong name is refused
    /// in any case. No.
    pub strict_names: bool,
    /// Whether clients of 2025-11-25 are told of changes without asking (`notifications/tasks/status`). Yes.
    pub notify: bool,
}

impl Default for TaskSettings {
    fn default() -> Self {
        Self {
            live: 10_000,
            live_per_owner: 1_000,
            kept: 100_000,
            kept_per_owner: 10_000,
            running: 1_024,
            ttl: Duration::from_secs(24 * 60 * 60),
            max_ttl: Duration::from_secs(7 * 24 * 60 * 60),
            min_ttl: Duration::from_secs(10),
            inline_budget: Duration::from_millis(500),
            poll_interval: Duration::from_secs(1),
            result: 1 << 20,
            journal: 1 << 20,
            lease: Duration::from_secs(6),
            input_timeout: Duration::from_secs(60 * 60),
            park_after: Duration::from_secs(1),
            crashes: 10,
            strict_names: false,
            notify: true,
        }
    }
}

impl TaskSettings {
    /// Bounds for a client that hosts tasks for one server ([`ClientBuilder::host_tasks`]): 64 tasks that have not ended and
    /// 256 in all, each for ten minutes unless the server asks for less or for up to an hour, and answers of up to 1 MiB. The
    /// lease is a minute: there is no other node that waits for it to run out.
    ///
    /// [`ClientBuilder::host_tasks`]: crate::client::ClientBuilder::host_tasks
    #[cfg(feature = "client")]
    pub fn hosted() -> Self {
        Self {
            live: 64,
            live_per_owner: 64,
            kept: 256,
            running: 64,
            ttl: Duration::from_secs(10 * 60),
            max_ttl: Duration::from_secs(60 * 60),
            lease: Duration::from_secs(60),
            ..Self::default()
        }
    }

    /// What cannot be meant.
    pub(crate) fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if self.min_ttl > self.max_ttl {
            problems.push("`tasks.min_ttl` is longer than `tasks.max_ttl`".to_owned());
        }
        if self.lease < Duration::from_millis(100) {
            problems.push(
                "`tasks.lease` is too short: a node has to renew it three times in that time"
                    .to_owned(),
            );
        }
        if self.running == 0 {
            problems.push("`tasks.running` is 0: no task would ever run".to_owned());
        }
        problems
    }

    pub(crate) fn admission(&self) -> Admission {
        Admission {
            live: self.live,
            live_per_owner: self.live_per_owner,
            kept: self.kept,
            kept_per_owner: self.kept_per_owner,
        }
    }
}
