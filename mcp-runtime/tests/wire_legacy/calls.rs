//! `tools/call`: what goes in, and what comes out.

use mcp_runtime::Revision;
use serde_json::{Value, json};

use crate::wire_peer::{LEGACY, Peer, fixtures, text};

async fn peer(revision: Revision) -> Peer {
    Peer::legacy(&fixtures::server(), revision, json!({})).await
}

#[tokio::test(start_paused = true)]
async fn every_kind_of_content_comes_out_as_far_as_the_revision_knows_it() {
    for revision in LEGACY {
        let result = peer(revision).await.call("kinds", json!({})).await;
        let content = result["content"].as_array().expect("blocks");
        assert_eq!(content.len(), 5);
        assert_eq!(content[0], json!({ "type": "text", "text": "a text" }));
        assert_eq!(
            content[1],
            json!({ "type": "image", "data": "cGljdHVyZQ==", "mimeType": "image/png" })
        );
        if revision >= Revision::V2025_03_26 {
            let audio = json!({ "type": "audio", "data": "c291bmQ=", "mimeType": "audio/wav" });
            assert_eq!(content[2], audio, "{revision}");
        } else {
            assert_eq!(content[2]["type"], "text");
            assert!(content[2]["text"].as_str().is_some_and(|text| text.contains("audio/wav")));
        }
        assert_eq!(
            content[3],
            json!({
                "type": "resource",
                "resource": { "uri": "notes://1", "mimeType": "text/plain", "text": "a note" },
            })
        );
        if revision >= Revision::V2025_06_18 {
            let link = json!({ "type": "resource_link", "name": "a link", "uri": "notes://2" });
            assert_eq!(content[4], link, "{revision}");
        } else {
            assert_eq!(content[4], json!({ "type": "text", "text": "notes://2" }));
        }
        assert!(result.get("isError").is_none() && result.get("structuredContent").is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn structured_output_is_an_object_and_came_with_2025_06_18() {
    for revision in LEGACY {
        let mut peer = peer(revision).await;
        let since = revision >= Revision::V2025_06_18;
        let weather = peer.call("weather", json!({ "city": "Oslo" })).await;
        let object = json!({ "city": "Oslo", "celsius": 4.5 });
        assert_eq!(weather.get("structuredContent"), since.then_some(&object), "{revision}");
        // The same as text, for those who know nothing else.
        assert_eq!(serde_json::from_str::<Value>(text(&weather)).ok(), Some(object));
        let numbers = peer.call("numbers", json!({})).await;
        assert!(numbers.get("structuredContent").is_none(), "{revision}");
        assert_eq!(text(&numbers), "[1,2]");
        let both = peer.call("structured", json!({})).await;
        assert_eq!(both["content"].as_array().map(Vec::len), Some(2));
        assert_eq!(both.get("structuredContent").is_some(), since);
    }
}

#[tokio::test(start_paused = true)]
async fn a_tool_without_output_has_empty_content() {
    for revision in LEGACY {
        let result = peer(revision).await.call("nothing", json!({})).await;
        assert_eq!(result, json!({ "content": [] }), "{revision}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_a_result_and_a_refusal_an_error() {
    for revision in LEGACY {
        let mut peer = peer(revision).await;
        let failed = peer.call("fails", json!({})).await;
        assert_eq!(
            failed,
            json!({ "content": [{ "type": "text", "text": "out of paper" }], "isError": true })
        );
        let refused = peer.error("tools/call", json!({ "name": "refuses" })).await;
        assert_eq!(refused, json!({ "code": -7, "message": "not today", "data": "try tomorrow" }));
    }
}

#[tokio::test(start_paused = true)]
async fn an_unknown_tool_is_an_error_of_the_protocol() {
    for revision in LEGACY {
        let mut peer = peer(revision).await;
        let error = peer.error("tools/call", json!({ "name": "ech", "arguments": {} })).await;
        assert_eq!(error["code"], -32602, "{revision}");
        assert!(error["message"].as_str().is_some_and(|text| text.contains("`ech`")));
        for params in [
            json!({}),
            json!({ "name": 3 }),
            json!({ "name": "echo", "arguments": [] }),
            json!({ "name": "echo", "arguments": "text" }),
        ] {
            assert_eq!(peer.error("tools/call", params.clone()).await["code"], -32602, "{params}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_mismatch_names_the_path_in_the_form_of_the_revision() {
    for revision in LEGACY {
        let mut peer = peer(revision).await;
        for (tool, arguments, named) in [
            ("echo", json!({}), &["`text` is missing"][..]),
            ("echo", json!({ "text": 3 }), &["`text`", "string"]),
            ("echo", json!({ "text": null }), &["`text`"]),
            ("order", json!({ "item": { "count": "many" } }), &["`item.count`", "many"]),
            ("order", json!({ "item": {} }), &["count", "missing"]),
            ("order", json!({}), &["item", "missing"]),
            ("sizes", json!({ "size": "medium" }), &["`size`", "medium", "small"]),
            ("sizes", json!({ "size": "small", "limit": 300 }), &["`limit`", "300"]),
            ("sizes", json!({ "size": "small", "tags": ["a", 1] }), &["`tags[1]`"]),
            // All of them at once.
            ("sizes", json!({ "limit": "x", "tags": {} }), &["`size`", "`limit`", "`tags`"]),
        ] {
            let params = json!({ "name": tool, "arguments": arguments });
            let message = if revision >= Revision::V2025_11_25 {
                let result = peer.result("tools/call", params).await;
                assert_eq!(result["isError"], true, "{revision} {tool} {arguments}");
                text(&result).to_owned()
            } else {
                let error = peer.error("tools/call", params).await;
                assert_eq!(error["code"], -32602, "{revision} {tool} {arguments}");
                error["message"].as_str().expect("text").to_owned()
            };
            for part in named {
                assert!(message.contains(part), "{arguments}: {part} in {message}");
            }
            // A position in a text that nobody saw means nothing.
            assert!(!message.contains("at line"), "{message}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn arguments_have_defaults_and_may_be_absent_by_their_type() {
    let mut peer = peer(Revision::V2025_11_25).await;
    for (arguments, said) in [
        (json!({ "size": "small" }), "Small 3 None"),
        (json!({ "size": "large", "limit": 7, "tags": null }), "Large 7 None"),
        (json!({ "size": "large", "tags": ["a"], "unheard": "of" }), "Large 3 Some([\"a\"])"),
    ] {
        assert_eq!(text(&peer.call("sizes", arguments).await), said);
    }
    let result = peer.result("tools/call", json!({ "name": "nothing" })).await;
    assert_eq!(result["content"], json!([]));
    assert_eq!(text(&peer.call("order", json!({ "item": { "count": 2 } })).await), "2 false");
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_an_error_that_gives_nothing_away() {
    for revision in LEGACY {
        let mut peer = peer(revision).await;
        let error = peer.error("tools/call", json!({ "name": "panics" })).await;
        assert_eq!(error["code"], -32603, "{revision}");
        let message = error["message"].as_str().expect("text");
        assert!(message.contains("panics") && !message.contains("42"), "{message}");
        assert_eq!(text(&peer.call("echo", json!({ "text": "alive" })).await), "alive");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_takes_too_long_is_ended() {
    for revision in LEGACY {
        let mut peer = peer(revision).await;
        let begun = tokio::time::Instant::now();
        let error = peer.error("tools/call", json!({ "name": "slow" })).await;
        assert_eq!(begun.elapsed().as_secs(), 3);
        assert_eq!(error["code"], -32603, "{revision}");
        assert!(error["message"].as_str().is_some_and(|text| text.contains("slow")), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn calls_run_at_the_same_time_and_answer_when_they_are_done() {
    let mut peer = peer(Revision::V2025_11_25).await;
    let slow = peer.start_call("slow", json!({})).await;
    let quick = peer.start_call("echo", json!({ "text": "quick" })).await;
    assert_eq!(text(&peer.response(quick).await["result"]), "quick");
    assert_eq!(peer.response(slow).await["error"]["code"], -32603);
}
