//! Faults of handlers, and cancelled calls: what must not reach anybody else, nor the client.

use std::time::Duration;

use mcp_runtime::schema::JsonObject;
use mcp_runtime::{
    Call, Completion, LoggingLevel, MethodCall, Partial, RpcError, Server, ToolDefinition,
    mcp_prompt,
};
use serde_json::json;

use crate::wire_peer::{Peer, fixtures, text};

const EXTENSION: &str = "com.example/faulty";

async fn broken(_: Partial) -> Completion {
    panic!("the secret is 42")
}

#[mcp_prompt]
async fn suggests(#[arg(complete = broken)] word: String) -> String {
    word
}

fn faulty() -> Server {
    let server = Server::builder("fixtures", "1")
        .prompt::<suggests>()
        .extension(EXTENSION, JsonObject::new())
        .method(EXTENSION, "com.example/later", |_: MethodCall| async {
            panic!("the secret is 42")
        })
        .method(EXTENSION, "com.example/at-once", |_: MethodCall| {
            if true {
                panic!("the secret is 42")
            }
            async { Ok::<_, RpcError>(JsonObject::new()) }
        })
        .build()
        .expect("a server");
    server
        .add_tool(ToolDefinition::new("at-once"), |_: Call| {
            if true {
                panic!("the secret is 42")
            }
            async { "" }
        })
        .expect("a tool");
    server
}

#[tokio::test(start_paused = true)]
async fn a_panic_anywhere_is_an_error_of_its_request_alone() {
    let mut peer = Peer::modern(&faulty(), json!({ "extensions": { EXTENSION: {} } }));
    let completion = json!({
        "ref": { "type": "ref/prompt", "name": "suggests" },
        "argument": { "name": "word", "value": "" },
    });
    for (method, params) in [
        ("tools/call", json!({ "name": "at-once" })),
        ("completion/complete", completion),
        ("com.example/later", json!({})),
        ("com.example/at-once", json!({})),
    ] {
        let error = peer.error(method, params).await;
        assert_eq!(error["code"], -32603, "{method}: {error}");
        let message = error["message"].as_str().expect("a message");
        assert!(message.contains("panicked") && !message.contains("42"), "{message}");
    }
    peer.result("server/discover", json!({})).await;
    peer.end().await;
}

#[tokio::test(start_paused = true)]
async fn nothing_is_said_of_a_call_that_was_cancelled() {
    let server = Server::builder("fixtures", "1").build().expect("a server");
    let talks = |call: Call| async move {
        call.cancelled().await;
        call.progress(1.0).await;
        call.log(LoggingLevel::Error, "cleaning up").await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        call.progress(2.0).await;
        "too late"
    };
    server.add_tool(ToolDefinition::new("talks"), talks).expect("a tool");
    let mut peer = Peer::modern(&server, json!({}));
    let meta = json!({ "progressToken": 1, "io.modelcontextprotocol/logLevel": "debug" });
    let id = peer.start("tools/call", json!({ "name": "talks", "_meta": meta })).await;
    peer.silence().await;
    peer.notify("notifications/cancelled", json!({ "requestId": id })).await;
    // 2026-07-28, stdio, Cancellation: MUST NOT send any further messages for it.
    peer.silence().await;
}

#[tokio::test(start_paused = true)]
async fn a_level_that_is_none_is_refused() {
    let mut peer = Peer::modern(&fixtures::server(), json!({}));
    for level in [json!("loud"), json!(3)] {
        let meta = json!({ "io.modelcontextprotocol/logLevel": level });
        let error = peer.error("tools/call", json!({ "name": "logs", "_meta": meta })).await;
        assert_eq!(error["code"], -32602, "{level}");
    }
}

#[tokio::test(start_paused = true)]
async fn ids_and_tokens_have_a_length() {
    let mut peer = Peer::modern(&fixtures::server(), json!({}));
    let long = |length| "x".repeat(length);
    let meta = json!({ "progressToken": long(200) });
    let result = peer.result(
        "tools/call",
        json!({ "name": "echo", "arguments": { "text": "a" }, "_meta": meta }),
    );
    assert_eq!(text(&result.await), "a");
    // Each notification repeats them: a megabyte here would be hundreds there.
    let meta = json!({ "progressToken": long(1 << 20) });
    let error = peer.error("tools/call", json!({ "name": "reports", "_meta": meta })).await;
    assert_eq!(error["code"], -32602);
    let params = json!({ "notifications": {}, "_meta": peer.meta });
    let method = "subscriptions/listen";
    peer.send(json!({ "jsonrpc": "2.0", "id": long(1 << 20), "method": method, "params": params }))
        .await;
    assert_eq!(peer.next().await["error"]["code"], -32600);
}

#[tokio::test(start_paused = true)]
async fn completion_is_served_where_it_is_declared() {
    #[mcp_prompt]
    async fn plain(word: String) -> String {
        word
    }
    let server = Server::builder("fixtures", "1").prompt::<plain>().build().expect("a server");
    let mut peer = Peer::modern(&server, json!({}));
    let capabilities = peer.result("server/discover", json!({})).await["capabilities"].take();
    assert!(capabilities.get("completions").is_none());
    let params = json!({
        "ref": { "type": "ref/prompt", "name": "plain" },
        "argument": { "name": "word", "value": "" },
    });
    assert_eq!(peer.error("completion/complete", params).await["code"], -32601);
}
