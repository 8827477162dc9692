//! What was found out about servers before.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::lifecycle::Lifecycle;

/// Servers that are remembered; of more, those that were not met for the longest time are forgotten.
const SERVERS: usize = 1024;

/// Which lifecycle each server speaks, so that a legacy one need not be asked twice
/// (2026-07-28, Versioning, Backward Compatibility).
///
/// Give the same one to every client that is to profit, with [`ClientBuilder::known`](super::ClientBuilder::known); clones are the
/// same. A server is known by its address without the query, or by its command line. What is remembered is where the client begins,
/// not what it insists on: a server that has changed is asked again.
#[derive(Clone, Debug, Default)]
pub struct KnownServers(Arc<Mutex<Vec<(String, Lifecycle)>>>);

impl KnownServers {
    /// Knows nobody.
    pub fn new() -> Self {
        Self::default()
    }

    fn servers(&self) -> MutexGuard<'_, Vec<(String, Lifecycle)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What this server speaks, if it is known.
    pub fn lifecycle(&self, server: &str) -> Option<Lifecycle> {
        let servers = self.servers();
        servers.iter().find(|(known, _)| known == server).map(|(_, lifecycle)| *lifecycle)
    }

    /// Remembers a server, for instance from a file that an earlier process wrote. [`Lifecycle::Auto`] forgets it.
    pub fn remember(&self, server: impl Into<String>, lifecycle: Lifecycle) {
        let server = server.into();
        let mut servers = self.servers();
        servers.retain(|(known, _)| *known != server);
        if lifecycle != Lifecycle::Auto {
            if servers.len() >= SERVERS {
                servers.remove(0);
            }
            servers.push((server, lifecycle));
        }
    }

    /// All of them, those that were met last at the end.
    pub fn all(&self) -> Vec<(String, Lifecycle)> {
        self.servers().clone()
    }
}
