//! `subscriptions/listen`.

use mcp_runtime::{Limits, Server, mcp_tool};
use serde_json::{Value, json};

use crate::wire_peer::{Peer, fixtures};

const SUBSCRIPTION: &str = "io.modelcontextprotocol/subscriptionId";

#[mcp_tool]
async fn alone() {}

/// Opens a stream, which must be acknowledged first of all.
async fn listen(peer: &mut Peer, filter: Value, honoured: Value) -> i64 {
    let id = peer.start("subscriptions/listen", json!({ "notifications": filter })).await;
    let params = peer.notification("notifications/subscriptions/acknowledged").await;
    assert_eq!(params, json!({ "_meta": { SUBSCRIPTION: id }, "notifications": honoured }));
    id
}

fn everything() -> Value {
    json!({
        "toolsListChanged": true,
        "promptsListChanged": true,
        "resourcesListChanged": true,
        "resourceSubscriptions": ["docs://manual"],
    })
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_acknowledged_and_then_reports_changes() {
    let server = fixtures::server();
    let mut peer = Peer::modern(&server, json!({}));
    let id = listen(&mut peer, everything(), everything()).await;
    server.enable_tool("echo", false);
    server.enable_prompt("review", false);
    server.enable_resource("docs://logo", false);
    server.resource_updated("docs://manual");
    let meta = json!({ SUBSCRIPTION: id });
    for list in ["tools", "prompts", "resources"] {
        let params = peer.notification(&format!("notifications/{list}/list_changed")).await;
        assert_eq!(params, json!({ "_meta": meta }));
    }
    let params = peer.notification("notifications/resources/updated").await;
    assert_eq!(params, json!({ "_meta": meta, "uri": "docs://manual" }));
    peer.silence().await;
}

#[tokio::test(start_paused = true)]
async fn only_what_was_asked_for_is_reported() {
    let server = fixtures::server();
    for (filter, honoured) in [
        (json!({}), json!({})),
        (json!({ "toolsListChanged": false, "unheard": true }), json!({})),
        (
            json!({ "resourceSubscriptions": ["docs://logo"], "promptsListChanged": null }),
            json!({ "resourceSubscriptions": ["docs://logo"] }),
        ),
    ] {
        let mut peer = Peer::modern(&server, json!({}));
        listen(&mut peer, filter, honoured).await;
        server.enable_tool("echo", false);
        server.enable_tool("echo", true);
        server.enable_prompt("review", false);
        server.enable_prompt("review", true);
        server.resource_updated("docs://manual");
        peer.silence().await;
    }
    // And nothing at all to who does not listen.
    let mut peer = Peer::modern(&server, json!({}));
    peer.result("tools/list", json!({})).await;
    server.enable_tool("echo", false);
    peer.silence().await;
}

#[tokio::test(start_paused = true)]
async fn what_the_server_does_not_have_is_not_agreed_to() {
    let server = Server::builder("fixtures", "1").tool::<alone>().build().expect("a server");
    let mut peer = Peer::modern(&server, json!({}));
    listen(&mut peer, everything(), json!({ "toolsListChanged": true })).await;
}

#[tokio::test(start_paused = true)]
async fn streams_are_told_apart_and_a_name_may_be_text() {
    let server = fixtures::server();
    let mut peer = Peer::modern(&server, json!({}));
    let tools = json!({ "toolsListChanged": true });
    let first = listen(&mut peer, tools.clone(), tools.clone()).await;
    let params = json!({ "notifications": tools, "_meta": peer.meta.clone() });
    peer.send(json!({
        "jsonrpc": "2.0", "id": "second", "method": "subscriptions/listen", "params": params,
    }))
    .await;
    let params = peer.notification("notifications/subscriptions/acknowledged").await;
    assert_eq!(params["_meta"][SUBSCRIPTION], "second");
    server.enable_tool("echo", false);
    let mut heard = Vec::new();
    for _ in 0..2 {
        let params = peer.notification("notifications/tools/list_changed").await;
        heard.push(params["_meta"][SUBSCRIPTION].clone());
    }
    heard.sort_by_key(Value::to_string);
    assert_eq!(heard, [json!("second"), json!(first)]);
}

#[tokio::test(start_paused = true)]
async fn the_client_ends_a_stream_by_cancelling_it() {
    let server = fixtures::server();
    let mut peer = Peer::modern(&server, json!({}));
    let tools = json!({ "toolsListChanged": true });
    let first = listen(&mut peer, tools.clone(), tools.clone()).await;
    let second = listen(&mut peer, tools.clone(), tools).await;
    peer.notify("notifications/cancelled", json!({ "requestId": first })).await;
    peer.silence().await;
    server.enable_tool("echo", false);
    let params = peer.notification("notifications/tools/list_changed").await;
    assert_eq!(params["_meta"][SUBSCRIPTION], second);
    peer.silence().await;
}

#[tokio::test(start_paused = true)]
async fn the_server_ends_a_stream_with_a_result_and_then_a_notification() {
    let server = fixtures::server();
    let mut peer = Peer::modern(&server, json!({}));
    let tools = json!({ "toolsListChanged": true });
    let id = listen(&mut peer, tools.clone(), tools).await;
    peer.shut().await;
    let response = peer.response(id).await;
    assert_eq!(response["result"]["_meta"][SUBSCRIPTION], id);
    assert_eq!(response["result"]["resultType"], "complete");
    let params = peer.notification("notifications/cancelled").await;
    assert_eq!(params["requestId"], id);
    assert_eq!(params["_meta"][SUBSCRIPTION], id);
    peer.ended().await;
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_cannot_be_is_refused() {
    let mut limits = Limits::default();
    limits.watched = 1;
    limits.listeners = 1;
    let server = fixtures::builder().0.limits(limits).build().expect("a server");
    let mut peer = Peer::modern(&server, json!({}));
    for params in [
        json!({}),
        json!({ "notifications": true }),
        json!({ "notifications": { "toolsListChanged": "yes" } }),
        json!({ "notifications": { "resourceSubscriptions": ["a://b", "c://d"] } }),
    ] {
        let error = peer.error("subscriptions/listen", params.clone()).await;
        assert_eq!(error["code"], -32602, "{params}");
    }
    listen(&mut peer, json!({}), json!({})).await;
    let error = peer.error("subscriptions/listen", json!({ "notifications": {} })).await;
    assert_eq!(error["code"], -32603);
}

#[tokio::test(start_paused = true)]
async fn an_ended_stream_makes_room_for_another() {
    let mut limits = Limits::default();
    limits.listeners = 1;
    let server = fixtures::builder().0.limits(limits).build().expect("a server");
    let mut peer = Peer::modern(&server, json!({}));
    for _ in 0..3 {
        let id = listen(&mut peer, json!({}), json!({})).await;
        peer.notify("notifications/cancelled", json!({ "requestId": id })).await;
        peer.silence().await;
    }
}
