//! The waker of a run that settles, and how to see whether somebody else holds one.

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

/// Whether a run was woken, and whom to tell.
#[derive(Default)]
pub(super) struct Signal {
    woken: AtomicBool,
    task: Mutex<Option<Waker>>,
}

impl Signal {
    pub fn raise(&self) {
        self.woken.store(true, SeqCst);
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task {
            task.wake();
        }
    }
}

/// The waker itself. It is apart from [`Signal`] so that it can be counted: whoever holds one may
/// still wake the run.
struct Rope(Arc<Signal>);

impl Wake for Rope {
    /// Marks, lets go, and only then tells: a run that finds no waker any more finds the mark, and
    /// one that was told finds no waker that has done its work.
    fn wake(self: Arc<Self>) {
        let signal = self.0.clone();
        signal.woken.store(true, SeqCst);
        drop(self);
        signal.raise();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.raise();
    }
}

/// What the driver holds of it.
pub(super) struct Bell {
    signal: Arc<Signal>,
    rope: Arc<Rope>,
    waker: Waker,
}

impl Bell {
    pub fn new(signal: Arc<Signal>) -> Self {
        let rope = Arc::new(Rope(signal.clone()));
        Bell { signal, waker: rope.clone().into(), rope }
    }

    pub fn waker(&self) -> &Waker {
        &self.waker
    }

    pub fn clear(&self) {
        self.signal.woken.store(false, SeqCst);
    }

    pub fn is_raised(&self) -> bool {
        self.signal.woken.load(SeqCst)
    }

    /// How many wakers others hold, the bell's own two left out.
    pub fn wakers(&self) -> usize {
        Arc::strong_count(&self.rope).saturating_sub(2)
    }

    pub fn poll_raised(&self, cx: &mut Context<'_>) -> Poll<()> {
        if !self.is_raised() {
            let mut task = self.signal.task.lock().unwrap_or_else(PoisonError::into_inner);
            *task = Some(cx.waker().clone());
            drop(task);
            // It may have been raised between the look and the entry.
            if !self.is_raised() {
                return Poll::Pending;
            }
        }
        Poll::Ready(())
    }
}
