//! The server as requestor: what it asks of a client that hosts tasks, and when.

use std::time::Duration;

use mcp_runtime::Revision;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::RELATED;
use crate::asks::by_id;
use crate::tools::server;
use crate::wire_peer::{Peer, text};

fn able() -> Value {
    json!({
        "elicitation": { "form": {}, "url": {} },
        "sampling": {},
        "tasks": { "list": {}, "cancel": {}, "requests": {
            "sampling": { "createMessage": {} }, "elicitation": { "create": {} } } },
    })
}

async fn peer() -> Peer {
    Peer::legacy(&server(), Revision::V2025_11_25, able()).await
}

fn task(id: &str, status: &str, poll: u64) -> Value {
    json!({
        "taskId": id, "status": status, "ttl": 60_000, "pollInterval": poll,
        "createdAt": "2026-01-01T00:00:00Z", "lastUpdatedAt": "2026-01-01T00:00:00Z",
    })
}

fn accepted(name: &str) -> Value {
    json!({ "action": "accept", "content": { "name": name } })
}

async fn fail(peer: &mut Peer, id: &Value, code: i64, message: &str) {
    let error = json!({ "code": code, "message": message });
    peer.send(json!({ "jsonrpc": "2.0", "id": id, "error": error })).await;
}

/// Makes a task of the next question: the id of the call, and the question's parameters.
async fn hosted(peer: &mut Peer, tool: &str, poll: u64) -> (i64, Value) {
    // The others have no arguments.
    let arguments = if tool == "name" { json!({ "message": "Who?" }) } else { json!({}) };
    let call = peer.start_call(tool, arguments).await;
    let (request, params) = peer.question("elicitation/create").await;
    peer.answer(&request, json!({ "task": task("theirs", "working", poll) })).await;
    (call, params)
}

/// The next request about the task, which is to say which and no more (L57).
async fn asked(peer: &mut Peer, method: &str) -> Value {
    let (request, params) = peer.question(method).await;
    assert_eq!(params, by_id("theirs"), "{method}");
    request
}

// L4, L5, L6: `task` where it was declared for this method and revision, and nowhere else.
#[tokio::test(start_paused = true)]
async fn a_task_is_asked_for_where_the_client_hosts_it() {
    let without = |part: &str| {
        let mut able = able();
        able["tasks"]["requests"].as_object_mut().expect("an object").remove(part);
        able
    };
    let mut no_tasks = able();
    no_tasks.as_object_mut().expect("an object").remove("tasks");
    let cases = [
        (Revision::V2025_11_25, able(), [true, true]),
        (Revision::V2025_11_25, without("sampling"), [true, false]),
        (Revision::V2025_11_25, without("elicitation"), [false, true]),
        (Revision::V2025_11_25, no_tasks, [false, false]),
        (Revision::V2025_06_18, able(), [false, false]),
    ];
    for (revision, capabilities, [elicits, samples]) in cases {
        let mut peer = Peer::legacy(&server(), revision, capabilities).await;
        let hosts = peer.call("hosts", json!({})).await;
        assert_eq!(text(&hosts), format!("{:?}", [elicits, samples, false]));
        let call = peer.start_call("name", json!({ "message": "Who?" })).await;
        let (request, params) = peer.question("elicitation/create").await;
        let wish = elicits.then(|| json!({ "ttl": 120_000 }));
        assert_eq!(params.get("task"), wish.as_ref(), "{revision}");
        // A client that answers at once has answered.
        peer.answer(&request, accepted("Eve")).await;
        assert_eq!(text(&peer.response(call).await["result"]), "accepted Eve");
        let call = peer.start_call("write", json!({})).await;
        let (request, params) = peer.question("sampling/createMessage").await;
        assert_eq!(params.get("task"), samples.then(|| json!({})).as_ref(), "{revision}");
        let content = json!({ "type": "text", "text": "Paris" });
        let message = json!({ "role": "assistant", "model": "m", "content": content });
        peer.answer(&request, message).await;
        assert_eq!(text(&peer.response(call).await["result"]), "Paris");
    }
}

