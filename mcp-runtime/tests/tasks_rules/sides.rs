//! Two eras at one endpoint, two servers with one store, and what lies beside tasks.

use std::sync::Arc;
use std::time::Duration;

use mcp_runtime::store::MemoryStore;
use mcp_runtime::task::{TaskSettings, TaskStore};
use mcp_runtime::{
    Call, Context, InputError, Revision, Server, TaskOptions, TaskSupport, ToolDefinition,
    mcp_prompt, mcp_resource, mcp_tool,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::tasks_peer::tools::{self, Gate};
use crate::tasks_peer::{
    Peer, TASKS, accept, augmented, get, legacy, modern, server, task, text, until,
};

#[derive(Deserialize, JsonSchema)]
struct Approval {
    approved: bool,
}

const LONG: Duration = Duration::from_secs(30);

#[mcp_tool]
async fn patient() -> &'static str {
    tokio::time::sleep(LONG).await;
    "done"
}

#[mcp_prompt]
async fn ponder() -> &'static str {
    tokio::time::sleep(LONG).await;
    "Well."
}

#[mcp_resource("slow://book")]
async fn book() -> &'static str {
    tokio::time::sleep(LONG).await;
    "The end."
}

// L1, L14, L112, X1, D24: a server may get its first tool that is a task while it runs, and lose it again.
#[tokio::test(start_paused = true)]
async fn the_first_tool_with_tasks_may_come_late_and_go() {
    let server = Server::builder("fixtures", "1").tool::<patient>().build().expect("a server");
    let error = modern(&server).error("tasks/get", json!({ "taskId": "none" })).await;
    assert_eq!(error["code"], -32601);
    for (name, support) in [("job", TaskSupport::Required), ("patient", TaskSupport::Optional)] {
        let definition = ToolDefinition::new(name).task(TaskOptions::new(support));
        let handler = async |_: Call| {
            tokio::time::sleep(Duration::from_secs(2)).await;
            "done"
        };
        server.replace_tool(definition, handler).expect("a good definition");
    }
    let (mut new, mut old) = (modern(&server), legacy(&server).await);
    let discovered = new.result("server/discover", json!({})).await;
    assert_eq!(discovered["capabilities"]["extensions"][TASKS], json!({}));
    let mut ids = vec![augmented(&mut old, "job").await, augmented(&mut old, "patient").await];
    let error = old.error("tools/call", json!({ "name": "job", "arguments": {} })).await;
    assert_eq!(error["code"], -32601);
    old.end().await;
    ids.extend([task(&mut new, "job").await, task(&mut new, "patient").await]);
    assert!(server.remove_tool("job") && server.remove_tool("patient"));
    for id in ids {
        let result = until(&mut new, &id, "completed").await["result"].take();
        assert_eq!(text(&result), "done");
    }
}

// X9, L6: whatever else takes long takes long, also for those who know tasks, and whatever they add to the request.
#[tokio::test(start_paused = true)]
async fn nothing_but_a_call_becomes_a_task() {
    let gate = Arc::default();
    let server = tools::builder(&gate)
        .tool::<patient>()
        .prompt::<ponder>()
        .resource::<book>()
        .build()
        .expect("a server");
    let (mut new, mut old) = (modern(&server), legacy(&server).await);
    for (method, params) in [
        ("tools/call", json!({ "name": "patient", "arguments": {} })),
        ("prompts/get", json!({ "name": "ponder", "task": {} })),
        ("resources/read", json!({ "uri": "slow://book", "task": {} })),
    ] {
        let begun = tokio::time::Instant::now();
        let result = new.result(method, params.clone()).await;
        assert_eq!(result["resultType"], "complete", "{method}");
        assert!(begun.elapsed() >= LONG, "{method}");
        let result = old.result(method, params).await;
        assert_eq!(result.get("task"), None, "{method}");
    }
}

// L7, L8, X101: without a tool that can be a task, there are none in either era.
#[tokio::test(start_paused = true)]
async fn where_there_are_no_tasks_there_are_no_methods_of_tasks() {
    let server = Server::builder("fixtures", "1").tool::<patient>().build().expect("a server");
    let mut old = legacy(&server).await;
    let mut new = modern(&server);
    let params = json!({ "taskId": "a", "inputResponses": {} });
    for method in ["tasks/list", "tasks/cancel", "tasks/get", "tasks/result"] {
        assert_eq!(old.error(method, params.clone()).await["code"], -32601, "{method}");
    }
    for method in ["tasks/update", "tasks/cancel", "tasks/get"] {
        assert_eq!(new.error(method, params.clone()).await["code"], -32601, "{method}");
    }
}

