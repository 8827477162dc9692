//! Tools that become tasks. How long they take and what they ask is what the suite wants of them.

use std::time::{Duration, TryFromFloatSecsError};

use mcp_runtime::{Context, InputError, RpcError, mcp_tool};
use schemars::JsonSchema;
use serde::Deserialize;

const SECOND: Duration = Duration::from_secs(1);

#[derive(Deserialize, JsonSchema)]
struct Name {
    name: String,
}

#[derive(Deserialize, JsonSchema)]
struct Confirmation {
    confirm: bool,
}

/// Greets, at once.
#[mcp_tool(read_only)]
pub async fn greet(name: String) -> String {
    format!("Hello, {name}!")
}

/// Takes its time; it can be cancelled.
#[mcp_tool(read_only, task_support = "optional", restart = "replay")]
pub async fn slow_compute(
    cx: &Context,
    /// How long.
    seconds: f64,
    /// What to call the result.
    label: Option<String>,
) -> Result<String, TryFromFloatSecsError> {
    let end = tokio::select! {
        () = cx.sleep("computing", Duration::try_from_secs_f64(seconds)?) => "done",
        () = cx.cancelled() => "cancelled",
    };
    Ok(format!("{}: {end}", label.as_deref().unwrap_or("slow_compute")))
}

/// Works for a second, and fails.
#[mcp_tool(read_only, task_support = "required", restart = "replay")]
pub async fn failing_job(cx: &Context) -> Result<(), &'static str> {
    cx.sleep("working", SECOND).await;
    Err("This job fails on purpose.")
}

/// Works for a second, and then cannot answer at all.
#[mcp_tool(read_only, task_support = "optional", restart = "replay")]
pub async fn protocol_error_job(cx: &Context) -> Result<(), RpcError> {
    cx.sleep("working", SECOND).await;
    Err(RpcError::internal("this job breaks on purpose"))
}

/// Asks before it deletes.
#[mcp_tool(destructive, task_support = "optional", inline_budget = "0s", restart = "replay")]
pub async fn confirm_delete(cx: &Context, filename: String) -> Result<String, InputError> {
    let question = format!("Delete {filename}?");
    let Confirmation { confirm } = cx.elicit("confirm", question).await?.accepted()?;
    Ok(format!("{filename}: {}", if confirm { "deleted" } else { "kept" }))
}

/// Asks two questions at once.
#[mcp_tool(task_support = "optional", inline_budget = "0s", restart = "replay")]
pub async fn multi_input(cx: &Context) -> Result<String, InputError> {
    let (first, second) = tokio::try_join!(
        cx.elicit("first", "Who comes first?"),
        cx.elicit("second", "Who comes second?"),
    )?;
    let (Name { name: first }, Name { name: second }) = (first.accepted()?, second.accepted()?);
    Ok(format!("{first}, then {second}"))
}

/// Asks in the call itself, and goes on as a task.
#[mcp_tool(task_support = "required", restart = "replay")]
pub async fn test_tool_with_task(cx: &Context) -> Result<String, InputError> {
    let Name { name } = cx.elicit("user_name", "What is your name?").await?.accepted()?;
    cx.into_task().await;
    cx.sleep("working", SECOND).await;
    Ok(format!("Hello, {name}!"))
}