// X93, X96: a client of the later era is asked in its own way, whatever it declares.
#[tokio::test(start_paused = true)]
async fn the_other_era_knows_nothing_of_it() {
    let mut peer = Peer::modern(&server(), able());
    let arguments = json!({ "message": "Who?" });
    let result = peer.call("name", arguments.clone()).await;
    assert_eq!(result["resultType"], "input_required", "{result}");
    let question = &result["inputRequests"]["name"];
    let keys: Vec<_> = question.as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["method", "params"], "{question}");
    assert_eq!(question["params"].get("task"), None);
    let again = json!({
        "name": "name", "arguments": arguments, "requestState": result["requestState"],
        "inputResponses": { "name": accepted("Eve") },
    });
    assert_eq!(text(&peer.result("tools/call", again).await), "accepted Eve");
}

// L20, L48, L21, L22, L57, L15, L51: it is looked for at the client's pace, until it has ended, and then the result is fetched.
#[tokio::test(start_paused = true)]
async fn the_clients_pace_is_kept() {
    let mut peer = peer().await;
    let begun = Instant::now();
    let (call, params) = hosted(&mut peer, "name", 5_000).await;
    assert_eq!(params["task"], json!({ "ttl": 120_000 }));
    for (poll, at) in [(5_000, 5), (20_000, 10), (20_000, 30)] {
        let request = asked(&mut peer, "tasks/get").await;
        let passed = begun.elapsed().as_millis();
        assert!((at * 1000..at * 1000 + 900).contains(&passed), "{passed} ms, not {at} s");
        peer.answer(&request, task("theirs", "working", poll)).await;
    }
    let request = asked(&mut peer, "tasks/get").await;
    peer.answer(&request, task("theirs", "completed", 5_000)).await;
    let request = asked(&mut peer, "tasks/result").await;
    let mut answer = accepted("Eve");
    answer["_meta"] = json!({ RELATED: { "taskId": "theirs" } });
    peer.answer(&request, answer).await;
    assert_eq!(text(&peer.response(call).await["result"]), "accepted Eve");
    peer.silence().await;
}

// L26, L27, L61: what the client tells by itself is welcome, and nothing is built on it.
#[tokio::test(start_paused = true)]
async fn it_is_asked_for_though_the_client_tells() {
    let mut peer = peer().await;
    let (call, _) = hosted(&mut peer, "name", 1_000).await;
    peer.notify("notifications/tasks/status", task("theirs", "failed", 1_000)).await;
    let request = asked(&mut peer, "tasks/get").await;
    peer.answer(&request, task("theirs", "working", 1_000)).await;
    peer.notify("notifications/tasks/status", task("theirs", "completed", 1_000)).await;
    let request = asked(&mut peer, "tasks/get").await;
    peer.answer(&request, task("theirs", "completed", 1_000)).await;
    let request = asked(&mut peer, "tasks/result").await;
    peer.answer(&request, accepted("Eve")).await;
    assert_eq!(text(&peer.response(call).await["result"]), "accepted Eve");
}

// No busy loop, whatever the client says; and a pace of its own where the client names none.
#[tokio::test(start_paused = true)]
async fn a_client_cannot_make_it_ask_without_a_pause() {
    for (poll, at_least) in [(json!(0), 100), (json!(-5), 100), (Value::Null, 1000)] {
        let mut peer = peer().await;
        let call = peer.start_call("name", json!({ "message": "Who?" })).await;
        let (request, _) = peer.question("elicitation/create").await;
        let mut theirs = task("theirs", "working", 0);
        theirs["pollInterval"] = poll.clone();
        peer.answer(&request, json!({ "task": theirs })).await;
        let begun = Instant::now();
        for _ in 0..3 {
            let request = asked(&mut peer, "tasks/get").await;
            peer.answer(&request, theirs.clone()).await;
        }
        let passed = begun.elapsed().as_millis();
        assert!(passed >= 3 * at_least, "{poll}: {passed} ms");
        peer.notify("notifications/cancelled", json!({ "requestId": call })).await;
        // The call has a moment to clean up, in which the pace is kept.
        while peer.next().await["method"] == "tasks/get" {
            assert!(begun.elapsed() < Duration::from_secs(60), "it is cancelled");
        }
    }
}

