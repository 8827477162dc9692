//! What a server asks for while it answers: requests of its own, on the same connection.

use mcp_runtime::{Limits, Revision};
use serde_json::{Value, json};

use crate::wire_peer::{Peer, fixtures, text};

fn all() -> Value {
    json!({ "elicitation": { "form": {}, "url": {} }, "sampling": {}, "roots": {} })
}

async fn peer(revision: Revision) -> Peer {
    Peer::legacy(&fixtures::server(), revision, all()).await
}

const ELICITING: [Revision; 2] = [Revision::V2025_06_18, Revision::V2025_11_25];

#[tokio::test(start_paused = true)]
async fn a_form_is_asked_for_in_the_words_of_the_revision() {
    for revision in ELICITING {
        let mut peer = peer(revision).await;
        let call = peer.start_call("delete", json!({ "path": "a" })).await;
        let (id, params) = peer.question("elicitation/create").await;
        let mut expected = json!({
            "message": "Delete a?",
            "requestedSchema": {
                "type": "object",
                "properties": { "approved": { "type": "boolean", "description": "Go on?" } },
                "required": ["approved"],
            },
        });
        if revision >= Revision::V2025_11_25 {
            expected["mode"] = "form".into();
        }
        assert_eq!(params, expected, "{revision}");
        peer.answer(&id, json!({ "action": "accept", "content": { "approved": true } })).await;
        assert_eq!(text(&peer.response(call).await["result"]), "deleted a");
    }
}

