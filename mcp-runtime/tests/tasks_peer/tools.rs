//! Tools that run as tasks.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use mcp_runtime::content::{self, ContentBlock};
use mcp_runtime::schema::JsonObject;
use mcp_runtime::schema::shared::LoggingLevel;
use mcp_runtime::{
    Context, InputError, RpcError, Server, ServerBuilder, State, ToolOutput, mcp_tool,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::Semaphore;

/// What tools wait for, and what they note.
pub struct Gate {
    open: Semaphore,
    noted: Mutex<Vec<String>>,
}

impl Default for Gate {
    fn default() -> Self {
        Self { open: Semaphore::new(0), noted: Mutex::default() }
    }
}

impl Gate {
    /// Lets one tool go on.
    pub fn open(&self) {
        self.open.add_permits(1);
    }

    /// Takes back what nobody has used.
    pub fn close(&self) {
        self.open.forget_permits(1);
    }

    async fn pass(&self) {
        self.open.acquire().await.expect("never closed").forget();
    }

    pub fn note(&self, what: &str) {
        self.noted.lock().expect("no panic").push(what.to_owned());
    }

    pub fn noted(&self) -> Vec<String> {
        self.noted.lock().expect("no panic").clone()
    }
}

pub struct Shared(Arc<Gate>);

#[derive(Deserialize, JsonSchema)]
struct Approval {
    approved: bool,
}

#[mcp_tool]
async fn greet(name: String) -> String {
    format!("Hello, {name}!")
}

/// Waits, and is done.
#[mcp_tool(task_support = "optional")]
async fn slow(gate: &State<Shared>) -> &'static str {
    gate.0.note("slow begins");
    gate.0.pass().await;
    gate.0.note("slow ends");
    "done"
}

#[mcp_tool(task_support = "required")]
async fn job(gate: &State<Shared>) -> &'static str {
    gate.0.note("job begins");
    gate.0.pass().await;
    gate.0.note("job ends");
    "done"
}

#[mcp_tool(task_support = "required", ttl = "90s")]
async fn short(gate: &State<Shared>) -> &'static str {
    gate.0.pass().await;
    "done"
}

#[mcp_tool(task_support = "optional")]
async fn rich() -> ToolOutput {
    everything()
}

#[mcp_tool(task_support = "required")]
async fn rich_job() -> ToolOutput {
    everything()
}

fn everything() -> ToolOutput {
    let mut meta = JsonObject::new();
    meta.insert("com.example/own".to_owned(), json!(7));
    let blocks: [ContentBlock; 2] =
        [content::text("a text"), content::image(b"picture", "image/png")];
    let output = blocks.into_iter().fold(ToolOutput::default(), ToolOutput::with);
    output.with_structured(json!({ "hits": 2 })).with_meta(meta)
}

#[mcp_tool(task_support = "optional")]
async fn fails() -> Result<String, String> {
    Err("out of paper".to_owned())
}

#[mcp_tool(task_support = "required")]
async fn failing_job() -> Result<String, String> {
    Err("out of paper".to_owned())
}

#[mcp_tool(task_support = "optional")]
async fn refuses() -> Result<String, RpcError> {
    Err(RpcError::new(-7, "not today").with_data("try tomorrow"))
}

#[mcp_tool(task_support = "required")]
async fn refusing_job() -> Result<String, RpcError> {
    Err(RpcError::new(-7, "not today").with_data("try tomorrow"))
}

#[mcp_tool(task_support = "required")]
async fn panicking_job() -> String {
    panic!("the secret is 42")
}

#[mcp_tool(task_support = "required")]
async fn ask(cx: &Context) -> Result<String, InputError> {
    let answer = cx.elicit::<Approval>("approval", "Go on?").await?;
    Ok(format!("approved: {}", answer.accepted()?.approved))
}

/// Asks, and waits before it is done.
#[mcp_tool(task_support = "required")]
async fn ask_and_work(cx: &Context, gate: &State<Shared>) -> Result<String, InputError> {
    let answer = cx.elicit::<Approval>("approval", "Go on?").await?;
    gate.0.pass().await;
    Ok(format!("approved: {}", answer.accepted()?.approved))
}

#[mcp_tool(task_support = "required")]
async fn ask_twice(cx: &Context) -> Result<String, InputError> {
    let (left, right) = tokio::join!(
        cx.elicit::<Approval>("left", "Left?"),
        cx.elicit::<Approval>("right", "Right?"),
    );
    Ok(format!("{} {}", left?.accepted()?.approved, right?.accepted()?.approved))
}

/// Two questions of one name, one after the other.
#[mcp_tool(task_support = "required")]
async fn ask_again(cx: &Context) -> Result<String, InputError> {
    let first = cx.elicit::<Approval>("approval", "Sure?").await?.accepted()?;
    let second = cx.elicit::<Approval>("approval", "Really?").await?.accepted()?;
    Ok(format!("{} {}", first.approved, second.approved))
}

/// Gives up waiting for an answer when it is told to.
#[mcp_tool(task_support = "required")]
async fn give_up(cx: &Context, gate: &State<Shared>) -> String {
    tokio::select! {
        _ = cx.elicit::<Approval>("approval", "Go on?") => "answered".to_owned(),
        () = gate.0.pass() => "gave up".to_owned(),
    }
}

#[mcp_tool(task_support = "required")]
async fn reports(cx: &Context, gate: &State<Shared>) -> &'static str {
    cx.progress(1.0).total(3.0).message("one").await;
    cx.log(LoggingLevel::Info, "half").await;
    gate.0.pass().await;
    cx.progress(0.5).await;
    cx.progress(2.0).await;
    gate.0.pass().await;
    "reported"
}

/// Is cancelled, and goes on talking.
#[mcp_tool(task_support = "required")]
async fn talks_on(cx: &Context, gate: &State<Shared>) -> &'static str {
    cx.progress(1.0).await;
    cx.cancelled().await;
    cx.progress(2.0).await;
    cx.log(LoggingLevel::Error, "too late").await;
    gate.0.note("cleaned up");
    tokio::time::sleep(Duration::from_millis(10)).await;
    "nobody hears"
}

/// Asks, becomes a task, and asks again.
#[mcp_tool(task_support = "required")]
async fn prepared(cx: &Context) -> Result<String, InputError> {
    let first = cx.elicit::<Approval>("before", "Begin?").await?.accepted()?;
    cx.into_task().await;
    let second = cx.elicit::<Approval>("after", "Go on?").await?.accepted()?;
    Ok(format!("{} {}", first.approved, second.approved))
}

#[mcp_tool(task_support = "required")]
async fn picky(number: u32) -> String {
    number.to_string()
}

#[mcp_tool(task_support = "required", requires = [sampling])]
async fn needs_a_model() -> &'static str {
    "done"
}

pub fn builder(gate: &Arc<Gate>) -> ServerBuilder {
    Server::builder("fixtures", "1")
        .state(Shared(gate.clone()))
        .tool::<greet>()
        .tool::<slow>()
        .tool::<job>()
        .tool::<short>()
        .tool::<rich>()
        .tool::<rich_job>()
        .tool::<fails>()
        .tool::<failing_job>()
        .tool::<refuses>()
        .tool::<refusing_job>()
        .tool::<panicking_job>()
        .tool::<ask>()
        .tool::<ask_and_work>()
        .tool::<ask_twice>()
        .tool::<ask_again>()
        .tool::<give_up>()
        .tool::<reports>()
        .tool::<talks_on>()
        .tool::<prepared>()
        .tool::<picky>()
        .tool::<needs_a_model>()
}
