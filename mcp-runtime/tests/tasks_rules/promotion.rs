//! A call that becomes a task while it runs.

use std::time::Duration;

use mcp_runtime::task::{Stats, TaskSettings};
use mcp_runtime::{Context, InputError, Server, mcp_tool};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::tasks_peer::{
    Peer, TASKS, accept, augmented, get, legacy, modern, server, server_with, task, text, tools,
    until,
};

#[derive(Deserialize, JsonSchema)]
struct Approval {
    approved: bool,
}

/// Asks before it is a task, and in it, under one name.
#[mcp_tool(task_support = "required")]
async fn asks_before_and_within(cx: &Context) -> Result<String, InputError> {
    let before = cx.elicit::<Approval>("approval", "Begin?").await?.accepted()?.approved;
    cx.into_task().await;
    let within = cx.elicit::<Approval>("approval", "Go on?").await?.accepted()?.approved;
    Ok(format!("{before} {within}"))
}

/// Says how far it is, before it is a task and after.
#[mcp_tool(task_support = "optional", inline_budget = "1s")]
async fn counts(cx: &Context) -> &'static str {
    for second in 0..4 {
        cx.progress(f64::from(second)).message(format!("{second} s")).await;
        tokio::time::sleep(Duration::from_millis(700)).await;
    }
    "counted"
}

/// Is a task at once.
#[mcp_tool(task_support = "optional", inline_budget = "0s")]
async fn at_once() -> &'static str {
    "done"
}

fn counting() -> Server {
    let gate = std::sync::Arc::default();
    let builder = tools::builder(&gate).tool::<counts>().tool::<asks_before_and_within>();
    builder.build().expect("a server")
}

async fn stats(server: &Server) -> Stats {
    server.task_store().stats().await.expect("a store")
}

// X3, X4, X11: the server decides, by the clock; nothing is begun a second time.
#[tokio::test(start_paused = true)]
async fn a_call_that_takes_long_becomes_a_task() {
    let (server, gate) = server();
    let mut peer = modern(&server);
    let call = peer.start_call("slow", json!({})).await;
    let created = peer.response(call).await["result"].take();
    assert_eq!((&created["resultType"], &created["status"]), (&json!("task"), &json!("working")));
    let id = created["taskId"].as_str().expect("an id");
    gate.open();
    assert_eq!(text(&until(&mut peer, id, "completed").await["result"]), "done");
    assert_eq!(gate.noted(), ["slow begins", "slow ends"]);
    // One that is fast enough is none.
    gate.open();
    let result = peer.call("slow", json!({})).await;
    assert_eq!((&result["resultType"], text(&result)), (&json!("complete"), "done"));
    assert_eq!(result.get("taskId"), None);
}

// X24, X100: what is asked in the call is over before there is a task, whose questions have keys of their own.
#[tokio::test(start_paused = true)]
async fn what_is_asked_before_the_task_is_asked_in_the_call() {
    let server = counting();
    let mut peer = modern(&server);
    let mut params = json!({ "name": "asks_before_and_within", "arguments": {} });
    let round = peer.result("tools/call", params.clone()).await;
    assert_eq!(round["resultType"], "input_required");
    let asked = round["inputRequests"].as_object().expect("questions");
    let [(key, question)] = &asked.iter().collect::<Vec<_>>()[..] else { panic!("one: {round}") };
    assert_eq!(question["params"]["message"], "Begin?");
    assert_eq!(stats(&server).await, Stats::default());
    params["inputResponses"] = json!({ *key: accept(json!({ "approved": true })) });
    params["requestState"] = round["requestState"].clone();
    let created = peer.result("tools/call", params).await;
    assert_eq!((&created["resultType"], created.get("inputRequests")), (&json!("task"), None));
    let id = created["taskId"].as_str().expect("an id").to_owned();
    let open = until(&mut peer, &id, "input_required").await["inputRequests"].take();
    let open = open.as_object().expect("questions");
    let [(key, question)] = &open.iter().collect::<Vec<_>>()[..] else { panic!("one: {open:?}") };
    assert_eq!(question["params"]["message"], "Go on?");
    let responses = json!({ *key: accept(json!({ "approved": false })) });
    peer.result("tasks/update", json!({ "taskId": id, "inputResponses": responses })).await;
    assert_eq!(text(&until(&mut peer, &id, "completed").await["result"]), "true false");
}

