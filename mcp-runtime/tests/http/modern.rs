//! 2026-07-28: stateless, one request a POST.

use serde_json::json;

use super::wire::Request;
use super::{Running, modern_call, refused, soon};

const VERSION: &str = "io.modelcontextprotocol/protocolVersion";
const CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";

fn list() -> Request {
    Request::modern(1, "tools/list", json!({}))
}

/// A request whose `_meta` is this, and whose headers are right.
fn with_meta(meta: serde_json::Value) -> Request {
    let message =
        json!({"jsonrpc": "2.0", "id": 7, "method": "tools/list", "params": {"_meta": meta}});
    Request::modern(7, "tools/list", json!({})).body(message.to_string())
}

#[tokio::test]
async fn a_call_is_answered_with_json() {
    let server = Running::new().await;
    let reply = server.send(&modern_call(3, "echo", json!({"text": "hi"}))).await;
    assert_eq!((reply.status, reply.header("mcp-session-id")), (200, None));
    assert_eq!(reply.header("content-length"), Some(&*reply.text.len().to_string()));
    let body = reply.json();
    assert_eq!(body["id"], 3);
    assert_eq!(body["result"]["resultType"], "complete");
    assert_eq!(body["result"]["content"][0]["text"], "hi");
    assert_eq!(body["result"]["_meta"]["io.modelcontextprotocol/serverInfo"]["name"], "test");
    // A connection serves one request after the other.
    let mut client = modern_call(4, "echo", json!({"text": "one"})).open(server.address).await;
    assert!(client.rest().await.contains("one"));
    client.write(&modern_call(5, "echo", json!({"text": "two"}))).await;
    client.read_head().await;
    assert!(client.rest().await.contains("two"));
}

#[tokio::test]
async fn discover_needs_no_handshake() {
    let server = Running::new().await;
    let body = server.send(&Request::modern(1, "server/discover", json!({}))).await.json();
    assert_eq!(body["result"]["supportedVersions"], json!(["2026-07-28"]));
}

#[tokio::test]
async fn missing_metadata_is_400_invalid_params() {
    let server = Running::new().await;
    let no_params = json!({"jsonrpc": "2.0", "id": 7, "method": "tools/list"});
    for request in [
        list().body(no_params.to_string()),
        with_meta(json!({})),
        with_meta(json!(null)),
        with_meta(json!("text")),
        with_meta(json!({CAPABILITIES: {}})),
        with_meta(json!({VERSION: "2026-07-28"})),
        with_meta(json!({VERSION: "2026-07-28", CAPABILITIES: 3})),
        with_meta(json!({VERSION: 3, CAPABILITIES: {}})),
    ] {
        refused(&server.send(&request).await, 400, -32602, 7);
    }
    // The client's name is optional.
    let reply = server.send(&with_meta(json!({VERSION: "2026-07-28", CAPABILITIES: {}}))).await;
    assert_eq!(reply.status, 200, "{reply:?}");
}

#[tokio::test]
async fn an_unsupported_version_is_answered_with_those_that_are() {
    let server = Running::new().await;
    for version in ["v999.0.0", "2027-01-01", "2025-11-25"] {
        let request = with_meta(json!({VERSION: version, CAPABILITIES: {}}))
            .header("MCP-Protocol-Version", version);
        let reply = server.send(&request).await;
        refused(&reply, 400, -32022, 7);
        let data = &reply.json()["error"]["data"];
        assert_eq!(*data, json!({"supported": ["2026-07-28"], "requested": version}));
    }
    // In the header only.
    let request = Request::post(&json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}));
    let reply = server.send(&request.header("MCP-Protocol-Version", "2027-01-01")).await;
    refused(&reply, 400, -32022, 1);
}

#[tokio::test]
async fn headers_must_say_what_the_body_says() {
    let server = Running::new().await;
    let echo = || modern_call(9, "echo", json!({"text": "hi"}));
    for (request, why) in [
        (echo().header("MCP-Protocol-Version", "2025-11-25"), "another version"),
        (echo().header("MCP-Protocol-Version", "v999.0.0"), "an unknown version"),
        (echo().without("MCP-Protocol-Version"), "no version"),
        (echo().without("Mcp-Method"), "no method"),
        (echo().header("Mcp-Method", "tools/list"), "another method"),
        (echo().header("Mcp-Method", "TOOLS/CALL"), "another case"),
        (echo().without("Mcp-Name"), "no name"),
        (echo().header("Mcp-Name", "other"), "another name"),
        (echo().header("Mcp-Name", "=?base64?!?="), "no Base64"),
        (echo().more("Mcp-Name", "echo"), "a name twice"),
        (echo().more("Mcp-Method", "tools/call"), "a method twice"),
        (echo().more("MCP-Protocol-Version", "2026-07-28"), "a version twice"),
    ] {
        let reply = server.send(&request).await;
        refused(&reply, 400, -32020, 9);
        assert!(reply.text.contains("Header mismatch"), "{why}: {reply:?}");
    }
    let supported = with_meta(json!({VERSION: "v999.0.0", CAPABILITIES: {}}));
    refused(&server.send(&supported).await, 400, -32020, 7);
    for request in [
        echo().without("Mcp-Method").header("mCP-mETHOD", "tools/call"),
        echo().header("Mcp-Name", "   echo \t"),
        echo().header("Mcp-Name", "=?base64?ZWNobw==?="),
    ] {
        assert_eq!(server.send(&request).await.status, 200);
    }
}

