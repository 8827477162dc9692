//! The reference server of the protocol's own project: `@modelcontextprotocol/server-everything`.

use std::time::Duration;

use futures_util::TryStreamExt as _;
use mcp_runtime::LoggingLevel;
use mcp_runtime::client::{ClientError, TaskStatus};
use mcp_schema::v2026_07_28::ContentBlock;
use serde_json::{Value, json};

use crate::peer::{Checked, Peer, ensure, same};

pub async fn describes_itself(peer: &Peer) -> Checked {
    same(peer.client.revision().as_str(), "2025-11-25")?;
    let server = peer.client.initialized().ok_or("it said nothing of itself")?;
    same(&server.server_info.name, "mcp-servers/everything")?;
    ensure(server.instructions.is_some(), "no instructions")?;
    ensure(server.capabilities.completions.is_some(), "no completions")
}

pub async fn lists(peer: &Peer) -> Checked {
    let tools: Vec<_> = peer.client.tools().try_collect().await?;
    let names: Vec<&str> = tools.iter().map(|tool| tool.name.as_str()).collect();
    for name in [
        "echo",
        "get-roots-list",
        "trigger-sampling-request",
        "trigger-elicitation-request",
        "trigger-url-elicitation",
        "simulate-research-query",
        // Only for clients that host tasks.
        "trigger-sampling-request-async",
        "trigger-elicitation-request-async",
    ] {
        ensure(names.contains(&name), format!("no `{name}` in {names:?}"))?;
    }
    ensure(peer.client.list_prompts().await?.len() == 4, "prompts")?;
    ensure(!peer.client.list_resources().await?.is_empty(), "resources")?;
    ensure(peer.client.list_resource_templates().await?.len() == 2, "templates")
}

pub async fn plain_tools(peer: &Peer) -> Checked {
    same(&peer.text("echo", json!({ "message": "hello" })).await?, "Echo: hello")?;
    let sum = peer.text("get-sum", json!({ "a": 2, "b": 3 })).await?;
    ensure(sum.contains("is 5"), sum)?;
    ensure(peer.text("get-env", json!({})).await?.starts_with('{'), "the environment is no JSON")
}

pub async fn kinds_of_content(peer: &Peer) -> Checked {
    let kinds = async |tool: &str, arguments: Value| {
        let content = peer.client.call_tool(tool, arguments).await?.success()?.content;
        let kind = |block: &ContentBlock| match block {
            ContentBlock::Text(_) => 't',
            ContentBlock::Image(_) => 'i',
            ContentBlock::ResourceLink(_) => 'l',
            ContentBlock::Resource(_) => 'r',
            _ => '?',
        };
        Ok::<String, ClientError>(content.iter().map(kind).collect())
    };
    same(&kinds("get-tiny-image", json!({})).await?, "tit")?;
    same(&kinds("get-resource-links", json!({ "count": 3 })).await?, "tlll")?;
    let reference = json!({ "resourceType": "Text", "resourceId": 1 });
    same(&kinds("get-resource-reference", reference).await?, "trt")?;
    let message = json!({ "messageType": "error", "includeImage": true });
    same(&kinds("get-annotated-message", message).await?, "ti")?;
    let data = "data:text/plain;base64,aGVsbG8=";
    let zipped = json!({ "name": "hello.gz", "data": data, "outputType": "resource" });
    same(&kinds("gzip-file-as-resource", zipped).await?, "r")
}

pub async fn structured(peer: &Peer) -> Checked {
    let arguments = json!({ "location": "Chicago" });
    let weather: Value =
        peer.client.call_tool("get-structured-content", arguments).await?.json()?;
    ensure(weather["temperature"].is_number() && weather["conditions"].is_string(), weather)
}

pub async fn wrong_arguments(peer: &Peer) -> Checked {
    match peer.client.call_tool("get-sum", json!({ "a": "x" })).await {
        Ok(result) => ensure(result.is_error, format!("{result:?}")),
        Err(error) => same(&format!("{:?}", error.code()), "Some(-32602)"),
    }
}

pub async fn progress(peer: &Peer) -> Checked {
    let arguments = json!({ "duration": 0.4, "steps": 4 });
    let (text, events) = peer.followed("trigger-long-running-operation", arguments).await?;
    ensure(text.contains("completed"), text)?;
    ensure(events == ["progress"; 4], format!("{events:?}"))
}

pub async fn prompts(peer: &Peer) -> Checked {
    let simple = peer.client.get_prompt("simple-prompt", ()).await?;
    ensure(simple.messages.len() == 1, format!("{simple:?}"))?;
    let arguments = json!({ "city": "Paris", "state": "Texas" });
    let with = json!(peer.client.get_prompt("args-prompt", arguments).await?.messages);
    ensure(with[0]["content"]["text"].as_str().is_some_and(|text| text.contains("Paris")), &with)?;
    let arguments = json!({ "resourceType": "Text", "resourceId": "1" });
    let embedded = json!(peer.client.get_prompt("resource-prompt", arguments).await?.messages);
    ensure(embedded.to_string().contains("demo://resource/dynamic/text/1"), &embedded)
}

pub async fn completions(peer: &Peer) -> Checked {
    let prompt = "completable-prompt";
    let departments = peer.client.complete_prompt(prompt, "department", "S").await?;
    ensure(!departments.values.is_empty(), "no department begins with S")?;
    let department = departments.values[0].clone();
    let names =
        peer.client.complete_prompt(prompt, "name", "").with("department", department).await?;
    ensure(!names.values.is_empty(), "nobody works there")?;
    let template = "demo://resource/dynamic/text/{resourceId}";
    let ids = peer.client.complete_resource(template, "resourceId", "1").await?;
    ensure(ids.values == ["1"], format!("{ids:?}"))
}

