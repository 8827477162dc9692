//! From creation to the end: what can be asked of a task.

use std::time::Duration;

use mcp_runtime::schema::v2025_11_25::{CancelTaskResult, GetTaskResult, TaskStatus};
use serde_json::{Value, json};

use crate::tasks_peer::{RELATED, augmented, get, legacy, server, server_with, text, until};

fn by_id(id: &str) -> Value {
    json!({ "taskId": id })
}

// L42, L43, L45, L59, L80, D13
#[tokio::test(start_paused = true)]
async fn a_task_is_looked_at_without_changing_it() {
    let mut peer = legacy(&server().0).await;
    let id = augmented(&mut peer, "job").await;
    let first = get(&mut peer, &id).await;
    let task: GetTaskResult = serde_json::from_value(first.clone()).expect("the schema's");
    assert!(task.extra.is_empty(), "{first}");
    assert_eq!((&task.status, first.get("_meta")), (&TaskStatus::Working, None));
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(get(&mut peer, &id).await, first);
}

// L56, L57, L58
#[tokio::test(start_paused = true)]
async fn the_id_in_the_parameters_counts_and_not_the_one_in_the_metadata() {
    let mut peer = legacy(&server().0).await;
    let (one, other) = (augmented(&mut peer, "job").await, augmented(&mut peer, "job").await);
    let meta = json!({ RELATED: { "taskId": other } });
    let params = json!({ "taskId": one, "_meta": meta });
    assert_eq!(peer.result("tasks/get", params.clone()).await["taskId"], json!(one));
    assert_eq!(peer.result("tasks/cancel", params).await["taskId"], json!(one));
    assert_eq!(get(&mut peer, &other).await["status"], "working");
    let error = peer.error("tasks/get", json!({ "_meta": meta })).await;
    assert_eq!(error["code"], -32602);
}

// L82, L87, D9
#[tokio::test(start_paused = true)]
async fn an_id_that_is_none_is_refused_whatever_is_wrong_with_it() {
    let mut peer = legacy(&server().0).await;
    let long = "x".repeat(10_000);
    for method in ["tasks/get", "tasks/result", "tasks/cancel"] {
        let mut texts = Vec::new();
        for id in ["", "unknown", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", &long, "\u{0}\u{fffd}"] {
            let error = peer.error(method, by_id(id)).await;
            assert_eq!(error["code"], -32602, "{method} {id}");
            texts.push(error["message"].clone());
        }
        texts.dedup();
        assert_eq!(texts.len(), 1, "{texts:?}");
        for params in [json!({}), json!({ "taskId": 7 }), json!({ "taskId": null })] {
            assert_eq!(peer.error(method, params).await["code"], -32602, "{method}");
        }
    }
    // L7, L97: nobody in particular is asking.
    assert_eq!(peer.error("tasks/list", json!({})).await["code"], -32601);
    // The other era's.
    assert_eq!(peer.error("tasks/update", by_id("a")).await["code"], -32601);
}

// L24, L52, D8
#[tokio::test(start_paused = true)]
async fn all_who_wait_get_the_result_and_others_look_meanwhile() {
    let (server, gate) = server();
    let mut peer = legacy(&server).await;
    let id = augmented(&mut peer, "job").await;
    let waiting = [
        peer.start("tasks/result", by_id(&id)).await,
        peer.start("tasks/result", by_id(&id)).await,
    ];
    peer.silence().await;
    assert_eq!(get(&mut peer, &id).await["status"], "working");
    gate.open();
    let mut answered = Vec::new();
    for _ in &waiting {
        let response = peer.next().await;
        assert_eq!(text(&response["result"]), "done");
        answered.push(response["id"].as_i64().expect("an id"));
    }
    answered.sort_unstable();
    assert_eq!(answered, waiting);
    // And again, as often as anybody likes.
    assert_eq!(text(&peer.result("tasks/result", by_id(&id)).await), "done");
}

// L51, L53, L81, L93, P10
#[tokio::test(start_paused = true)]
async fn the_result_is_what_the_call_would_have_returned() {
    let mut peer = legacy(&server().0).await;
    let inline = peer.call("rich", json!({})).await;
    let id = augmented(&mut peer, "rich").await;
    let mut result = peer.result("tasks/result", by_id(&id)).await;
    assert_eq!(result["_meta"][RELATED], by_id(&id));
    result["_meta"].as_object_mut().expect("an object").remove(RELATED);
    assert_eq!(result, inline);
    assert_eq!(get(&mut peer, &id).await["status"], "completed");
}

