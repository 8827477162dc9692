//! A server with a tool for each thing that the console has to show.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use mcp_runtime::{
    Console, Context, InputError, Json, Server, ServerBuilder, State, StepError, TaskSettings,
    mcp_prompt, mcp_resource, mcp_tool,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinHandle;

/// Markup that must stay text wherever it turns up. Were it to run, it would leave a trace in the page.
pub const EVIL: &str = "<img src=x onerror=\"window.pwned=1\"><script>window.pwned=1</script>";

/// What the tasks wait for: a permit for each step.
#[derive(Clone)]
pub struct Gate(pub Arc<Semaphore>);

impl Gate {
    pub fn closed() -> Self {
        Self(Arc::new(Semaphore::new(0)))
    }

    async fn pass(&self) {
        if let Ok(permit) = self.0.acquire().await {
            permit.forget();
        }
    }
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Size {
    Small,
    Large,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema, PartialEq, Eq, Hash)]
#[serde(rename_all = "lowercase")]
enum Extra {
    Milk,
    Sugar,
    Honey,
}

/// Where to bring it.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Address {
    street: String,
    /// Of the house.
    number: Option<u32>,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "by", rename_all = "lowercase")]
enum Payment {
    Cash { coins: bool },
    Card { digits: String },
}

#[derive(Debug, Serialize, JsonSchema)]
struct Receipt {
    drink: String,
    size: Size,
    cups: u8,
    extras: Vec<Extra>,
    names: Vec<String>,
    to: Option<Address>,
    payment: Option<Payment>,
    gift: bool,
}

/// Orders a drink.
///
/// The more you say, the better it becomes.
#[mcp_tool(title = "Order a drink", destructive = false)]
#[expect(clippy::too_many_arguments, reason = "each is another kind of field")]
async fn order(
    /// What to drink.
    drink: String,
    size: Size,
    #[arg(default = 1)] cups: u8,
    #[arg(default)] extras: Vec<Extra>,
    /// To write on the cups.
    #[arg(default)]
    names: Vec<String>,
    to: Option<Address>,
    payment: Option<Payment>,
    #[arg(default = false)] gift: bool,
) -> Json<Receipt> {
    Json(Receipt { drink, size, cups, extras, names, to, payment, gift })
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Approval {
    /// Whether to go on.
    approved: bool,
    /// Why.
    reason: Option<String>,
}

/// Asks before it does anything.
#[mcp_tool]
async fn approve(cx: &Context, what: String) -> Result<String, InputError> {
    let answer = cx.elicit::<Approval>("approval", format!("May it {what}?")).await?.accepted()?;
    Ok(match answer.approved {
        true => format!("approved: {}", answer.reason.unwrap_or_default()),
        false => "not approved".to_owned(),
    })
}

/// Renders a scene, step by step.
#[mcp_tool(task_support = "required", restart = "replay", ttl = "1h")]
async fn render(cx: &Context, gate: &State<Gate>, scene: String) -> Result<String, StepError> {
    for frame in 1..=4 {
        cx.step(("frame", frame), async || {
            gate.pass().await;
            Ok::<_, StepError>(format!("{scene}-{frame}.png"))
        })
        .await?;
        cx.progress(f64::from(frame)).total(4.0).message(format!("frame {frame} of 4")).await;
    }
    Ok(format!("{scene}.mp4"))
}

/// Asks in the middle of its work.
#[mcp_tool(task_support = "optional", inline_budget = "0s")]
async fn publish(cx: &Context, page: String) -> Result<String, InputError> {
    let answer = cx.elicit::<Approval>("publish", format!("Publish {page}?")).await?.accepted()?;
    Ok(format!("{page}: {}", if answer.approved { "published" } else { "kept back" }))
}

/// Cannot be done.
#[mcp_tool(read_only)]
async fn fail() -> Result<String, String> {
    Err(EVIL.to_owned())
}

/// <img src=x onerror="window.pwned=1"><script>window.pwned=1</script>
#[mcp_tool(
    title = "<img src=x onerror=\"window.pwned=1\">",
    task_support = "optional",
    inline_budget = "0s"
)]
async fn evil(
    cx: &Context,
    /// <img src=x onerror="window.pwned=1">
    #[arg(default)]
    what: String,
) -> Result<String, InputError> {
    cx.log(mcp_runtime::LoggingLevel::Warning, EVIL).await;
    cx.progress(1.0).total(2.0).message(EVIL).await;
    let answer = cx.elicit::<Approval>(EVIL, EVIL).await?;
    let _ = cx.elicit_url("page", "Go there", "javascript:window.pwned=1").await;
    Ok(format!("{EVIL}{what}{answer:?}"))
}

/// Greets somebody.
#[mcp_prompt]
async fn greeting(name: String) -> String {
    format!("Greet {name} {EVIL}")
}

/// What is for sale.
#[mcp_resource("shop://menu", mime_type = "application/json")]
async fn menu() -> String {
    serde_json::json!({ "tea": 3, "evil": EVIL }).to_string()
}

#[mcp_resource("shop://cup/{number}")]
async fn cup(number: String) -> String {
    format!("cup {number}")
}

pub fn builder(gate: &Gate) -> ServerBuilder {
    let mut settings = TaskSettings::default();
    settings.park_after = Duration::from_millis(100);

    Server::builder("shop", "1.2.3")
        .title("The shop")
        .instructions("Ask before you order.")
        .state(gate.clone())
        .tool::<order>()
        .tool::<approve>()
        .tool::<render>()
        .tool::<publish>()
        .tool::<fail>()
        .tool::<evil>()
        .prompt::<greeting>()
        .resource::<menu>()
        .resource::<cup>()
        .tasks(settings)
}

/// A server with a console, until it is dropped.
pub struct Shop {
    pub server: Server,
    pub address: SocketAddr,
    pub url: String,
    pub token: String,
    pub gate: Gate,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Shop {
    pub async fn open() -> Self {
        Self::with(|builder| builder.console(Console::new().quiet()), "127.0.0.1:0").await
    }

    pub async fn with(change: impl FnOnce(ServerBuilder) -> ServerBuilder, address: &str) -> Self {
        let gate = Gate::closed();
        let server = change(builder(&gate)).build().expect("a server");
        let http = server.clone().bind_http(address).await.expect("a port");
        let (address, url) = (http.local_addr(), http.console_url().unwrap_or_default());
        let token = url.split_once("#token=").map(|(_, token)| token.to_owned());
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(http.serve_until(async { drop(stopped.await) }));
        Self {
            server,
            address,
            url,
            token: token.unwrap_or_default(),
            gate,
            stop: Some(stop),
            task,
        }
    }

    /// Lets tasks do so many steps.
    pub fn steps(&self, count: usize) {
        self.gate.0.add_permits(count);
    }

    /// Lets them do no more.
    pub fn stop_steps(&self) {
        self.gate.0.forget_permits(usize::MAX);
    }

    /// Ends it, in good order.
    pub async fn close(mut self) {
        drop(self.stop.take());
        let ended = tokio::time::timeout(Duration::from_secs(60), self.task);
        ended.await.expect("an end").expect("no panic");
    }
}