pub async fn resources(peer: &Peer) -> Checked {
    let read = async |uri: &str| {
        let found = peer.client.read_resource(uri).await?;
        Ok::<Value, ClientError>(json!(found.contents[0]))
    };
    let text = read("demo://resource/dynamic/text/1").await?;
    ensure(text["text"].is_string(), &text)?;
    let blob = read("demo://resource/dynamic/blob/1").await?;
    ensure(blob["blob"].is_string(), &blob)?;
    let listed = peer.client.list_resources().await?;
    let first = read(&listed[0].uri).await?;
    ensure(first["uri"] == listed[0].uri.as_str(), &first)
}

pub async fn subscriptions(peer: &Peer) -> Checked {
    const UPDATED: &str = "notifications/resources/updated";
    let uri = "demo://resource/dynamic/text/1";
    peer.client.subscribe(uri).await?;
    let before = peer.heard.told(UPDATED);
    peer.text("toggle-subscriber-updates", json!({})).await?;
    peer.heard.until_told(UPDATED, before).await?;
    peer.text("toggle-subscriber-updates", json!({})).await?;
    Ok(peer.client.unsubscribe(uri).await?)
}

pub async fn logs(peer: &Peer) -> Checked {
    peer.client.set_level(LoggingLevel::Debug).await?;
    let before = peer.heard.told("notifications/message");
    peer.text("toggle-simulated-logging", json!({})).await?;
    peer.heard.until_told("notifications/message", before).await?;
    peer.text("toggle-simulated-logging", json!({})).await.map(drop)
}

/// It asks for them some time after the connection began.
pub async fn roots(peer: &Peer) -> Checked {
    let mut text = String::new();
    for _ in 0..50 {
        text = peer.text("get-roots-list", json!({})).await?;
        if text.contains("file:///work") {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Err(text.into())
}

pub async fn sampling(peer: &Peer) -> Checked {
    let before = peer.heard.asked().len();
    let text = peer.text("trigger-sampling-request", json!({ "prompt": "Capital?" })).await?;
    ensure(text.contains("Paris"), text)?;
    peer.asked_since(before, "sampling/createMessage")
}

/// Every kind of field that forms have.
pub async fn form(peer: &Peer) -> Checked {
    let before = peer.heard.asked().len();
    let text = peer.text("trigger-elicitation-request", json!({})).await?;
    ensure(text.contains("Name: alice") && text.contains("2001-02-03"), text)?;
    peer.asked_since(before, "elicitation/create")
}

pub async fn page(peer: &Peer) -> Checked {
    let before = peer.heard.asked().len();
    let arguments = json!({ "url": "https://example.org/", "message": "Open it" });
    let text = peer.text("trigger-url-elicitation", arguments).await?;
    ensure(text.contains("completed the URL"), text)?;
    peer.asked_since(before, "elicitation/create")
}

/// The error that wants a page to be opened first, which is the caller's to deal with.
pub async fn page_by_error(peer: &Peer) -> Checked {
    let arguments = json!({ "url": "https://example.org/first", "errorPath": true });
    match peer.client.call_tool("trigger-url-elicitation", &arguments).await {
        Err(error) => {
            same(&format!("{:?}", error.code()), "Some(-32042)")?;
            let data = error.rpc().and_then(|error| error.data.clone()).unwrap_or_default();
            ensure(data["elicitations"][0]["mode"] == "url", data)?;
        }
        other => return Err(format!("{other:?}").into()),
    }
    let text = peer.text("trigger-url-elicitation", arguments).await?;
    ensure(text.contains("completed the URL"), text)
}

/// A question that the client answers as a task of its own.
pub async fn sampling_as_task(peer: &Peer) -> Checked {
    let arguments = json!({ "prompt": "Capital?" });
    let text = peer.text("trigger-sampling-request-async", arguments).await?;
    ensure(text.contains("[COMPLETED]") && text.contains("Paris"), text)
}

pub async fn elicitation_as_task(peer: &Peer) -> Checked {
    let text = peer.text("trigger-elicitation-request-async", json!({})).await?;
    ensure(text.contains("[COMPLETED]") && text.contains("alice"), text)
}

pub async fn task(peer: &Peer) -> Checked {
    let text = peer.a_task("simulate-research-query", json!({ "topic": "tea" })).await?;
    ensure(text.starts_with("# Research Report: tea"), text)
}

pub async fn task_with_elicitation(peer: &Peer) -> Checked {
    let before = peer.heard.asked().len();
    let arguments = json!({ "topic": "python", "ambiguous": true });
    let (text, events) = peer.followed("simulate-research-query", arguments).await?;
    ensure(text.starts_with("# Research Report: python (programming)"), text)?;
    for expected in ["created", "status", "input"] {
        ensure(events.contains(&expected), format!("no {expected} in {events:?}"))?;
    }
    peer.asked_since(before, "elicitation/create")
}

pub async fn task_cancelled(peer: &Peer) -> Checked {
    peer.a_cancelled_task("simulate-research-query", json!({ "topic": "cats" })).await
}

pub async fn tasks_listed(peer: &Peer) -> Checked {
    let tasks: Vec<_> = peer.client.tasks()?.try_collect().await?;
    ensure(tasks.iter().any(|task| task.status == TaskStatus::Cancelled), format!("{tasks:?}"))
}
