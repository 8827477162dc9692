//! A server with one of everything.

use std::sync::Mutex;
use std::time::Duration;

use mcp_runtime::content::{self, ContentBlock, PromptMessage, ResourceLink};
use mcp_runtime::schema::shared::LoggingLevel;
use mcp_runtime::{
    Args, Completion, Context, Elicited, InputError, Json, Partial, RpcError, Server,
    ServerBuilder, State, StepError, ToolOutput, mcp_prompt, mcp_resource, mcp_tool,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What tools note, so that a test can see that they ran.
#[derive(Default)]
pub struct Seen(Mutex<Vec<String>>);

impl Seen {
    pub fn note(&self, what: impl Into<String>) {
        self.0.lock().expect("no panic").push(what.into());
    }

    pub fn all(&self) -> Vec<String> {
        self.0.lock().expect("no panic").clone()
    }
}

pub struct Shared(pub std::sync::Arc<Seen>);

#[derive(Serialize, JsonSchema)]
struct Weather {
    city: String,
    celsius: f64,
}

#[derive(Deserialize, JsonSchema)]
struct Approval {
    /// Go on?
    approved: bool,
}

#[derive(Deserialize, JsonSchema)]
struct Order {
    item: Item,
    #[serde(default)]
    express: bool,
}

#[derive(Deserialize, JsonSchema)]
struct Item {
    count: u32,
}

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Size {
    Small,
    Large,
}

/// Returns the text that it is given.
#[mcp_tool]
async fn echo(
    /// What to return.
    text: String,
) -> String {
    text
}

/// The weather of a city.
#[mcp_tool(
    title = "Weather",
    read_only,
    icons = ["https://example.com/sun.png"],
    meta = { "com.example/unit": "celsius" },
    task_support = "optional"
)]
async fn weather(city: String) -> Json<Weather> {
    Json(Weather { city, celsius: 4.5 })
}

#[mcp_tool]
async fn numbers() -> Json<Vec<u32>> {
    Json(vec![1, 2])
}

#[mcp_tool]
async fn nothing() {}

#[mcp_tool]
async fn kinds() -> Vec<ContentBlock> {
    vec![
        content::text("a text"),
        content::image(b"picture", "image/png"),
        content::audio(b"sound", "audio/wav"),
        content::embedded_text("notes://1", "text/plain", "a note"),
        ResourceLink::new("a link", "notes://2").into(),
    ]
}

#[mcp_tool]
async fn structured() -> ToolOutput {
    ToolOutput::text("two")
        .with_structured(serde_json::json!({ "hits": 2 }))
        .with(content::TextContent::new("hits"))
}

#[mcp_tool]
async fn fails() -> Result<String, String> {
    Err("out of paper".to_owned())
}

#[mcp_tool]
async fn refuses() -> Result<String, RpcError> {
    Err(RpcError::new(-7, "not today").with_data("try tomorrow"))
}

#[mcp_tool]
async fn panics() -> String {
    panic!("the secret is 42")
}

#[mcp_tool(timeout = "3s")]
async fn slow() -> String {
    tokio::time::sleep(Duration::from_secs(60)).await;
    "at last".to_owned()
}

#[mcp_tool]
async fn order(Args(order): Args<Order>) -> String {
    format!("{} {}", order.item.count, order.express)
}

#[mcp_tool]
async fn sizes(
    size: Size,
    /// At most.
    #[arg(default = 3)]
    limit: u8,
    tags: Option<Vec<String>>,
) -> String {
    format!("{size:?} {limit} {tags:?}")
}

#[mcp_tool(destructive)]
async fn delete(cx: &Context, shared: &State<Shared>, path: String) -> Result<String, InputError> {
    shared.0.note("delete runs");
    let answer = cx.elicit::<Approval>("approval", format!("Delete {path}?")).await?;
    Ok(match answer {
        Elicited::Accepted(Approval { approved: true }) => format!("deleted {path}"),
        Elicited::Accepted(_) => "kept".to_owned(),
        Elicited::Declined => "declined".to_owned(),
        Elicited::Dismissed => "dismissed".to_owned(),
    })
}

