//! How a call becomes a task, and when it does not.

use std::collections::HashSet;

use mcp_runtime::schema::v2025_11_25::{CreateTaskResult, TaskStatus};
use mcp_runtime::{Revision, Server, mcp_tool};
use serde_json::{Value, json};

use crate::tasks_peer::wire_peer::LEGACY;
use crate::tasks_peer::{Peer, RELATED, augmented, get, legacy, server, server_with, text};

#[mcp_tool]
async fn alone() -> &'static str {
    "inline"
}

fn offer(version: &str) -> Value {
    let client = json!({ "name": "peer", "version": "1" });
    json!({ "protocolVersion": version, "capabilities": {}, "clientInfo": client })
}

// L1, L2, L112, L97, X92
#[tokio::test(start_paused = true)]
async fn tasks_are_declared_by_one_revision_and_without_a_list_for_strangers() {
    for revision in LEGACY {
        let mut peer = Peer::new(&server().0);
        let result = peer.result("initialize", offer(revision.as_str())).await;
        let declared = match revision {
            Revision::V2025_11_25 => {
                json!({ "cancel": {}, "requests": { "tools": { "call": {} } } })
            }
            _ => Value::Null,
        };
        assert_eq!(result["capabilities"]["tasks"], declared, "{revision}");
        assert_eq!(result["capabilities"]["extensions"], Value::Null, "{revision}");
    }
}

// L28, L5, L6
#[tokio::test(start_paused = true)]
async fn a_server_without_task_tools_knows_no_tasks() {
    let server = Server::builder("fixtures", "1").tool::<alone>().build().expect("a server");
    let mut peer = Peer::new(&server);
    let result = peer.result("initialize", offer("2025-11-25")).await;
    assert_eq!(result["capabilities"]["tasks"], Value::Null);
    let params = json!({ "name": "alone", "task": { "ttl": 1000 } });
    assert_eq!(text(&peer.result("tools/call", params).await), "inline");
    for method in ["tasks/get", "tasks/result", "tasks/cancel", "tasks/list"] {
        let error = peer.error(method, json!({ "taskId": "a" })).await;
        assert_eq!(error["code"], -32601, "{method}");
    }
}

// L28, L12
#[tokio::test(start_paused = true)]
async fn other_revisions_take_no_notice_of_the_parameter() {
    let (server, gate) = server();
    for revision in LEGACY.into_iter().filter(|it| *it != Revision::V2025_11_25) {
        let mut peer = Peer::legacy(&server, revision, json!({})).await;
        gate.open();
        let params = json!({ "name": "slow", "task": "not even an object" });
        assert_eq!(text(&peer.result("tools/call", params).await), "done", "{revision}");
        for method in ["tasks/get", "tasks/result", "tasks/cancel", "tasks/list"] {
            let error = peer.error(method, json!({ "taskId": "a" })).await;
            assert_eq!(error["code"], -32601, "{revision} {method}");
        }
    }
}

// L11, E8
#[tokio::test(start_paused = true)]
async fn a_tool_that_is_no_task_refuses_to_be_one() {
    let mut peer = legacy(&server().0).await;
    let params = json!({ "name": "greet", "arguments": { "name": "Ada" }, "task": {} });
    let error = peer.error("tools/call", params).await;
    assert_eq!(error["code"], -32601);
    assert!(error["message"].as_str().expect("text").contains("greet"), "{error}");
}

// L14, L13, E7
#[tokio::test(start_paused = true)]
async fn a_tool_that_has_to_be_a_task_refuses_a_plain_call() {
    for revision in LEGACY {
        let mut peer = Peer::legacy(&server().0, revision, json!({})).await;
        let error = peer.error("tools/call", json!({ "name": "job" })).await;
        assert_eq!(error["code"], -32601, "{revision}");
        // To add what counts for nothing there would not help.
        let message = error["message"].as_str().expect("a message");
        let way = match revision {
            Revision::V2025_11_25 => "add `task`",
            _ => "needs revision 2025-11-25, or the extension",
        };
        assert!(message.contains(way), "{revision}: {message}");
    }
}

// L12
#[tokio::test(start_paused = true)]
async fn an_optional_tool_runs_either_way() {
    let (server, gate) = server();
    let mut peer = legacy(&server).await;
    gate.open();
    assert_eq!(text(&peer.call("slow", json!({})).await), "done");
    let id = augmented(&mut peer, "slow").await;
    assert_eq!(get(&mut peer, &id).await["status"], "working");
}

