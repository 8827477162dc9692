//! How a call becomes a task, and when it does not.

use mcp_runtime::schema::tasks::{CallToolOutcome, TaskStatus};
use mcp_runtime::{Server, mcp_tool};
use serde_json::{Value, json};

use crate::tasks_peer::{Peer, RELATED, TASKS, able, get, modern, server, task, text};

#[mcp_tool]
async fn alone() -> &'static str {
    "inline"
}

fn needs_tasks() -> Value {
    json!({ "requiredCapabilities": { "extensions": { TASKS: {} } } })
}

// X1, X2, X97, X98
#[tokio::test(start_paused = true)]
async fn the_extension_is_declared_where_it_means_something() {
    let mut peer = modern(&server().0);
    let capabilities = peer.result("server/discover", json!({})).await["capabilities"].take();
    assert_eq!(capabilities["extensions"], json!({ TASKS: {} }));
    assert_eq!(capabilities.get("tasks"), None);
    let server = Server::builder("fixtures", "1").tool::<alone>().build().expect("a server");
    let mut peer = modern(&server);
    let capabilities = peer.result("server/discover", json!({})).await["capabilities"].take();
    assert_eq!(capabilities.get("extensions"), None);
    // C23, X101
    assert_eq!(text(&peer.call("alone", json!({})).await), "inline");
    assert_eq!(peer.error("tasks/get", json!({ "taskId": "a" })).await["code"], -32601);
}

// X5, X8, X76, X93: neither what another request declared nor what the other era calls so counts.
#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_declare_the_extension_gets_no_task() {
    let mut peer = modern(&server().0);
    task(&mut peer, "job").await;
    for capabilities in [
        json!({}),
        json!({ "tasks": { "requests": { "tools": { "call": {} } } } }),
        json!({ "extensions": { "com.example/tasks": {} } }),
        json!({ "extensions": { TASKS: null } }),
    ] {
        let meta = json!({ "io.modelcontextprotocol/clientCapabilities": capabilities });
        let params = json!({ "name": "job", "arguments": {}, "_meta": meta });
        let error = peer.error("tools/call", params).await;
        assert_eq!(
            (&error["code"], &error["data"]),
            (&json!(-32021), &needs_tasks()),
            "{capabilities}"
        );
        assert!(error["message"].as_str().expect("text").contains("job"), "{error}");
    }
}

// X3, X5: a tool that may be a task is an ordinary one for everybody else.
#[tokio::test(start_paused = true)]
async fn an_optional_tool_is_inline_for_who_knows_no_tasks() {
    let (server, gate) = server();
    let mut peer = Peer::modern(&server, json!({}));
    let call = peer.start_call("slow", json!({})).await;
    peer.silence().await;
    gate.open();
    let response = peer.response(call).await;
    assert_eq!(response["result"]["resultType"], "complete");
    assert_eq!(text(&response["result"]), "done");
}

// X11, X21, X22, X23, X31, X86, D14, D15, D23, C1, E13
#[tokio::test(start_paused = true)]
async fn a_call_is_answered_by_its_task() {
    let mut peer = modern(&server().0);
    let result = peer.call("short", json!({})).await;
    let CallToolOutcome::Task(created) =
        serde_json::from_value(result.clone()).expect("the schema's")
    else {
        panic!("no task: {result}")
    };
    assert!(created.extra.is_empty(), "{result}");
    assert_eq!(created.status, TaskStatus::Working);
    assert_eq!((created.ttl_ms, created.poll_interval_ms), (Some(90_000), Some(1_000)));
    assert_eq!(created.created_at, created.last_updated_at);
    for absent in
        ["task", "ttl", "pollInterval", "requestState", "inputRequests", "result", "error"]
    {
        assert_eq!(result.get(absent), None, "{absent}");
    }
    assert_eq!(result["_meta"].get(RELATED), None);
    assert_eq!(get(&mut peer, &created.task_id).await["status"], "working");
}

// X4, X96
#[tokio::test(start_paused = true)]
async fn the_parameter_of_the_other_era_is_an_unknown_field() {
    let mut peer = modern(&server().0);
    for task in [json!({ "ttl": 20_000 }), json!("nonsense")] {
        let params = json!({ "name": "greet", "arguments": { "name": "Ada" }, "task": task });
        assert_eq!(text(&peer.result("tools/call", params).await), "Hello, Ada!");
        let params = json!({ "name": "short", "arguments": {}, "task": task });
        assert_eq!(peer.result("tools/call", params).await["ttlMs"], 90_000);
    }
}

