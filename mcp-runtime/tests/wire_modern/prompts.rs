//! Prompts, resources and completion, as far as this era says them differently.

use std::time::Duration;

use mcp_runtime::schema::v2026_07_28::CacheScope;
use mcp_runtime::{Cache, ResourceOutput, content, mcp_resource};
use serde_json::json;

use crate::wire_peer::{Peer, fixtures};

#[mcp_resource("docs://cached")]
async fn cached() -> ResourceOutput {
    ResourceOutput {
        contents: vec![content::text_resource("docs://cached", "text/plain", "kept")],
        cache: Some(Cache { ttl: Duration::from_millis(1500), scope: CacheScope::Public }),
        meta: None,
    }
}

#[tokio::test(start_paused = true)]
async fn a_resource_has_hints_for_caches() {
    let server = fixtures::builder().0.resource::<cached>().build().expect("a server");
    let mut peer = Peer::modern(&server, json!({}));
    let result = peer.result("resources/read", json!({ "uri": "docs://manual" })).await;
    assert_eq!(result["contents"][0]["text"], "# Hi\n");
    assert_eq!((&result["ttlMs"], &result["cacheScope"]), (&json!(0), &json!("private")));
    let result = peer.result("resources/read", json!({ "uri": "docs://cached" })).await;
    assert_eq!((&result["ttlMs"], &result["cacheScope"]), (&json!(1500), &json!("public")));
}

#[tokio::test(start_paused = true)]
async fn a_resource_that_is_not_there_is_a_wrong_parameter() {
    let mut peer = Peer::modern(&fixtures::server(), json!({}));
    for uri in ["docs://nothing", "notes://7", "notes://100/a"] {
        let error = peer.error("resources/read", json!({ "uri": uri })).await;
        assert_eq!(error["code"], -32602, "{uri}");
        assert_eq!(error["data"], json!({ "uri": uri }));
    }
    let error = peer.error("resources/read", json!({ "uri": "docs://broken" })).await;
    assert_eq!(error["code"], -32603);
}

#[tokio::test(start_paused = true)]
async fn templates_have_typed_variables_without_their_encoding() {
    let mut peer = Peer::modern(&fixtures::server(), json!({}));
    for (uri, text) in [
        ("notes://7/a", "book 7, path a"),
        ("notes://7/a/b/c", "book 7, path a/b/c"),
        ("notes://7/%C3%A4%20%2F", "book 7, path ä /"),
        ("notes://7/100%25", "book 7, path 100%"),
    ] {
        let result = peer.result("resources/read", json!({ "uri": uri })).await;
        assert_eq!(result["contents"][0]["text"], text);
        assert_eq!(result["contents"][0]["uri"], uri);
    }
    for uri in ["notes://-1/a", "notes://a%2Fb/c", "notes://4294967296/a"] {
        let error = peer.error("resources/read", json!({ "uri": uri })).await;
        assert_eq!(error["code"], -32602, "{uri}");
        assert!(error["message"].as_str().is_some_and(|text| text.contains("`book`")), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn prompts_are_filled_in_and_completed() {
    let mut peer = Peer::modern(&fixtures::server(), json!({}));
    let params = json!({ "name": "review", "arguments": { "code": "x" } });
    let result = peer.result("prompts/get", params).await;
    assert_eq!(result["messages"][0]["content"]["text"], "Review this code: x");
    assert!(result.get("ttlMs").is_none());
    for arguments in [json!({}), json!({ "code": null }), json!({ "code": ["x"] })] {
        let params = json!({ "name": "review", "arguments": arguments });
        assert_eq!(peer.error("prompts/get", params).await["code"], -32602, "{arguments}");
    }
    let params = json!({
        "ref": { "type": "ref/prompt", "name": "review" },
        "argument": { "name": "language", "value": "r" },
        "context": { "arguments": { "code": "!" } },
    });
    let result = peer.result("completion/complete", params).await;
    let expected = json!({ "values": ["rust!", "ruby!"], "total": 2, "hasMore": false });
    assert_eq!(result["completion"], expected);
}
