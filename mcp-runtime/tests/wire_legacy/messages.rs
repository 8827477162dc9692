//! Envelopes: ids, notifications, batches, and what is no message at all.

use mcp_runtime::{Limits, Revision};
use serde_json::{Value, json};

use crate::wire_peer::{LEGACY, Peer, fixtures, text};

const LATEST: Revision = Revision::V2025_11_25;

fn echo(id: impl Into<Value>, text: &str) -> Value {
    json!({
        "jsonrpc": "2.0", "id": id.into(), "method": "tools/call",
        "params": { "name": "echo", "arguments": { "text": text } },
    })
}

#[tokio::test(start_paused = true)]
async fn an_id_comes_back_as_it_was() {
    let mut peer = Peer::legacy(&fixtures::server(), LATEST, json!({})).await;
    for id in [json!(0), json!(-3), json!(9_007_199_254_740_991_i64), json!(""), json!("a \"b\" ü")]
    {
        peer.send(echo(id.clone(), "hi")).await;
        let response = peer.next().await;
        assert_eq!(response["id"], id);
        assert_eq!(text(&response["result"]), "hi");
    }
}

#[tokio::test(start_paused = true)]
async fn an_id_in_flight_must_not_be_used_again() {
    let (server, seen) = fixtures::noting();
    let mut peer = Peer::legacy(&server, LATEST, json!({})).await;
    let id = peer.start_call("waits", json!({})).await;
    peer.send(echo(id, "hi")).await;
    let response = peer.next().await;
    assert_eq!((&response["id"], &response["error"]["code"]), (&json!(id), &json!(-32600)));
    // The first call is still the one of that name.
    peer.notify("notifications/cancelled", json!({ "requestId": id })).await;
    peer.silence().await;
    assert_eq!(seen.all(), ["waiting", "cleaned up"]);
    // And after its end the id is free, as far as the server minds.
    peer.send(echo(id, "again")).await;
    assert_eq!(text(&peer.next().await["result"]), "again");
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_cancelled_call_is_not_taken_for_that_of_another_with_its_id() {
    let (server, seen) = fixtures::noting();
    let mut peer = Peer::legacy(&server, LATEST, json!({})).await;
    let id = peer.start_call("stubborn", json!({})).await;
    peer.notify("notifications/cancelled", json!({ "requestId": id })).await;
    let params = json!({ "name": "waits" });
    peer.send(json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params }))
        .await;
    peer.silence().await;
    assert_eq!(seen.all(), ["waiting", "dropped"]);
    peer.notify("notifications/cancelled", json!({ "requestId": id })).await;
    peer.silence().await;
    assert_eq!(seen.all(), ["waiting", "dropped", "cleaned up"]);
}

#[tokio::test(start_paused = true)]
async fn notifications_are_never_answered() {
    for revision in LEGACY {
        let mut peer = Peer::legacy(&fixtures::server(), revision, json!({})).await;
        for (method, params) in [
            ("notifications/initialized", json!({})),
            ("notifications/cancelled", json!({ "requestId": 77 })),
            ("notifications/cancelled", json!({ "requestId": null })),
            ("notifications/cancelled", json!({})),
            ("notifications/roots/list_changed", json!({})),
            ("notifications/unheard/of", json!({ "a": [1] })),
            ("tools/call", json!({ "name": "echo", "arguments": { "text": "hi" } })),
            ("ping", json!({})),
        ] {
            peer.notify(method, params).await;
        }
        peer.silence().await;
    }
}

#[tokio::test(start_paused = true)]
async fn answers_to_nothing_are_passed_over() {
    let mut peer = Peer::legacy(&fixtures::server(), LATEST, json!({})).await;
    peer.answer(&json!(1), json!({ "action": "accept" })).await;
    peer.answer(&json!("x"), json!({})).await;
    peer.send(json!({ "jsonrpc": "2.0", "id": 9, "error": { "code": 1, "message": "no" } })).await;
    peer.silence().await;
    assert_eq!(text(&peer.call("echo", json!({ "text": "alive" })).await), "alive");
}

