//! Prompts, resources, and suggestions for their arguments.

use serde_json::json;

use crate::wire_peer::{LEGACY, Peer, fixtures};

#[tokio::test(start_paused = true)]
async fn a_prompt_is_filled_in() {
    for revision in LEGACY {
        let mut peer = Peer::legacy(&fixtures::server(), revision, json!({})).await;
        let arguments = json!({ "code": "1 + 1", "language": "rust" });
        let result =
            peer.result("prompts/get", json!({ "name": "review", "arguments": arguments })).await;
        assert_eq!(
            result["messages"],
            json!([
                {
                    "role": "user",
                    "content": { "type": "text", "text": "Review this rust: 1 + 1" },
                },
                { "role": "assistant", "content": { "type": "text", "text": "Gladly." } },
            ]),
            "{revision}"
        );
        assert!(result.get("resultType").is_none());
        let arguments = json!({ "size": "large", "number": "12" });
        let result =
            peer.result("prompts/get", json!({ "name": "picked", "arguments": arguments })).await;
        assert_eq!(result["messages"][0]["content"]["text"], "Large 12");
    }
}

#[tokio::test(start_paused = true)]
async fn a_prompt_whose_arguments_do_not_fit_is_refused() {
    for revision in LEGACY {
        let mut peer = Peer::legacy(&fixtures::server(), revision, json!({})).await;
        for (name, arguments, named) in [
            ("unheard", json!({}), "`unheard`"),
            ("review", json!({}), "`code`"),
            ("review", json!({ "code": 3 }), "`code`"),
            ("picked", json!({ "size": "medium", "number": "1" }), "`size`"),
            ("picked", json!({ "size": "small", "number": "one" }), "`number`"),
            ("picked", json!({ "size": "small", "number": "{}" }), "`number`"),
        ] {
            let params = json!({ "name": name, "arguments": arguments });
            let error = peer.error("prompts/get", params).await;
            assert_eq!(error["code"], -32602, "{revision} {arguments}");
            assert!(error["message"].as_str().is_some_and(|text| text.contains(named)), "{error}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn resources_are_read_as_text_or_bytes() {
    for revision in LEGACY {
        let mut peer = Peer::legacy(&fixtures::server(), revision, json!({})).await;
        for (uri, contents) in [
            (
                "docs://manual",
                json!({ "uri": "docs://manual", "mimeType": "text/markdown", "text": "# Hi\n" }),
            ),
            (
                "docs://logo",
                json!({
                    "uri": "docs://logo", "mimeType": "application/octet-stream", "blob": "AQID",
                }),
            ),
            (
                "notes://7/a%20b/c%2Fd",
                json!({
                    "uri": "notes://7/a%20b/c%2Fd", "mimeType": "text/plain",
                    "text": "book 7, path a b/c/d",
                }),
            ),
            (
                "shirts://large",
                json!({
                    "uri": "shirts://large", "mimeType": "application/json", "text": "\"Large\"",
                }),
            ),
        ] {
            let result = peer.result("resources/read", json!({ "uri": uri })).await;
            assert_eq!(result, json!({ "contents": [contents] }), "{revision}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_resource_that_is_not_there_has_its_own_code() {
    for revision in LEGACY {
        let mut peer = Peer::legacy(&fixtures::server(), revision, json!({})).await;
        // Unknown; a template that does not match; and one whose function finds nothing.
        for uri in ["docs://nothing", "notes://7", "notes://7/", "notes://100/a"] {
            let error = peer.error("resources/read", json!({ "uri": uri })).await;
            assert_eq!(error["code"], -32002, "{revision} {uri}");
            assert_eq!(error["data"], json!({ "uri": uri }));
        }
        let error = peer.error("resources/read", json!({ "uri": "docs://broken" })).await;
        assert_eq!(error["code"], -32603);
        assert!(error["message"].as_str().is_some_and(|text| text.contains("disk")), "{error}");
        for (uri, named) in [("notes://seven/a", "`book`"), ("shirts://medium", "`size`")] {
            let error = peer.error("resources/read", json!({ "uri": uri })).await;
            assert_eq!(error["code"], -32602, "{revision} {uri}");
            assert!(error["message"].as_str().is_some_and(|text| text.contains(named)), "{error}");
        }
        assert_eq!(peer.error("resources/read", json!({})).await["code"], -32602);
    }
}

#[tokio::test(start_paused = true)]
async fn arguments_are_completed() {
    let prompt = |name: &str| json!({ "type": "ref/prompt", "name": name });
    let template = json!({ "type": "ref/resource", "uri": "shirts://{size}" });
    for revision in LEGACY {
        let mut peer = Peer::legacy(&fixtures::server(), revision, json!({})).await;
        for (reference, argument, value, expected) in [
            (prompt("review"), "language", "ru", &["rust", "ruby"][..]),
            (prompt("review"), "language", "x", &[]),
            // Nobody suggests anything.
            (prompt("review"), "code", "", &[]),
            // The type lists its values.
            (prompt("picked"), "size", "s", &["small"]),
            (template.clone(), "size", "", &["small", "large"]),
            (template.clone(), "size", "LAR", &["large"]),
        ] {
            let argument = json!({ "name": argument, "value": value });
            let params = json!({ "ref": reference, "argument": argument });
            let result = peer.result("completion/complete", params).await;
            let expected = json!({
                "completion": { "values": expected, "total": expected.len(), "hasMore": false },
            });
            assert_eq!(result, expected, "{revision} {argument}");
        }
        let params = json!({
            "ref": prompt("review"),
            "argument": { "name": "language", "value": "c" },
            "context": { "arguments": { "code": "++" } },
        });
        let result = peer.result("completion/complete", params).await;
        assert_eq!(result["completion"]["values"], json!(["c++"]));
    }
}

#[tokio::test(start_paused = true)]
async fn at_most_a_hundred_suggestions_are_sent() {
    let mut peer = Peer::legacy(&fixtures::server(), LEGACY[3], json!({})).await;
    let params = json!({
        "ref": { "type": "ref/prompt", "name": "picked" },
        "argument": { "name": "number", "value": "" },
    });
    let result = peer.result("completion/complete", params).await;
    let completion = &result["completion"];
    assert_eq!(completion["values"].as_array().map(Vec::len), Some(100));
    assert_eq!((&completion["total"], &completion["hasMore"]), (&json!(250), &json!(true)));
    assert_eq!(completion["values"][99], "99");
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_completed_is_refused() {
    let mut peer = Peer::legacy(&fixtures::server(), LEGACY[3], json!({})).await;
    let argument = json!({ "name": "language", "value": "" });
    for params in [
        json!({}),
        json!({ "argument": argument }),
        json!({ "ref": { "type": "ref/prompt", "name": "unheard" }, "argument": argument }),
        json!({ "ref": { "type": "ref/resource", "uri": "docs://manual" }, "argument": argument }),
        json!({ "ref": { "type": "ref/tool", "name": "echo" }, "argument": argument }),
        json!({ "ref": { "type": "ref/prompt", "name": "review" } }),
        json!({
            "ref": { "type": "ref/prompt", "name": "review" },
            "argument": { "name": "unheard", "value": "" },
        }),
    ] {
        let error = peer.error("completion/complete", params.clone()).await;
        assert_eq!(error["code"], -32602, "{params}");
    }
}