// X24 is of the extension: a session has one kind of question, and its task begins with the call.
#[tokio::test(start_paused = true)]
async fn a_session_is_asked_both_in_the_task() {
    let mut peer = legacy(&counting()).await;
    peer.result("logging/setLevel", json!({ "level": "error" })).await;
    let params = json!({ "name": "asks_before_and_within", "arguments": {}, "task": {} });
    let call = peer.start("tools/call", params).await;
    let mut id = None;
    for message in ["Begin?", "Go on?"] {
        let question = loop {
            let next = peer.next().await;
            match next["method"].as_str() {
                Some("elicitation/create") => break next,
                Some(_) => {}
                None => {
                    assert_eq!(next["id"], call);
                    id = next["result"]["task"]["taskId"].as_str().map(str::to_owned);
                }
            }
        };
        assert_eq!(question["params"]["message"], message);
        peer.answer(&question["id"], accept(json!({ "approved": true }))).await;
    }
    let id = id.expect("a task");
    loop {
        let waiting = peer.start("tasks/result", json!({ "taskId": id })).await;
        let response = peer.next().await;
        if response["id"] == waiting {
            assert_eq!(text(&response["result"]), "true true");
            break;
        }
    }
}

// X68, D16: the progress of a call ends where the task begins; from there on it is the task's message.
#[tokio::test(start_paused = true)]
async fn progress_stops_where_the_task_begins() {
    let mut peer = modern(&counting());
    let params = json!({ "name": "counts", "arguments": {}, "_meta": { "progressToken": "p" } });
    let call = peer.start("tools/call", params).await;
    let mut told = Vec::new();
    let id = loop {
        let message = peer.next().await;
        if message["id"] == call {
            break message["result"]["taskId"].as_str().expect("a task").to_owned();
        }
        assert_eq!(message["method"], "notifications/progress", "{message}");
        told.push(message["params"]["progress"].as_f64().expect("a number"));
    };
    assert_eq!(told, [0.0, 1.0]);
    tokio::time::sleep(Duration::from_millis(1000)).await;
    assert_eq!(get(&mut peer, &id).await["statusMessage"], "2 s");
    peer.silence().await;
    assert_eq!(text(&get(&mut peer, &id).await["result"]), "counted");
}

// C18, D7: who leaves before there is a task leaves none behind.
#[tokio::test(start_paused = true)]
async fn a_call_that_is_cancelled_in_time_becomes_no_task() {
    let (server, gate) = server();
    let mut peer = modern(&server);
    let call = peer.start_call("slow", json!({})).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    peer.notify("notifications/cancelled", json!({ "requestId": call })).await;
    peer.silence().await;
    gate.open();
    peer.silence().await;
    assert_eq!(gate.noted(), ["slow begins"]);
    assert_eq!(stats(&server).await, Stats::default());
}

// C18, D6, D7: over HTTP a client leaves by closing its connection. Of a task that it was told of it takes leave only.
#[cfg(feature = "http")]
#[tokio::test(start_paused = true)]
async fn a_connection_that_closes_in_time_leaves_no_task() {
    use crate::tasks_peer::web::{Web, service};
    let (server, gate) = server();
    let mut web = Web::modern(&service(&server), None);
    let params = json!({ "name": "slow", "arguments": {} });
    let mut call = Box::pin(web.post("tools/call", params.clone(), &[]));
    assert!(tokio::time::timeout(Duration::from_millis(300), &mut call).await.is_err());
    drop(call);
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(stats(&server).await, Stats::default());

    let reply = web.post("tools/call", params, &[]).await;
    let created = reply.json().await["result"].take();
    assert_eq!(created["resultType"], "task", "{created}");
    tokio::time::sleep(Duration::from_secs(5)).await;
    gate.open();
    let id = created["taskId"].as_str().expect("an id");
    assert_eq!(text(&web.until(id, "completed").await["result"]), "done");
    assert_eq!(gate.noted(), ["slow begins", "slow begins", "slow ends"]);
}

