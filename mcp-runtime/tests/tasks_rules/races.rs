//! What happens at the same moment.

use std::collections::HashMap;

use mcp_runtime::task::TaskSettings;
use mcp_runtime::{Context, mcp_tool};
use serde_json::{Value, json};

use crate::tasks_peer::tools;
use crate::tasks_peer::{Peer, augmented, get, legacy, modern, server, task};

/// Ends after as many turns as it is told.
#[mcp_tool(task_support = "required")]
async fn turns(cx: &Context, turns: u32) -> &'static str {
    for turn in 0..turns {
        cx.progress(f64::from(turn)).await;
        tokio::task::yield_now().await;
    }
    "done"
}

fn turning() -> mcp_runtime::Server {
    let mut settings = TaskSettings::default();
    settings.notify = false;
    let builder = tools::builder(&std::sync::Arc::default()).tasks(settings);
    builder.tool::<turns>().build().expect("a server")
}

/// Sends requests at once, and collects their responses, by id; what is no response is passed over.
async fn all(peer: &mut Peer, requests: Vec<(&str, Value)>) -> (Vec<i64>, HashMap<i64, Value>) {
    let mut ids = Vec::new();
    for (method, params) in requests {
        ids.push(peer.start(method, params).await);
    }
    let mut responses = HashMap::new();
    while responses.len() < ids.len() {
        let message = peer.next().await;
        if message.get("method").is_none() {
            responses.insert(message["id"].as_i64().expect("an id"), message);
        }
    }
    (ids, responses)
}

// D1, D2, L71, L73, L74, L84: one of an end and a cancellation comes first, and everybody is told the same.
#[tokio::test]
async fn an_end_and_a_cancellation_do_not_both_win() {
    let server = turning();
    let mut peer = legacy(&server).await;
    let (mut cancelled, mut completed) = (0, 0);
    for turns in 0..60_u32 {
        let params = json!({ "name": "turns", "arguments": { "turns": turns % 6 }, "task": {} });
        let (call, mut created) = all(&mut peer, vec![("tools/call", params)]).await;
        let created = created.remove(&call[0]).expect("its response");
        let by_id = json!({ "taskId": created["result"]["task"]["taskId"] });
        let requests =
            ["tasks/result", "tasks/cancel", "tasks/get", "tasks/cancel", "tasks/result"];
        let requests = requests.map(|method| (method, by_id.clone())).into();
        let (ids, responses) = all(&mut peer, requests).await;
        let end = get(&mut peer, by_id["taskId"].as_str().expect("an id")).await;
        let won = ids.iter().filter(|id| responses[id]["result"]["status"] == "cancelled");
        match end["status"].as_str() {
            Some("cancelled") => {
                cancelled += 1;
                assert!(won.count() >= 1, "{responses:?}");
                let refused = [ids[1], ids[3]].map(|id| responses[&id]["error"]["code"] == -32602);
                assert_eq!(refused.iter().filter(|refused| **refused).count(), 1, "{responses:?}");
                for id in [ids[0], ids[4]] {
                    assert_eq!(responses[&id]["error"]["code"], -32603, "{responses:?}");
                }
            }
            Some("completed") => {
                completed += 1;
                for id in [ids[1], ids[3]] {
                    assert_eq!(responses[&id]["error"]["code"], -32602, "{responses:?}");
                }
                for id in [ids[0], ids[4]] {
                    assert_eq!(responses[&id]["result"]["content"][0]["text"], "done");
                }
            }
            _ => panic!("{end}"),
        }
    }
    assert_eq!(cancelled + completed, 60);
}

// D1, X34, X36: who sees an end sees the outcome with it, whenever it looks.
#[tokio::test]
async fn an_end_is_never_seen_without_its_outcome() {
    let (server, gate) = server();
    let (mut worker, mut looker) = (modern(&server), modern(&server));
    for (tool, status, outcome) in [
        ("job", "completed", "result"),
        ("failing_job", "completed", "result"),
        ("refusing_job", "failed", "error"),
    ] {
        for _ in 0..20 {
            gate.open();
            let id = task(&mut worker, tool).await;
            let mut looks = 0;
            loop {
                let seen = get(&mut looker, &id).await;
                assert_eq!(seen["status"] == status, seen.get(outcome).is_some(), "{seen}");
                if seen["status"] == status {
                    break;
                }
                looks += 1;
                assert!(looks < 400, "{seen}");
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
        }
    }
}

// L24, L52, D8: however many wait, and whenever they came, all are served, and looks in between as well.
#[tokio::test(start_paused = true)]
async fn many_wait_and_all_are_served() {
    let (server, gate) = server();
    let mut peer = legacy(&server).await;
    let id = augmented(&mut peer, "job").await;
    let by_id = json!({ "taskId": id });
    let mut waiting = Vec::new();
    for _ in 0..30 {
        waiting.push(peer.start("tasks/result", by_id.clone()).await);
    }
    assert_eq!(get(&mut peer, &id).await["status"], "working");
    gate.open();
    // Some come in the very moment of the end.
    for _ in 0..30 {
        waiting.push(peer.start("tasks/result", by_id.clone()).await);
    }
    let mut served = Vec::new();
    for _ in &waiting {
        let response = peer.next().await;
        assert_eq!(response["result"]["content"][0]["text"], "done", "{response}");
        served.push(response["id"].as_i64().expect("an id"));
    }
    served.sort_unstable();
    assert_eq!(served, waiting);
}

// X52, X53: of two answers to one question that come together, one counts, and both are acknowledged.
#[tokio::test]
async fn of_two_answers_one_counts() {
    let (server, _) = server();
    let mut peer = modern(&server);
    for _ in 0..20 {
        let id = task(&mut peer, "ask").await;
        crate::tasks_peer::until(&mut peer, &id, "input_required").await;
        let answer = |approved: bool| {
            let answer = crate::tasks_peer::accept(json!({ "approved": approved }));
            ("tasks/update", json!({ "taskId": id, "inputResponses": { "approval": answer } }))
        };
        let (ids, responses) = all(&mut peer, vec![answer(true), answer(false)]).await;
        for id in ids {
            assert_eq!(responses[&id]["result"]["resultType"], "complete");
        }
        let done = crate::tasks_peer::until(&mut peer, &id, "completed").await;
        let said = done["result"]["content"][0]["text"].as_str().expect("text");
        assert!(["approved: true", "approved: false"].contains(&said), "{said}");
        assert_eq!(done["result"].get("isError"), None, "{done}");
    }
}
