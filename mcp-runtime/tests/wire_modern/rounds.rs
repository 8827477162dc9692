//! Input inside results: the request is answered by questions, and comes again with the answers.

use mcp_runtime::{Context, InputError, Revision, mcp_tool};
use serde_json::{Value, json};

use crate::wire_peer::{Peer, fixtures, text};

pub fn all() -> Value {
    json!({ "elicitation": { "form": {}, "url": {} }, "sampling": {}, "roots": {} })
}

pub fn peer() -> Peer {
    Peer::modern(&fixtures::server(), all())
}

pub fn yes() -> Value {
    json!({ "action": "accept", "content": { "approved": true } })
}

/// The questions of a result, by key, and its state.
pub fn asked(result: &Value) -> (Vec<(String, Value)>, Value) {
    assert_eq!(result["resultType"], "input_required", "{result}");
    // Never kept by anybody (2026-07-28, Caching).
    assert!(result.get("ttlMs").is_none() && result.get("cacheScope").is_none());
    let requests = result["inputRequests"].as_object().expect("questions");
    assert!(result["requestState"].is_string());
    let questions = requests.iter().map(|(key, it)| (key.clone(), it.clone())).collect();
    (questions, result["requestState"].clone())
}

/// The same request again.
pub fn again(params: &Value, responses: Value, state: &Value) -> Value {
    let mut params = params.clone();
    params["inputResponses"] = responses;
    params["requestState"] = state.clone();
    params
}

/// Asks, answers the only question, and gives the result.
async fn answered(peer: &mut Peer, params: &Value, answer: Value) -> Value {
    let (questions, state) = asked(&peer.result("tools/call", params.clone()).await);
    let [(key, _)] = &questions[..] else { panic!("one question: {questions:?}") };
    peer.result("tools/call", again(params, json!({ key: answer }), &state)).await
}

fn call(tool: &str, arguments: Value) -> Value {
    json!({ "name": tool, "arguments": arguments })
}

#[tokio::test(start_paused = true)]
async fn a_question_is_part_of_the_result() {
    let mut peer = peer();
    let result = peer.result("tools/call", call("delete", json!({ "path": "a" }))).await;
    let (questions, _) = asked(&result);
    assert_eq!(
        questions[0].1,
        json!({
            "method": "elicitation/create",
            "params": {
                "mode": "form",
                "message": "Delete a?",
                "requestedSchema": {
                    "type": "object",
                    "properties": { "approved": { "type": "boolean", "description": "Go on?" } },
                    "required": ["approved"],
                },
            },
        })
    );
    assert!(result.get("content").is_none());
}

#[tokio::test(start_paused = true)]
async fn every_answer_reaches_the_tool() {
    let mut peer = peer();
    let params = call("delete", json!({ "path": "a" }));
    for (answer, said) in [
        (yes(), "deleted a"),
        (json!({ "action": "accept", "content": { "approved": false } }), "kept"),
        (json!({ "action": "decline" }), "declined"),
        (json!({ "action": "cancel" }), "dismissed"),
    ] {
        let result = answered(&mut peer, &params, answer).await;
        assert_eq!((text(&result), &result["resultType"]), (said, &json!("complete")));
    }
    let message =
        json!({ "role": "assistant", "content": { "type": "text", "text": "..." }, "model": "m" });
    let result = answered(&mut peer, &call("haiku", json!({})), message).await;
    assert_eq!(text(&result), "m wrote ...");
    let roots = json!({ "roots": [{ "uri": "file:///a" }] });
    let result = answered(&mut peer, &call("folders", json!({})), roots).await;
    assert_eq!(text(&result), "file:///a");
    let result =
        answered(&mut peer, &call("visit", json!({})), json!({ "action": "accept" })).await;
    assert_eq!(text(&result), "Accepted(())");
}

