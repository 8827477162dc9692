//! The three servers that `tests/servers` and `tests/peers` have of their own: with FastMCP, the official Python package, rmcp.
//! They offer the same as far as their packages can.

use mcp_runtime::LoggingLevel;
use mcp_runtime::client::{ClientError, TaskStatus};
use serde_json::json;

use crate::peer::{Checked, Peer, ensure, same};

pub async fn describes_itself(peer: &Peer, revision: &str) -> Checked {
    same(peer.client.revision().as_str(), revision)?;
    let instructions = match peer.client.initialized() {
        Some(server) => server.instructions.clone(),
        None => peer.client.discover().await?.instructions,
    };
    let instructions = instructions.unwrap_or_default();
    ensure(instructions.starts_with("Everything"), instructions)
}

/// Several pages, where the server has them.
pub async fn lists(peer: &Peer, tools: &[&str]) -> Checked {
    let found = peer.client.list_tools().await?;
    let names: Vec<&str> = found.iter().map(|tool| tool.name.as_str()).collect();
    for tool in tools {
        ensure(names.contains(tool), format!("no tool `{tool}` in {names:?}"))?;
    }
    let prompts = peer.client.list_prompts().await?;
    ensure(prompts.iter().any(|prompt| prompt.name == "greeting"), format!("{prompts:?}"))?;
    ensure(!peer.client.list_resources().await?.is_empty(), "no resource")?;
    ensure(!peer.client.list_resource_templates().await?.is_empty(), "no template")
}

pub async fn calls(peer: &Peer, sum: &str) -> Checked {
    same(&peer.text(sum, json!({ "a": 2, "b": 3 })).await?, "5")?;
    let failed = peer.client.call_tool("fail", ()).await?;
    ensure(failed.is_error && failed.text().contains("on purpose"), format!("{failed:?}"))
}

pub async fn unknown_tool(peer: &Peer) -> Checked {
    match peer.client.call_tool("nobody", ()).await {
        Err(ClientError::Rpc { .. }) => Ok(()),
        Ok(result) if result.is_error => Ok(()),
        other => Err(format!("{other:?}").into()),
    }
}

pub async fn prompt(peer: &Peer) -> Checked {
    let found = peer.client.get_prompt("greeting", json!({ "whom": "Ada" })).await?;
    ensure(json!(found.messages[0].content)["text"] == "Greet Ada.", format!("{found:?}"))
}

pub async fn resource(peer: &Peer, uri: &str) -> Checked {
    let found = peer.client.read_resource(uri).await?;
    let text = json!(found.contents[0]);
    ensure(text["text"].as_str().is_some_and(|text| !text.is_empty()), format!("{found:?}"))
}

pub async fn completion(peer: &Peer) -> Checked {
    let found = peer.client.complete_prompt("greeting", "whom", "a").await?;
    ensure(found.values == ["ada", "anna"], format!("{found:?}"))
}

pub async fn progress_and_logs(peer: &Peer) -> Checked {
    peer.client.set_level(LoggingLevel::Info).await?;
    let logs = peer.heard.told("notifications/message");
    let (text, events) = peer.followed("steps", json!({})).await?;
    same(&text, "three steps")?;
    ensure(
        events.iter().filter(|event| **event == "progress").count() == 3,
        format!("{events:?}"),
    )?;
    peer.heard.until_told("notifications/message", logs).await
}

pub async fn elicitation(peer: &Peer) -> Checked {
    let before = peer.heard.asked().len();
    same(&peer.text("ask", json!({})).await?, "Hello, alice!")?;
    peer.asked_since(before, "elicitation/create")
}

pub async fn sampling(peer: &Peer) -> Checked {
    let before = peer.heard.asked().len();
    same(&peer.text("model", json!({})).await?, "Paris")?;
    peer.asked_since(before, "sampling/createMessage")
}

pub async fn subscribed(peer: &Peer, uri: &str) -> Checked {
    let before = peer.heard.told("notifications/resources/updated");
    peer.client.subscribe(uri).await?;
    peer.heard.until_told("notifications/resources/updated", before).await?;
    Ok(peer.client.unsubscribe(uri).await?)
}

pub async fn ping(peer: &Peer) -> Checked {
    Ok(peer.client.ping().await?)
}

pub async fn task(peer: &Peer) -> Checked {
    same(&peer.text("job", json!({})).await?, "done")
}

pub async fn task_followed(peer: &Peer) -> Checked {
    let (text, events) = peer.followed("job", json!({})).await?;
    same(&text, "done")?;
    ensure(events.first() == Some(&"created"), format!("{events:?}"))
}

pub async fn task_with_ticket(peer: &Peer) -> Checked {
    same(&peer.a_task("job", json!({})).await?, "done")
}

pub async fn task_with_elicitation(peer: &Peer, tool: &str) -> Checked {
    let before = peer.heard.asked().len();
    let (text, events) = peer.followed(tool, json!({})).await?;
    same(&text, "done for alice")?;
    ensure(events.contains(&"created") && events.contains(&"input"), format!("{events:?}"))?;
    peer.asked_since(before, "elicitation/create")
}

pub async fn task_with_sampling(peer: &Peer) -> Checked {
    let before = peer.heard.asked().len();
    same(&peer.text("job_modelling", json!({})).await?, "Paris")?;
    peer.asked_since(before, "sampling/createMessage")
}

/// A question that is answered by hand, as a program does that asks its user tomorrow.
pub async fn task_answered_by_hand(peer: &Peer) -> Checked {
    let before = peer.heard.asked().len();
    let task = peer.client.call_tool("job_asking", ()).task().await?;
    for _ in 0..200 {
        if task.get().await? == TaskStatus::InputRequired {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let questions = task.questions();
    let key = questions.keys().next().ok_or("it asks nothing")?;
    task.answer(key, json!({ "action": "accept", "content": { "name": "bob" } })).await?;
    same(&task.result().await?.success()?.text(), "done for bob")?;
    ensure(peer.heard.asked().len() == before, "the handler was asked, too")
}

pub async fn task_failed(peer: &Peer) -> Checked {
    match peer.client.call_tool("job_failing", ()).await {
        Ok(result) => ensure(result.is_error, format!("{result:?}")),
        Err(ClientError::Rpc { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

pub async fn task_cancelled(peer: &Peer) -> Checked {
    peer.a_cancelled_task("job_endless", json!({})).await
}

pub async fn tasks_listed(peer: &Peer) -> Checked {
    use futures_util::TryStreamExt as _;
    let tasks: Vec<_> = peer.client.tasks()?.try_collect().await?;
    ensure(tasks.iter().any(|task| task.status == TaskStatus::Completed), format!("{tasks:?}"))
}