// X12, C1, C4: nothing else is of that type.
#[tokio::test(start_paused = true)]
async fn only_a_created_task_says_that_it_is_one() {
    let mut peer = modern(&server().0);
    let id = task(&mut peer, "job").await;
    for (method, params) in [
        ("server/discover", json!({})),
        ("tools/list", json!({})),
        ("tools/call", json!({ "name": "greet", "arguments": { "name": "Ada" } })),
        ("tasks/get", json!({ "taskId": id })),
        ("tasks/update", json!({ "taskId": id, "inputResponses": {} })),
        ("tasks/cancel", json!({ "taskId": id })),
        ("tasks/get", json!({ "taskId": id })),
    ] {
        assert_eq!(peer.result(method, params).await["resultType"], "complete", "{method}");
    }
}

// P12, C20, C26, D17
#[tokio::test(start_paused = true)]
async fn what_a_tool_needs_is_checked_before_there_is_a_task() {
    let mut peer = modern(&server().0);
    let error = peer.error("tools/call", json!({ "name": "needs_a_model", "arguments": {} })).await;
    assert_eq!(error["code"], -32021);
    assert_eq!(error["data"], json!({ "requiredCapabilities": { "sampling": {} } }));
}

// C5, C6, X88: a task is found by its id, on whatever connection.
#[tokio::test(start_paused = true)]
async fn a_task_belongs_to_no_connection() {
    let (server, gate) = server();
    let mut first = modern(&server);
    let id = task(&mut first, "job").await;
    first.end().await;
    let mut second = Peer::modern(&server, able());
    assert_eq!(get(&mut second, &id).await["status"], "working");
    gate.open();
    assert_eq!(
        text(&crate::tasks_peer::until(&mut second, &id, "completed").await["result"]),
        "done"
    );
}

// X55, C25
#[tokio::test(start_paused = true)]
async fn a_cancelled_request_is_no_cancelled_task() {
    let mut peer = modern(&server().0);
    let call = peer.start_call("job", json!({})).await;
    let id = peer.response(call).await["result"]["taskId"].as_str().expect("a task").to_owned();
    peer.notify("notifications/cancelled", json!({ "requestId": call })).await;
    peer.silence().await;
    assert_eq!(get(&mut peer, &id).await["status"], "working");
}

// X24, X100, P4: what is asked before the task begins is asked in the call; the keys have nothing to do with each other.
#[tokio::test(start_paused = true)]
async fn questions_before_the_task_come_before_the_task() {
    let mut peer = modern(&server().0);
    let asked = peer.call("prepared", json!({})).await;
    assert_eq!(asked["resultType"], "input_required");
    assert_eq!(
        asked["inputRequests"].as_object().map(|all| all.contains_key("before")),
        Some(true)
    );
    let yes = crate::tasks_peer::accept(json!({ "approved": true }));
    let params = json!({
        "name": "prepared", "arguments": {},
        "requestState": asked["requestState"], "inputResponses": { "before": yes },
    });
    let created = peer.result("tools/call", params).await;
    assert_eq!((&created["resultType"], created.get("requestState")), (&json!("task"), None));
    let id = created["taskId"].as_str().expect("a task").to_owned();
    let task = crate::tasks_peer::until(&mut peer, &id, "input_required").await;
    let keys: Vec<_> = task["inputRequests"].as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["after"]);
    let responses = json!({ "after": yes, "before": yes });
    peer.result("tasks/update", json!({ "taskId": id, "inputResponses": responses })).await;
    let done = crate::tasks_peer::until(&mut peer, &id, "completed").await;
    assert_eq!(text(&done["result"]), "true true");
}

// X8, X24: who knows no tasks is refused before it is asked anything.
#[tokio::test(start_paused = true)]
async fn who_knows_no_tasks_is_not_asked_in_vain() {
    let mut peer = Peer::modern(&server().0, json!({ "elicitation": { "form": {} } }));
    let error = peer.error("tools/call", json!({ "name": "prepared", "arguments": {} })).await;
    assert_eq!((&error["code"], &error["data"]), (&json!(-32021), &needs_tasks()));
}
