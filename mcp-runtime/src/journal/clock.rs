//! The time that deadlines are written in.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Wall-clock time in milliseconds since the epoch: a deadline must mean the same to the attempt,
/// process or machine that comes next.
#[derive(Clone, Debug, Default)]
pub enum Clock {
    /// The system's clock.
    #[default]
    System,
    /// A clock of its own for tests, in milliseconds. It stands still until it is put forward, by
    /// hand or by a run that has waited (in tokio's time, which may be paused) for a deadline.
    Simulated(Arc<AtomicU64>),
}

/// A clock that was set back or forth is noticed after this time.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

impl Clock {
    /// A simulated clock that shows this time, in milliseconds since the epoch.
    pub fn simulated(now: u64) -> Self {
        Clock::Simulated(Arc::new(AtomicU64::new(now)))
    }

    /// Now, in milliseconds since the epoch.
    pub fn now(&self) -> u64 {
        match self {
            Clock::System => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
            }
            Clock::Simulated(now) => now.load(SeqCst),
        }
    }

    /// The time that is `duration` from now.
    pub fn after(&self, duration: Duration) -> u64 {
        self.now().saturating_add(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
    }

    /// Puts a simulated clock forward. The system's clock goes by itself.
    pub fn advance(&self, duration: Duration) {
        if let Clock::Simulated(_) = self {
            self.reach(self.after(duration));
        }
    }

    /// How long to wait for a time, at most; look at the clock again then.
    pub(crate) fn until(&self, time: u64) -> Duration {
        let left = Duration::from_millis(time.saturating_sub(self.now()));
        match self {
            Clock::System => left.min(LONGEST_WAIT),
            Clock::Simulated(_) => left,
        }
    }

    /// A wait for this time is over.
    pub(crate) fn reach(&self, time: u64) {
        if let Clock::Simulated(now) = self {
            now.fetch_max(time, SeqCst);
        }
    }
}
