//! Progress, log messages, cancellation, and news of changes.

use mcp_runtime::Revision;
use serde_json::{Value, json};

use crate::wire_peer::{LEGACY, Peer, fixtures, names, text};

const LATEST: Revision = Revision::V2025_11_25;

#[tokio::test(start_paused = true)]
async fn progress_increases_and_carries_the_token() {
    for revision in LEGACY {
        let mut peer = Peer::legacy(&fixtures::server(), revision, json!({})).await;
        for token in [json!(7), json!("a \"token\"")] {
            let meta = json!({ "progressToken": token });
            let call = peer.start("tools/call", json!({ "name": "reports", "_meta": meta })).await;
            let first = peer.notification("notifications/progress").await;
            let mut expected = json!({ "progressToken": token, "progress": 1.0, "total": 3.0 });
            if revision >= Revision::V2025_03_26 {
                expected["message"] = "one".into();
            }
            assert_eq!(first, expected, "{revision}");
            // 1.0 again and 0.5 would be no progress.
            let second = peer.notification("notifications/progress").await;
            assert_eq!(second, json!({ "progressToken": token, "progress": 2.0 }));
            assert_eq!(text(&peer.response(call).await["result"]), "done");
        }
        // Nobody asked.
        assert_eq!(text(&peer.call("reports", json!({})).await), "done");
    }
}

#[tokio::test(start_paused = true)]
async fn a_progress_token_must_be_one() {
    let mut peer = Peer::legacy(&fixtures::server(), LATEST, json!({})).await;
    for token in [json!(true), json!(1.5), json!({}), json!([1])] {
        let meta = json!({ "progressToken": token });
        let error = peer.error("tools/call", json!({ "name": "reports", "_meta": meta })).await;
        assert_eq!(error["code"], -32602, "{token}");
    }
}

async fn logged(peer: &mut Peer) -> Vec<String> {
    let call = peer.start_call("logs", json!({})).await;
    let mut levels = Vec::new();
    loop {
        let message = peer.next().await;
        if message["id"] == call {
            return levels;
        }
        assert_eq!(message["method"], "notifications/message");
        let params = &message["params"];
        let level = params["level"].as_str().expect("a level").to_owned();
        match &*level {
            "debug" => assert_eq!(params["data"], "a detail"),
            "info" => {
                let info = json!({ "level": "info", "logger": "fixtures", "data": { "step": 1 } });
                assert_eq!(*params, info);
            }
            _ => assert_eq!(*params, json!({ "level": "error", "data": "trouble" })),
        }
        levels.push(level);
    }
}

