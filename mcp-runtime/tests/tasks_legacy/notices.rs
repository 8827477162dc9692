//! What a session hears of its tasks without asking.

use mcp_runtime::schema::v2025_11_25::{TaskStatus, TaskStatusNotification};
use serde_json::{Value, json};

use crate::tasks_peer::{Peer, RELATED, accept, augmented, get, legacy, server, server_with};

fn augment(tool: &str, token: impl Into<Value>) -> Value {
    json!({ "name": tool, "arguments": {}, "task": {}, "_meta": { "progressToken": token.into() } })
}

/// The next status that the session is told, which must be what the schema says.
async fn status(peer: &mut Peer) -> (String, TaskStatus) {
    let message = peer.next().await;
    assert_eq!(message["method"], "notifications/tasks/status", "{message}");
    // L62
    assert_eq!(message["params"].get("_meta"), None);
    let notification: TaskStatusNotification =
        serde_json::from_value(message).expect("the schema's");
    let params = notification.params;
    assert!(params.extra.is_empty());
    (params.task_id, params.status)
}

// L25, L34, L60, L62
#[tokio::test(start_paused = true)]
async fn every_status_is_told_to_who_created_the_task() {
    let (server, gate) = server_with(|settings| settings.notify = true);
    let mut peer = legacy(&server).await;
    let mut other = legacy(&server).await;
    let id = augmented(&mut peer, "ask_and_work").await;
    // The question and the status that goes with it come in either order.
    let mut request = Value::Null;
    for _ in 0..2 {
        let message = peer.next().await;
        match message["method"].as_str() {
            Some("elicitation/create") => request = message["id"].clone(),
            _ => assert_eq!(message["params"]["status"], "input_required", "{message}"),
        }
    }
    peer.answer(&request, accept(json!({ "approved": true }))).await;
    assert_eq!(status(&mut peer).await, (id.clone(), TaskStatus::Working));
    gate.open();
    assert_eq!(status(&mut peer).await, (id, TaskStatus::Completed));
    peer.silence().await;
    other.silence().await;
}

// L25, L73, L61
#[tokio::test(start_paused = true)]
async fn the_end_is_told_whatever_it_is() {
    let (server, _) = server_with(|settings| settings.notify = true);
    let mut peer = legacy(&server).await;
    for tool in ["fails", "refuses"] {
        let id = augmented(&mut peer, tool).await;
        assert_eq!(status(&mut peer).await, (id, TaskStatus::Failed), "{tool}");
    }
    let id = augmented(&mut peer, "job").await;
    let cancel = peer.start("tasks/cancel", json!({ "taskId": id })).await;
    for _ in 0..2 {
        let message = peer.next().await;
        let told = message.get("params").unwrap_or(&message["result"]);
        assert_eq!((&told["taskId"], &told["status"]), (&json!(id), &json!("cancelled")));
        assert!(message["method"] == "notifications/tasks/status" || message["id"] == cancel);
    }
    peer.silence().await;
}

#[tokio::test(start_paused = true)]
async fn a_server_may_be_told_to_keep_quiet() {
    let (server, _) = server();
    let mut peer = legacy(&server).await;
    augmented(&mut peer, "fails").await;
    peer.silence().await;
}

// L54, L63, L64, L65, L79, D16, and progress that only increases
#[tokio::test(start_paused = true)]
async fn progress_and_messages_go_on_under_the_token_of_the_call() {
    let (server, gate) = server();
    let mut peer = legacy(&server).await;
    for token in [json!("a token"), json!(7)] {
        let call = peer.start("tools/call", augment("reports", token.clone())).await;
        // Before its answer names the task nothing is said of it.
        let created = peer.next().await;
        assert_eq!(created["id"], call, "{created}");
        let progress = peer.notification("notifications/progress").await;
        let log = peer.notification("notifications/message").await;
        let id = &created["result"]["task"]["taskId"];
        let meta = json!({ RELATED: { "taskId": id } });
        assert_eq!(
            progress,
            json!({ "_meta": meta, "progressToken": token, "progress": 1.0, "total": 3.0, "message": "one" })
        );
        assert_eq!(log, json!({ "_meta": meta, "level": "info", "data": "half" }));
        gate.open();
        let more = peer.notification("notifications/progress").await;
        assert_eq!(more, json!({ "_meta": meta, "progressToken": token, "progress": 2.0 }));
        gate.open();
        peer.silence().await;
    }
}

// L66
#[tokio::test(start_paused = true)]
async fn nothing_is_said_of_a_task_after_its_end() {
    let (server, gate) = server();
    let mut peer = legacy(&server).await;
    let call = peer.start("tools/call", augment("talks_on", "p")).await;
    let mut id = Value::Null;
    for _ in 0..2 {
        let message = peer.next().await;
        if message["id"] == call {
            id = message["result"]["task"]["taskId"].clone();
        }
    }
    let cancelled = peer.result("tasks/cancel", json!({ "taskId": id })).await;
    assert_eq!(cancelled["status"], "cancelled");
    peer.silence().await;
    assert_eq!(gate.noted(), ["cleaned up"]);
}

// L63: without a token nobody asked for progress; what is going on can still be looked up.
#[tokio::test(start_paused = true)]
async fn progress_without_a_token_is_in_the_status() {
    let (server, _) = server();
    let mut peer = legacy(&server).await;
    peer.result("logging/setLevel", json!({ "level": "error" })).await;
    let id = augmented(&mut peer, "reports").await;
    peer.silence().await;
    assert_eq!(get(&mut peer, &id).await["statusMessage"], "one");
}
