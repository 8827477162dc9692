//! What a task asks its client, on a stream of lines: there is one stream, which needs no opening.

use serde_json::{Value, json};

use crate::tasks_peer::wire_peer::Peer;
use crate::tasks_peer::{RELATED, accept, augmented, get, legacy, modern, server, text, until};

fn by_id(id: &str) -> Value {
    json!({ "taskId": id })
}

// L38, L39, L41, L54, L55
#[tokio::test(start_paused = true)]
async fn a_question_says_whose_it_is_and_its_answer_lets_the_task_go_on() {
    let (server, gate) = server();
    let mut peer = legacy(&server).await;
    let id = augmented(&mut peer, "ask_and_work").await;
    let (request, params) = peer.question("elicitation/create").await;
    assert_eq!(params["_meta"], json!({ RELATED: { "taskId": id } }));
    assert_eq!((&params["mode"], &params["message"]), (&json!("form"), &json!("Go on?")));
    assert_eq!(get(&mut peer, &id).await["status"], "input_required");
    let mut answer = accept(json!({ "approved": true }));
    answer["_meta"] = json!({ RELATED: { "taskId": id } });
    peer.answer(&request, answer).await;
    until(&mut peer, &id, "working").await;
    gate.open();
    let result = peer.result("tasks/result", by_id(&id)).await;
    assert_eq!(text(&result), "approved: true");
    // It was asked once.
    peer.silence().await;
}

// L52, L40, and one message on one stream
#[tokio::test(start_paused = true)]
async fn a_question_is_asked_once_however_many_wait() {
    let mut peer = legacy(&server().0).await;
    let id = augmented(&mut peer, "ask").await;
    let (request, _) = peer.question("elicitation/create").await;
    let waiting = [
        peer.start("tasks/result", by_id(&id)).await,
        peer.start("tasks/result", by_id(&id)).await,
    ];
    peer.silence().await;
    // Who stops waiting takes no question along.
    peer.notify("notifications/cancelled", json!({ "requestId": waiting[1] })).await;
    peer.silence().await;
    peer.answer(&request, accept(json!({ "approved": false }))).await;
    assert_eq!(text(&peer.response(waiting[0]).await["result"]), "approved: false");
    peer.silence().await;
}

// L39, X44, X46
#[tokio::test(start_paused = true)]
async fn questions_are_answered_in_any_order() {
    let mut peer = legacy(&server().0).await;
    let id = augmented(&mut peer, "ask_twice").await;
    let left = peer.question("elicitation/create").await;
    let right = peer.question("elicitation/create").await;
    assert_eq!((&left.1["message"], &right.1["message"]), (&json!("Left?"), &json!("Right?")));
    assert_ne!(left.0, right.0);
    peer.answer(&right.0, accept(json!({ "approved": false }))).await;
    peer.silence().await;
    assert_eq!(get(&mut peer, &id).await["status"], "input_required");
    peer.answer(&left.0, accept(json!({ "approved": true }))).await;
    assert_eq!(text(&peer.result("tasks/result", by_id(&id)).await), "true false");
}

// L41
#[tokio::test(start_paused = true)]
async fn one_question_comes_after_the_other() {
    let mut peer = legacy(&server().0).await;
    let id = augmented(&mut peer, "ask_again").await;
    for message in ["Sure?", "Really?"] {
        let (request, params) = peer.question("elicitation/create").await;
        assert_eq!(params["message"], message);
        peer.answer(&request, accept(json!({ "approved": true }))).await;
    }
    assert_eq!(text(&peer.result("tasks/result", by_id(&id)).await), "true true");
}

// L93
#[tokio::test(start_paused = true)]
async fn a_refusal_and_an_error_are_the_tools_to_handle() {
    let mut peer = legacy(&server().0).await;
    for (answer, said) in [
        (json!({ "result": { "action": "decline" } }), "declined"),
        (json!({ "error": { "code": -1, "message": "the user is asleep" } }), "the user is asleep"),
    ] {
        let id = augmented(&mut peer, "ask").await;
        let (request, _) = peer.question("elicitation/create").await;
        let mut message = json!({ "jsonrpc": "2.0", "id": request });
        message
            .as_object_mut()
            .expect("an object")
            .extend(answer.as_object().cloned().expect("an object"));
        peer.send(message).await;
        let result = peer.result("tasks/result", by_id(&id)).await;
        assert_eq!(result["isError"], true);
        assert!(text(&result).contains(said), "{result}");
    }
}

// C22: an answer that does not fit the form is none. The question is asked again, under another id.
#[tokio::test(start_paused = true)]
async fn an_answer_that_does_not_fit_is_asked_for_again() {
    let mut peer = legacy(&server().0).await;
    let id = augmented(&mut peer, "ask").await;
    let (first, _) = peer.question("elicitation/create").await;
    peer.answer(&first, accept(json!({ "approved": "perhaps" }))).await;
    let (second, _) = peer.question("elicitation/create").await;
    assert_ne!(first, second);
    peer.answer(&second, accept(json!({ "approved": true }))).await;
    assert_eq!(text(&peer.result("tasks/result", by_id(&id)).await), "approved: true");
}