#[tokio::test(start_paused = true)]
async fn several_questions_are_put_at_once() {
    let mut peer = peer();
    let params = call("both", json!({}));
    let (questions, state) = asked(&peer.result("tools/call", params.clone()).await);
    let messages: Vec<_> =
        questions.iter().map(|(_, it)| it["params"]["message"].clone()).collect();
    assert_eq!(messages, ["Left?", "Right?"]);
    let no = json!({ "action": "accept", "content": { "approved": false } });
    let responses = json!({ &questions[1].0: yes(), &questions[0].0: no });
    let result = peer.result("tools/call", again(&params, responses, &state)).await;
    assert_eq!(text(&result), "false true");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_missing_is_asked_for_again_and_the_others_are_kept() {
    let mut peer = peer();
    let params = call("both", json!({}));
    let (questions, state) = asked(&peer.result("tools/call", params.clone()).await);
    let (left, right) = (&questions[0].0, &questions[1].0);
    let result = peer.result("tools/call", again(&params, json!({ right: yes() }), &state)).await;
    let (open, state) = asked(&result);
    assert_eq!(open, questions[..1]);
    // None at all: the same again.
    let result = peer.result("tools/call", again(&params, json!({}), &state)).await;
    let (open, state) = asked(&result);
    assert_eq!(open, questions[..1]);
    let result = peer.result("tools/call", again(&params, json!({ left: yes() }), &state)).await;
    assert_eq!(text(&result), "true true");
}

#[tokio::test(start_paused = true)]
async fn an_answer_of_another_type_is_asked_for_again() {
    let mut peer = peer();
    let params = call("delete", json!({ "path": "a" }));
    let (questions, mut state) = asked(&peer.result("tools/call", params.clone()).await);
    let key = &questions[0].0;
    for wrong in [
        json!({}),
        json!(7),
        json!({ "action": "maybe" }),
        json!({ "action": "accept" }),
        json!({ "action": "accept", "content": { "approved": "yes" } }),
        json!({ "action": "accept", "content": [true] }),
        json!({ "roots": [] }),
        Value::Null,
    ] {
        let responses = json!({ key: wrong });
        let result = peer.result("tools/call", again(&params, responses, &state)).await;
        let (open, next) = asked(&result);
        assert_eq!(open, questions, "{wrong}");
        state = next;
    }
    let result = peer.result("tools/call", again(&params, json!({ key: yes() }), &state)).await;
    assert_eq!(text(&result), "deleted a");
}

#[tokio::test(start_paused = true)]
async fn answers_that_nobody_asked_for_are_passed_over() {
    let mut peer = peer();
    let params = call("delete", json!({ "path": "a" }));
    // Without a state they answer nothing.
    let mut eager = params.clone();
    eager["inputResponses"] = json!({ "approval": yes() });
    let (questions, state) = asked(&peer.result("tools/call", eager).await);
    let responses = json!({ "x": { "action": "decline" }, &questions[0].0: yes(), "y": 3 });
    let result = peer.result("tools/call", again(&params, responses, &state)).await;
    assert_eq!(text(&result), "deleted a");
    // And to a call that asks for nothing they are nothing.
    let mut echo = call("echo", json!({ "text": "hi" }));
    echo["inputResponses"] = json!({ "x": yes() });
    assert_eq!(text(&peer.result("tools/call", echo).await), "hi");
}

#[tokio::test(start_paused = true)]
async fn round_follows_round_and_each_effect_happens_once() {
    let (server, seen) = fixtures::noting();
    let mut peer = Peer::modern(&server, all());
    let params = call("thrice", json!({}));
    let mut result = peer.result("tools/call", params.clone()).await;
    for round in 0..3 {
        let (questions, state) = asked(&result);
        assert_eq!(questions.len(), 1);
        assert_eq!(questions[0].1["params"]["message"], format!("Round {round}?"));
        let content = json!({ "approved": round != 1 });
        let responses = json!({ &questions[0].0: { "action": "accept", "content": content } });
        result = peer.result("tools/call", again(&params, responses, &state)).await;
    }
    assert_eq!(text(&result), "[true, false, true]");
    assert_eq!(seen.all(), ["round 0", "round 1", "round 2"]);
}

#[tokio::test(start_paused = true)]
async fn the_first_answer_of_a_race_ends_it() {
    let mut peer = peer();
    let params = call("either", json!({}));
    let (questions, state) = asked(&peer.result("tools/call", params.clone()).await);
    assert_eq!(questions.len(), 2);
    // `select!` puts them in any order.
    let right = questions.iter().find(|(_, it)| it["params"]["message"] == "Right?");
    let responses = json!({ &right.expect("both questions").0: yes() });
    let result = peer.result("tools/call", again(&params, responses, &state)).await;
    assert_eq!(text(&result), "right");
}

#[tokio::test(start_paused = true)]
async fn a_question_keeps_its_deadline_from_round_to_round() {
    let mut peer = peer();
    let params = call("patient", json!({}));
    let (_, state) = asked(&peer.result("tools/call", params.clone()).await);
    // Deadlines are of the clock on the wall, which nobody can pause.
    std::thread::sleep(std::time::Duration::from_millis(40));
    let result = peer.result("tools/call", again(&params, json!({}), &state)).await;
    assert!(text(&result).contains("in time"), "{result}");
}

#[tokio::test(start_paused = true)]
async fn what_was_reported_before_a_question_is_not_reported_again() {
    let mut peer = peer();
    let mut params = call("walks", json!({}));
    params["_meta"] = json!({ "progressToken": "p", "io.modelcontextprotocol/logLevel": "info" });
    let id = peer.start("tools/call", params.clone()).await;
    assert_eq!(peer.notification("notifications/progress").await["progress"], 1.0);
    assert_eq!(peer.notification("notifications/message").await["data"], "before");
    let (questions, state) = asked(&peer.response(id).await["result"]);
    let retry = again(&params, json!({ &questions[0].0: yes() }), &state);
    let id = peer.start("tools/call", retry).await;
    assert_eq!(peer.notification("notifications/progress").await["progress"], 2.0);
    assert_eq!(peer.notification("notifications/message").await["data"], "after");
    assert_eq!(text(&peer.response(id).await["result"]), "there");
}

#[tokio::test(start_paused = true)]
async fn prompts_ask_too() {
    let mut peer = peer();
    let params = json!({ "name": "asks" });
    let (questions, state) = asked(&peer.result("prompts/get", params.clone()).await);
    let responses = json!({ &questions[0].0: yes() });
    let result = peer.result("prompts/get", again(&params, responses, &state)).await;
    assert_eq!(result["messages"][0]["content"]["text"], "approved: true");
}

#[tokio::test(start_paused = true)]
async fn what_the_client_cannot_do_ends_the_call_and_says_what_was_needed() {
    for (capabilities, tool, needed) in [
        (json!({}), "delete", json!({ "elicitation": {} })),
        (json!({ "elicitation": { "url": {} } }), "delete", json!({ "elicitation": {} })),
        (json!({ "elicitation": {} }), "visit", json!({ "elicitation": { "url": {} } })),
        (json!({ "elicitation": {} }), "haiku", json!({ "sampling": {} })),
        (json!({ "sampling": {} }), "folders", json!({ "roots": {} })),
        // Declared by the tool, so it does not even run.
        (json!({}), "needs_a_model", json!({ "sampling": {} })),
    ] {
        let (server, seen) = fixtures::noting();
        let mut peer = Peer::modern(&server, capabilities);
        let error = peer.error("tools/call", call(tool, json!({ "path": "a" }))).await;
        assert_eq!(error["code"], -32021, "{tool}");
        assert_eq!(error["data"], json!({ "requiredCapabilities": needed }), "{tool}");
        assert!(!seen.all().contains(&"needs_a_model runs".to_owned()));
    }
}

#[tokio::test(start_paused = true)]
async fn capabilities_are_those_of_the_request_and_not_of_the_session() {
    // A legacy session that can do everything beside a modern request that can do nothing.
    let mut peer = Peer::legacy(&fixtures::server(), Revision::V2025_11_25, all()).await;
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let params = json!({ "name": "delete", "arguments": { "path": "a" }, "_meta": meta });
    assert_eq!(peer.error("tools/call", params).await["code"], -32021);
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Name {
    name: String,
}

/// Greets by a name that may be sent along, after a confirmation that may not.
#[mcp_tool]
async fn welcome(cx: &Context) -> Result<String, InputError> {
    let Name { name } = cx.elicit("name", "Who?").accept_unasked().await?.accepted()?;
    let Name { name: sure } = cx.elicit("sure", format!("{name}?")).await?.accepted()?;
    Ok(format!("{name} {sure}"))
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_came_along_counts_only_where_the_tool_says_so() {
    let server =
        mcp_runtime::server!().name("fixtures").tool::<welcome>().build().expect("a server");
    let mut peer = Peer::modern(&server, all());
    let answer = |name: &str| json!({ "action": "accept", "content": { "name": name } });
    let mut params = call("welcome", json!({}));
    params["inputResponses"] = json!({ "name": answer("Ada"), "sure": answer("yes"), "else": 1 });
    let (questions, state) = asked(&peer.result("tools/call", params.clone()).await);
    let [(key, question)] = &questions[..] else { panic!("one question: {questions:?}") };
    assert_eq!((&**key, &question["params"]["message"]), ("sure", &json!("Ada?")));

    // It is in the journal: the next round neither asks again nor takes another one.
    let answers = json!({ "name": answer("Eve"), "sure": answer("of course") });
    let result = peer.result("tools/call", again(&params, answers, &state)).await;
    assert_eq!(text(&result), "Ada of course");

    // One that does not fit is none.
    params["inputResponses"] = json!({ "name": { "action": "accept", "content": { "name": 7 } } });
    let (questions, _) = asked(&peer.result("tools/call", params).await);
    assert_eq!(questions[0].0, "name");
}
