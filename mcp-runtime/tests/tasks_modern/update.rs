//! What a task asks its client, and how it is answered.

use std::time::Duration;

use mcp_runtime::schema::tasks::{DetailedTask, GetTaskResult, InputRequest};
use serde_json::{Value, json};

use crate::tasks_peer::{Peer, accept, get, modern, server, task, text, until};

async fn update(peer: &mut Peer, id: &str, responses: Value) -> Value {
    peer.result("tasks/update", json!({ "taskId": id, "inputResponses": responses })).await
}

fn yes() -> Value {
    accept(json!({ "approved": true }))
}

// X32, X33, C19, X24: the question is in the task, and not in an answer to the call.
#[tokio::test(start_paused = true)]
async fn a_question_is_in_the_task_until_it_is_answered() {
    let (server, gate) = server();
    let mut peer = modern(&server);
    let id = task(&mut peer, "ask_and_work").await;
    let result = until(&mut peer, &id, "input_required").await;
    let got: GetTaskResult = serde_json::from_value(result.clone()).expect("the schema's");
    let DetailedTask::InputRequired(asking) = got.task else { panic!("{result}") };
    assert!(
        matches!(asking.input_requests.get("approval"), Some(InputRequest::Elicit(_))),
        "{result}"
    );
    // X46: again the same.
    assert_eq!(get(&mut peer, &id).await, result);
    update(&mut peer, &id, json!({ "approval": yes() })).await;
    let working = until(&mut peer, &id, "working").await;
    assert_eq!(working.get("inputRequests"), None);
    gate.open();
    assert_eq!(text(&until(&mut peer, &id, "completed").await["result"]), "approved: true");
}

// X33, X53, E14
#[tokio::test(start_paused = true)]
async fn all_open_questions_are_shown_and_some_may_be_answered() {
    let mut peer = modern(&server().0);
    let id = task(&mut peer, "ask_twice").await;
    let task = until(&mut peer, &id, "input_required").await;
    let keys: Vec<_> = task["inputRequests"].as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["left", "right"]);
    update(&mut peer, &id, json!({ "right": yes() })).await;
    let task = get(&mut peer, &id).await;
    assert_eq!(task["status"], "input_required");
    let keys: Vec<_> = task["inputRequests"].as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["left"]);
    update(&mut peer, &id, json!({ "left": accept(json!({ "approved": false })) })).await;
    assert_eq!(text(&until(&mut peer, &id, "completed").await["result"]), "false true");
}

// X44, X45, X46
#[tokio::test(start_paused = true)]
async fn a_key_is_never_used_again() {
    let mut peer = modern(&server().0);
    let id = task(&mut peer, "ask_again").await;
    let mut keys = Vec::new();
    for _ in 0..2 {
        let task = until(&mut peer, &id, "input_required").await;
        let open = task["inputRequests"].as_object().expect("an object");
        assert_eq!(open.len(), 1);
        let key = open.keys().next().expect("a key").clone();
        update(&mut peer, &id, json!({ key.clone(): yes() })).await;
        // Not asked for any more, whatever else is.
        for _ in 0..20 {
            assert_eq!(get(&mut peer, &id).await["inputRequests"].get(&key), None);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        keys.push(key);
    }
    assert_ne!(keys[0], keys[1]);
    assert_eq!(text(&until(&mut peer, &id, "completed").await["result"]), "true true");
}

// X48, X52, X54, E15
#[tokio::test(start_paused = true)]
async fn answers_to_nothing_are_passed_over() {
    let (server, gate) = server();
    let mut peer = modern(&server);
    let id = task(&mut peer, "ask_and_work").await;
    until(&mut peer, &id, "input_required").await;
    // Never asked.
    update(&mut peer, &id, json!({ "never": yes(), "approval ": 7 })).await;
    assert_eq!(get(&mut peer, &id).await["status"], "input_required");
    update(&mut peer, &id, json!({ "approval": yes() })).await;
    // Answered already: the first one counts.
    update(&mut peer, &id, json!({ "approval": accept(json!({ "approved": false })) })).await;
    until(&mut peer, &id, "working").await;
    update(&mut peer, &id, json!({ "approval": { "action": "cancel" } })).await;
    gate.open();
    let done = until(&mut peer, &id, "completed").await;
    assert_eq!(text(&done["result"]), "approved: true");
    // Too late.
    update(&mut peer, &id, json!({ "approval": yes() })).await;
    assert_eq!(get(&mut peer, &id).await, done);
}

// C22: what does not fit the form is asked for again under the same key, since nothing was answered.
#[tokio::test(start_paused = true)]
async fn an_answer_that_does_not_fit_is_none() {
    let mut peer = modern(&server().0);
    let id = task(&mut peer, "ask").await;
    until(&mut peer, &id, "input_required").await;
    for bad in [json!(7), json!(null), json!({}), accept(json!({ "approved": "perhaps" }))] {
        update(&mut peer, &id, json!({ "approval": bad })).await;
        until(&mut peer, &id, "input_required").await;
    }
    update(&mut peer, &id, json!({ "approval": { "action": "decline" } })).await;
    let done = until(&mut peer, &id, "completed").await;
    assert_eq!(done["result"]["isError"], true);
}

#[tokio::test(start_paused = true)]
async fn an_update_needs_responses() {
    let mut peer = modern(&server().0);
    let id = task(&mut peer, "ask").await;
    for params in [
        json!({ "taskId": id }),
        json!({ "taskId": id, "inputResponses": null }),
        json!({ "taskId": id, "inputResponses": [] }),
        json!({ "taskId": id, "inputResponses": "approval" }),
    ] {
        assert_eq!(peer.error("tasks/update", params.clone()).await["code"], -32602, "{params}");
    }
}

// D12, D18: a question of a task that has ended is none.
#[tokio::test(start_paused = true)]
async fn a_cancelled_task_asks_nothing() {
    let mut peer = modern(&server().0);
    let id = task(&mut peer, "ask").await;
    until(&mut peer, &id, "input_required").await;
    peer.result("tasks/cancel", json!({ "taskId": id })).await;
    let task = get(&mut peer, &id).await;
    assert_eq!((&task["status"], task.get("inputRequests")), (&json!("cancelled"), None));
    update(&mut peer, &id, json!({ "approval": yes() })).await;
    assert_eq!(get(&mut peer, &id).await, task);
}