// L16, L30, L31, L33, L42, L43, L45, L47, L49, L50, L54, L114, P16, D15
#[tokio::test(start_paused = true)]
async fn a_call_is_answered_by_its_task() {
    let mut peer = legacy(&server().0).await;
    let params = json!({ "name": "job", "arguments": {}, "task": { "ttl": 60000 } });
    let result = peer.result("tools/call", params).await;
    let created: CreateTaskResult = serde_json::from_value(result.clone()).expect("the schema's");
    assert!(created.extra.is_empty() && created.task.extra.is_empty(), "{result}");
    let task = created.task;
    assert_eq!(task.status, TaskStatus::Working);
    assert_eq!((task.ttl, task.poll_interval), (Some(60_000), Some(1_000)));
    assert_eq!(task.created_at, task.last_updated_at);
    assert!(task.created_at.ends_with('Z') && task.created_at.len() == 24, "{result}");
    assert_eq!(result["_meta"], json!({ RELATED: { "taskId": task.task_id } }));
    // X22 holds for this era, too.
    assert_eq!(get(&mut peer, &task.task_id).await["status"], "working");
}

// L15, L44, L102, D11
#[tokio::test(start_paused = true)]
async fn a_lifetime_is_kept_within_bounds() {
    let (server, _) = server_with(|settings| {
        settings.min_ttl = std::time::Duration::from_secs(10);
        settings.max_ttl = std::time::Duration::from_secs(100);
        settings.ttl = std::time::Duration::from_secs(50);
    });
    let mut peer = legacy(&server).await;
    for (tool, task, ttl) in [
        ("job", json!({}), 50_000),
        ("job", json!({ "ttl": null, "more": 1 }), 50_000),
        ("job", json!({ "ttl": 20_000 }), 20_000),
        ("job", json!({ "ttl": 20_000.5 }), 20_000),
        ("job", json!({ "ttl": 0 }), 10_000),
        ("job", json!({ "ttl": 1e300 }), 100_000),
        // The tool has a lifetime of its own; the client still comes first.
        ("short", json!({}), 90_000),
        ("short", json!({ "ttl": 30_000 }), 30_000),
    ] {
        let params = json!({ "name": tool, "arguments": {}, "task": task });
        let created = peer.result("tools/call", params).await;
        assert_eq!(created["task"]["ttl"], ttl, "{tool} {task}");
        let id = created["task"]["taskId"].as_str().expect("an id");
        assert_eq!(get(&mut peer, id).await["ttl"], ttl, "{tool} {task}");
    }
    for task in [json!(7), json!("x"), json!([]), json!({ "ttl": "1" }), json!({ "ttl": -1 })] {
        let error = peer.error("tools/call", json!({ "name": "job", "task": task })).await;
        assert_eq!(error["code"], -32602, "{task}");
    }
}

// L32, L96, X89, D19, C13
#[tokio::test(start_paused = true)]
async fn ids_are_unique_long_and_fit_into_a_header() {
    let mut peer = legacy(&server().0).await;
    let mut ids = HashSet::new();
    for _ in 0..200 {
        ids.insert(augmented(&mut peer, "job").await);
    }
    assert_eq!(ids.len(), 200);
    for id in ids {
        // 192 bits, six to a character.
        assert_eq!(id.len(), 32);
        assert!(
            id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)),
            "{id}"
        );
    }
}

// P12, D17, C26
#[tokio::test(start_paused = true)]
async fn what_a_tool_needs_is_checked_before_there_is_a_task() {
    let mut peer = legacy(&server().0).await;
    let params = json!({ "name": "needs_a_model", "arguments": {}, "task": {} });
    let error = peer.error("tools/call", params).await;
    // Up to 2025-11-25 there is no code for it.
    assert_eq!(error["code"], -32600);
}

// L101, D11
#[tokio::test(start_paused = true)]
async fn too_many_tasks_are_refused_and_none_is_thrown_away() {
    let (server, gate) = server_with(|settings| settings.live = 2);
    let mut peer = legacy(&server).await;
    let first = augmented(&mut peer, "job").await;
    augmented(&mut peer, "job").await;
    let params = json!({ "name": "job", "arguments": {}, "task": {} });
    let error = peer.error("tools/call", params).await;
    assert_eq!(error["code"], -32603);
    assert_eq!(get(&mut peer, &first).await["status"], "working");
    peer.result("tasks/cancel", json!({ "taskId": first })).await;
    augmented(&mut peer, "job").await;
    drop(gate);
}