// L54, L79, D12, D18
#[tokio::test(start_paused = true)]
async fn a_question_that_nobody_needs_any_more_is_taken_back() {
    let (server, gate) = server();
    let mut peer = legacy(&server).await;
    let id = augmented(&mut peer, "ask").await;
    let (request, _) = peer.question("elicitation/create").await;
    let cancel = peer.start("tasks/cancel", by_id(&id)).await;
    for _ in 0..2 {
        let message = peer.next().await;
        match message["method"].as_str() {
            Some("notifications/cancelled") => {
                assert_eq!(message["params"]["requestId"], request);
                assert_eq!(message["params"]["_meta"], json!({ RELATED: { "taskId": id } }));
            }
            _ => assert_eq!(
                (&message["id"], &message["result"]["status"]),
                (&json!(cancel), &json!("cancelled"))
            ),
        }
    }
    // The tool itself gives up.
    let id = augmented(&mut peer, "give_up").await;
    let (request, _) = peer.question("elicitation/create").await;
    gate.open();
    let cancelled = peer.notification("notifications/cancelled").await;
    assert_eq!(cancelled["requestId"], request);
    assert_eq!(cancelled["_meta"], json!({ RELATED: { "taskId": id } }));
    // Too late.
    peer.answer(&request, accept(json!({ "approved": true }))).await;
    peer.silence().await;
}

// L38, P6: the session is gone, its task is not; another one of the same owner answers.
#[tokio::test(start_paused = true)]
async fn a_question_outlives_the_session_that_it_was_put_to() {
    let (server, _) = server();
    let mut first = legacy(&server).await;
    let id = augmented(&mut first, "ask").await;
    first.question("elicitation/create").await;
    first.end().await;
    let mut second = legacy(&server).await;
    assert_eq!(get(&mut second, &id).await["status"], "input_required");
    second.silence().await;
    let waiting = second.start("tasks/result", by_id(&id)).await;
    let (request, params) = second.question("elicitation/create").await;
    assert_eq!(params["_meta"], json!({ RELATED: { "taskId": id } }));
    second.answer(&request, accept(json!({ "approved": true }))).await;
    assert_eq!(text(&second.response(waiting).await["result"]), "approved: true");
}

// C20, D17: a client that cannot fill in forms is not shown one, though it waits for the result.
#[tokio::test(start_paused = true)]
async fn who_cannot_answer_is_not_asked() {
    let (server, _) = server();
    let mut able = legacy(&server).await;
    let id = augmented(&mut able, "ask").await;
    let (request, _) = able.question("elicitation/create").await;
    able.end().await;
    let revision = mcp_runtime::Revision::V2025_11_25;
    let mut unable = Peer::legacy(&server, revision, json!({})).await;
    let waiting = unable.start("tasks/result", by_id(&id)).await;
    unable.silence().await;
    // Nor may it answer what it was not asked.
    unable.answer(&request, accept(json!({ "approved": true }))).await;
    unable.silence().await;
    assert_eq!(get(&mut unable, &id).await["status"], "input_required");
    let _ = waiting;
}

// P6, X94: one task, two eras; each sees the question in its own form, and the first answer wins.
#[tokio::test(start_paused = true)]
async fn the_other_era_may_answer() {
    let (server, _) = server();
    let mut old = legacy(&server).await;
    let mut new = modern(&server);
    let id = augmented(&mut old, "ask").await;
    let (request, _) = old.question("elicitation/create").await;
    let task = get(&mut new, &id).await;
    assert_eq!(task["status"], "input_required");
    assert_eq!(task["inputRequests"]["approval"]["method"], "elicitation/create");
    let responses = json!({ "approval": accept(json!({ "approved": true })) });
    new.result("tasks/update", json!({ "taskId": id, "inputResponses": responses })).await;
    assert_eq!(old.notification("notifications/cancelled").await["requestId"], request);
    assert_eq!(text(&old.result("tasks/result", by_id(&id)).await), "approved: true");
    let task = get(&mut new, &id).await;
    assert_eq!(text(&task["result"]), "approved: true");
    assert!(!task.to_string().contains(RELATED), "{task}");
}

// One message on one stream: who stops waiting and waits again has the form already.
#[tokio::test(start_paused = true)]
async fn to_wait_again_asks_nothing_again() {
    let (server, _) = server();
    let id = crate::tasks_peer::task(&mut modern(&server), "ask").await;
    let mut peer = legacy(&server).await;
    let waiting = peer.start("tasks/result", by_id(&id)).await;
    let (request, _) = peer.question("elicitation/create").await;
    peer.notify("notifications/cancelled", json!({ "requestId": waiting })).await;
    peer.silence().await;
    let waiting = peer.start("tasks/result", by_id(&id)).await;
    peer.silence().await;
    peer.answer(&request, accept(json!({ "approved": true }))).await;
    assert_eq!(text(&peer.response(waiting).await["result"]), "approved: true");
}
