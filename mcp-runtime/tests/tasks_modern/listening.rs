//! `subscriptions/listen` with `taskIds`.

use mcp_runtime::Limits;
use mcp_runtime::schema::tasks::TaskStatusNotification;
use serde_json::{Value, json};

use crate::tasks_peer::{Peer, TASKS, accept, get, legacy, modern, server, task, tools};

const SUBSCRIPTION: &str = "io.modelcontextprotocol/subscriptionId";

/// Opens a stream, which must be acknowledged first of all (C14).
async fn listen(peer: &mut Peer, filter: Value, honoured: Value) -> i64 {
    let id = peer.start("subscriptions/listen", json!({ "notifications": filter })).await;
    let params = peer.notification("notifications/subscriptions/acknowledged").await;
    assert_eq!(params, json!({ "_meta": { SUBSCRIPTION: id }, "notifications": honoured }));
    id
}

/// The next notification: the task in it must be what a look says now (X66), and the stream's name beside it (C16).
async fn told(peer: &mut Peer, looker: &mut Peer, stream: i64) -> Value {
    let message = peer.next().await;
    let notification: TaskStatusNotification =
        serde_json::from_value(message.clone()).expect("the schema's");
    drop(notification);
    let mut params = message["params"].clone();
    assert_eq!(params["_meta"], json!({ SUBSCRIPTION: stream }));
    params.as_object_mut().expect("an object").remove("_meta");
    let mut now = get(looker, params["taskId"].as_str().expect("an id")).await;
    let object = now.as_object_mut().expect("an object");
    object.remove("_meta");
    object.remove("resultType");
    assert_eq!(params, now);
    now
}

// X62, X63, X64, X66, C14, C16
#[tokio::test(start_paused = true)]
async fn a_stream_tells_all_of_a_task_whenever_it_changes() {
    let (server, gate) = server();
    let (mut peer, mut looker) = (modern(&server), modern(&server));
    let id = task(&mut looker, "ask_and_work").await;
    let other = task(&mut looker, "job").await;
    let wanted = json!({ "taskIds": [id] });
    let stream = listen(&mut peer, wanted.clone(), wanted).await;
    // How things stand, so that nothing is missed between the look and the stream.
    assert_eq!(told(&mut peer, &mut looker, stream).await["status"], "input_required");
    let responses = json!({ "approval": accept(json!({ "approved": true })) });
    looker.result("tasks/update", json!({ "taskId": id, "inputResponses": responses })).await;
    assert_eq!(told(&mut peer, &mut looker, stream).await["status"], "working");
    gate.open();
    gate.open();
    let end = told(&mut peer, &mut looker, stream).await;
    assert_eq!(
        (&end["status"], &end["result"]["resultType"]),
        (&json!("completed"), &json!("complete"))
    );
    peer.silence().await;
    assert_eq!(get(&mut looker, &other).await["status"], "completed");
}

// X64, X66
#[tokio::test(start_paused = true)]
async fn one_that_has_ended_already_is_told_once() {
    let (server, _) = server();
    let (mut peer, mut looker) = (modern(&server), modern(&server));
    let id = task(&mut looker, "refusing_job").await;
    peer.silence().await;
    let wanted = json!({ "taskIds": [id] });
    let stream = listen(&mut peer, wanted.clone(), wanted).await;
    assert_eq!(told(&mut peer, &mut looker, stream).await["error"]["code"], -7);
    peer.silence().await;
}

// X64, D9, D10
#[tokio::test(start_paused = true)]
async fn what_is_no_task_is_left_out_of_the_acknowledgment() {
    let (server, _) = server();
    let mut peer = modern(&server);
    let id = task(&mut peer, "job").await;
    let asked = json!({ "taskIds": ["unknown", id, id], "toolsListChanged": true });
    let stream =
        listen(&mut peer, asked, json!({ "taskIds": [id], "toolsListChanged": true })).await;
    assert_eq!(peer.notification("notifications/tasks").await["taskId"], json!(id));
    server.enable_tool("greet", false);
    let changed = peer.notification("notifications/tools/list_changed").await;
    assert_eq!(changed["_meta"][SUBSCRIPTION], stream);
    listen(&mut peer, json!({ "taskIds": ["unknown"] }), json!({})).await;
    peer.silence().await;
}

