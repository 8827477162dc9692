//! Progress, log messages, and cancellation.

use serde_json::{Value, json};

use crate::wire_peer::{Peer, fixtures, text};

const LOG_LEVEL: &str = "io.modelcontextprotocol/logLevel";

#[tokio::test(start_paused = true)]
async fn progress_increases_and_carries_the_token() {
    let mut peer = Peer::modern(&fixtures::server(), json!({}));
    for token in [json!(7), json!("a")] {
        let meta = json!({ "progressToken": token });
        let call = peer.start("tools/call", json!({ "name": "reports", "_meta": meta })).await;
        let first = peer.notification("notifications/progress").await;
        let expected =
            json!({ "progressToken": token, "progress": 1.0, "total": 3.0, "message": "one" });
        assert_eq!(first, expected);
        let second = peer.notification("notifications/progress").await;
        assert_eq!(second, json!({ "progressToken": token, "progress": 2.0 }));
        assert_eq!(text(&peer.response(call).await["result"]), "done");
    }
    assert_eq!(text(&peer.call("reports", json!({})).await), "done");
}

#[tokio::test(start_paused = true)]
async fn log_messages_come_only_to_requests_that_ask_for_them() {
    let mut peer = Peer::modern(&fixtures::server(), json!({}));
    for (level, expected) in [
        (json!("debug"), &["debug", "info", "error"][..]),
        (json!("info"), &["info", "error"]),
        (json!("error"), &["error"]),
        (json!("emergency"), &[]),
        (Value::Null, &[]),
    ] {
        let meta = json!({ LOG_LEVEL: level });
        let call = peer.start("tools/call", json!({ "name": "logs", "_meta": meta })).await;
        let mut levels = Vec::new();
        loop {
            let message = peer.next().await;
            if message["id"] == call {
                break;
            }
            assert_eq!(message["method"], "notifications/message");
            levels.push(message["params"]["level"].clone());
        }
        assert_eq!(levels, expected, "{level}");
    }
    // Without a word, none.
    assert_eq!(text(&peer.call("logs", json!({})).await), "done");
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_call_cleans_up_and_has_no_response() {
    let (server, seen) = fixtures::noting();
    let mut peer = Peer::modern(&server, json!({}));
    let (first, second) =
        (peer.start_call("waits", json!({})).await, peer.start_call("stubborn", json!({})).await);
    peer.silence().await;
    for id in [first, second, first, 77] {
        peer.notify("notifications/cancelled", json!({ "requestId": id })).await;
    }
    peer.silence().await;
    assert_eq!(seen.all(), ["waiting", "cleaned up", "dropped"]);
}

#[tokio::test(start_paused = true)]
async fn an_id_in_flight_must_not_be_used_again() {
    let (server, _) = fixtures::noting();
    let mut peer = Peer::modern(&server, json!({}));
    let id = peer.start_call("waits", json!({})).await;
    let params = json!({ "name": "nothing", "_meta": peer.meta.clone() });
    peer.send(json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params }))
        .await;
    assert_eq!(peer.response(id).await["error"]["code"], -32600);
}
