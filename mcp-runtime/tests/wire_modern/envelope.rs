//! What a request says of itself, and what every answer says of the server.

use mcp_runtime::schema::v2026_07_28::CacheScope;
use mcp_runtime::{Cache, Limits, Server, mcp_tool};
use serde_json::{Value, json};

use crate::wire_peer::{Peer, fixtures, names, text};

const VERSION: &str = "io.modelcontextprotocol/protocolVersion";
const CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";

#[mcp_tool]
async fn alone() -> String {
    "alone".to_owned()
}

#[tokio::test(start_paused = true)]
async fn a_request_needs_a_version_that_the_server_speaks() {
    let mut peer = Peer::new(&fixtures::server());
    for version in ["2025-11-25", "2024-11-05", "2031-01-01", ""] {
        let meta = json!({ VERSION: version, CAPABILITIES: {} });
        let error = peer.error("tools/list", json!({ "_meta": meta })).await;
        assert_eq!(error["code"], -32022, "{version}");
        // P2: modern revisions only.
        assert_eq!(error["data"], json!({ "supported": ["2026-07-28"], "requested": version }));
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_needs_all_that_it_must_carry() {
    let mut peer = Peer::new(&fixtures::server());
    for (meta, named) in [
        (json!({ VERSION: "2026-07-28" }), CAPABILITIES),
        (json!({ VERSION: "2026-07-28", CAPABILITIES: null }), CAPABILITIES),
        (json!({ VERSION: "2026-07-28", CAPABILITIES: [] }), CAPABILITIES),
        (json!({ VERSION: 20260728, CAPABILITIES: {} }), VERSION),
        // Of no era: told how to belong to one.
        (json!({ CAPABILITIES: {} }), "initialize"),
        (json!({ VERSION: null, CAPABILITIES: {} }), "initialize"),
    ] {
        let error = peer.error("tools/list", json!({ "_meta": meta })).await;
        assert_eq!(error["code"], -32602, "{meta}");
        assert!(error["message"].as_str().is_some_and(|text| text.contains(named)), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn keys_may_be_written_with_escapes() {
    let mut peer = Peer::new(&fixtures::server());
    let meta = r#"{"io.modelcontextprotocol\/protocolVersion":"2026-07-28","io.modelcontextprotocol\/clientCapabilities":{}}"#;
    let request = json!({
        "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": "who", "_meta": 0 },
    });
    peer.line(&request.to_string().replace(r#""_meta":0"#, &format!(r#""_meta":{meta}"#))).await;
    assert_eq!(text(&peer.next().await["result"]), "nobody 2026-07-28 None");
}

#[tokio::test(start_paused = true)]
async fn every_request_stands_for_itself() {
    let mut peer = Peer::modern(&fixtures::server(), json!({}));
    let trace = json!({ "traceparent": "00-1-2-01" });
    let result = peer.result("tools/call", json!({ "name": "who", "_meta": trace })).await;
    assert_eq!(text(&result), "peer 2026-07-28 Some(\"00-1-2-01\")");
    let other =
        json!({ "io.modelcontextprotocol/clientInfo": { "name": "other", "version": "2" } });
    let result = peer.result("tools/call", json!({ "name": "who", "_meta": other })).await;
    assert_eq!(text(&result), "other 2026-07-28 None");
}

#[tokio::test(start_paused = true)]
async fn discover_says_what_there_is() {
    let mut peer = Peer::modern(&fixtures::server(), json!({}));
    let mut result = peer.result("server/discover", json!({})).await;
    let info = result["_meta"]["io.modelcontextprotocol/serverInfo"].take();
    assert_eq!(
        info,
        json!({
            "name": "fixtures",
            "version": "1.2.3",
            "title": "Fixtures",
            "description": "One of everything",
            "icons": [{ "src": "https://example.com/icon.png" }],
            "websiteUrl": "https://example.com",
        })
    );
    result.as_object_mut().expect("an object").remove("_meta");
    let changes = json!({ "listChanged": true });
    assert_eq!(
        result,
        json!({
            "resultType": "complete",
            "supportedVersions": ["2026-07-28"],
            "capabilities": {
                "completions": {},
                "extensions": { "io.modelcontextprotocol/tasks": {} },
                "logging": {},
                "prompts": changes,
                "resources": { "listChanged": true, "subscribe": true },
                "tools": changes,
            },
            "instructions": "Call echo.",
            "ttlMs": 0,
            "cacheScope": "private",
        })
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_not_there_is_not_declared_and_not_found() {
    let server = Server::builder("fixtures", "1").tool::<alone>().build().expect("a server");
    let mut peer = Peer::modern(&server, json!({}));
    let result = peer.result("server/discover", json!({})).await;
    let expected = json!({ "logging": {}, "tools": { "listChanged": true } });
    assert_eq!(result["capabilities"], expected);
    assert!(result.get("instructions").is_none());
    for method in [
        "prompts/list",
        "prompts/get",
        "resources/list",
        "resources/templates/list",
        "resources/read",
        "completion/complete",
        // Of the other era.
        "initialize",
        "ping",
        "logging/setLevel",
        "resources/subscribe",
        "resources/unsubscribe",
        // Of nobody.
        "com.example/x",
        "tools/calls",
        "",
    ] {
        assert_eq!(peer.error(method, json!({})).await["code"], -32601, "{method}");
    }
}

#[tokio::test(start_paused = true)]
async fn lists_have_all_fields_and_hints_for_caches() {
    let mut peer = Peer::modern(&fixtures::server(), json!({}));
    let result = peer.result("tools/list", json!({})).await;
    assert_eq!((&result["ttlMs"], &result["cacheScope"]), (&json!(0), &json!("private")));
    let tools = result["tools"].as_array().expect("a list");
    let tool = |name: &str| tools.iter().find(|tool| tool["name"] == name).expect(name);
    let mut keys: Vec<&str> =
        tool("weather").as_object().expect("an object").keys().map(String::as_str).collect();
    keys.sort_unstable();
    // `execution` went with the tasks of 2025-11-25.
    let expected = [
        "_meta",
        "annotations",
        "description",
        "icons",
        "inputSchema",
        "name",
        "outputSchema",
        "title",
    ];
    assert_eq!(keys, expected);
    // Any JSON may be structured output now.
    assert_eq!(tool("numbers")["outputSchema"]["type"], "array");
    let nothing = json!({
        "name": "nothing", "inputSchema": { "type": "object", "additionalProperties": false },
    });
    assert_eq!(*tool("nothing"), nothing);
}

#[tokio::test(start_paused = true)]
async fn pages_of_one_list_have_the_same_hints() {
    let mut limits = Limits::default();
    limits.page = 20;
    let cache = Cache { ttl: std::time::Duration::from_secs(90), scope: CacheScope::Public };
    let server = fixtures::builder().0.limits(limits).cache(cache).build().expect("a server");
    let mut peer = Peer::modern(&server, json!({}));
    let first = peer.result("tools/list", json!({})).await;
    let second = peer.result("tools/list", json!({ "cursor": first["nextCursor"] })).await;
    for page in [&first, &second, &peer.result("server/discover", json!({})).await] {
        assert_eq!((&page["ttlMs"], &page["cacheScope"]), (&json!(90_000), &json!("public")));
    }
    assert_eq!(names(&first["tools"]).len(), 20);
    assert!(second.get("nextCursor").is_none());
    for cursor in [json!("x"), json!(1)] {
        assert_eq!(peer.error("tools/list", json!({ "cursor": cursor })).await["code"], -32602);
    }
}

#[tokio::test(start_paused = true)]
async fn errors_name_the_request_and_notifications_are_not_answered() {
    let mut peer = Peer::modern(&fixtures::server(), json!({}));
    let meta = peer.meta.clone().expect("a modern peer");
    let request = |id: Value, name: &str| {
        json!({
            "jsonrpc": "2.0", "id": id, "method": "tools/call",
            "params": { "name": name, "arguments": { "text": "hi" }, "_meta": meta },
        })
    };
    for id in [json!("a \"b\""), json!(0), json!(-1)] {
        peer.send(request(id.clone(), "ech")).await;
        assert_eq!(peer.next().await["id"], id);
        peer.send(request(id.clone(), "echo")).await;
        assert_eq!(peer.next().await["id"], id);
    }
    peer.notify("notifications/cancelled", json!({ "requestId": "x" })).await;
    peer.notify("tools/call", json!({ "name": "echo", "_meta": meta })).await;
    peer.silence().await;
    // No batches in this era.
    peer.send(json!([request(json!(1), "echo")])).await;
    assert_eq!(peer.next().await["error"]["code"], -32600);
}
