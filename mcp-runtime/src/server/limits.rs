//! What a peer can make the server hold, and for how long.

use std::time::Duration;

/// Bounds with their defaults. Every queue, body, page and wait has one.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Limits {
    /// The longest message, in bytes: a line of stdio, a body of HTTP. 4 MiB.
    pub message: usize,
    /// Messages in one batch of 2025-03-26. 64.
    pub batch: usize,
    /// Calls that run at the same time on one connection or in one session. 1,024.
    pub calls: usize,
    /// Calls that run at the same time over HTTP, in all sessions and without. 4,096.
    pub http_calls: usize,
    /// TCP connections at the same time, for [`serve_http`](crate::ServerBuilder::serve_http). 1,024.
    pub connections: usize,
    /// Legacy sessions over HTTP at the same time; a new one takes the place of the one that was idle longest. 4,096.
    pub sessions: usize,
    /// How long a legacy session may be idle. 30 minutes.
    pub session_idle: Duration,
    /// Messages kept for one event stream, so that a client which lost it can resume. 256.
    pub replayed_events: usize,
    /// Open `subscriptions/listen` streams. 4,096.
    pub listeners: usize,
    /// Resources that one client watches. 1,024.
    pub watched: usize,
    /// Entries on one page of a list. 500.
    pub page: usize,
    /// How long a question on a legacy connection waits for its answer. 10 minutes.
    pub input_timeout: Duration,
    /// What a sealed `requestState` may hold, in bytes before it is sealed. 16 KiB.
    pub state: usize,
    /// How long a sealed `requestState` is good for. 15 minutes.
    pub state_ttl: Duration,
    /// How long a cancelled call may clean up. 1 second.
    pub cancel_grace: Duration,
    /// How long calls may go on when the server shuts down. 10 seconds.
    pub drain: Duration,
    /// How long the head of a request may take to arrive, and how long a connection may rest between two. 30 seconds. Its
    /// body has three times as long, and so has a client that stops reading.
    pub header_timeout: Duration,
    /// How often a silent event stream says that it is alive. 15 seconds.
    pub keep_alive: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message: 4 << 20,
            batch: 64,
            calls: 1024,
            http_calls: 4096,
            connections: 1024,
            sessions: 4096,
            session_idle: Duration::from_secs(30 * 60),
            replayed_events: 256,
            listeners: 4096,
            watched: 1024,
            page: 500,
            input_timeout: Duration::from_secs(10 * 60),
            state: 16 << 10,
            state_ttl: Duration::from_secs(15 * 60),
            cancel_grace: Duration::from_secs(1),
            drain: Duration::from_secs(10),
            header_timeout: Duration::from_secs(30),
            keep_alive: Duration::from_secs(15),
        }
    }
}