/// Hands the client's answer on, or what was wrong with it.
#[mcp_tool]
async fn patient(cx: &Context) -> String {
    let limit = Duration::from_millis(30);
    match cx.elicit::<Approval>("approval", "Well?").timeout(limit).await {
        Ok(Elicited::Accepted(approval)) => format!("approved: {}", approval.approved),
        Ok(_) => "no".to_owned(),
        Err(error) => error.to_string(),
    }
}

/// Asks, and has less time than whoever is asked.
#[mcp_tool(timeout = "3s")]
async fn impatient(cx: &Context) -> Result<String, InputError> {
    cx.elicit::<Approval>("approval", "Well?").await.map(|_| "answered".to_owned())
}

#[mcp_tool]
async fn visit(cx: &Context) -> Result<String, InputError> {
    let answer = cx.elicit_url("login", "Log in", "https://example.com/login").await?;
    Ok(format!("{answer:?}"))
}

#[mcp_tool]
async fn haiku(cx: &Context) -> Result<String, InputError> {
    let message = cx.sample_text("haiku", "Write a haiku", 50).await?;
    Ok(format!("{} wrote {}", message.0.model, message.text()))
}

#[mcp_tool]
async fn folders(cx: &Context) -> Result<String, InputError> {
    let roots = cx.roots("folders").await?;
    Ok(roots.into_iter().map(|root| root.uri).collect::<Vec<_>>().join(" "))
}

/// Two questions at the same time.
#[mcp_tool]
async fn both(cx: &Context) -> Result<String, InputError> {
    let (left, right) = tokio::join!(
        cx.elicit::<Approval>("left", "Left?"),
        cx.elicit::<Approval>("right", "Right?"),
    );
    Ok(format!("{} {}", left?.accepted()?.approved, right?.accepted()?.approved))
}

/// The first answer wins, and the other question is taken back.
#[mcp_tool]
async fn either(cx: &Context) -> String {
    tokio::select! {
        _ = cx.elicit::<Approval>("left", "Left?") => "left".to_owned(),
        _ = cx.elicit::<Approval>("right", "Right?") => "right".to_owned(),
    }
}

/// One question after the other, and an effect between them that must happen once.
#[mcp_tool]
async fn thrice(cx: &Context, shared: &State<Shared>) -> Result<String, InputError> {
    let mut answers = Vec::new();
    for round in 0..3 {
        let answer = cx.elicit::<Approval>(("round", round), format!("Round {round}?")).await?;
        answers.push(answer.accepted()?.approved);
        let noted: Result<(), StepError> = cx
            .step(("note", round), || async {
                shared.0.note(format!("round {round}"));
                Ok(())
            })
            .await;
        noted.map_err(|error| InputError::Failed(error.to_string()))?;
    }
    Ok(format!("{answers:?}"))
}

#[mcp_tool(requires = [sampling])]
async fn needs_a_model(shared: &State<Shared>) -> String {
    shared.0.note("needs_a_model runs");
    "done".to_owned()
}

#[mcp_tool]
async fn reports(cx: &Context) -> String {
    cx.progress(1.0).total(3.0).message("one").await;
    cx.progress(1.0).await;
    cx.progress(0.5).await;
    cx.progress(2.0).await;
    "done".to_owned()
}

/// Reports, asks, and reports again.
#[mcp_tool]
async fn walks(cx: &Context) -> Result<String, InputError> {
    cx.progress(1.0).await;
    cx.log(LoggingLevel::Info, "before").await;
    cx.elicit::<Approval>("approval", "Well?").await?;
    cx.progress(2.0).await;
    cx.log(LoggingLevel::Info, "after").await;
    Ok("there".to_owned())
}

#[mcp_tool]
async fn logs(cx: &Context) -> String {
    cx.log(LoggingLevel::Debug, "a detail").await;
    cx.log(LoggingLevel::Info, serde_json::json!({ "step": 1 })).logger("fixtures").await;
    cx.log(LoggingLevel::Error, "trouble").await;
    "done".to_owned()
}

#[mcp_tool]
async fn waits(cx: &Context, shared: &State<Shared>) -> String {
    shared.0.note("waiting");
    cx.cancelled().await;
    shared.0.note("cleaned up");
    "too late".to_owned()
}

/// Does not look at cancellation, and never ends.
#[mcp_tool]
async fn stubborn(shared: &State<Shared>) -> String {
    struct Noted<'a>(&'a Seen);
    impl Drop for Noted<'_> {
        fn drop(&mut self) {
            self.0.note("dropped");
        }
    }
    let _noted = Noted(&shared.0);
    std::future::pending().await
}