#[tokio::test(start_paused = true)]
async fn what_is_no_message_is_refused_and_the_next_is_read() {
    let mut peer = Peer::legacy(&fixtures::server(), LATEST, json!({})).await;
    for (line, code, id) in [
        ("{", -32700, None),
        ("hello", -32700, None),
        ("\u{1f980}", -32700, None),
        ("3", -32600, None),
        ("null", -32600, None),
        (r#"{"jsonrpc":"2.0"}"#, -32600, None),
        (r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, -32600, None),
        (r#"{"jsonrpc":"2.0","id":[1],"method":"ping"}"#, -32600, None),
        (r#"{"jsonrpc":"1.0","id":4,"method":"ping"}"#, -32600, Some(4)),
        (r#"{"id":5,"method":"ping"}"#, -32600, Some(5)),
        (r#"{"jsonrpc":"2.0","id":6,"method":7}"#, -32600, None),
        (r#"{"jsonrpc":"2.0","id":8,"method":"ping","params":[]}"#, -32600, Some(8)),
        (r#"{"jsonrpc":"2.0","id":9,"method":"ping","params":{"_meta":3}}"#, -32602, Some(9)),
    ] {
        peer.line(line).await;
        let response = peer.next().await;
        assert_eq!(response["error"]["code"], code, "{line}");
        assert_eq!(response.get("id").and_then(Value::as_i64), id, "{line}: {response}");
    }
    // Empty lines are nothing, and a carriage return before the end of a line is none of it.
    peer.line("").await;
    peer.line("   \r").await;
    peer.line("{\"jsonrpc\":\"2.0\",\"id\":10,\"method\":\"ping\"}\r").await;
    assert_eq!(peer.next().await, json!({ "jsonrpc": "2.0", "id": 10, "result": {} }));
}

#[tokio::test(start_paused = true)]
async fn a_line_that_is_too_long_is_refused_and_the_next_is_read() {
    let mut limits = Limits::default();
    limits.message = 300;
    let server = fixtures::builder().0.limits(limits).build().expect("a server");
    let mut peer = Peer::legacy(&server, LATEST, json!({})).await;
    peer.send(echo(1, &"x".repeat(300))).await;
    let response = peer.next().await;
    assert_eq!(response["error"]["code"], -32600);
    assert!(response["error"]["message"].as_str().is_some_and(|text| text.contains("300")));
    assert_eq!(text(&peer.call("echo", json!({ "text": "short" })).await), "short");
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_answered_by_a_batch_up_to_2025_03_26() {
    for revision in [Revision::V2024_11_05, Revision::V2025_03_26] {
        let mut peer = Peer::legacy(&fixtures::server(), revision, json!({})).await;
        peer.send(json!([
            echo("one", "1"),
            { "jsonrpc": "2.0", "method": "notifications/roots/list_changed" },
            { "jsonrpc": "2.0", "id": "two", "method": "ping" },
            { "jsonrpc": "2.0", "id": "three", "method": "unheard/of" },
            7,
        ]))
        .await;
        let batch = peer.next().await;
        let batch = batch.as_array().expect("an array");
        let of = |id: &str| batch.iter().find(|one| one["id"] == id).expect(id);
        assert_eq!(batch.len(), 4, "{batch:?}");
        assert_eq!(text(&of("one")["result"]), "1");
        assert_eq!(of("two")["result"], json!({}));
        assert_eq!(of("three")["error"]["code"], -32601);
        assert!(batch.iter().any(|one| one["error"]["code"] == -32600 && one.get("id").is_none()));
        // Nothing to answer, no answer.
        peer.send(json!([{ "jsonrpc": "2.0", "method": "notifications/initialized" }])).await;
        peer.silence().await;
        for (batch, code) in [("[]", -32600), ("[1", -32700)] {
            peer.line(batch).await;
            assert_eq!(peer.next().await["error"]["code"], code, "{batch}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_not_larger_than_allowed() {
    let mut limits = Limits::default();
    limits.batch = 2;
    let server = fixtures::builder().0.limits(limits).build().expect("a server");
    let mut peer = Peer::legacy(&server, Revision::V2025_03_26, json!({})).await;
    peer.send(json!([echo(1, "1"), echo(2, "2"), echo(3, "3")])).await;
    assert_eq!(peer.next().await["error"]["code"], -32600);
    peer.send(json!([echo(1, "1"), echo(2, "2")])).await;
    assert_eq!(peer.next().await.as_array().map(Vec::len), Some(2));
}

#[tokio::test(start_paused = true)]
async fn a_question_of_a_call_in_a_batch_is_answered_in_a_batch() {
    let capabilities = json!({ "sampling": {} });
    let mut peer = Peer::legacy(&fixtures::server(), Revision::V2025_03_26, capabilities).await;
    peer.send(json!([{
        "jsonrpc": "2.0", "id": 50, "method": "tools/call",
        "params": { "name": "haiku", "arguments": {} },
    }]))
    .await;
    let (id, _) = peer.question("sampling/createMessage").await;
    let message =
        json!({ "role": "assistant", "content": { "type": "text", "text": "..." }, "model": "m" });
    peer.send(json!([{ "jsonrpc": "2.0", "id": id, "result": message }])).await;
    let batch = peer.next().await;
    assert_eq!(text(&batch[0]["result"]), "m wrote ...");
}

#[tokio::test(start_paused = true)]
async fn there_are_no_batches_since_2025_06_18_or_before_initialize() {
    let server = fixtures::server();
    let mut peers = vec![Peer::new(&server)];
    for revision in [Revision::V2025_06_18, Revision::V2025_11_25] {
        peers.push(Peer::legacy(&server, revision, json!({})).await);
    }
    for mut peer in peers {
        peer.send(json!([echo(1, "1"), echo(2, "2")])).await;
        let response = peer.next().await;
        assert_eq!(response["error"]["code"], -32600, "{response}");
        assert!(response.get("id").is_none());
        peer.silence().await;
    }
}