// X3, L101: where there is no room for a task, an optional one stays inline, and a required one is refused.
#[tokio::test(start_paused = true)]
async fn a_call_that_finds_no_room_stays_inline() {
    let (server, gate) = server_with(|settings| settings.live = 1);
    let mut peer = modern(&server);
    let first = task(&mut peer, "job").await;
    let call = peer.start_call("slow", json!({})).await;
    peer.silence().await;
    let error = peer.error("tools/call", json!({ "name": "short", "arguments": {} })).await;
    assert_eq!(error["code"], -32603);
    // The job was first in line.
    gate.open();
    gate.open();
    let response = peer.response(call).await;
    assert_eq!(
        (&response["result"]["resultType"], text(&response["result"])),
        (&json!("complete"), "done")
    );
    until(&mut peer, &first, "completed").await;
}

// X3, X4, L101: an optional tool without any time to run inline is a task at once where there is room, and inline where not.
#[tokio::test(start_paused = true)]
async fn a_call_without_a_budget_that_finds_no_room_stays_inline() {
    let (gate, mut settings) = (std::sync::Arc::default(), TaskSettings::default());
    settings.live = 1;
    let builder = tools::builder(&gate).tool::<at_once>().tasks(settings);
    let server = builder.build().expect("a server");
    let mut peer = modern(&server);
    let id = task(&mut peer, "at_once").await;
    assert_eq!(text(&until(&mut peer, &id, "completed").await["result"]), "done");
    let other = task(&mut peer, "job").await;
    let result = peer.call("at_once", json!({})).await;
    assert_eq!((&result["resultType"], text(&result)), (&json!("complete"), "done"));
    assert_eq!(stats(&server).await.running, 1);
    gate.open();
    until(&mut peer, &other, "completed").await;
    task(&mut peer, "at_once").await;
}

// X5, L16: nobody else's call becomes a task, however long it takes; a session's is one at once.
#[tokio::test(start_paused = true)]
async fn only_calls_that_declare_it_become_tasks() {
    let (server, gate) = server();
    let mut sessions = legacy(&server).await;
    let plain = sessions.start_call("slow", json!({})).await;
    let mut undeclared = Peer::modern(&server, json!({ "elicitation": {} }));
    let other = undeclared.start_call("slow", json!({})).await;
    sessions.silence().await;
    undeclared.silence().await;
    // A declaration in a later request changes nothing for an earlier one.
    let meta =
        json!({ "io.modelcontextprotocol/clientCapabilities": { "extensions": { TASKS: {} } } });
    undeclared.result("tools/list", json!({ "_meta": meta })).await;
    undeclared.silence().await;
    gate.open();
    gate.open();
    assert_eq!(text(&sessions.response(plain).await["result"]), "done");
    assert_eq!(text(&undeclared.response(other).await["result"]), "done");
    let begun = tokio::time::Instant::now();
    augmented(&mut sessions, "slow").await;
    assert!(begun.elapsed() < Duration::from_millis(100));
}

// D13, X21: a task that was a call began when it became one, and a look changes nothing of that.
#[tokio::test(start_paused = true)]
async fn what_the_call_was_answered_is_what_a_look_shows() {
    let (server, _) = server();
    let mut peer = modern(&server);
    let mut created: Value = peer.call("slow", json!({})).await;
    let id = created["taskId"].as_str().expect("an id").to_owned();
    let mut seen = get(&mut peer, &id).await;
    assert_eq!(created["resultType"].take(), "task");
    assert_eq!(seen["resultType"].take(), "complete");
    assert_eq!(created, seen);
}