// L78, L89, L90, L91, L93, D4
#[tokio::test(start_paused = true)]
async fn a_tool_that_reports_an_error_has_failed_and_has_a_result() {
    let mut peer = legacy(&server().0).await;
    let inline = peer.call("fails", json!({})).await;
    let id = augmented(&mut peer, "fails").await;
    let task = until(&mut peer, &id, "failed").await;
    assert!(task["statusMessage"].as_str().is_some_and(|it| it.contains("out of paper")), "{task}");
    let result = peer.result("tasks/result", by_id(&id)).await;
    assert_eq!((&result["isError"], &result["content"]), (&json!(true), &inline["content"]));
}

// L51, L89, L90, L92
#[tokio::test(start_paused = true)]
async fn a_protocol_error_is_the_same_error_later() {
    let mut peer = legacy(&server().0).await;
    let inline = peer.error("tools/call", json!({ "name": "refuses", "arguments": {} })).await;
    assert_eq!(inline, json!({ "code": -7, "message": "not today", "data": "try tomorrow" }));
    let id = augmented(&mut peer, "refuses").await;
    let task = until(&mut peer, &id, "failed").await;
    assert!(task["statusMessage"].as_str().is_some_and(|it| it.contains("not today")), "{task}");
    assert_eq!(peer.error("tasks/result", by_id(&id)).await, inline);
}

// D25, P15, L85
#[tokio::test(start_paused = true)]
async fn a_panic_is_an_internal_error_that_tells_nothing() {
    let mut peer = legacy(&server().0).await;
    let id = augmented(&mut peer, "panicking_job").await;
    let error = peer.error("tasks/result", by_id(&id)).await;
    assert_eq!(error["code"], -32603);
    assert!(!error.to_string().contains("42"), "{error}");
    let task = get(&mut peer, &id).await;
    assert_eq!(task["status"], "failed");
    assert!(!task.to_string().contains("the secret"), "{task}");
}

// L16: the call is accepted, and fails as a task.
#[tokio::test(start_paused = true)]
async fn arguments_that_do_not_fit_fail_the_task_and_not_the_call() {
    let mut peer = legacy(&server().0).await;
    let params = json!({ "name": "picky", "arguments": { "number": "many" }, "task": {} });
    let created = peer.result("tools/call", params).await;
    let id = created["task"]["taskId"].as_str().expect("a task").to_owned();
    let result = peer.result("tasks/result", by_id(&id)).await;
    assert_eq!(result["isError"], true);
    assert_eq!(get(&mut peer, &id).await["status"], "failed");
}

// L71, L72, L73, L74, L84, L35, D1, D5
#[tokio::test(start_paused = true)]
async fn a_cancelled_task_stays_cancelled() {
    let (server, gate) = server();
    let mut peer = legacy(&server).await;
    let id = augmented(&mut peer, "job").await;
    let result = peer.result("tasks/cancel", by_id(&id)).await;
    let cancelled: CancelTaskResult = serde_json::from_value(result.clone()).expect("the schema's");
    assert!(cancelled.extra.is_empty(), "{result}");
    assert_eq!((&cancelled.status, result.get("_meta")), (&TaskStatus::Cancelled, None));
    // It had a moment to clean up, and is not there any more.
    tokio::time::sleep(Duration::from_secs(3)).await;
    gate.open();
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(get(&mut peer, &id).await, result);
    let error = peer.error("tasks/cancel", by_id(&id)).await;
    assert_eq!(error["code"], -32602);
    assert!(error["message"].as_str().expect("text").contains("cancelled"), "{error}");
    let error = peer.error("tasks/result", by_id(&id)).await;
    assert_eq!(error["code"], -32603);
    assert!(error["message"].as_str().expect("text").contains("cancelled"), "{error}");
    assert!(!gate.noted().contains(&"job ends".to_owned()));
}

// L71, L84, D2
#[tokio::test(start_paused = true)]
async fn a_task_that_has_ended_cannot_be_cancelled() {
    let (server, gate) = server();
    let mut peer = legacy(&server).await;
    for (tool, status) in [("slow", "completed"), ("fails", "failed"), ("refuses", "failed")] {
        gate.open();
        let id = augmented(&mut peer, tool).await;
        until(&mut peer, &id, status).await;
        let error = peer.error("tasks/cancel", by_id(&id)).await;
        assert_eq!(error["code"], -32602, "{tool}");
        assert!(error["message"].as_str().expect("text").contains(status), "{error}");
        assert_eq!(get(&mut peer, &id).await["status"], status, "{tool}");
    }
}

