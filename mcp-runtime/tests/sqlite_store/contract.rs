//! The contract of all stores.

use std::sync::{Arc, Mutex};

use mcp_runtime::task::kit::{self, Bench};
use mcp_runtime::task::{BoxFuture, Clock};

use super::*;

/// A new file for each store. Nothing here loses its power: syncs would only take time.
struct Files {
    clock: Clock,
    place: Mutex<Place>,
}

impl Files {
    fn store(&self) -> BoxFuture<'_, Arc<dyn TaskStore>> {
        let options = SqliteStore::options().clock(self.clock.clone()).risk_last_commits();
        let store = options.open(self.place.lock().unwrap().path()).unwrap();
        Box::pin(std::future::ready(Arc::new(store) as Arc<dyn TaskStore>))
    }
}

impl Bench for Files {
    fn fresh(&self) -> BoxFuture<'_, Arc<dyn TaskStore>> {
        *self.place.lock().unwrap() = Place::new();
        self.store()
    }

    fn advance(&self, time: Duration) -> BoxFuture<'_, ()> {
        self.clock.advance(time);
        Box::pin(std::future::ready(()))
    }

    fn now(&self) -> u64 {
        self.clock.now()
    }

    fn reopen(&self) -> Option<BoxFuture<'_, Arc<dyn TaskStore>>> {
        Some(self.store())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_contract_is_kept() {
    let files = Files { clock: Clock::simulated(1_000_000), place: Mutex::new(Place::new()) };
    if let Err(failed) = kit::check(&files).await {
        panic!("{failed}");
    }
}
