//! From creation to the end: what can be asked of a task.

use std::time::Duration;

use mcp_runtime::schema::tasks::{CancelTaskResult, DetailedTask, GetTaskResult, UpdateTaskResult};
use serde_json::{Value, json};

use crate::tasks_peer::{
    Peer, RELATED, TASKS, accept, get, legacy, modern, server, server_with, task, text, until,
};

fn by_id(id: &str) -> Value {
    json!({ "taskId": id })
}

/// A look at a task, which must be what the schema says and no more.
async fn look(peer: &mut Peer, id: &str) -> (DetailedTask, Value) {
    let result = get(peer, id).await;
    assert_eq!(result["resultType"], "complete", "X37");
    for absent in ["task", "ttl", "pollInterval", "requestState"] {
        assert_eq!(result.get(absent), None, "D14: {absent}");
    }
    let got: GetTaskResult = serde_json::from_value(result.clone()).expect("the schema's");
    let extra = match &got.task {
        DetailedTask::Working(task) => &task.extra,
        DetailedTask::InputRequired(task) => &task.extra,
        DetailedTask::Completed(task) => &task.extra,
        DetailedTask::Cancelled(task) => &task.extra,
        DetailedTask::Failed(task) => &task.extra,
    };
    assert!(extra.is_empty(), "{result}");
    (got.task, result)
}

// X30, X31, X37, D13
#[tokio::test(start_paused = true)]
async fn a_task_is_looked_at_without_changing_it() {
    let mut peer = modern(&server().0);
    let id = task(&mut peer, "job").await;
    let (working, first) = look(&mut peer, &id).await;
    assert!(matches!(working, DetailedTask::Working(_)), "{first}");
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(look(&mut peer, &id).await.1, first);
}

// X30, X34, X84, P10, D14
#[tokio::test(start_paused = true)]
async fn a_completed_task_has_its_result_as_the_call_would_have_returned_it() {
    let mut peer = modern(&server().0);
    let inline = peer.call("rich", json!({})).await;
    let id = task(&mut peer, "rich_job").await;
    until(&mut peer, &id, "completed").await;
    let (DetailedTask::Completed(_), result) = look(&mut peer, &id).await else {
        panic!("not completed")
    };
    assert_eq!(result["result"], inline);
    assert!(!result.to_string().contains(RELATED), "{result}");
    assert_eq!((result.get("error"), result.get("inputRequests")), (None, None));
}

// X19, X20, X81, X82, D4
#[tokio::test(start_paused = true)]
async fn a_tool_that_reports_an_error_is_complete() {
    let mut peer = modern(&server().0);
    let inline = peer.call("fails", json!({})).await;
    assert_eq!(inline["isError"], true);
    let id = task(&mut peer, "failing_job").await;
    until(&mut peer, &id, "completed").await;
    assert_eq!(look(&mut peer, &id).await.1["result"], inline);
}

// X36, X78, X79, X80, X83, E3
#[tokio::test(start_paused = true)]
async fn a_protocol_error_fails_the_task_with_that_error() {
    let mut peer = modern(&server().0);
    let inline = peer.error("tools/call", json!({ "name": "refuses", "arguments": {} })).await;
    let id = task(&mut peer, "refusing_job").await;
    until(&mut peer, &id, "failed").await;
    let (DetailedTask::Failed(failed), result) = look(&mut peer, &id).await else {
        panic!("not failed")
    };
    assert_eq!(result["error"], inline);
    assert_eq!((failed.error.code, result.get("result")), (-7, None));
    assert!(failed.status_message.is_some_and(|it| it.contains("not today")), "{result}");
}

// D25, P15, X73
#[tokio::test(start_paused = true)]
async fn a_panic_fails_the_task_and_tells_nothing() {
    let mut peer = modern(&server().0);
    let id = task(&mut peer, "panicking_job").await;
    let failed = until(&mut peer, &id, "failed").await;
    assert_eq!(failed["error"]["code"], -32603);
    assert!(!failed.to_string().contains("the secret"), "{failed}");
}

// X35, X56, X58, X61, D3, E17
#[tokio::test(start_paused = true)]
async fn a_cancellation_is_acknowledged_whatever_it_meets() {
    let (server, gate) = server();
    let mut peer = modern(&server);
    let id = task(&mut peer, "job").await;
    for _ in 0..3 {
        let result = peer.result("tasks/cancel", by_id(&id)).await;
        let ack: CancelTaskResult = serde_json::from_value(result.clone()).expect("the schema's");
        assert!(ack.extra.is_empty(), "{result}");
        assert_eq!(result["resultType"], "complete");
    }
    let (cancelled, result) = look(&mut peer, &id).await;
    assert!(matches!(cancelled, DetailedTask::Cancelled(_)), "{result}");
    gate.open();
    tokio::time::sleep(Duration::from_secs(3)).await;
    // L35 holds for both.
    assert_eq!(look(&mut peer, &id).await.1, result);
    // One that has ended otherwise stays as it is.
    let id = task(&mut peer, "failing_job").await;
    let done = until(&mut peer, &id, "completed").await;
    peer.result("tasks/cancel", by_id(&id)).await;
    assert_eq!(get(&mut peer, &id).await, done);
}