// L40: a task that waits for the server is asked for its result at once.
#[tokio::test(start_paused = true)]
async fn a_task_that_wants_input_is_asked_for_its_result() {
    let mut peer = peer().await;
    let (call, _) = hosted(&mut peer, "name", 1_000).await;
    let request = asked(&mut peer, "tasks/get").await;
    peer.answer(&request, task("theirs", "input_required", 1_000)).await;
    let request = asked(&mut peer, "tasks/result").await;
    peer.answer(&request, accepted("Eve")).await;
    assert_eq!(text(&peer.response(call).await["result"]), "accepted Eve");
}

// L22, L23: an answer that never comes is given up, and asked for anew.
#[tokio::test(start_paused = true)]
async fn a_request_that_is_lost_is_made_again() {
    let mut peer = peer().await;
    let (call, _) = hosted(&mut peer, "name", 1_000).await;
    let lost = asked(&mut peer, "tasks/get").await;
    let params = peer.notification("notifications/cancelled").await;
    assert_eq!(params["requestId"], lost, "the look, and not the task");
    let request = asked(&mut peer, "tasks/get").await;
    // Too late for anybody.
    peer.answer(&lost, task("theirs", "failed", 1_000)).await;
    peer.answer(&request, task("theirs", "completed", 1_000)).await;
    let request = asked(&mut peer, "tasks/result").await;
    peer.answer(&request, accepted("Eve")).await;
    assert_eq!(text(&peer.response(call).await["result"]), "accepted Eve");
}

// L51, L76, L82, L89: whatever goes wrong with the task is the question's error.
#[tokio::test(start_paused = true)]
async fn a_task_without_an_answer_is_a_question_without_one() {
    for (status, said) in [
        (Ok("failed"), "no user here"),
        (Ok("cancelled"), "cancelled"),
        (Ok("asleep"), "asleep"),
        (Err(-32602), "no such task"),
    ] {
        let mut peer = peer().await;
        let (call, _) = hosted(&mut peer, "name", 1_000).await;
        let request = asked(&mut peer, "tasks/get").await;
        match status {
            Ok(status) => peer.answer(&request, task("theirs", status, 1_000)).await,
            Err(code) => fail(&mut peer, &request, code, "no such task").await,
        }
        if status == Ok("failed") {
            let request = asked(&mut peer, "tasks/result").await;
            fail(&mut peer, &request, -1, "no user here").await;
        }
        let result = peer.response(call).await["result"].take();
        assert_eq!(result["isError"], true, "{result}");
        assert!(text(&result).contains(said), "{said}: {result}");
        peer.silence().await;
    }
}

// L77, L113, L76: with its call, its time or its author's interest the task is cancelled, by the method for that.
#[tokio::test(start_paused = true)]
async fn a_task_that_nobody_waits_for_is_cancelled() {
    for tool in ["name", "anyway"] {
        let mut peer = peer().await;
        let (call, _) = hosted(&mut peer, tool, 3_600_000).await;
        if tool == "name" {
            // The task must be known before the call ends.
            tokio::time::sleep(Duration::from_millis(1)).await;
            peer.notify("notifications/cancelled", json!({ "requestId": call })).await;
        }
        let mut message = peer.next().await;
        assert_eq!(message["method"], "tasks/cancel", "{tool}: {message}");
        assert_eq!(message["params"], by_id("theirs"), "{tool}");
        peer.answer(&message["id"].take(), task("theirs", "cancelled", 1_000)).await;
        if tool == "anyway" {
            assert_eq!(text(&peer.response(call).await["result"]), "never mind");
        }
        peer.silence().await;
    }
}

// L77: neither is one whose question was not answered in time. The time of questions is the clock's.
#[tokio::test]
async fn a_task_that_takes_too_long_is_cancelled() {
    let mut peer = peer().await;
    let (call, _) = hosted(&mut peer, "soon", 3_600_000).await;
    asked(&mut peer, "tasks/cancel").await;
    let result = peer.response(call).await["result"].take();
    assert_eq!(text(&result), "nobody answered the request for input in time");
}

