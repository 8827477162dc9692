//! Calls whose client is gone before it hears of its task.

use std::time::Duration;

use mcp_runtime::Server;
use mcp_runtime::task::{Access, TaskState};
use serde_json::json;

use crate::tasks_peer::{legacy, modern, server};

/// The states of all tasks there are.
async fn states(server: &Server) -> Vec<TaskState> {
    tokio::time::sleep(Duration::from_secs(3)).await;
    let store = server.task_store();
    let tasks = store.list(&Access::Operator, None, 100).await.expect("a store");
    tasks.iter().map(|task| task.state).collect()
}

// D7, X22: a call that is cancelled before its answer leaves no task that runs.
#[tokio::test(start_paused = true)]
async fn a_call_that_is_cancelled_at_once_leaves_nothing_behind() {
    let (server, _) = server();
    let mut peer = legacy(&server).await;
    let call = json!({
        "jsonrpc": "2.0", "id": "call", "method": "tools/call",
        "params": { "name": "job", "arguments": {}, "task": {} },
    });
    let cancelled = json!({
        "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": "call" },
    });
    // In one write, so that they are read together.
    peer.line(&format!("{call}\n{cancelled}")).await;
    peer.silence().await;
    let mut peer = modern(&server);
    let call = json!({
        "jsonrpc": "2.0", "id": "call", "method": "tools/call",
        "params": { "name": "job", "arguments": {}, "_meta": peer.meta },
    });
    peer.line(&format!("{call}\n{cancelled}")).await;
    peer.silence().await;
    let states = states(&server).await;
    assert!(states.iter().all(|state| *state == TaskState::Cancelled), "{states:?}");
}

// D7, C18
#[cfg(feature = "http")]
#[tokio::test(start_paused = true)]
async fn a_client_that_disconnects_before_the_answer_leaves_nothing_behind() {
    use crate::tasks_peer::web::{Web, service};
    use futures_util::FutureExt as _;

    let (server, _) = server();
    let service = service(&server);
    let params = || json!({ "name": "job", "arguments": {}, "task": {} });
    let mut new = Web::modern(&service, None);
    assert!(new.post("tools/call", params(), &[]).now_or_never().is_none());
    // In this era a disconnect is no cancellation; a task that nobody knows of would be left all the same.
    let (mut old, _) = Web::legacy(&service, None).await;
    assert!(old.post("tools/call", params(), &[]).now_or_never().is_none());
    let states = states(&server).await;
    assert!(states.iter().all(|state| *state == TaskState::Cancelled), "{states:?}");
}