#[tokio::test(start_paused = true)]
async fn log_messages_come_from_the_level_on_that_was_set() {
    for revision in LEGACY {
        let mut peer = Peer::legacy(&fixtures::server(), revision, json!({})).await;
        assert_eq!(logged(&mut peer).await, ["info", "error"], "{revision}");
        for (level, levels) in [
            ("debug", &["debug", "info", "error"][..]),
            ("warning", &["error"]),
            ("emergency", &[]),
        ] {
            let set = peer.result("logging/setLevel", json!({ "level": level })).await;
            assert_eq!(set, json!({}));
            assert_eq!(logged(&mut peer).await, levels, "{revision} {level}");
        }
        for level in [json!("loud"), json!(3), Value::Null] {
            let error = peer.error("logging/setLevel", json!({ "level": level })).await;
            assert_eq!(error["code"], -32602, "{level}");
        }
        assert_eq!(logged(&mut peer).await, [""; 0]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_call_cleans_up_and_has_no_response() {
    for revision in LEGACY {
        let (server, seen) = fixtures::noting();
        let mut peer = Peer::legacy(&server, revision, json!({})).await;
        let call = peer.start_call("waits", json!({})).await;
        peer.silence().await;
        assert_eq!(seen.all(), ["waiting"]);
        peer.notify("notifications/cancelled", json!({ "requestId": call, "reason": "enough" }))
            .await;
        peer.silence().await;
        assert_eq!(seen.all(), ["waiting", "cleaned up"], "{revision}");
        // Cancelling what has ended is no mistake.
        peer.notify("notifications/cancelled", json!({ "requestId": call })).await;
        peer.silence().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_does_not_look_is_dropped_after_a_moment() {
    let (server, seen) = fixtures::noting();
    let mut peer = Peer::legacy(&server, LATEST, json!({})).await;
    let call = peer.start_call("stubborn", json!({})).await;
    peer.silence().await;
    assert_eq!(seen.all(), [""; 0]);
    peer.notify("notifications/cancelled", json!({ "requestId": call })).await;
    peer.silence().await;
    assert_eq!(seen.all(), ["dropped"]);
}

#[tokio::test(start_paused = true)]
async fn a_watched_resource_is_reported_until_it_is_not_watched() {
    for revision in LEGACY {
        let server = fixtures::server();
        let mut peer = Peer::legacy(&server, revision, json!({})).await;
        let mut other = Peer::legacy(&server, revision, json!({})).await;
        for uri in ["docs://manual", "notes://1/a"] {
            assert_eq!(peer.result("resources/subscribe", json!({ "uri": uri })).await, json!({}));
        }
        server.resource_updated("docs://logo");
        server.resource_updated("notes://1/a");
        let params = peer.notification("notifications/resources/updated").await;
        assert_eq!(params, json!({ "uri": "notes://1/a" }), "{revision}");
        peer.result("resources/unsubscribe", json!({ "uri": "notes://1/a" })).await;
        server.resource_updated("notes://1/a");
        server.resource_updated("docs://manual");
        let params = peer.notification("notifications/resources/updated").await;
        assert_eq!(params["uri"], "docs://manual");
        other.silence().await;
        let error = peer.error("resources/subscribe", json!({ "uri": "docs://nothing" })).await;
        assert_eq!(error["code"], -32002);
        assert_eq!(peer.error("resources/subscribe", json!({})).await["code"], -32602);
    }
}

#[tokio::test(start_paused = true)]
async fn watched_addresses_are_bounded_in_bytes_as_well() {
    let mut limits = mcp_runtime::Limits::default();
    limits.message = 8 << 10;
    let server = fixtures::builder().0.limits(limits).build().expect("a server");
    let mut peer = Peer::legacy(&server, LATEST, json!({})).await;
    let uri = |number: usize| json!({ "uri": format!("notes://1/{number}{}", "x".repeat(3000)) });
    for number in [0, 1] {
        peer.result("resources/subscribe", uri(number)).await;
    }
    let error = peer.error("resources/subscribe", uri(2)).await;
    assert_eq!(error["code"], -32600);
    peer.result("resources/unsubscribe", uri(0)).await;
    peer.result("resources/subscribe", uri(2)).await;
}

#[tokio::test(start_paused = true)]
async fn every_session_hears_of_changed_lists_once() {
    for revision in LEGACY {
        let server = fixtures::server();
        let mut peers = [
            Peer::legacy(&server, revision, json!({})).await,
            Peer::legacy(&server, revision, json!({})).await,
        ];
        assert!(server.enable_tool("echo", false));
        // So it was already.
        assert!(server.enable_tool("echo", false));
        assert!(!server.enable_tool("ech", false));
        assert!(server.enable_prompt("review", false));
        assert!(server.enable_resource("docs://manual", false));
        assert!(server.enable_resource("shirts://{size}", false));
        for peer in &mut peers {
            for list in ["tools", "prompts", "resources", "resources"] {
                let method = format!("notifications/{list}/list_changed");
                assert_eq!(peer.notification(&method).await, json!({}), "{revision}");
            }
            peer.silence().await;
            let tools = peer.result("tools/list", json!({})).await;
            assert!(!names(&tools["tools"]).contains(&"echo"));
            let error = peer.error("tools/call", json!({ "name": "echo" })).await;
            assert_eq!(error["code"], -32602);
            let error = peer.error("resources/read", json!({ "uri": "docs://manual" })).await;
            assert_eq!(error["code"], -32002);
            let error = peer.error("resources/read", json!({ "uri": "shirts://small" })).await;
            assert_eq!(error["code"], -32002);
            assert_eq!(
                peer.error("prompts/get", json!({ "name": "review" })).await["code"],
                -32602
            );
        }
        server.enable_tool("echo", true);
        for peer in &mut peers {
            peer.notification("notifications/tools/list_changed").await;
            assert_eq!(text(&peer.call("echo", json!({ "text": "back" })).await), "back");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_tool_may_switch_another_off() {
    let mut peer = Peer::legacy(&fixtures::server(), LATEST, json!({})).await;
    let id = peer.start_call("switch", json!({ "tool": "echo", "on": false })).await;
    let (mut response, mut changed) = (Value::Null, 0);
    for _ in 0..2 {
        let message = peer.next().await;
        match message["method"].as_str() {
            Some(method) => {
                assert_eq!(method, "notifications/tools/list_changed");
                changed += 1;
            }
            None => response = message,
        }
    }
    assert_eq!((response["id"].as_i64(), changed), (Some(id), 1));
    assert_eq!(text(&response["result"]), "true");
}
