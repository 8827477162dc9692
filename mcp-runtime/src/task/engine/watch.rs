//! Who waits for a task here, and how often it is asked for.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::sync::futures::OwnedNotified;
use tokio::time::Instant;

use crate::task::id::TaskId;

/// Those who wait, by task.
#[derive(Clone, Default)]
pub(super) struct Watches(Arc<Mutex<Waiting>>);

/// How many wait for a task, and what they have in common.
type Waiting = HashMap<TaskId, (usize, Arc<Watched>)>;

#[derive(Default)]
struct Watched {
    bell: Arc<Notify>,
    /// What the last of them saw of it.
    change: AtomicU64,
}

/// One who waits.
pub(super) struct Watch {
    all: Watches,
    id: TaskId,
    watched: Arc<Watched>,
}

impl Watches {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn enter(&self, id: &TaskId) -> Watch {
        let mut all = self.lock();
        let (waiting, watched) = all.entry(id.clone()).or_default();
        *waiting += 1;
        let watched = watched.clone();
        drop(all);
        Watch { all: self.clone(), id: id.clone(), watched }
    }

    pub fn wake(&self, id: &TaskId) {
        if let Some((_, watched)) = self.lock().get(id) {
            watched.bell.notify_waiters();
        }
    }

    pub fn wake_all(&self) {
        self.lock().values().for_each(|(_, watched)| watched.bell.notify_waiters());
    }

    /// The tasks, and what was last seen of them.
    pub fn all(&self) -> Vec<(TaskId, u64)> {
        let seen = |watched: &Watched| watched.change.load(Ordering::Relaxed);
        self.lock().iter().map(|(id, (_, watched))| (id.clone(), seen(watched))).collect()
    }
}

impl Watch {
    /// Completes with the next change after this call.
    pub fn changed(&self) -> OwnedNotified {
        self.watched.bell.clone().notified_owned()
    }

    pub fn saw(&self, change: u64) {
        self.watched.change.store(change, Ordering::Relaxed);
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let mut all = self.all.lock();
        if let Some((waiting, _)) = all.get_mut(&self.id) {
            *waiting -= 1;
            if *waiting == 0 {
                all.remove(&self.id);
            }
        }
    }
}

/// How often tasks are asked for.
#[derive(Default)]
pub(super) struct Paces(Mutex<HashMap<TaskId, Pace>>);

struct Pace {
    /// When the present window began: a stretch of at least the base interval.
    since: Instant,
    /// How often since then.
    asked: u32,
    interval: Duration,
}

/// How many tasks are kept count of. When there are more, all counts begin anew.
const COUNTED: usize = 10_000;

/// How often a task may be asked for in one base interval before that is abuse.
const TOO_OFTEN: u32 = 100;

/// What an interval grows to, at most.
const SLOWEST: Duration = Duration::from_secs(30);

impl Paces {
    /// Several may ask for one task, and each of them may keep to what he is told. So what counts is how often it is asked for
    /// in one base interval, whatever the present one is: the interval grows until that is no more than twice, and then
    /// stays.
    pub fn ask(&self, id: &TaskId, base: Duration) -> Result<Duration, Duration> {
        let now = Instant::now();
        let mut paces = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if paces.len() >= COUNTED && !paces.contains_key(id) {
            paces.clear();
        }
        let pace = paces.entry(id.clone()).or_insert(Pace { since: now, asked: 0, interval: base });
        let passed = now.saturating_duration_since(pace.since);
        if passed >= base {
            let asked = base.saturating_mul(pace.asked);
            if asked > passed.saturating_mul(2) {
                pace.interval = (pace.interval * 2).min(SLOWEST.max(base));
            } else if asked <= passed {
                pace.interval = (pace.interval / 2).max(base);
            }
            (pace.since, pace.asked) = (now, 0);
        }
        pace.asked = pace.asked.saturating_add(1);
        if pace.asked > TOO_OFTEN { Err(pace.interval) } else { Ok(pace.interval) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// P9, X27: who polls too fast is answered, and told to poll slower; only abuse is refused.
    #[tokio::test(start_paused = true)]
    async fn polling_too_fast_raises_the_interval_and_abuse_is_refused() {
        let (paces, id) = (Paces::default(), TaskId::from("a"));
        for _ in 0..20 {
            assert_eq!(paces.ask(&id, SECOND), Ok(SECOND));
        }
        tokio::time::advance(SECOND).await;
        assert_eq!(paces.ask(&id, SECOND), Ok(2 * SECOND));
        for _ in 0..TOO_OFTEN {
            let _ = paces.ask(&id, SECOND);
        }
        assert_eq!(paces.ask(&id, SECOND), Err(2 * SECOND));
        for _ in 0..10 {
            tokio::time::advance(5 * SECOND).await;
            let _ = paces.ask(&id, SECOND);
        }
        assert_eq!(paces.ask(&id, SECOND), Ok(SECOND), "who keeps to it is trusted again");
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_keeps_to_the_interval_is_left_alone() {
        let (paces, id) = (Paces::default(), TaskId::from("a"));
        for _ in 0..50 {
            tokio::time::advance(SECOND).await;
            assert_eq!(paces.ask(&id, SECOND), Ok(SECOND));
        }
    }

    /// P9: several who each keep to what they are told are told something that suits all, and nobody is refused.
    #[tokio::test(start_paused = true)]
    async fn some_who_keep_to_the_interval_converge() {
        let (paces, id) = (Paces::default(), TaskId::from("a"));
        let step = Duration::from_millis(100);
        let mut next = [Duration::ZERO, 2 * step, 5 * step];
        let (mut now, mut told) = (Duration::ZERO, Vec::new());
        for _ in 0..3_000 {
            for at in &mut next {
                if *at <= now {
                    let interval = paces.ask(&id, SECOND).expect("nobody is refused");
                    *at = now + interval;
                    told.push(interval);
                }
            }
            tokio::time::advance(step).await;
            now += step;
        }
        let last = &told[told.len() - 100..];
        assert!(last.iter().all(|told| *told == 2 * SECOND), "{last:?}");
    }

    /// A task without anybody to wait for it leaves nothing behind, whoever of them goes first.
    #[test]
    fn many_who_go_at_once_leave_nothing() {
        let watches = Watches::default();
        let id = TaskId::from("a");
        for _ in 0..200 {
            let waiting: Vec<_> = (0..4).map(|_| watches.enter(&id)).collect();
            std::thread::scope(|scope| {
                for watch in waiting {
                    scope.spawn(move || drop(watch));
                }
            });
            assert!(watches.all().is_empty());
        }
    }

    #[tokio::test]
    async fn nothing_is_kept_of_those_who_are_gone() {
        let watches = Watches::default();
        let id = TaskId::from("a");
        let (one, two) = (watches.enter(&id), watches.enter(&id));
        let changed = (one.changed(), two.changed());
        watches.wake(&id);
        changed.0.await;
        changed.1.await;
        drop(one);
        assert_eq!(watches.all().len(), 1);
        drop(two);
        assert!(watches.all().is_empty());
    }
}