#[tokio::test]
async fn parameters_are_mirrored_into_headers() {
    let server = Running::new().await;
    let mirror = |value: &str| modern_call(1, "mirror", json!({"value": value}));
    for (body, header, status) in [
        ("Hello", Some("Hello"), 200),
        ("Hello", Some("=?base64?SGVsbG8=?="), 200),
        ("Hello", Some("=?base64?SGVsbG8?="), 400),
        ("Hello", Some("=?base64?SGVs!!!bG8=?="), 400),
        ("SGVsbG8=", Some("SGVsbG8="), 200),
        ("=?base64?SGVsbG8=", Some("=?base64?SGVsbG8="), 200),
        ("Hello", Some("hello"), 400),
        ("Hello", None, 400),
    ] {
        let request = match header {
            Some(header) => mirror(body).header("mcp-param-VALUE", header),
            None => mirror(body),
        };
        let reply = server.send(&request).await;
        assert_eq!(reply.status, status, "{body} {header:?} {reply:?}");
        if status == 400 {
            refused(&reply, 400, -32020, 1);
        }
    }
    let twice = mirror("a").more("Mcp-Param-Value", "a").more("Mcp-Param-Value", "b");
    refused(&server.send(&twice).await, 400, -32020, 1);
    // Nothing to mirror.
    assert_eq!(server.send(&modern_call(1, "mirror", json!({}))).await.status, 200);
    assert_eq!(server.send(&modern_call(1, "mirror", json!({"value": null}))).await.status, 200);
    let stray = modern_call(1, "mirror", json!({})).header("Mcp-Param-Value", "x");
    refused(&server.send(&stray).await, 400, -32020, 1);
}

#[tokio::test]
async fn a_method_that_nobody_knows_is_404() {
    let server = Running::new().await;
    for method in [
        "initialize",
        "ping",
        "logging/setLevel",
        "resources/subscribe",
        "resources/unsubscribe",
        "unknown/method",
    ] {
        let reply = server.send(&Request::modern(5, method, json!({}))).await;
        refused(&reply, 404, -32601, 5);
        assert_eq!(reply.header("mcp-session-id"), None);
    }
}

#[tokio::test]
async fn a_missing_capability_is_400_and_named() {
    let server = Running::new().await;
    let reply = server.send(&modern_call(2, "sampler", json!({}))).await;
    refused(&reply, 400, -32021, 2);
    assert_eq!(reply.json()["error"]["data"]["requiredCapabilities"], json!({"sampling": {}}));
}

#[tokio::test]
async fn what_a_session_would_have_is_ignored_or_refused() {
    let server = Running::new().await;
    // An unknown session is no business of a modern request (Earlier Streamable HTTP Revisions).
    let request = list().header("Mcp-Session-Id", "unknown").header("Last-Event-ID", "1-1");
    assert_eq!(server.send(&request).await.status, 200);
    for method in ["GET", "DELETE"] {
        let request = Request::new(method).header("Accept", "text/event-stream");
        for request in [request.clone(), request.header("MCP-Protocol-Version", "2026-07-28")] {
            let reply = server.send(&request).await;
            assert_eq!(reply.status, 405);
            assert!(reply.header("allow").is_some_and(|allow| allow.contains("POST")));
        }
    }
    assert_eq!(server.send(&Request::new("PUT")).await.status, 405);
    let answer = json!({"jsonrpc": "2.0", "id": 1, "result": {}});
    let reply = server.send(&Request::post(&answer)).await;
    assert_eq!(reply.status, 400);
}

#[tokio::test]
async fn a_notification_is_accepted() {
    let server = Running::new().await;
    let message = json!({"jsonrpc": "2.0", "method": "notifications/x", "params": {}});
    let request = Request::post(&message).header("MCP-Protocol-Version", "2026-07-28");
    let reply = server.send(&request).await;
    assert_eq!((reply.status, &*reply.text), (202, ""));
}

