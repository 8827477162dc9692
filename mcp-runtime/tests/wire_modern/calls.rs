//! `tools/call`: what goes in, and what comes out.

use serde_json::json;

use crate::wire_peer::{Peer, fixtures, text};

fn peer() -> Peer {
    Peer::modern(&fixtures::server(), json!({}))
}

#[tokio::test(start_paused = true)]
async fn every_kind_of_content_comes_out() {
    let result = peer().call("kinds", json!({})).await;
    let kinds: Vec<_> =
        result["content"].as_array().expect("blocks").iter().map(|it| it["type"].clone()).collect();
    assert_eq!(kinds, ["text", "image", "audio", "resource", "resource_link"]);
    assert_eq!(result["content"][3]["resource"]["uri"], "notes://1");
    assert_eq!(result["resultType"], "complete");
    for cached in ["ttlMs", "cacheScope", "isError", "structuredContent"] {
        assert!(result.get(cached).is_none(), "{cached}");
    }
}

#[tokio::test(start_paused = true)]
async fn structured_output_may_be_any_json() {
    let mut peer = peer();
    for (tool, arguments, structured) in [
        ("weather", json!({ "city": "Oslo" }), json!({ "city": "Oslo", "celsius": 4.5 })),
        ("numbers", json!({}), json!([1, 2])),
        ("structured", json!({}), json!({ "hits": 2 })),
    ] {
        let result = peer.call(tool, arguments).await;
        assert_eq!(result["structuredContent"], structured);
    }
}

#[tokio::test(start_paused = true)]
async fn failures_are_results_and_the_rest_errors() {
    let mut peer = peer();
    let failed = peer.call("fails", json!({})).await;
    assert_eq!((text(&failed), &failed["isError"]), ("out of paper", &json!(true)));
    for (params, code) in [
        (json!({ "name": "refuses" }), -7),
        (json!({ "name": "panics" }), -32603),
        (json!({ "name": "slow" }), -32603),
        (json!({ "name": "ech" }), -32602),
        (json!({}), -32602),
        (json!({ "name": "echo", "arguments": [] }), -32602),
        (json!({ "name": "echo", "requestState": 3 }), -32602),
    ] {
        let error = peer.error("tools/call", params.clone()).await;
        assert_eq!(error["code"], code, "{params}");
        assert!(!error["message"].as_str().expect("text").contains("42"), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_mismatch_is_a_result_that_names_the_path() {
    let mut peer = peer();
    for (tool, arguments, named) in [
        ("echo", json!({}), "`text` is missing"),
        ("order", json!({ "item": { "count": -1 } }), "`item.count`"),
        ("sizes", json!({ "size": "small", "tags": ["a", {}] }), "`tags[1]`"),
    ] {
        let result = peer.call(tool, arguments).await;
        assert_eq!(result["isError"], true);
        assert!(text(&result).contains(named), "{named} in {}", text(&result));
    }
}