#[mcp_tool]
async fn switch(cx: &Context, tool: String, on: bool) -> String {
    cx.server().enable_tool(&tool, on).to_string()
}

#[mcp_tool]
async fn who(cx: &Context) -> String {
    let client = cx.client();
    format!(
        "{} {} {:?}",
        client.implementation().map_or("nobody", |it| it.name.as_str()),
        cx.revision(),
        cx.trace_context().traceparent,
    )
}

/// Asks for a review.
#[mcp_prompt(title = "Review", icons = ["https://example.com/eye.png"])]
async fn review(
    /// What to review.
    code: String,
    #[arg(complete = languages)] language: Option<String>,
) -> Vec<PromptMessage> {
    vec![
        content::user(format!("Review this {}: {code}", language.as_deref().unwrap_or("code"))),
        content::assistant("Gladly."),
    ]
}

async fn languages(partial: Partial) -> Vec<String> {
    let framework = partial.arguments.get("code").cloned().unwrap_or_default();
    ["rust", "ruby", "c"]
        .into_iter()
        .filter(|name| name.starts_with(&partial.value))
        .map(|name| format!("{name}{framework}"))
        .collect()
}

#[mcp_prompt]
async fn picked(size: Size, #[arg(complete = many)] number: u32) -> String {
    format!("{size:?} {number}")
}

async fn many(_: Partial) -> Completion {
    (0..250).map(|number| number.to_string()).collect()
}

#[mcp_prompt]
async fn asks(cx: &Context) -> Result<String, InputError> {
    let answer = cx.elicit::<Approval>("approval", "Well?").await?;
    Ok(format!("approved: {}", answer.accepted()?.approved))
}

/// The manual.
#[mcp_resource("docs://manual", title = "Manual", mime_type = "text/markdown", size = 5)]
async fn manual() -> &'static str {
    "# Hi\n"
}

#[mcp_resource("docs://logo")]
async fn logo() -> Vec<u8> {
    vec![1, 2, 3]
}

#[mcp_resource("docs://broken")]
async fn broken() -> Result<String, String> {
    Err("the disk is full".to_owned())
}

#[mcp_resource("notes://{book}/{+path}", title = "Note")]
async fn note(book: u32, path: String) -> Option<String> {
    (book < 100).then(|| format!("book {book}, path {path}"))
}

#[mcp_resource("shirts://{size}")]
async fn shirt(size: Size) -> Json<String> {
    Json(format!("{size:?}"))
}

/// The whole of it.
pub fn builder() -> (ServerBuilder, std::sync::Arc<Seen>) {
    let seen = std::sync::Arc::new(Seen::default());
    let builder = Server::builder("fixtures", "1.2.3")
        .title("Fixtures")
        .description("One of everything")
        .website("https://example.com")
        .icon(content::Icon::new("https://example.com/icon.png"))
        .instructions("Call echo.")
        .state(Shared(seen.clone()))
        .tool::<echo>()
        .tool::<weather>()
        .tool::<numbers>()
        .tool::<nothing>()
        .tool::<kinds>()
        .tool::<structured>()
        .tool::<fails>()
        .tool::<refuses>()
        .tool::<panics>()
        .tool::<slow>()
        .tool::<order>()
        .tool::<sizes>()
        .tool::<delete>()
        .tool::<patient>()
        .tool::<impatient>()
        .tool::<visit>()
        .tool::<haiku>()
        .tool::<folders>()
        .tool::<both>()
        .tool::<either>()
        .tool::<thrice>()
        .tool::<needs_a_model>()
        .tool::<reports>()
        .tool::<walks>()
        .tool::<logs>()
        .tool::<waits>()
        .tool::<stubborn>()
        .tool::<switch>()
        .tool::<who>()
        .prompt::<review>()
        .prompt::<picked>()
        .prompt::<asks>()
        .resource::<manual>()
        .resource::<logo>()
        .resource::<broken>()
        .resource::<note>()
        .resource::<shirt>();
    (builder, seen)
}

pub fn server() -> Server {
    builder().0.build().expect("a server")
}

pub fn noting() -> (Server, std::sync::Arc<Seen>) {
    let (builder, seen) = builder();
    (builder.build().expect("a server"), seen)
}