// C8, C9, L86: whatever is refused is refused with a code of the specification.
#[tokio::test(start_paused = true)]
async fn no_code_is_invented() {
    let (server, _) = server();
    let (mut old, mut new) = (legacy(&server).await, modern(&server));
    let mut bare = Peer::modern(&server, json!({}));
    let id = augmented(&mut old, "refusing_job").await;
    let ended = |method| (method, json!({ "taskId": id, "inputResponses": {} }));
    let mut codes = Vec::new();
    for (method, params) in [
        ("tools/call", json!({ "name": "job" })),
        ("tools/call", json!({ "name": "greet", "task": {} })),
        ("tools/call", json!({ "name": "unknown", "task": {} })),
        ("tools/call", json!({ "name": "job", "task": 7 })),
        ("tools/call", json!({ "name": "needs_a_model", "arguments": {}, "task": {} })),
        ("tasks/get", json!({})),
        ("tasks/list", json!({ "cursor": "?" })),
        ("tasks/nonsense", json!({})),
        ended("tasks/cancel"),
        ended("tasks/update"),
    ] {
        codes.push((method, old.error(method, params).await["code"].as_i64()));
    }
    for (method, params) in [
        ("tools/call", json!({ "name": "needs_a_model", "arguments": {} })),
        ("tools/call", json!({ "name": "unknown" })),
        ("tasks/update", json!({ "taskId": id })),
        ("tasks/get", json!({ "taskId": [] })),
        ended("tasks/result"),
        ended("tasks/list"),
        ("subscriptions/listen", json!({ "notifications": { "taskIds": 7 } })),
    ] {
        codes.push((method, new.error(method, params).await["code"].as_i64()));
    }
    for (method, params) in [
        ended("tasks/get"),
        ("tools/call", json!({ "name": "job" })),
        ("subscriptions/listen", json!({ "notifications": { "taskIds": [] } })),
    ] {
        codes.push((method, bare.error(method, params).await["code"].as_i64()));
    }
    let known = [-32600, -32601, -32602, -32603, -32021];
    for (method, code) in codes {
        assert!(code.is_some_and(|code| known.contains(&code)), "{method}: {code:?}");
    }
}

// C15: a stream says what was asked for, of the tasks that were asked for.
#[tokio::test(start_paused = true)]
async fn a_stream_says_nothing_that_nobody_asked_for() {
    let (server, gate) = server();
    let (mut follower, mut other, mut worker) = (modern(&server), modern(&server), modern(&server));
    let (id, another) = (task(&mut worker, "job").await, task(&mut worker, "ask").await);
    until(&mut worker, &another, "input_required").await;
    follower.start("subscriptions/listen", json!({ "notifications": { "taskIds": [id] } })).await;
    follower.notification("notifications/subscriptions/acknowledged").await;
    assert_eq!(follower.notification("notifications/tasks").await["taskId"], json!(id));
    let filter = json!({ "notifications": { "toolsListChanged": true } });
    other.start("subscriptions/listen", filter).await;
    other.notification("notifications/subscriptions/acknowledged").await;
    worker.result("tasks/cancel", json!({ "taskId": another })).await;
    server.enable_tool("greet", false);
    other.notification("notifications/tools/list_changed").await;
    follower.silence().await;
    gate.open();
    assert_eq!(follower.notification("notifications/tasks").await["status"], "completed");
    follower.silence().await;
    other.silence().await;
}

// C17, C25: a stream that the server ends is answered; the tasks on it go on.
#[tokio::test(start_paused = true)]
async fn a_stream_that_the_server_ends_is_answered() {
    let (server, gate) = server();
    let (mut follower, mut worker) = (modern(&server), modern(&server));
    let id = task(&mut worker, "job").await;
    let params = json!({ "notifications": { "taskIds": [id] } });
    let stream = follower.start("subscriptions/listen", params).await;
    follower.notification("notifications/subscriptions/acknowledged").await;
    follower.notification("notifications/tasks").await;
    server.end_subscriptions();
    let answered = follower.response(stream).await;
    assert_eq!(answered["result"]["resultType"], "complete");
    let farewell = follower.notification("notifications/cancelled").await;
    assert_eq!(farewell["requestId"], stream);
    assert_eq!(get(&mut worker, &id).await["status"], "working");
    gate.open();
    until(&mut worker, &id, "completed").await;
    follower.silence().await;
}

/// Asks where nobody sees it before it is run.
#[mcp_tool(task_support = "required", requires = [])]
async fn asks_by_surprise(cx: &Context) -> Result<String, InputError> {
    surprise(cx).await
}

async fn surprise(cx: &Context) -> Result<String, InputError> {
    let answer = cx.elicit::<Approval>("approval", "Go on?").await?;
    Ok(format!("approved: {}", answer.accepted()?.approved))
}

// C20, C26, D17: who creates the task says what can be asked; that somebody else could answer does not count.
#[tokio::test(start_paused = true)]
async fn a_task_asks_nothing_that_its_creator_did_not_declare() {
    let builder = tools::builder(&Arc::default()).tasks(quiet()).tool::<asks_by_surprise>();
    let server = builder.build().expect("a server");
    let mut creator = Peer::modern(&server, json!({ "extensions": { TASKS: {} } }));
    let error = creator.error("tools/call", json!({ "name": "ask", "arguments": {} })).await;
    assert_eq!(
        (&error["code"], &error["data"]["requiredCapabilities"]),
        (&json!(-32021), &json!({ "elicitation": {} }))
    );
    let id = task(&mut creator, "asks_by_surprise").await;
    let mut able = modern(&server);
    let failed = until(&mut able, &id, "failed").await;
    assert_eq!((&failed["error"]["code"], failed.get("inputRequests")), (&json!(-32021), None));
    // A session that could not answer: there is no code for it up to 2025-11-25.
    let mut session = Peer::legacy(&server, Revision::V2025_11_25, json!({})).await;
    let id = augmented(&mut session, "asks_by_surprise").await;
    session.silence().await;
    assert_eq!(get(&mut session, &id).await["status"], "failed");
    assert_eq!(session.error("tasks/result", json!({ "taskId": id })).await["code"], -32600);
}

