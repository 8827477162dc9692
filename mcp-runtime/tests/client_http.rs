//! The client over HTTP: against our server in every revision, and against servers of raw bytes that do what servers must not.
#![cfg(all(feature = "client-http", feature = "http"))]

#[path = "client_http/broken.rs"]
mod broken;
#[path = "client_http/fake.rs"]
mod fake;
#[path = "client_http/legacy.rs"]
mod legacy;
#[path = "client_http/lifecycle.rs"]
mod lifecycle;
#[path = "client_http/modern.rs"]
mod modern;
#[path = "client_http/own.rs"]
mod own;
#[path = "wire_peer/mod.rs"]
mod wire_peer;

use std::time::Duration;

use mcp_runtime::Revision;
use mcp_runtime::client::Lifecycle;

/// Longer than anything here takes, even on a busy machine.
const LONG: Duration = Duration::from_secs(60);

const MODERN: Lifecycle = Lifecycle::Modern;
const LEGACY: Lifecycle = Lifecycle::Legacy(Revision::V2025_11_25);

/// What must come, comes; else the test ends.
async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(LONG, what).await.expect("it takes too long")
}
