//! `tools/list` and its sisters, in the words of each revision.

use mcp_runtime::{Limits, Revision};
use serde_json::{Value, json};

use crate::wire_peer::{LEGACY, Peer, fixtures, names};

async fn item(revision: Revision, method: &str, key: &str, name: &str) -> Value {
    let mut peer = Peer::legacy(&fixtures::server(), revision, json!({})).await;
    let result = peer.result(method, json!({})).await;
    for modern in ["resultType", "ttlMs", "cacheScope", "_meta"] {
        assert!(result.get(modern).is_none(), "{revision} {method}: {modern}");
    }
    let list = result[key].as_array().expect("a list");
    list.iter().find(|item| item["name"] == name).unwrap_or_else(|| panic!("no {name}")).clone()
}

fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> =
        value.as_object().expect("an object").keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

#[tokio::test(start_paused = true)]
async fn a_tool_has_the_fields_of_the_revision() {
    for (revision, expected) in [
        (Revision::V2024_11_05, &["description", "inputSchema", "name"][..]),
        (Revision::V2025_03_26, &["annotations", "description", "inputSchema", "name"]),
        (
            Revision::V2025_06_18,
            &[
                "_meta",
                "annotations",
                "description",
                "inputSchema",
                "name",
                "outputSchema",
                "title",
            ],
        ),
        (
            Revision::V2025_11_25,
            &[
                "_meta",
                "annotations",
                "description",
                "execution",
                "icons",
                "inputSchema",
                "name",
                "outputSchema",
                "title",
            ],
        ),
    ] {
        let tool = item(revision, "tools/list", "tools", "weather").await;
        assert_eq!(keys(&tool), expected, "{revision}");
        assert_eq!(
            tool["inputSchema"],
            json!({
                "type": "object",
                "properties": { "city": { "type": "string" } },
                "required": ["city"],
            })
        );
        if revision >= Revision::V2025_03_26 {
            assert_eq!(tool["annotations"], json!({ "readOnlyHint": true }));
        }
        if revision >= Revision::V2025_06_18 {
            assert_eq!(tool["outputSchema"]["required"], json!(["city", "celsius"]));
            assert_eq!(tool["_meta"], json!({ "com.example/unit": "celsius" }));
        }
        if revision >= Revision::V2025_11_25 {
            assert_eq!(tool["execution"], json!({ "taskSupport": "optional" }));
            assert_eq!(tool["icons"], json!([{ "src": "https://example.com/sun.png" }]));
        }
        // A tool that says little about itself has little there.
        let plain = item(revision, "tools/list", "tools", "nothing").await;
        assert_eq!(keys(&plain), ["inputSchema", "name"], "{revision}");
        // Output that is no object exists only in modern revisions.
        let numbers = item(revision, "tools/list", "tools", "numbers").await;
        assert!(numbers.get("outputSchema").is_none(), "{revision}");
    }
}

#[tokio::test(start_paused = true)]
async fn prompts_and_resources_have_the_fields_of_the_revision() {
    for revision in LEGACY {
        let (titled, icons) =
            (revision >= Revision::V2025_06_18, revision >= Revision::V2025_11_25);
        let prompt = item(revision, "prompts/list", "prompts", "review").await;
        assert_eq!(prompt.get("title").is_some(), titled, "{revision}");
        assert_eq!(prompt.get("icons").is_some(), icons, "{revision}");
        assert_eq!(prompt["description"], "Asks for a review.");
        assert_eq!(
            prompt["arguments"],
            json!([
                { "name": "code", "description": "What to review.", "required": true },
                { "name": "language", "required": false },
            ])
        );
        let manual = item(revision, "resources/list", "resources", "manual").await;
        assert_eq!(manual.get("title").is_some(), titled, "{revision}");
        assert_eq!(manual["uri"], "docs://manual");
        assert_eq!((&manual["mimeType"], &manual["size"]), (&json!("text/markdown"), &json!(5)));
        let note = item(revision, "resources/templates/list", "resourceTemplates", "note").await;
        assert_eq!(note["uriTemplate"], "notes://{book}/{+path}");
        assert_eq!(note.get("title").is_some(), titled, "{revision}");
        assert!(note.get("uri").is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_is_read_page_by_page() {
    let mut limits = Limits::default();
    limits.page = 2;
    let server = fixtures::builder().0.limits(limits).build().expect("a server");
    let whole = fixtures::server();
    for (method, key) in [
        ("tools/list", "tools"),
        ("prompts/list", "prompts"),
        ("resources/list", "resources"),
        ("resources/templates/list", "resourceTemplates"),
    ] {
        let mut peer = Peer::legacy(&whole, Revision::V2025_11_25, json!({})).await;
        let all = peer.result(method, json!({})).await;
        assert!(all.get("nextCursor").is_none());
        let mut peer = Peer::legacy(&server, Revision::V2025_11_25, json!({})).await;
        let mut found: Vec<String> = Vec::new();
        let mut params = json!({});
        loop {
            let page = peer.result(method, params).await;
            let page_names = names(&page[key]);
            assert!((1..=2).contains(&page_names.len()), "{method}: {page}");
            found.extend(page_names.into_iter().map(str::to_owned));
            match page.get("nextCursor") {
                Some(cursor) => params = json!({ "cursor": cursor }),
                None => break,
            }
        }
        assert_eq!(found, names(&all[key]), "{method}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_cursor_that_is_none_is_refused() {
    let mut limits = Limits::default();
    limits.page = 2;
    let server = fixtures::builder().0.limits(limits).build().expect("a server");
    let mut peer = Peer::legacy(&server, Revision::V2025_11_25, json!({})).await;
    let of_prompts = peer.result("prompts/list", json!({})).await["nextCursor"].take();
    assert!(of_prompts.is_string());
    for cursor in [json!("nonsense"), json!(""), json!(2), json!({}), of_prompts] {
        let error = peer.error("tools/list", json!({ "cursor": cursor })).await;
        assert_eq!(error["code"], -32602, "{cursor}");
        assert!(error["message"].as_str().is_some_and(|text| text.contains("cursor")), "{error}");
    }
    // `null` is absent.
    assert_eq!(
        peer.result("tools/list", json!({ "cursor": null })).await["tools"][0]["name"],
        "echo"
    );
}

#[tokio::test(start_paused = true)]
async fn a_cursor_survives_that_other_tools_come_and_go() {
    let mut limits = Limits::default();
    limits.page = 2;
    let server = fixtures::builder().0.limits(limits).build().expect("a server");
    let mut peer = Peer::legacy(&server, Revision::V2025_11_25, json!({})).await;
    let page = peer.result("tools/list", json!({})).await;
    assert_eq!(names(&page["tools"]), ["echo", "weather"]);
    server.enable_tool("echo", false);
    peer.notification("notifications/tools/list_changed").await;
    let page = peer.result("tools/list", json!({ "cursor": page["nextCursor"] })).await;
    assert_eq!(names(&page["tools"]), ["numbers", "nothing"]);
}