// X50, X57, X71, X72, X76, X77, D9
#[tokio::test(start_paused = true)]
async fn an_id_that_is_none_is_refused_whatever_is_wrong_with_it() {
    let mut peer = modern(&server().0);
    let long = "x".repeat(10_000);
    for method in ["tasks/get", "tasks/update", "tasks/cancel"] {
        let mut texts = Vec::new();
        for id in ["", "unknown", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", &long] {
            let params = json!({ "taskId": id, "inputResponses": {} });
            let error = peer.error(method, params).await;
            assert_eq!(error["code"], -32602, "{method} {id}");
            texts.push(error["message"].clone());
        }
        texts.dedup();
        assert_eq!(texts.len(), 1, "{texts:?}");
        for params in [json!({}), json!({ "taskId": 7 })] {
            assert_eq!(peer.error(method, params).await["code"], -32602, "{method}");
        }
    }
}

// X85, X95
#[tokio::test(start_paused = true)]
async fn methods_of_the_other_era_do_not_exist() {
    let mut peer = modern(&server().0);
    let id = task(&mut peer, "job").await;
    for method in ["tasks/result", "tasks/list"] {
        assert_eq!(peer.error(method, by_id(&id)).await["code"], -32601, "{method}");
        let mut other = Peer::modern(&server().0, json!({}));
        assert_eq!(other.error(method, by_id(&id)).await["code"], -32601, "{method}");
    }
}

// X75, X93, P5: before any look, so that nobody learns which tasks there are.
#[tokio::test(start_paused = true)]
async fn who_does_not_declare_the_extension_is_told_so_first() {
    let (server, _) = server();
    let id = task(&mut modern(&server), "job").await;
    for capabilities in [json!({}), json!({ "tasks": { "cancel": {} } })] {
        let mut peer = Peer::modern(&server, capabilities);
        for method in ["tasks/get", "tasks/update", "tasks/cancel"] {
            for params in [by_id(&id), by_id("unknown"), json!({})] {
                let error = peer.error(method, params.clone()).await;
                assert_eq!(error["code"], -32021, "{method} {params}");
                let needed = json!({ "requiredCapabilities": { "extensions": { TASKS: {} } } });
                assert_eq!(error["data"], needed);
            }
        }
    }
    assert_eq!(get(&mut modern(&server), &id).await["status"], "working");
}

// P6, X94, D21: the error and the status of a task are those of who reads it.
#[tokio::test(start_paused = true)]
async fn one_task_reads_differently_in_the_other_era() {
    let (server, _) = server();
    let (mut new, mut old) = (modern(&server), legacy(&server).await);
    let id = task(&mut new, "failing_job").await;
    until(&mut new, &id, "completed").await;
    let seen = get(&mut old, &id).await;
    assert_eq!((&seen["status"], &seen["ttl"]), (&json!("failed"), &json!(86_400_000)));
    assert_eq!(seen.get("resultType"), None);
    let result = old.result("tasks/result", by_id(&id)).await;
    assert_eq!((&result["isError"], result.get("resultType")), (&json!(true), None));
    assert_eq!(result["_meta"], json!({ RELATED: by_id(&id) }));
}

// P6: and so does its question.
#[tokio::test(start_paused = true)]
async fn a_session_may_answer_for_a_task_of_the_extension() {
    let (server, _) = server();
    let (mut new, mut old) = (modern(&server), legacy(&server).await);
    let id = task(&mut new, "ask").await;
    until(&mut new, &id, "input_required").await;
    old.silence().await;
    let waiting = old.start("tasks/result", by_id(&id)).await;
    let (request, params) = old.question("elicitation/create").await;
    assert_eq!(params["_meta"], json!({ RELATED: by_id(&id) }));
    old.answer(&request, accept(json!({ "approved": true }))).await;
    assert_eq!(text(&old.response(waiting).await["result"]), "approved: true");
    assert_eq!(text(&get(&mut new, &id).await["result"]), "approved: true");
}

// X26, X27, P9
#[tokio::test(start_paused = true)]
async fn who_asks_too_often_is_told_a_longer_interval() {
    let mut peer = modern(&server().0);
    let id = task(&mut peer, "job").await;
    let mut intervals = Vec::new();
    for _ in 0..60 {
        intervals.push(get(&mut peer, &id).await["pollIntervalMs"].as_u64().expect("an integer"));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(intervals[0], 1000);
    assert!(intervals.last() > Some(&1000), "{intervals:?}");
}

// X54, X48 as the schema has it
#[tokio::test(start_paused = true)]
async fn an_update_is_acknowledged_with_nothing() {
    let mut peer = modern(&server().0);
    let id = task(&mut peer, "job").await;
    let params = json!({ "taskId": id, "inputResponses": {} });
    let result = peer.result("tasks/update", params).await;
    let ack: UpdateTaskResult = serde_json::from_value(result.clone()).expect("the schema's");
    assert!(ack.extra.is_empty(), "{result}");
}

// X39, X77, D11, D12. The store's clock is the system's: this one takes real time.
#[tokio::test]
async fn an_expired_task_is_one_that_never_was() {
    let (server, _) = server_with(|settings| settings.ttl = Duration::from_millis(400));
    let mut peer = modern(&server);
    let created = peer.call("job", json!({})).await;
    assert_eq!(created["ttlMs"], 400);
    let id = created["taskId"].as_str().expect("a task").to_owned();
    tokio::time::sleep(Duration::from_millis(150)).await;
    assert_eq!(get(&mut peer, &id).await["status"], "working");
    tokio::time::sleep(Duration::from_millis(350)).await;
    let unknown = peer.error("tasks/get", by_id("unknown")).await;
    assert_eq!(peer.error("tasks/get", by_id(&id)).await, unknown);
    assert_eq!(peer.error("tasks/cancel", by_id(&id)).await, unknown);
}