#[tokio::test(start_paused = true)]
async fn every_answer_to_a_form_reaches_the_tool() {
    for revision in ELICITING {
        let mut peer = peer(revision).await;
        for (answer, said) in [
            (json!({ "action": "accept", "content": { "approved": true } }), "deleted a"),
            (json!({ "action": "accept", "content": { "approved": false } }), "kept"),
            (json!({ "action": "decline" }), "declined"),
            (json!({ "action": "decline", "content": { "approved": true } }), "declined"),
            (json!({ "action": "cancel" }), "dismissed"),
        ] {
            let call = peer.start_call("delete", json!({ "path": "a" })).await;
            let (id, _) = peer.question("elicitation/create").await;
            peer.answer(&id, answer).await;
            assert_eq!(text(&peer.response(call).await["result"]), said, "{revision}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_malformed_answer_is_the_tools_to_handle() {
    for revision in ELICITING {
        let mut peer = peer(revision).await;
        for answer in [
            json!({}),
            json!({ "action": "maybe" }),
            json!({ "action": 3 }),
            json!({ "action": "accept" }),
            json!({ "action": "accept", "content": {} }),
            json!({ "action": "accept", "content": { "approved": "yes" } }),
            json!({ "action": "accept", "content": [true] }),
        ] {
            let call = peer.start_call("delete", json!({ "path": "a" })).await;
            let (id, _) = peer.question("elicitation/create").await;
            peer.answer(&id, answer.clone()).await;
            let result = &peer.response(call).await["result"];
            assert_eq!(result["isError"], true, "{answer}");
            assert!(text(result).contains("could not answer"), "{result}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_question_is_the_tools_to_handle() {
    let mut peer = peer(Revision::V2025_11_25).await;
    let call = peer.start_call("delete", json!({ "path": "a" })).await;
    let (id, _) = peer.question("elicitation/create").await;
    let error = json!({ "code": -1, "message": "the user is asleep" });
    peer.send(json!({ "jsonrpc": "2.0", "id": id, "error": error })).await;
    let result = &peer.response(call).await["result"];
    assert_eq!(result["isError"], true);
    assert!(text(result).contains("the user is asleep"), "{result}");
}

#[tokio::test(start_paused = true)]
async fn a_question_that_takes_too_long_is_taken_back() {
    let mut peer = peer(Revision::V2025_11_25).await;
    let call = peer.start_call("patient", json!({})).await;
    let (id, _) = peer.question("elicitation/create").await;
    let taken_back = peer.notification("notifications/cancelled").await;
    assert_eq!(taken_back["requestId"], id);
    assert!(text(&peer.response(call).await["result"]).contains("in time"));
    // Too late.
    peer.answer(&id, json!({ "action": "accept", "content": { "approved": true } })).await;
    peer.silence().await;
}

#[tokio::test(start_paused = true)]
async fn the_server_has_a_limit_for_questions_that_have_none() {
    let mut limits = Limits::default();
    limits.input_timeout = std::time::Duration::from_millis(30);
    let server = fixtures::builder().0.limits(limits).build().expect("a server");
    let mut peer = Peer::legacy(&server, Revision::V2025_11_25, all()).await;
    let call = peer.start_call("delete", json!({ "path": "a" })).await;
    let (id, _) = peer.question("elicitation/create").await;
    assert_eq!(peer.notification("notifications/cancelled").await["requestId"], id);
    let result = &peer.response(call).await["result"];
    assert_eq!(result["isError"], true);
    assert!(text(result).contains("in time"), "{result}");
}

#[tokio::test(start_paused = true)]
async fn only_the_first_answer_counts() {
    let mut peer = peer(Revision::V2025_11_25).await;
    let call = peer.start_call("delete", json!({ "path": "a" })).await;
    let (id, _) = peer.question("elicitation/create").await;
    peer.answer(&id, json!({ "action": "decline" })).await;
    peer.answer(&id, json!({ "action": "accept", "content": { "approved": true } })).await;
    assert_eq!(text(&peer.response(call).await["result"]), "declined");
    peer.silence().await;
}

#[tokio::test(start_paused = true)]
async fn questions_are_put_at_the_same_time_and_answered_in_any_order() {
    let mut peer = peer(Revision::V2025_11_25).await;
    let call = peer.start_call("both", json!({})).await;
    let (left, asked) = peer.question("elicitation/create").await;
    assert_eq!(asked["message"], "Left?");
    let (right, asked) = peer.question("elicitation/create").await;
    assert_eq!(asked["message"], "Right?");
    assert_ne!(left, right);
    peer.answer(&right, json!({ "action": "accept", "content": { "approved": true } })).await;
    peer.silence().await;
    peer.answer(&left, json!({ "action": "accept", "content": { "approved": false } })).await;
    assert_eq!(text(&peer.response(call).await["result"]), "false true");
}

#[tokio::test(start_paused = true)]
async fn a_question_that_nobody_needs_any_more_is_taken_back() {
    let mut peer = peer(Revision::V2025_11_25).await;
    let call = peer.start_call("either", json!({})).await;
    // `select!` puts them in any order.
    let mut open =
        [peer.question("elicitation/create").await, peer.question("elicitation/create").await];
    open.sort_by_key(|(_, params)| params["message"].to_string());
    let [(left, _), (right, _)] = open;
    peer.answer(&left, json!({ "action": "accept", "content": { "approved": true } })).await;
    assert_eq!(peer.notification("notifications/cancelled").await["requestId"], right);
    assert_eq!(text(&peer.response(call).await["result"]), "left");
}

#[tokio::test(start_paused = true)]
async fn questions_one_after_the_other_run_the_tool_once() {
    let (server, seen) = fixtures::noting();
    let mut peer = Peer::legacy(&server, Revision::V2025_11_25, all()).await;
    let call = peer.start_call("thrice", json!({})).await;
    for round in 0..3 {
        let (id, asked) = peer.question("elicitation/create").await;
        assert_eq!(asked["message"], format!("Round {round}?"));
        let content = json!({ "approved": round == 1 });
        peer.answer(&id, json!({ "action": "accept", "content": content })).await;
    }
    assert_eq!(text(&peer.response(call).await["result"]), "[false, true, false]");
    assert_eq!(seen.all(), ["round 0", "round 1", "round 2"]);
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_call_takes_its_question_back_and_has_no_response() {
    let mut peer = peer(Revision::V2025_11_25).await;
    let call = peer.start_call("delete", json!({ "path": "a" })).await;
    let (id, _) = peer.question("elicitation/create").await;
    peer.notify("notifications/cancelled", json!({ "requestId": call })).await;
    // The user must not be left with a form that nobody reads.
    assert_eq!(peer.notification("notifications/cancelled").await["requestId"], id);
    peer.silence().await;
}

#[tokio::test(start_paused = true)]
async fn a_call_that_takes_too_long_takes_its_question_back() {
    let mut peer = peer(Revision::V2025_11_25).await;
    let call = peer.start_call("impatient", json!({})).await;
    let (id, _) = peer.question("elicitation/create").await;
    assert_eq!(peer.notification("notifications/cancelled").await["requestId"], id);
    assert_eq!(peer.response(call).await["error"]["code"], -32603);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_goes_away_leaves_no_question_open() {
    let (server, seen) = fixtures::noting();
    let mut peer = Peer::legacy(&server, Revision::V2025_11_25, all()).await;
    let call = peer.start_call("delete", json!({ "path": "a" })).await;
    peer.question("elicitation/create").await;
    let _ = call;
    let begun = tokio::time::Instant::now();
    drop(peer);
    tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    assert!(begun.elapsed() < std::time::Duration::from_secs(1));
    assert_eq!(seen.all(), ["delete runs"]);
}

#[tokio::test(start_paused = true)]
async fn a_page_to_visit_is_asked_for_since_2025_11_25() {
    let mut peer = peer(Revision::V2025_11_25).await;
    for (action, said) in
        [("accept", "Accepted(())"), ("decline", "Declined"), ("cancel", "Dismissed")]
    {
        let call = peer.start_call("visit", json!({})).await;
        let (id, params) = peer.question("elicitation/create").await;
        assert_eq!(
            (&params["mode"], &params["url"]),
            (&json!("url"), &json!("https://example.com/login"))
        );
        assert!(params["elicitationId"].is_string(), "{params}");
        assert!(params.get("requestedSchema").is_none());
        peer.answer(&id, json!({ "action": action })).await;
        assert_eq!(text(&peer.response(call).await["result"]), said);
    }
}

#[tokio::test(start_paused = true)]
async fn a_question_after_the_client_has_gone_is_not_waited_for() {
    let asks_late = |call: mcp_runtime::Call| async move {
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        call.roots("folders").await.map(|_| "").map_err(|error| error.to_string())
    };
    let server =
        fixtures::builder().0.add_tool(mcp_runtime::ToolDefinition::new("late"), asks_late);
    let server = server.build().expect("a server");
    let mut peer = Peer::legacy(&server, Revision::V2025_11_25, all()).await;
    let call = peer.start_call("late", json!({})).await;
    let begun = tokio::time::Instant::now();
    peer.shut().await;
    let result = peer.response(call).await["result"].take();
    assert!(text(&result).contains("closed"), "{result}");
    peer.ended().await;
    assert!(begun.elapsed() < std::time::Duration::from_secs(5));
}

#[tokio::test(start_paused = true)]
async fn the_id_of_a_page_to_visit_is_unique_within_the_server() {
    let server = fixtures::server();
    let mut ids = std::collections::BTreeSet::new();
    for _ in 0..2 {
        let mut peer = Peer::legacy(&server, Revision::V2025_11_25, all()).await;
        for _ in 0..2 {
            let call = peer.start_call("visit", json!({})).await;
            let (id, params) = peer.question("elicitation/create").await;
            ids.insert(params["elicitationId"].as_str().expect("an id").to_owned());
            peer.answer(&id, json!({ "action": "accept" })).await;
            peer.response(call).await;
        }
    }
    assert_eq!(ids.len(), 4, "{ids:?}");
}

#[tokio::test(start_paused = true)]
async fn a_message_of_the_model_is_asked_for_in_every_revision() {
    for revision in crate::wire_peer::LEGACY {
        let mut peer = peer(revision).await;
        let call = peer.start_call("haiku", json!({})).await;
        let (id, params) = peer.question("sampling/createMessage").await;
        assert_eq!(params["maxTokens"], 50);
        assert_eq!(
            params["messages"],
            json!([{ "role": "user", "content": { "type": "text", "text": "Write a haiku" } }]),
            "{revision}"
        );
        let content = json!({ "type": "text", "text": "..." });
        peer.answer(&id, json!({ "role": "assistant", "content": content, "model": "m" })).await;
        assert_eq!(text(&peer.response(call).await["result"]), "m wrote ...");
        let call = peer.start_call("haiku", json!({})).await;
        let (id, _) = peer.question("sampling/createMessage").await;
        peer.answer(&id, json!({ "role": "assistant" })).await;
        assert_eq!(peer.response(call).await["result"]["isError"], true);
    }
}

#[tokio::test(start_paused = true)]
async fn the_folders_are_asked_for_in_every_revision() {
    for revision in crate::wire_peer::LEGACY {
        let mut peer = peer(revision).await;
        let call = peer.start_call("folders", json!({})).await;
        let (id, params) = peer.question("roots/list").await;
        assert_eq!(params, Value::Null);
        peer.answer(&id, json!({ "roots": [{ "uri": "file:///a" }, { "uri": "file:///b" }] }))
            .await;
        assert_eq!(text(&peer.response(call).await["result"]), "file:///a file:///b");
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_client_cannot_do_ends_the_call_with_an_error_of_this_era() {
    use Revision::*;
    for (revision, capabilities, tool, named) in [
        (V2025_11_25, json!({}), "delete", "elicitation"),
        (V2025_11_25, json!({ "elicitation": { "url": {} } }), "delete", "elicitation"),
        // Forms and pages are told apart: `{}` means forms.
        (V2025_11_25, json!({ "elicitation": {} }), "visit", "elicitation.url"),
        // Nothing of the kind existed.
        (V2025_06_18, all(), "visit", "elicitation.url"),
        (V2025_03_26, all(), "delete", "elicitation"),
        (V2024_11_05, json!({}), "haiku", "sampling"),
        (V2024_11_05, json!({}), "folders", "roots"),
        // Declared by the tool, so it does not even run.
        (V2025_11_25, json!({ "roots": {} }), "needs_a_model", "sampling"),
    ] {
        let (server, seen) = fixtures::noting();
        let mut peer = Peer::legacy(&server, revision, capabilities).await;
        let params = json!({ "name": tool, "arguments": { "path": "a" } });
        let error = peer.error("tools/call", params).await;
        // -32021 came with 2026-07-28.
        assert_eq!(error["code"], -32600, "{revision} {tool}");
        assert!(error["message"].as_str().is_some_and(|text| text.contains(named)), "{error}");
        assert!(!seen.all().contains(&"needs_a_model runs".to_owned()));
    }
    let (server, seen) = fixtures::noting();
    let mut peer = Peer::legacy(&server, V2024_11_05, all()).await;
    assert_eq!(text(&peer.call("needs_a_model", json!({})).await), "done");
    assert_eq!(seen.all(), ["needs_a_model runs"]);
}

#[tokio::test(start_paused = true)]
async fn a_prompt_may_ask_too() {
    let mut peer = peer(Revision::V2025_11_25).await;
    let id = peer.start("prompts/get", json!({ "name": "asks" })).await;
    let (question, _) = peer.question("elicitation/create").await;
    peer.answer(&question, json!({ "action": "accept", "content": { "approved": true } })).await;
    let result = &peer.response(id).await["result"];
    assert_eq!(result["messages"][0]["content"]["text"], "approved: true");
}
