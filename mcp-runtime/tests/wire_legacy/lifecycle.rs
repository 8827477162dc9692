//! `initialize`, and what comes before it.

use mcp_runtime::{Revision, Server, mcp_tool};
use serde_json::{Value, json};

use crate::wire_peer::fixtures;
use crate::wire_peer::{LEGACY, Peer};

#[mcp_tool]
async fn alone() -> String {
    "alone".to_owned()
}

fn offer(version: &str) -> Value {
    json!({
        "protocolVersion": version,
        "capabilities": {},
        "clientInfo": { "name": "peer", "version": "1" },
    })
}

#[tokio::test(start_paused = true)]
async fn a_version_is_agreed_upon() {
    let server = fixtures::server();
    for (offered, agreed) in [
        ("2024-11-05", "2024-11-05"),
        ("2025-03-26", "2025-03-26"),
        ("2025-06-18", "2025-06-18"),
        ("2025-11-25", "2025-11-25"),
        // What is not of this era, or unknown, is answered with the newest that is.
        ("2026-07-28", "2025-11-25"),
        ("2031-01-01", "2025-11-25"),
        ("1.0", "2025-11-25"),
    ] {
        let mut peer = Peer::new(&server);
        let result = peer.result("initialize", offer(offered)).await;
        assert_eq!(result["protocolVersion"], agreed, "offered {offered}");
        peer.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn initialize_without_a_version_is_refused_and_may_be_tried_again() {
    let mut peer = Peer::new(&fixtures::server());
    for params in [json!({}), json!({ "protocolVersion": 3 })] {
        let error = peer.error("initialize", params).await;
        assert_eq!(error["code"], -32602);
        assert!(error["message"].as_str().is_some_and(|text| text.contains("protocolVersion")));
    }
    peer.result("initialize", offer("2025-11-25")).await;
}

#[tokio::test(start_paused = true)]
async fn capabilities_are_derived_from_what_is_registered() {
    let changes = json!({ "listChanged": true });
    for revision in LEGACY {
        let mut peer = Peer::new(&fixtures::server());
        let result = peer.result("initialize", offer(revision.as_str())).await;
        let mut expected = json!({
            "completions": {},
            "logging": {},
            "prompts": changes,
            "resources": { "listChanged": true, "subscribe": true },
            "tools": changes,
        });
        if revision < Revision::V2025_03_26 {
            expected.as_object_mut().expect("an object").remove("completions");
        }
        if revision == Revision::V2025_11_25 {
            // One of the tools can be a task.
            expected["tasks"] = json!({ "cancel": {}, "requests": { "tools": { "call": {} } } });
        }
        assert_eq!(result["capabilities"], expected, "{revision}");
    }
    let only_tools = Server::builder("alone", "1").tool::<alone>().build().expect("a server");
    let mut peer = Peer::new(&only_tools);
    let result = peer.result("initialize", offer("2025-11-25")).await;
    assert_eq!(result["capabilities"], json!({ "logging": {}, "tools": changes }));
    assert!(result.get("instructions").is_none());
    for method in ["prompts/list", "resources/list", "resources/read", "completion/complete"] {
        assert_eq!(peer.error(method, json!({})).await["code"], -32601, "{method}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_session_keeps_of_its_client_is_bounded() {
    let mut peer = Peer::new(&fixtures::server());
    for (info, capabilities) in [
        (json!({ "name": "x".repeat(1 << 20), "version": "1" }), json!({})),
        (
            json!({ "name": "x", "version": "1" }),
            json!({ "experimental": { "x": { "y": "z".repeat(1 << 20) } } }),
        ),
    ] {
        let params = json!({ "protocolVersion": "2025-11-25", "clientInfo": info, "capabilities": capabilities });
        assert_eq!(peer.error("initialize", params).await["code"], -32602);
    }
    peer.result("initialize", offer("2025-11-25")).await;
}

#[tokio::test(start_paused = true)]
async fn the_server_says_of_itself_what_the_revision_has_words_for() {
    for (revision, keys) in [
        (Revision::V2024_11_05, &["name", "version"][..]),
        (Revision::V2025_03_26, &["name", "version"]),
        (Revision::V2025_06_18, &["name", "title", "version"]),
        (
            Revision::V2025_11_25,
            &["description", "icons", "name", "title", "version", "websiteUrl"],
        ),
    ] {
        let mut peer = Peer::new(&fixtures::server());
        let result = peer.result("initialize", offer(revision.as_str())).await;
        let mut found: Vec<&str> = result["serverInfo"]
            .as_object()
            .expect("an object")
            .keys()
            .map(String::as_str)
            .collect();
        found.sort_unstable();
        assert_eq!(found, keys, "{revision}");
        assert_eq!(result["serverInfo"]["version"], "1.2.3");
        assert_eq!(result["instructions"], "Call echo.");
        assert!(result.get("resultType").is_none() && result.get("_meta").is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn before_initialize_only_ping_is_answered() {
    let mut peer = Peer::new(&fixtures::server());
    assert_eq!(peer.result("ping", json!({})).await, json!({}));
    for method in ["tools/list", "tools/call", "logging/setLevel", "unheard/of"] {
        let error = peer.error(method, json!({ "name": "echo" })).await;
        // P1: it belongs to no era, and is told how to belong to one.
        assert_eq!(error["code"], -32602, "{method}");
        let message = error["message"].as_str().expect("text");
        assert!(message.contains("initialize") && message.contains("2026-07-28"), "{message}");
        assert_eq!(error["data"]["supported"], json!(["2026-07-28"]));
    }
    peer.result("initialize", offer("2025-11-25")).await;
    assert_eq!(peer.result("ping", json!({})).await, json!({}));
}

#[tokio::test(start_paused = true)]
async fn a_second_initialize_is_refused_and_changes_nothing() {
    let mut peer = Peer::legacy(&fixtures::server(), Revision::V2025_03_26, json!({})).await;
    let error = peer.error("initialize", offer("2025-11-25")).await;
    assert_eq!(error["code"], -32600);
    let who = peer.call("who", json!({})).await;
    assert_eq!(who["content"][0]["text"], "peer 2025-03-26 None");
}

#[tokio::test(start_paused = true)]
async fn both_eras_are_served_on_one_connection() {
    let mut peer = Peer::legacy(&fixtures::server(), Revision::V2025_06_18, json!({})).await;
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let modern =
        peer.result("tools/call", json!({ "name": "who", "arguments": {}, "_meta": meta })).await;
    assert_eq!(modern["content"][0]["text"], "nobody 2026-07-28 None");
    assert_eq!(modern["resultType"], "complete");
    let legacy = peer.call("who", json!({})).await;
    assert_eq!(legacy["content"][0]["text"], "peer 2025-06-18 None");
    assert!(legacy.get("resultType").is_none());
}

#[tokio::test(start_paused = true)]
async fn metadata_that_only_mentions_a_version_is_of_no_other_era() {
    let mut peer = Peer::legacy(&fixtures::server(), Revision::V2025_06_18, json!({})).await;
    let meta = json!({ "com.example/note": "io.modelcontextprotocol/protocolVersion is a key" });
    let result = peer.result("tools/call", json!({ "name": "who", "_meta": meta })).await;
    assert_eq!(result["content"][0]["text"], "peer 2025-06-18 None");
}

#[tokio::test(start_paused = true)]
async fn methods_of_the_other_era_and_unknown_ones_are_not_found() {
    for revision in LEGACY {
        let mut peer = Peer::legacy(&fixtures::server(), revision, json!({})).await;
        for method in ["server/discover", "subscriptions/listen", "tools/calls", "com.example/x"] {
            let error = peer.error(method, json!({ "notifications": {} })).await;
            assert_eq!(error["code"], -32601, "{revision} {method}");
            assert!(error["message"].as_str().is_some_and(|text| text.contains(method)));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_end_of_the_input_ends_the_server_once_calls_are_done() {
    let mut peer = Peer::legacy(&fixtures::server(), Revision::V2025_11_25, json!({})).await;
    peer.start_call("slow", json!({})).await;
    let response = peer.next().await;
    assert!(response["error"]["message"].as_str().is_some_and(|text| text.contains("3s")));
    peer.end().await;
}
