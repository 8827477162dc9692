//! Tasks that wait for room, and tools that are not there any more.

use std::sync::Arc;
use std::time::Duration;

use mcp_runtime::task::TaskSettings;
use mcp_runtime::{Context, InputError, State, mcp_tool};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::Semaphore;

use crate::tasks_peer::tools::{self, Gate};
use crate::tasks_peer::{
    accept, augmented, get, legacy, modern, server, server_with, task, text, until,
};

#[derive(Deserialize, JsonSchema)]
struct Approval {
    approved: bool,
}

struct Open(Arc<Semaphore>);

/// May ask in the call, and then takes as long as it takes.
#[mcp_tool(task_support = "optional")]
async fn asks_and_works(cx: &Context, open: &State<Open>) -> Result<String, InputError> {
    let first = cx.elicit::<Approval>("approval", "Begin?").await?.accepted()?.approved;
    open.0.acquire().await.expect("never closed").forget();
    let second = cx.elicit::<Approval>("approval", "Go on?").await?.accepted()?.approved;
    Ok(format!("{first} {second}"))
}

// L33, L50, L73, E17: a task that waits for room is a task like any other; cancelled, it never begins.
#[tokio::test(start_paused = true)]
async fn a_task_that_waits_for_room_can_be_cancelled() {
    let (server, gate) = server_with(|settings| settings.running = 1);
    let mut peer = legacy(&server).await;
    let ids = [
        augmented(&mut peer, "job").await,
        augmented(&mut peer, "job").await,
        augmented(&mut peer, "job").await,
    ];
    for id in &ids {
        assert_eq!(get(&mut peer, id).await["status"], "working");
    }
    assert_eq!(gate.noted(), ["job begins"]);
    let waiting = peer.start("tasks/result", json!({ "taskId": ids[2] })).await;
    let cancelled = peer.result("tasks/cancel", json!({ "taskId": ids[1] })).await;
    assert_eq!(cancelled["status"], "cancelled");
    gate.open();
    gate.open();
    assert_eq!(text(&peer.response(waiting).await["result"]), "done");
    assert_eq!(get(&mut peer, &ids[0]).await["status"], "completed");
    assert_eq!(get(&mut peer, &ids[1]).await, cancelled);
    assert_eq!(gate.noted(), ["job begins", "job ends", "job begins", "job ends"]);
}

// X33, D18: a task that waits for an answer takes no room from those that work.
#[tokio::test(start_paused = true)]
async fn a_parked_task_needs_no_room() {
    let (server, gate) = server_with(|settings| settings.running = 1);
    let mut peer = modern(&server);
    let asking = task(&mut peer, "ask").await;
    until(&mut peer, &asking, "input_required").await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    let other = task(&mut peer, "job").await;
    gate.open();
    assert_eq!(text(&until(&mut peer, &other, "completed").await["result"]), "done");
    let responses = json!({ "approval": accept(json!({ "approved": true })) });
    peer.result("tasks/update", json!({ "taskId": asking, "inputResponses": responses })).await;
    assert_eq!(text(&until(&mut peer, &asking, "completed").await["result"]), "approved: true");
}

// X24, X44, X46, X100: rounds of input in the call, then a task by the clock, and its questions there.
#[tokio::test(start_paused = true)]
async fn a_call_that_has_asked_may_become_a_task_later() {
    let (gate, open): (Arc<Gate>, _) = (Arc::default(), Arc::new(Semaphore::new(0)));
    let builder = tools::builder(&gate).state(Open(open.clone())).tasks(TaskSettings::default());
    let server = builder.tool::<asks_and_works>().build().expect("a server");
    let mut peer = modern(&server);
    let yes = accept(json!({ "approved": true }));
    let mut params = json!({ "name": "asks_and_works", "arguments": {} });
    let round = peer.result("tools/call", params.clone()).await;
    assert_eq!(round["resultType"], "input_required", "{round}");
    let key = round["inputRequests"].as_object().and_then(|all| all.keys().next().cloned());
    params["inputResponses"] = json!({ key.expect("a question"): yes });
    params["requestState"] = round["requestState"].clone();
    let created = peer.result("tools/call", params).await;
    assert_eq!(created["resultType"], "task", "{created}");
    assert_eq!(created.get("requestState"), None);
    let id = created["taskId"].as_str().expect("an id").to_owned();
    open.add_permits(1);
    let asking = until(&mut peer, &id, "input_required").await;
    let questions = asking["inputRequests"].as_object().expect("questions");
    let [(key, question)] = &questions.iter().collect::<Vec<_>>()[..] else { panic!("{asking}") };
    assert_eq!(question["params"]["message"], "Go on?");
    // Parked and begun again: what was answered in the call is not asked again.
    tokio::time::sleep(Duration::from_secs(5)).await;
    peer.result("tasks/update", json!({ "taskId": id, "inputResponses": { *key: yes } })).await;
    open.add_permits(1);
    assert_eq!(text(&until(&mut peer, &id, "completed").await["result"]), "true true");
}

// D24: a tool that was switched off takes no new calls; a task of it that is parked goes on.
#[tokio::test(start_paused = true)]
async fn a_task_goes_on_when_its_tool_is_switched_off() {
    let (server, _) = server();
    let mut peer = modern(&server);
    let id = task(&mut peer, "ask").await;
    until(&mut peer, &id, "input_required").await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(server.enable_tool("ask", false));
    let error = peer.error("tools/call", json!({ "name": "ask", "arguments": {} })).await;
    assert_eq!(error["code"], -32602);
    let responses = json!({ "approval": accept(json!({ "approved": true })) });
    peer.result("tasks/update", json!({ "taskId": id, "inputResponses": responses })).await;
    assert_eq!(text(&until(&mut peer, &id, "completed").await["result"]), "approved: true");
}

// D24, L72: of a tool that was taken away, a task can still be read and cancelled.
#[tokio::test(start_paused = true)]
async fn a_task_can_be_cancelled_when_its_tool_is_gone() {
    let (server, gate) = server();
    let mut peer = legacy(&server).await;
    let parked = augmented(&mut peer, "ask").await;
    let (request, _) = peer.question("elicitation/create").await;
    let running = augmented(&mut peer, "job").await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(server.remove_tool("ask") && server.remove_tool("job"));
    // One that runs goes on.
    gate.open();
    for _ in 0..2 {
        peer.notification("notifications/tools/list_changed").await;
    }
    assert_eq!(text(&peer.result("tasks/result", json!({ "taskId": running })).await), "done");
    assert_eq!(get(&mut peer, &parked).await["status"], "input_required");
    let cancel = peer.start("tasks/cancel", json!({ "taskId": parked })).await;
    let mut seen = [false; 2];
    while seen != [true; 2] {
        let message = peer.next().await;
        seen[0] |= message["id"] == cancel && message["result"]["status"] == "cancelled";
        seen[1] |= message["params"]["requestId"] == request;
    }
}