// X65, X74
#[tokio::test(start_paused = true)]
async fn who_does_not_declare_the_extension_cannot_follow_tasks() {
    let (server, _) = server();
    let id = task(&mut modern(&server), "job").await;
    let mut peer = Peer::modern(&server, json!({ "tasks": {} }));
    for ids in [json!([id]), json!(["unknown"]), json!([])] {
        let params = json!({ "notifications": { "taskIds": ids } });
        let error = peer.error("subscriptions/listen", params).await;
        assert_eq!(error["code"], -32021, "{ids}");
        assert_eq!(
            error["data"],
            json!({ "requiredCapabilities": { "extensions": { TASKS: {} } } })
        );
    }
    listen(&mut peer, json!({ "toolsListChanged": true }), json!({ "toolsListChanged": true }))
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_stream_follows_so_many_tasks_and_no_more() {
    let mut limits = Limits::default();
    limits.watched = 2;
    let gate = std::sync::Arc::default();
    let server = tools::builder(&gate).limits(limits).build().expect("a server");
    let mut peer = modern(&server);
    for ids in [json!(["a", "b", "c"]), json!("a"), json!([7])] {
        let params = json!({ "notifications": { "taskIds": ids } });
        assert_eq!(peer.error("subscriptions/listen", params).await["code"], -32602, "{ids}");
    }
}

// X68, D16
#[tokio::test(start_paused = true)]
async fn no_progress_and_no_messages_come_on_a_stream_nor_elsewhere() {
    let (server, gate) = server();
    let (mut peer, mut creator) = (modern(&server), modern(&server));
    let meta = json!({ "progressToken": "p", "io.modelcontextprotocol/logLevel": "debug" });
    let params = json!({ "name": "reports", "arguments": {}, "_meta": meta });
    let call = creator.start("tools/call", params).await;
    let id = creator.response(call).await["result"]["taskId"].clone();
    let wanted = json!({ "taskIds": [id] });
    listen(&mut peer, wanted.clone(), wanted).await;
    gate.open();
    gate.open();
    loop {
        let task = peer.notification("notifications/tasks").await;
        if task["status"] == "completed" {
            break;
        }
    }
    peer.silence().await;
    creator.silence().await;
}

// X67, and what is kept of a stream that is gone
#[tokio::test(start_paused = true)]
async fn a_cancelled_stream_is_silent() {
    let (server, gate) = server();
    let (mut peer, mut looker) = (modern(&server), modern(&server));
    let id = task(&mut looker, "job").await;
    let wanted = json!({ "taskIds": [id] });
    let first = listen(&mut peer, wanted.clone(), wanted.clone()).await;
    told(&mut peer, &mut looker, first).await;
    let second = listen(&mut peer, wanted.clone(), wanted).await;
    told(&mut peer, &mut looker, second).await;
    peer.notify("notifications/cancelled", json!({ "requestId": first })).await;
    gate.open();
    assert_eq!(told(&mut peer, &mut looker, second).await["status"], "completed");
    peer.silence().await;
}

// P6: a stream may follow a task of the other era, which goes on telling its session.
#[tokio::test(start_paused = true)]
async fn a_task_of_a_session_can_be_followed() {
    let (server, _) = server();
    let (mut peer, mut old) = (modern(&server), legacy(&server).await);
    let id = crate::tasks_peer::augmented(&mut old, "ask").await;
    let wanted = json!({ "taskIds": [id] });
    listen(&mut peer, wanted.clone(), wanted).await;
    let told = peer.notification("notifications/tasks").await;
    assert!(told["inputRequests"]["approval"].is_object(), "{told}");
    old.question("elicitation/create").await;
}
