//! What a modern client sends, and what it makes of streams that break.

use mcp_runtime::client::{Change, Client, ClientError};
use mcp_runtime::schema::v2026_07_28::SubscriptionFilter;
use serde_json::json;

use super::fake::{Fake, Reply, event};
use super::{MODERN, soon};

async fn connected(fake: &Fake) -> Client {
    let client = soon(Client::builder().lifecycle(MODERN).connect_http(&fake.url)).await;
    client.expect("nothing is sent yet")
}

#[tokio::test]
async fn requests_say_in_headers_what_they_say() -> Result<(), ClientError> {
    let fake = Fake::start(|asked| match asked.method() {
        "tools/call" => Reply::json(asked.tool_result("hi")),
        "tools/list" => Reply::json(asked.answer(json!({ "tools": [
            { "name": "räum auf", "inputSchema": { "type": "object", "properties": {
                "city": { "type": "string", "x-mcp-header": "City" } } } },
        ] }))),
        "resources/read" => Reply::json(asked.answer(json!({ "contents": [] }))),
        _ => Reply::json(asked.answer(json!({}))),
    })
    .await;
    let client = Client::builder()
        .lifecycle(MODERN)
        .header("X-Tenant", "blue")
        .bearer("secret")
        .connect_http(&fake.url)
        .await?;
    let arguments = json!({ "city": "Zürich" });
    assert_eq!(soon(client.call_tool("räum auf", arguments).into_future()).await?.text(), "hi");
    soon(client.read_resource("file:///a b").into_future()).await?;
    // X69
    let _ = soon(client.request("tasks/get", json!({ "taskId": "t-1" }))).await?;
    let all = fake.asked();
    assert!(all.iter().all(|asked| asked.verb == "POST"), "no GET, no DELETE");
    for asked in &all {
        assert_eq!(asked.header("mcp-protocol-version"), Some("2026-07-28"));
        let meta = &asked.body["params"]["_meta"];
        assert_eq!(meta["io.modelcontextprotocol/protocolVersion"], "2026-07-28");
        assert_eq!(asked.header("mcp-method"), Some(asked.method()));
        assert_eq!(asked.header("accept"), Some("application/json, text/event-stream"));
        assert_eq!(asked.header("content-type"), Some("application/json"));
        assert_eq!(asked.header("authorization"), Some("Bearer secret"));
        assert_eq!(asked.header("x-tenant"), Some("blue"));
        assert_eq!(asked.header("mcp-session-id"), None);
    }
    let call = &fake.of("tools/call")[0];
    assert_eq!(call.header("mcp-name"), Some("=?base64?csOkdW0gYXVm?="));
    assert_eq!(call.header("mcp-param-city"), Some("=?base64?WsO8cmljaA==?="));
    assert_eq!(fake.of("resources/read")[0].header("mcp-name"), Some("file:///a b"));
    assert_eq!(fake.of("tasks/get")[0].header("mcp-name"), Some("t-1"));
    soon(client.close()).await?;
    assert!(fake.of("DELETE").is_empty(), "there was no session");
    Ok(())
}

#[tokio::test]
async fn a_cancelled_call_closes_its_stream_and_says_nothing() {
    let fake = Fake::start(|_| Reply::Silence).await;
    let client = connected(&fake).await;
    let asking = client.clone();
    let call = tokio::spawn(async move { asking.request("resources/list", ()).await });
    fake.until("resources/list", 1).await;
    call.abort();
    assert!(soon(call).await.expect_err("aborted").is_cancelled());
    soon(client.close()).await.expect("an end");
    assert!(fake.of("notifications/cancelled").is_empty());
}

/// P19
#[tokio::test]
async fn a_broken_stream_is_asked_for_again_only_where_twice_is_no_worse() -> Result<(), ClientError>
{
    let fake = Fake::start(|asked| {
        let tool = |name: &str, hints: serde_json::Value| {
            json!({ "name": name, "inputSchema": { "type": "object" }, "annotations": hints })
        };
        let first = asked.body["id"].as_i64().unwrap_or_default() % 2 == 0;
        match (asked.method(), asked.body["params"]["name"].as_str()) {
            ("tools/list", _) => Reply::json(asked.answer(json!({ "tools": [
                tool("reads", json!({ "readOnlyHint": true })),
                tool("sets", json!({ "idempotentHint": true })),
                tool("adds", json!({})),
            ] }))),
            ("tools/call", Some("adds")) => Reply::Events(vec![": hello\n\n".to_owned()]),
            ("tools/call", _) if first => Reply::Events(vec![
                "id: 7\nretry: 1\ndata:\n\n".to_owned(),
                event(r#"{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":1}}"#),
            ]),
            _ => Reply::Events(vec![event(&asked.tool_result("found"))]),
        }
    })
    .await;
    let client = connected(&fake).await;
    soon(client.list_tools()).await?;
    for tool in ["reads", "sets"] {
        let result = soon(client.call_tool(tool, ()).into_future()).await?;
        assert_eq!(result.text(), "found", "{tool}");
        // The next call begins with an even id again.
        while fake.asked().last().and_then(|it| it.body["id"].as_i64()).unwrap_or_default() % 2 == 0
        {
            let _ = soon(client.request("resources/list", ())).await;
        }
    }
    let error = soon(client.call_tool("adds", ()).into_future()).await.expect_err("it was lost");
    assert!(matches!(error, ClientError::Interrupted { .. }), "{error}");
    assert!(error.to_string().contains("twice"), "{error}");
    let count = |tool: &str| {
        let calls = fake.of("tools/call").into_iter();
        calls.filter(|call| call.body["params"]["name"] == tool).count()
    };
    assert_eq!((count("reads"), count("sets"), count("adds")), (2, 2, 1));
    assert!(fake.of("GET").is_empty(), "modern streams are not resumed");
    Ok(())
}

#[tokio::test]
async fn a_version_that_is_refused_is_named_again_if_it_is_listed() -> Result<(), ClientError> {
    let count = std::sync::atomic::AtomicUsize::new(0);
    let fake = Fake::start(move |asked| {
        if count.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 0 {
            let data = json!({ "supported": ["2026-07-28"], "requested": "x" });
            Reply::refused(400, asked.refusal(-32022, data))
        } else {
            Reply::json(asked.answer(json!({ "resources": [] })))
        }
    })
    .await;
    let client = connected(&fake).await;
    assert!(soon(client.list_resources()).await?.is_empty());
    assert_eq!(fake.asked().len(), 2);
    let fake = Fake::start(|asked| {
        let data = json!({ "supported": ["2030-01-01"], "requested": "2026-07-28" });
        Reply::refused(400, asked.refusal(-32022, data))
    })
    .await;
    let error = soon(connected(&fake).await.list_resources()).await.expect_err("no version");
    assert_eq!(error.code(), Some(-32022), "{error}");
    assert_eq!(fake.asked().len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_stream_of_changes_that_breaks_is_opened_again() -> Result<(), ClientError> {
    let fake = Fake::start(|asked| {
        let about = json!({ "io.modelcontextprotocol/subscriptionId": asked.body["id"] });
        let params = json!({ "notifications": {}, "_meta": about });
        let method = "notifications/subscriptions/acknowledged";
        let told = json!({ "jsonrpc": "2.0", "method": method, "params": params });
        Reply::Events(vec![event(&told.to_string())])
    })
    .await;
    let client = connected(&fake).await;
    let mut stream = soon(client.listen(SubscriptionFilter::new())).await?;
    assert_eq!(soon(stream.next()).await?, Some(Change::Missed));
    assert!(fake.of("subscriptions/listen").len() >= 2);
    Ok(())
}