#[tokio::test]
async fn messages_before_the_response_make_an_event_stream() {
    let server = Running::new().await;
    let params = json!({
        "name": "talk",
        "arguments": {},
        "_meta": {"progressToken": "p", "io.modelcontextprotocol/logLevel": "debug"},
    });
    let mut client = Request::modern(4, "tools/call", params.clone()).open(server.address).await;
    for (name, value) in [
        ("content-type", "text/event-stream"),
        ("x-accel-buffering", "no"),
        ("cache-control", "no-cache"),
    ] {
        assert_eq!(client.reply.header(name), Some(value));
    }
    let (id, first) = client.message().await;
    // Modern streams cannot be resumed.
    assert_eq!((id, &first["method"]), (None, &json!("notifications/message")));
    let (_, progress) = client.message().await;
    assert_eq!(progress["params"], json!({"progressToken": "p", "progress": 1.0, "total": 2.0}));
    server.seen.go.notify_one();
    assert_eq!(client.message().await.1["params"]["data"], "second");
    assert_eq!(client.message().await.1["result"]["content"][0]["text"], "talked");
    assert_eq!(client.event().await, None);

    // A client that reads JSON only gets the response alone.
    server.seen.go.notify_one();
    let request = Request::modern(5, "tools/call", params).header("Accept", "application/json");
    assert_eq!(server.send(&request).await.json()["result"]["content"][0]["text"], "talked");
    // One that reads events only gets one.
    let request =
        modern_call(6, "echo", json!({"text": "x"})).header("Accept", "text/event-stream");
    let events = server.send(&request).await.events();
    assert_eq!((events.len(), &events[0].json()["id"]), (1, &json!(6)));
}

#[tokio::test]
async fn a_client_that_goes_away_cancels_its_call() {
    let server = Running::new().await;
    // While the answer would still be JSON.
    let mut client = super::wire::Client::connect(server.address).await;
    client.write(&modern_call(1, "wait", json!({}))).await;
    soon(&server.seen.begun).await;
    drop(client);
    soon(&server.seen.cancelled).await;
    // While it is an event stream.
    let params = json!({"name": "talk", "_meta": {"io.modelcontextprotocol/logLevel": "debug"}});
    let mut client = Request::modern(1, "tools/call", params).open(server.address).await;
    client.message().await;
    drop(client);
    soon(&server.seen.cancelled).await;
}

#[tokio::test]
async fn a_panic_is_an_error_of_its_call() {
    let server = Running::new().await;
    let body = server.send(&modern_call(1, "panic", json!({}))).await.json();
    assert_eq!((&body["error"]["code"], &body["id"]), (&json!(-32603), &json!(1)));
}

#[tokio::test]
async fn subscriptions_listen_is_a_stream_until_the_client_leaves() {
    let server =
        Running::limited(|limits| limits.keep_alive = std::time::Duration::from_millis(50)).await;
    let params = json!({"notifications": {"toolsListChanged": true, "promptsListChanged": true}});
    let listen = |id| Request::modern(id, "subscriptions/listen", params.clone());
    let mut client = listen(11).open(server.address).await;
    assert_eq!(client.reply.header("content-type"), Some("text/event-stream"));
    let acknowledgment = client.message().await.1;
    assert_eq!(acknowledgment["method"], "notifications/subscriptions/acknowledged");
    // There are no prompts to listen for.
    assert_eq!(acknowledgment["params"]["notifications"], json!({"toolsListChanged": true}));
    // A silent stream says that it is alive.
    assert!(client.event().await.is_some_and(|event| event.comment));
    server.server.enable_tool("echo", false);
    let change = client.message().await.1;
    assert_eq!(change["method"], "notifications/tools/list_changed");
    assert_eq!(change["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"], 11);

    let only_json = listen(12).header("Accept", "application/json");
    assert_eq!(server.send(&only_json).await.status, 406);

    // The server ends it: with a result, and the end of the stream.
    let mut server = server;
    server.stop();
    let result = client.message().await.1;
    assert_eq!((&result["id"], &result["result"]["resultType"]), (&json!(11), &json!("complete")));
    assert_eq!(client.event().await, None);
    server.stopped().await;
}

#[tokio::test]
async fn input_is_asked_for_in_the_result() {
    let server = Running::new().await;
    let call = |params| Request::modern_for(1, "tools/call", params, json!({"elicitation": {}}));
    let first = server.send(&call(json!({"name": "ask"}))).await.json();
    assert_eq!(first["result"]["resultType"], "input_required");
    let retry = json!({
        "name": "ask",
        "requestState": first["result"]["requestState"],
        "inputResponses": {"name": {"action": "accept", "content": {"name": "Ada"}}},
    });
    let second = server.send(&call(retry)).await.json();
    assert_eq!(second["result"]["content"][0]["text"], "Ok(\"Ada\")");
}

#[tokio::test]
async fn bodies_that_are_no_message() {
    let server = Running::new().await;
    for (body, code) in [
        ("", -32700),
        ("{", -32700),
        ("3", -32600),
        ("[]", -32600),
        ("[1]", -32600),
        (r#"{"jsonrpc":"2.0","id":null,"method":"x"}"#, -32600),
    ] {
        refused(&server.send(&list().body(body)).await, 400, code, json!(null));
    }
    let twice =
        r#"{"jsonrpc":"2.0","id":4,"method":"tools/list","params":{"_meta":{},"_meta":{}}}"#;
    refused(&server.send(&list().body(twice)).await, 400, -32602, 4);
}
