//! Who has hold of a task, and of its questions.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::remote::Remote;

/// A question that one drive answers, and no other.
pub(super) struct Claim {
    remote: Arc<Remote>,
    pub key: String,
}

impl Claim {
    pub fn new(remote: &Arc<Remote>, key: String) -> Self {
        Self { remote: remote.clone(), key }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.remote.release(&self.key);
    }
}

/// Holds a task that is cancelled if nobody takes it.
pub(super) struct Guard {
    remote: Arc<Remote>,
    cancels: Arc<AtomicBool>,
}

/// A second hold on the same: it decides whether the first one cancels.
pub(super) struct Grip {
    remote: Arc<Remote>,
    cancels: Arc<AtomicBool>,
}

impl Guard {
    pub fn new(remote: Arc<Remote>, cancels: bool) -> Self {
        Self { remote, cancels: Arc::new(AtomicBool::new(cancels)) }
    }

    pub fn remote(&self) -> &Arc<Remote> {
        &self.remote
    }

    pub fn grip(&self) -> Grip {
        Grip { remote: self.remote.clone(), cancels: self.cancels.clone() }
    }

    pub fn keep(self) -> Arc<Remote> {
        self.grip().keep()
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if self.cancels.load(Ordering::Relaxed) && !self.remote.has_outcome() {
            self.remote.clone().cancel_later();
        }
    }
}

impl Grip {
    pub fn remote(&self) -> &Arc<Remote> {
        &self.remote
    }

    /// The task goes on, whoever is dropped.
    pub fn keep(&self) -> Arc<Remote> {
        self.cancels.store(false, Ordering::Relaxed);
        self.remote.clone()
    }
}