fn quiet() -> TaskSettings {
    let mut settings = TaskSettings::default();
    settings.notify = false;
    settings
}

fn replicas() -> ([Server; 2], [Arc<Gate>; 2]) {
    let store: Arc<dyn TaskStore> = Arc::new(MemoryStore::new());
    let gates: [Arc<Gate>; 2] = Default::default();
    let servers = [0, 1].map(|at| {
        let builder = tools::builder(&gates[at]).tasks(quiet()).task_store(store.clone());
        builder.build().expect("a server")
    });
    (servers, gates)
}

// C7, L32, X22: any server that shares the store answers for any task.
#[tokio::test(start_paused = true)]
async fn a_task_belongs_to_no_server() {
    let (servers, gates) = replicas();
    let [mut here, mut there] = servers.each_ref().map(modern);
    // Read, and read to its end.
    let id = task(&mut here, "job").await;
    assert_eq!(get(&mut there, &id).await["status"], "working");
    gates.iter().for_each(|gate| gate.open());
    assert_eq!(text(&until(&mut there, &id, "completed").await["result"]), "done");
    // Answered.
    let id = task(&mut here, "ask").await;
    until(&mut there, &id, "input_required").await;
    let responses = json!({ "approval": accept(json!({ "approved": true })) });
    there.result("tasks/update", json!({ "taskId": id, "inputResponses": responses })).await;
    assert_eq!(text(&until(&mut here, &id, "completed").await["result"]), "approved: true");
    // Cancelled.
    let id = task(&mut here, "talks_on").await;
    there.result("tasks/cancel", json!({ "taskId": id })).await;
    assert_eq!(get(&mut here, &id).await["status"], "cancelled");
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(gates.iter().any(|gate| gate.noted().contains(&"cleaned up".to_owned())));
}

// C7, L24, L52, D8, X66: and whoever waits or listens elsewhere is told.
#[tokio::test(start_paused = true)]
async fn who_waits_at_another_server_is_told() {
    let (servers, gates) = replicas();
    let mut worker = modern(&servers[0]);
    let (mut waiter, mut follower) = (legacy(&servers[1]).await, modern(&servers[1]));
    let id = task(&mut worker, "job").await;
    let waiting = waiter.start("tasks/result", json!({ "taskId": id })).await;
    follower.start("subscriptions/listen", json!({ "notifications": { "taskIds": [id] } })).await;
    follower.notification("notifications/subscriptions/acknowledged").await;
    assert_eq!(follower.notification("notifications/tasks").await["status"], "working");
    gates.iter().for_each(|gate| gate.open());
    assert_eq!(text(&waiter.response(waiting).await["result"]), "done");
    assert_eq!(follower.notification("notifications/tasks").await["status"], "completed");
}

#[cfg(feature = "http")]
mod web {
    use super::*;
    use crate::tasks_peer::web::{Web, service};

    // C24, L70, X94, D21: one endpoint, both eras; what a session may read, its list shows.
    #[tokio::test(start_paused = true)]
    async fn one_endpoint_serves_both_eras() {
        let service = service(&server().0);
        let (mut old, declared) = Web::legacy(&service, Some("alice")).await;
        assert!(declared["tasks"].is_object());
        let mut new = Web::modern(&service, Some("alice"));
        let ids = [old.augmented("job").await, new.task("job").await];
        for id in &ids {
            let by_id = json!({ "taskId": id });
            assert_eq!(old.result("tasks/get", by_id.clone()).await["status"], "working");
            assert_eq!(new.result("tasks/get", by_id).await["status"], "working");
        }
        let list = old.result("tasks/list", json!({})).await;
        let mut listed: Vec<&Value> =
            list["tasks"].as_array().expect("tasks").iter().map(|task| &task["taskId"]).collect();
        listed.sort_unstable_by_key(|id| id.as_str());
        let mut ids = ids.map(Value::from);
        ids.sort_unstable_by_key(|id| id.as_str().map(str::to_owned));
        assert_eq!(listed, ids.iter().collect::<Vec<_>>());
        // Either may cancel what the other created (X94).
        new.result("tasks/cancel", json!({ "taskId": ids[0] })).await;
        let error = old.error("tasks/cancel", json!({ "taskId": ids[0] })).await.1;
        assert_eq!(error["code"], -32602);
        let cancelled = old.result("tasks/cancel", json!({ "taskId": ids[1] })).await;
        assert_eq!(cancelled["status"], "cancelled");
    }
}