// L77, L113: a task that is not named yet is cancelled when it is.
#[tokio::test(start_paused = true)]
async fn a_task_that_is_named_too_late_is_cancelled_then() {
    let mut peer = peer().await;
    let call = peer.start_call("name", json!({ "message": "Who?" })).await;
    let (request, _) = peer.question("elicitation/create").await;
    peer.notify("notifications/cancelled", json!({ "requestId": call })).await;
    // The request is not cancelled in the way of requests.
    peer.silence().await;
    peer.answer(&request, json!({ "task": task("theirs", "working", 1_000) })).await;
    asked(&mut peer, "tasks/cancel").await;
    peer.silence().await;
}

// L39, L54, L55, L38, L41: a task of the server asks for one of the client.
#[tokio::test(start_paused = true)]
async fn a_task_asks_for_a_task() {
    let mut peer = peer().await;
    let call = json!({ "name": "name", "arguments": { "message": "Who?" }, "task": {} });
    let created = peer.result("tools/call", call).await;
    let ours = created["task"]["taskId"].as_str().expect("a task").to_owned();
    let (request, params) = peer.question("elicitation/create").await;
    assert_eq!(params["_meta"], json!({ RELATED: { "taskId": ours } }));
    assert_eq!(params["task"], json!({ "ttl": 120_000 }));
    peer.answer(&request, json!({ "task": task("theirs", "working", 1_000) })).await;
    // It was parked meanwhile, and is in the store alone.
    for _ in 0..3 {
        let request = asked(&mut peer, "tasks/get").await;
        peer.answer(&request, task("theirs", "working", 1_000)).await;
    }
    assert_eq!(peer_status(&mut peer, &ours).await, "input_required");
    let request = asked(&mut peer, "tasks/get").await;
    peer.answer(&request, task("theirs", "completed", 1_000)).await;
    let request = asked(&mut peer, "tasks/result").await;
    peer.answer(&request, accepted("Eve")).await;
    let result = peer.result("tasks/result", by_id(&ours)).await;
    assert_eq!(text(&result), "accepted Eve");
}

async fn peer_status(peer: &mut Peer, id: &str) -> String {
    let task = peer.result("tasks/get", by_id(id)).await;
    task["status"].as_str().expect("a status").to_owned()
}

// L77: what is cancelled with its task is cancelled as a task.
#[tokio::test(start_paused = true)]
async fn a_cancelled_task_cancels_the_one_that_it_waits_for() {
    let mut peer = peer().await;
    let call = json!({ "name": "name", "arguments": { "message": "Who?" }, "task": {} });
    let created = peer.result("tools/call", call).await;
    let ours = created["task"]["taskId"].clone();
    let (request, _) = peer.question("elicitation/create").await;
    peer.answer(&request, json!({ "task": task("theirs", "working", 3_600_000) })).await;
    tokio::time::sleep(Duration::from_millis(1)).await;
    let cancelling = peer.start("tasks/cancel", json!({ "taskId": ours })).await;
    let (mut cancelled, mut told) = (false, false);
    while !(cancelled && told) {
        let message = peer.next().await;
        told |= message["id"] == cancelling && message.get("result").is_some();
        if message.get("method").is_some() {
            assert_eq!(message["method"], "tasks/cancel", "{message}");
            assert_eq!(message["params"], by_id("theirs"));
            cancelled = true;
        }
    }
}

// A client's task is its session's: a task that goes on in another session asks there anew.
#[tokio::test(start_paused = true)]
async fn another_session_is_asked_anew() {
    let server = server();
    let mut first = Peer::legacy(&server, Revision::V2025_11_25, able()).await;
    let call = json!({ "name": "name", "arguments": { "message": "Who?" }, "task": {} });
    let created = first.result("tools/call", call).await;
    let ours = created["task"]["taskId"].as_str().expect("a task").to_owned();
    let (request, _) = first.question("elicitation/create").await;
    first.answer(&request, json!({ "task": task("theirs", "working", 3_600_000) })).await;
    tokio::time::sleep(Duration::from_millis(1)).await;
    first.end().await;
    let mut second = Peer::legacy(&server, Revision::V2025_11_25, able()).await;
    let waiting = second.start("tasks/result", by_id(&ours)).await;
    let (request, params) = second.question("elicitation/create").await;
    assert_eq!(params["task"], json!({ "ttl": 120_000 }));
    second.answer(&request, accepted("Adam")).await;
    assert_eq!(text(&second.response(waiting).await["result"]), "accepted Adam");
}
