//! When to ask a server about a task again.

use std::time::Duration;

use tokio::time::Instant;

/// However often a server wants to be asked, or says that something is new: never more often than this.
const FLOOR: Duration = Duration::from_millis(50);

/// However seldom. A server that means longer is asked too often by then, and can say so.
const CEILING: Duration = Duration::from_secs(60 * 60);

/// Where a server does not say how often it wants to be asked: first so soon, then less and less often, down to `SLOWEST`.
const FIRST: Duration = Duration::from_millis(500);
const SLOWEST: Duration = Duration::from_secs(15);

/// How often at least while the server tells of changes by itself: a stream may be dead and not show it.
const TOLD: Duration = Duration::from_secs(30);

/// Decides when the next `tasks/get` is due (L20, X16, X25).
#[derive(Debug)]
pub(super) struct Pace {
    given: Option<Duration>,
    /// Grows while nothing is given and nothing changes.
    own: Duration,
    failures: u32,
    told: bool,
    last: Instant,
    due: Instant,
}

impl Pace {
    /// `given` is what the server proposes.
    pub fn new(given: Option<Duration>) -> Self {
        let now = Instant::now();
        let mut pace = Self { given, own: FIRST, failures: 0, told: false, last: now, due: now };
        pace.due = now + pace.interval();
        pace
    }

    pub fn due(&self) -> Instant {
        self.due
    }

    fn interval(&self) -> Duration {
        let interval = self.given.unwrap_or(self.own).clamp(FLOOR, CEILING);
        if self.told { interval.max(TOLD) } else { interval }
    }

    /// The server has answered. What it proposes may be another interval each time (X26).
    pub fn answered(&mut self, given: Option<Duration>, changed: bool) {
        self.failures = 0;
        self.given = given;
        self.own = if changed { FIRST } else { (self.own * 3 / 2).min(SLOWEST) };
        self.restart();
    }

    /// The server could not answer: asked again later each time, and not before it wants to be. Tells how often that was
    /// so in a row.
    pub fn failed(&mut self, retry_after: Option<Duration>) -> u32 {
        self.failures = self.failures.saturating_add(1);
        self.restart();
        let slower = self.interval() * (1 << self.failures.min(6));
        self.due = self.last + slower.min(SLOWEST.max(self.interval()));
        if let Some(wait) = retry_after {
            self.due = self.due.max(self.last + wait.min(CEILING));
        }
        self.failures
    }

    /// What goes along with a look has failed so often in a row, though the look did not: the next one is due later each time.
    pub fn again(&mut self, failures: u32, retry_after: Option<Duration>) {
        let wait = (FIRST * (1 << failures.saturating_sub(1).min(6))).min(SLOWEST);
        let wait = wait.max(retry_after.unwrap_or_default().min(CEILING));
        self.due = Instant::now() + wait;
    }

    fn restart(&mut self) {
        self.last = Instant::now();
        self.due = self.last + self.interval();
    }

    /// Something is new, they say: reason to ask now (L26), and none to ask in a flood (L27).
    pub fn hint(&mut self) {
        if self.failures == 0 {
            self.due = self.due.min(self.last + FLOOR).max(Instant::now());
        }
    }

    /// Nothing was asked yet.
    pub fn now(&mut self) {
        self.due = Instant::now();
    }

    /// Whether the server tells of changes by itself from here on (X67). Tells whether that is new.
    pub fn set_told(&mut self, told: bool) -> bool {
        let new = self.told != told;
        if new {
            self.told = told;
            self.due = self.last + self.interval();
        }
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(pace: &Pace) -> Duration {
        pace.due() - Instant::now()
    }

    // L20, L48, X16, X25
    #[tokio::test(start_paused = true)]
    async fn what_the_server_proposes_is_kept_to_within_reason() {
        for (given, expected) in [
            (Duration::from_nanos(1), FLOOR),
            (Duration::from_secs(600), Duration::from_secs(600)),
            (Duration::from_secs(1_000_000_000_000), CEILING),
        ] {
            let mut pace = Pace::new(Some(given));
            assert_eq!(waits(&pace), expected);
            // X16: it may change.
            pace.answered(Some(Duration::from_secs(7)), false);
            assert_eq!(waits(&pace), Duration::from_secs(7));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn where_nothing_is_proposed_it_slows_down_to_a_limit_until_something_changes() {
        let mut pace = Pace::new(None);
        let mut last = waits(&pace);
        assert_eq!(last, FIRST);
        for _ in 0..20 {
            pace.answered(None, false);
            assert!(waits(&pace) >= last);
            last = waits(&pace);
        }
        assert_eq!(last, SLOWEST);
        pace.answered(None, true);
        assert_eq!(waits(&pace), FIRST);
    }

    // L26, L27
    #[tokio::test(start_paused = true)]
    async fn a_flood_of_hints_is_no_busy_loop() {
        let mut pace = Pace::new(Some(Duration::from_secs(60)));
        pace.hint();
        assert_eq!(waits(&pace), FLOOR);
        tokio::time::advance(FLOOR).await;
        pace.answered(Some(Duration::from_secs(60)), false);
        for _ in 0..100 {
            pace.hint();
        }
        assert_eq!(waits(&pace), FLOOR);
        tokio::time::advance(Duration::from_secs(1)).await;
        pace.hint();
        assert_eq!(waits(&pace), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn failures_slow_it_down_and_the_server_may_say_for_how_long() {
        let mut pace = Pace::new(Some(Duration::from_secs(1)));
        assert_eq!((pace.failed(None), waits(&pace)), (1, Duration::from_secs(2)));
        assert_eq!((pace.failed(None), waits(&pace)), (2, Duration::from_secs(4)));
        let wait = Duration::from_secs(100);
        assert_eq!((pace.failed(Some(wait)), waits(&pace)), (3, wait));
        pace.hint();
        assert_eq!(waits(&pace), wait);
        pace.answered(None, false);
        assert_eq!(pace.failed(None), 1);
    }
}
