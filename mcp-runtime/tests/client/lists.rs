//! Lists in pages, and what the client makes of the definitions of tools.

use std::time::Duration;

use futures_util::TryStreamExt as _;
use mcp_runtime::Limits;
use mcp_runtime::client::{Client, ClientError};
use serde_json::{Value, json};

use crate::ALL;
use crate::peer::{Says, modern, peer, tool};
use crate::wire_peer::fixtures;

#[tokio::test(start_paused = true)]
async fn streams_ask_for_a_page_when_they_need_one() -> Result<(), ClientError> {
    let page = |at: usize| json!({ "tools": [tool(&format!("a{at}")), tool(&format!("b{at}"))], "nextCursor": at });
    let (client, peer) = peer(modern(), move |_, params| {
        let at = params["cursor"].as_u64().map_or(0, |cursor| cursor as usize + 1);
        Says::Result(page(at))
    })
    .await?;
    let mut tools = client.tools();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(peer.asked("tools/list"), 0);
    for (name, asked) in [("a0", 1), ("b0", 1), ("a1", 2), ("b1", 2), ("a2", 3)] {
        let tool = tools.try_next().await?.expect("no end");
        assert_eq!((tool.name.as_str(), peer.asked("tools/list")), (name, asked));
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn streams_and_lists_are_the_same_in_every_lifecycle() -> Result<(), ClientError> {
    for lifecycle in ALL {
        let mut limits = Limits::default();
        limits.page = 3;
        let server = fixtures::builder().0.limits(limits).build().expect("a server");
        let client = Client::builder().lifecycle(lifecycle).connect(&server).await?;
        let tools: Vec<_> = client.tools().try_collect().await?;
        assert!(tools.len() > 20);
        assert_eq!(tools, client.list_tools().await?);
        let prompts: Vec<_> = client.prompts().try_collect().await?;
        assert_eq!(prompts, client.list_prompts().await?);
        let resources: Vec<_> = client.resources().try_collect().await?;
        assert_eq!(resources, client.list_resources().await?);
        let templates: Vec<_> = client.resource_templates().try_collect().await?;
        assert_eq!(templates, client.list_resource_templates().await?);
        assert!(!prompts.is_empty() && !resources.is_empty() && !templates.is_empty());
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_list_that_runs_in_circles_is_noticed() -> Result<(), ClientError> {
    // The same page under the same cursor; and two pages that lead to each other.
    let circles: [fn(&Value) -> Value; 2] = [
        |_| json!({ "prompts": [], "nextCursor": "again" }),
        |params| match params["cursor"].as_str() {
            Some("x") => json!({ "prompts": [{ "name": "x" }], "nextCursor": "y" }),
            _ => json!({ "prompts": [{ "name": "y" }], "nextCursor": "x" }),
        },
    ];
    for circle in circles {
        let (client, peer) = peer(modern(), move |_, params| Says::Result(circle(params))).await?;
        let error = client.list_prompts().await.expect_err("no end");
        assert!(matches!(&error, ClientError::Invalid { .. }), "{error}");
        assert!(error.to_string().contains("no end"), "{error}");
        assert!(peer.asked("prompts/list") <= 4);
        let mut stream = client.prompts();
        let error = loop {
            match stream.try_next().await {
                Ok(Some(_)) => {}
                Ok(None) => panic!("it has no end"),
                Err(error) => break error,
            }
        };
        assert!(error.to_string().contains("no end"), "{error}");
        assert!(stream.try_next().await?.is_none(), "an error is the last");
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn one_cursor_may_lead_to_several_pages() -> Result<(), ClientError> {
    // Cursors are opaque: a server may count on its own side.
    let mut left = 3;
    let (client, _) = peer(modern(), move |_, _| {
        left -= 1;
        let mut page = json!({ "prompts": [{ "name": left.to_string() }] });
        if left > 0 {
            page["nextCursor"] = "on".into();
        }
        Says::Result(page)
    })
    .await?;
    assert_eq!(client.list_prompts().await?.len(), 3);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_list_without_end_ends_in_an_error() -> Result<(), ClientError> {
    let mut count = 0;
    let (client, _) = peer(modern(), move |_, _| {
        count += 1;
        Says::Result(json!({ "prompts": [], "nextCursor": count }))
    })
    .await?;
    let error = client.list_prompts().await.expect_err("no end");
    assert!(error.to_string().contains("10000 pages"), "{error}");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn what_is_no_page_is_an_error_that_says_so() -> Result<(), ClientError> {
    for (page, said) in [
        (json!({}), "`tools` is missing"),
        (json!({ "tools": {} }), "`tools`"),
        (json!({ "tools": [tool("a"), 3] }), "item 1"),
        (json!({ "tools": [{ "name": "a" }] }), "inputSchema"),
        (json!([]), "object"),
        (json!({ "resultType": "input_required", "requestState": "x" }), "input_required"),
        (json!({ "resultType": "surprise", "tools": [] }), "surprise"),
    ] {
        let (client, _) = peer(modern(), {
            let page = page.clone();
            move |_, _| Says::Result(page.clone())
        })
        .await?;
        let error = client.list_tools().await.expect_err("no page");
        assert!(matches!(&error, ClientError::Invalid { .. }), "{page}: {error}");
        assert!(error.to_string().contains(said), "{page}: {error}");
    }
    Ok(())
}

/// A server with one tool that has an output schema, which its results are measured by.
#[cfg(feature = "validation")]
mod output {
    use super::*;
    use mcp_runtime::Revision;
    use mcp_runtime::client::ClientBuilder;

    type Answers = (Result<Value, ClientError>, crate::peer::Peer);

    async fn called(builder: ClientBuilder, schemas: [Value; 2], structured: Value) -> Answers {
        let mut lists = schemas.into_iter().cycle();
        let mut result = json!({ "content": [] });
        if !structured.is_null() {
            result["structuredContent"] = structured;
        }
        let answering = peer(builder, move |method, _| match method {
            "initialize" => Says::Result(json!({
                "protocolVersion": "2025-11-25",
                "capabilities": { "tools": {} },
                "serverInfo": { "name": "x", "version": "1" },
            })),
            "tools/list" => {
                let mut tool = tool("t");
                tool["outputSchema"] = lists.next().expect("for ever");
                Says::Result(json!({ "tools": [tool] }))
            }
            _ => Says::Result(result.clone()),
        });
        let (client, peer) = answering.await.expect("a client");
        client.list_tools().await.expect("a tool");
        let result = client.call_tool("t", ()).await;
        (result.map(|result| result.structured.unwrap_or_default()), peer)
    }

    fn counting() -> Value {
        json!({ "type": "object", "properties": { "hits": { "type": "array", "items": { "type": "integer" } } }, "required": ["hits"] })
    }

    #[tokio::test(start_paused = true)]
    async fn what_does_not_fit_its_schema_is_an_error_that_says_where() {
        for builder in [modern(), Client::builder().legacy(Revision::V2025_11_25)] {
            let both = [counting(), counting()];
            let (result, peer) = called(builder, both, json!({ "hits": [1, "two"] })).await;
            let error = result.expect_err("no integer");
            assert!(matches!(error, ClientError::Invalid { .. }), "{error}");
            assert!(error.to_string().contains("`hits[1]`"), "{error}");
            // It was looked up whether the tool has changed.
            assert_eq!((peer.asked("tools/list"), peer.asked("tools/call")), (2, 1));
        }
        let both = [counting(), counting()];
        let (result, _) = called(modern(), both.clone(), Value::Null).await;
        let error = result.expect_err("nothing").to_string();
        assert!(error.contains("`structuredContent` is missing"), "{error}");
        let (result, _) = called(modern(), both.clone(), json!({ "hits": [1, 2] })).await;
        assert_eq!(result.expect("it fits"), json!({ "hits": [1, 2] }));
        let (result, _) = called(modern().no_validation(), both, json!({ "hits": 3 })).await;
        assert_eq!(result.expect("nobody looked"), json!({ "hits": 3 }));
    }

    #[tokio::test(start_paused = true)]
    async fn a_tool_that_has_changed_is_measured_by_what_it_is_now() {
        let schemas = [counting(), json!({ "type": "integer" })];
        let (result, peer) = called(modern(), schemas, json!(7)).await;
        assert_eq!(result.expect("it fits the new one"), 7);
        assert_eq!((peer.asked("tools/list"), peer.asked("tools/call")), (2, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn hostile_schemas_are_refused() {
        let twice = |at: usize| json!({ "$ref": format!("#/$defs/a{at}") });
        let mut doubling: serde_json::Map<String, Value> = (0..60)
            .map(|at| (format!("a{at}"), json!({ "anyOf": [twice(at + 1), twice(at + 1)] })))
            .collect();
        doubling.insert("a60".to_owned(), json!({ "type": "string" }));
        let chain: serde_json::Map<String, Value> =
            (0..9000).map(|at| (format!("a{at}"), twice(at + 1))).collect();
        for schema in [
            json!({ "$defs": doubling, "$ref": "#/$defs/a0" }),
            json!({ "$defs": chain, "$ref": "#/$defs/a0" }),
            json!({ "$ref": "#" }),
            json!({ "$ref": "http://127.0.0.1:9/schema.json" }),
            json!({ "$ref": "file:///etc/passwd" }),
            json!({ "type": "nothing" }),
            json!({ "pattern": "((" }),
            json!({ "$schema": "https://example.com/my-own-dialect" }),
        ] {
            let (result, _) = called(modern(), [schema.clone(), schema.clone()], json!({})).await;
            let said = schema.to_string();
            let error = result.expect_err(&said[..said.len().min(80)]);
            assert!(matches!(error, ClientError::Invalid { .. }), "{error}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_needs_no_definition_lists_nothing() -> Result<(), ClientError> {
    let (client, peer) = peer(modern(), |_, _| Says::Result(json!({ "content": [] }))).await?;
    client.call_tool("x", ()).await?;
    assert_eq!(peer.asked("tools/list"), 0);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn on_a_stream_of_lines_headers_are_nobodys_concern() -> Result<(), ClientError> {
    let (client, _) = peer(modern(), |_, _| {
        let mut tool = tool("t");
        tool["inputSchema"]["properties"] =
            json!({ "a": { "type": "number", "x-mcp-header": "a b" } });
        Says::Result(json!({ "tools": [tool] }))
    })
    .await?;
    assert_eq!(client.list_tools().await?.len(), 1);
    Ok(())
}
