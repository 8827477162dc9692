//! `requestState`: what the client carries, and cannot read, change, or use for something else.

use std::time::Duration;

use mcp_runtime::{KeyRing, Limits, Server};
use serde_json::{Value, json};

use crate::rounds::{again, all, asked, yes};
use crate::wire_peer::{Peer, fixtures, text};

const REFUSED: i64 = -32602;

fn delete(path: &str) -> Value {
    json!({ "name": "delete", "arguments": { "path": path } })
}

/// The key of the only question, and the state.
async fn begun(peer: &mut Peer, params: &Value) -> (String, Value) {
    let (questions, state) = asked(&peer.result("tools/call", params.clone()).await);
    (questions[0].0.clone(), state)
}

#[tokio::test(start_paused = true)]
async fn a_state_says_nothing_and_is_never_twice_the_same() {
    let mut peer = Peer::modern(&fixtures::server(), all());
    let (_, first) = begun(&mut peer, &delete("a secret path")).await;
    let (_, second) = begun(&mut peer, &delete("a secret path")).await;
    assert_ne!(first, second);
    let text = first.as_str().expect("text");
    assert!(!text.contains("approval") && !text.contains("secret"));
    assert!(text.bytes().all(|byte| byte.is_ascii_graphic()));
}

#[tokio::test(start_paused = true)]
async fn a_state_that_was_changed_is_refused() {
    let mut peer = Peer::modern(&fixtures::server(), all());
    let params = delete("a");
    let (key, state) = begun(&mut peer, &params).await;
    let good = state.as_str().expect("text");
    let step = (good.len() / 7).max(1);
    let mut bad: Vec<String> = (0..good.len())
        .step_by(step)
        .map(|at| {
            let other = if &good[at..=at] == "A" { "B" } else { "A" };
            format!("{}{other}{}", &good[..at], &good[at + 1..])
        })
        .collect();
    bad.extend([String::new(), "x".to_owned(), good[1..].to_owned(), format!("{good}A")]);
    bad.push(good[..good.len() / 2].to_owned());
    for bad in bad {
        let retry = again(&params, json!({ &key: yes() }), &json!(bad));
        let error = peer.error("tools/call", retry).await;
        assert_eq!(error["code"], REFUSED, "{bad}");
        assert!(error["message"].as_str().is_some_and(|text| text.contains("requestState")));
    }
    let result = peer.result("tools/call", again(&params, json!({ &key: yes() }), &state)).await;
    assert_eq!(text(&result), "deleted a");
}

#[tokio::test(start_paused = true)]
async fn a_state_is_good_for_its_own_request_only() {
    let mut peer = Peer::modern(&fixtures::server(), all());
    let params = delete("a");
    let (key, state) = begun(&mut peer, &params).await;
    let responses = json!({ &key: yes() });
    for (method, other) in [
        ("tools/call", delete("b")),
        ("tools/call", json!({ "name": "delete" })),
        ("tools/call", json!({ "name": "patient", "arguments": { "path": "a" } })),
        ("prompts/get", json!({ "name": "asks" })),
        ("resources/read", json!({ "uri": "docs://manual" })),
    ] {
        let error = peer.error(method, again(&other, responses.clone(), &state)).await;
        assert_eq!(error["code"], REFUSED, "{method} {other}");
    }
    // The metadata is no part of what it is bound to, and neither is the order of keys.
    let mut same = json!({
        "_meta": { "com.example/attempt": 2 }, "arguments": { "path": "a" }, "name": "delete",
    });
    same["requestState"] = state;
    same["inputResponses"] = responses;
    assert_eq!(text(&peer.result("tools/call", same).await), "deleted a");
}

#[tokio::test(start_paused = true)]
async fn a_state_expires() {
    let mut limits = Limits::default();
    limits.state_ttl = Duration::from_millis(20);
    let server = fixtures::builder().0.limits(limits).build().expect("a server");
    let mut peer = Peer::modern(&server, all());
    let params = delete("a");
    let (key, state) = begun(&mut peer, &params).await;
    // It holds on every replica, so it is the clock on the wall that counts.
    std::thread::sleep(Duration::from_millis(30));
    let error = peer.error("tools/call", again(&params, json!({ key: yes() }), &state)).await;
    assert_eq!(error["code"], REFUSED);
}

#[tokio::test(start_paused = true)]
async fn a_state_is_good_on_every_replica_that_has_the_key() {
    let replica =
        |keys: KeyRing| -> Server { fixtures::builder().0.keys(keys).build().expect("a server") };
    let params = delete("a");
    let mut here = Peer::modern(&replica(KeyRing::new([1; 32])), all());
    let (key, state) = begun(&mut here, &params).await;
    let retry = again(&params, json!({ &key: yes() }), &state);
    for (keys, good) in [
        (KeyRing::new([1; 32]), true),
        // The keys are being changed.
        (KeyRing::new([2; 32]).and_older([1; 32]), true),
        (KeyRing::new([2; 32]), false),
        (KeyRing::random().expect("randomness"), false),
    ] {
        let mut there = Peer::modern(&replica(keys), all());
        let id = there.start("tools/call", retry.clone()).await;
        let response = there.response(id).await;
        assert_eq!(response.get("result").is_some(), good, "{response}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_does_not_fit_into_a_state_is_an_error_of_the_call() {
    let mut limits = Limits::default();
    limits.state = 10;
    let server = fixtures::builder().0.limits(limits).build().expect("a server");
    let mut peer = Peer::modern(&server, all());
    let error = peer.error("tools/call", delete("a")).await;
    assert_eq!(error["code"], -32603);
}
