//! Tools that ask their client for tasks.

use std::time::Duration;

use mcp_runtime::{Context, Elicited, InputError, Server, ServerBuilder, TaskSettings, mcp_tool};
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Deserialize, JsonSchema)]
struct Name {
    name: String,
}

fn said(answer: Elicited<Name>) -> String {
    match answer {
        Elicited::Accepted(Name { name }) => format!("accepted {name}"),
        Elicited::Declined => "declined".to_owned(),
        Elicited::Dismissed => "dismissed".to_owned(),
    }
}

/// Asks for a name, inline or in a task of its own.
#[mcp_tool(task_support = "optional", restart = "replay")]
async fn name(cx: &Context, message: String) -> Result<String, InputError> {
    let asking = cx.ask_as_task().ttl(Duration::from_secs(120));
    asking.elicit::<Name>("name", message).await.map(said)
}

/// Asks for a name, and waits for a moment.
#[mcp_tool]
async fn soon(cx: &Context) -> String {
    let asked = cx.ask_as_task().elicit::<Name>("name", "Who?");
    match asked.timeout(Duration::from_millis(300)).await {
        Ok(answer) => said(answer),
        Err(error) => error.to_string(),
    }
}

/// Asks for a name, and is content without one.
#[mcp_tool]
async fn anyway(cx: &Context) -> String {
    tokio::select! {
        answer = std::future::IntoFuture::into_future(
            cx.ask_as_task().elicit::<Name>("name", "Who?")) => answer.map_or("none".into(), said),
        () = tokio::time::sleep(Duration::from_secs(3)) => "never mind".to_owned(),
    }
}

/// Has the client's model write something.
#[mcp_tool]
async fn write(cx: &Context) -> Result<String, InputError> {
    Ok(cx.ask_as_task().sample_text("text", "Capital of France?", 10).await?.text())
}

/// Leads the user to a page, and asks the model for something, at the same time.
#[mcp_tool]
async fn both(cx: &Context) -> Result<String, InputError> {
    let asking = cx.ask_as_task();
    let (page, text) = tokio::join!(
        std::future::IntoFuture::into_future(asking.elicit_url(
            "page",
            "Pay",
            "https://example.com"
        )),
        std::future::IntoFuture::into_future(asking.sample_text("text", "?", 10)),
    );
    Ok(format!("{:?} {}", page?, text?.text()))
}

/// Says what the client hosts.
#[mcp_tool]
async fn hosts(cx: &Context) -> String {
    use mcp_runtime::ClientFeature::{Elicitation, Roots, Sampling};
    let hosts = [Elicitation, Sampling, Roots].map(|it| cx.client().hosts_tasks(it));
    format!("{hosts:?}")
}

pub fn builder() -> ServerBuilder {
    let mut settings = TaskSettings::default();
    settings.notify = false;
    mcp_runtime::server!()
        .name("fixtures")
        .tool::<name>()
        .tool::<soon>()
        .tool::<anyway>()
        .tool::<write>()
        .tool::<both>()
        .tool::<hosts>()
        .tasks(settings)
}

pub fn server() -> Server {
    builder().build().expect("a server")
}
