//! The development console: one line more, and the server shows its tools, and its tasks as they run, in a browser.
//!
//! Open the address that it prints. `coffee` takes a form and answers at once; `party` runs as a task with steps and
//! progress, and asks in the middle whether it may go on.
//!
//! `cargo run -p mcpwright-examples --bin console -- 127.0.0.1:8000`

use std::time::Duration;

use mcp_runtime::{Console, Context, InputError, Json, ServeError, StepError, mcp_tool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Size {
    Small,
    Large,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Extra {
    Milk,
    Sugar,
    Cinnamon,
}

#[derive(Serialize, JsonSchema)]
struct Coffee {
    size: Size,
    extras: Vec<Extra>,
    /// In euros.
    price: f64,
}

/// Makes a coffee.
#[mcp_tool(read_only)]
async fn coffee(
    size: Size,
    /// What goes into it.
    #[arg(default)]
    extras: Vec<Extra>,
) -> Json<Coffee> {
    let price = if matches!(size, Size::Small) { 2.5 } else { 3.5 };
    Json(Coffee { size, price: price + 0.5 * extras.len() as f64, extras })
}

#[derive(Deserialize, JsonSchema)]
struct Approval {
    /// Whether to go on.
    approved: bool,
}

#[derive(Debug, thiserror::Error)]
enum PartyError {
    #[error(transparent)]
    Input(#[from] InputError),
    #[error(transparent)]
    Step(#[from] StepError),
}

/// Prepares a party.
#[mcp_tool(task_support = "optional", restart = "replay", ttl = "1h")]
async fn party(
    cx: &Context,
    /// How many come.
    #[arg(default = 8)]
    guests: u32,
) -> Result<String, PartyError> {
    for guest in 1..=guests {
        cx.step(("invite", guest), || invite(guest)).await?;
        cx.progress(f64::from(guest)).total(f64::from(guests)).message("inviting").await;
    }
    let question = format!("Order cake for {guests}?");
    let cake = cx.elicit::<Approval>("cake", question).await?.accepted()?.approved;
    Ok(format!("{guests} guests, {}", if cake { "with cake" } else { "without cake" }))
}

async fn invite(guest: u32) -> Result<String, StepError> {
    tokio::time::sleep(Duration::from_millis(400)).await;
    Ok(format!("invitation {guest} is sent"))
}

#[tokio::main]
async fn main() -> Result<(), ServeError> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8000".to_owned());
    mcp_runtime::server!()
        .tool::<coffee>()
        .tool::<party>()
        .console(Console::new())
        .serve_http(address)
        .await
}