// L52, L72, D12
#[tokio::test(start_paused = true)]
async fn who_waits_hears_of_a_cancellation() {
    let mut peer = legacy(&server().0).await;
    let id = augmented(&mut peer, "job").await;
    let waiting = peer.start("tasks/result", by_id(&id)).await;
    peer.silence().await;
    let cancel = peer.start("tasks/cancel", by_id(&id)).await;
    let mut codes = Vec::new();
    for _ in 0..2 {
        let response = peer.next().await;
        codes.push((response["id"].as_i64(), response["error"]["code"].as_i64()));
    }
    codes.sort_unstable();
    assert_eq!(codes, [(Some(waiting), Some(-32603)), (Some(cancel), None)]);
}

// L74, L34, L35: what finishes all the same changes nothing.
#[tokio::test(start_paused = true)]
async fn what_a_cancelled_task_still_returns_is_not_its_result() {
    let (server, gate) = server();
    let mut peer = legacy(&server).await;
    let id = augmented(&mut peer, "job").await;
    let result = peer.result("tasks/cancel", by_id(&id)).await;
    gate.open();
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(gate.noted().contains(&"job ends".to_owned()));
    assert_eq!(get(&mut peer, &id).await, result);
    assert_eq!(peer.error("tasks/result", by_id(&id)).await["code"], -32603);
}

// L77, L113, D6
#[tokio::test(start_paused = true)]
async fn a_cancelled_request_is_no_cancelled_task() {
    let (server, gate) = server();
    let mut peer = legacy(&server).await;
    let params = json!({ "name": "job", "arguments": {}, "task": {} });
    let call = peer.start("tools/call", params).await;
    let id =
        peer.response(call).await["result"]["task"]["taskId"].as_str().expect("a task").to_owned();
    peer.notify("notifications/cancelled", json!({ "requestId": call })).await;
    let waiting = peer.start("tasks/result", by_id(&id)).await;
    peer.notify("notifications/cancelled", json!({ "requestId": waiting })).await;
    // Nothing is said of a request that was cancelled.
    peer.silence().await;
    assert_eq!(get(&mut peer, &id).await["status"], "working");
    gate.open();
    assert_eq!(text(&peer.result("tasks/result", by_id(&id)).await), "done");
}

// P9, L100, X27
#[tokio::test(start_paused = true)]
async fn who_asks_too_often_is_slowed_down_and_then_refused() {
    let mut peer = legacy(&server().0).await;
    let id = augmented(&mut peer, "job").await;
    let mut refused = None;
    for _ in 0..2000 {
        let asked = peer.start("tasks/get", by_id(&id)).await;
        let response = peer.response(asked).await;
        if let Some(error) = response.get("error") {
            refused = Some(error.clone());
            break;
        }
    }
    let refused = refused.expect("an end to patience");
    assert_eq!(refused["code"], -32603);
    assert!(refused["message"].as_str().expect("text").contains("slow down"), "{refused}");
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert!(get(&mut peer, &id).await["pollInterval"].as_u64() >= Some(1000));
}

// L46, L88, D9, D11, D12. The store's clock is the system's: this one takes real time.
#[tokio::test]
async fn an_expired_task_is_one_that_never_was() {
    let (server, gate) = server_with(|settings| settings.min_ttl = Duration::from_millis(1));
    let mut peer = legacy(&server).await;
    let params = json!({ "name": "job", "arguments": {}, "task": { "ttl": 400 } });
    let created = peer.result("tools/call", params).await;
    let id = created["task"]["taskId"].as_str().expect("a task").to_owned();
    assert_eq!(get(&mut peer, &id).await["status"], "working");
    let begun = std::time::Instant::now();
    let unknown = peer.error("tasks/get", by_id("unknown")).await;
    // Who waits is told when it is gone.
    assert_eq!(peer.error("tasks/result", by_id(&id)).await, unknown);
    assert!(begun.elapsed() >= Duration::from_millis(200));
    assert_eq!(peer.error("tasks/get", by_id(&id)).await, unknown);
    assert_eq!(peer.error("tasks/cancel", by_id(&id)).await, unknown);
    gate.open();
}
