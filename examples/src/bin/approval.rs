//! A question in the middle of a call, and effects that happen once. The body is the same for every client: a legacy one is
//! asked while the call waits, a modern one gets the question as its answer and calls again. The function then runs again
//! from its beginning, and what stands in a `step` is not done again.
//!
//! `cargo run -p mcpwright-examples --bin approval`

use mcp_runtime::{Context, Elicited, InputError, ServeError, StepError, mcp_tool};
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Deserialize, JsonSchema)]
struct Approval {
    /// Shall the order be placed?
    approved: bool,
    /// Something to print on the parcel.
    note: Option<String>,
}

#[derive(Debug, thiserror::Error)]
enum OrderError {
    #[error(transparent)]
    Input(#[from] InputError),
    /// What a step fails with, when it is told from the journal.
    #[error(transparent)]
    Step(#[from] StepError),
    #[error("we do not sell {0}")]
    NotSold(String),
}

/// Orders something, if the user agrees to the price.
#[mcp_tool(destructive)]
async fn order(cx: &Context, item: String) -> Result<String, OrderError> {
    let price = cx.step("price", || price_of(&item)).await?;
    let question = format!("{item} costs {price} EUR. Order it?");
    let note = match cx.elicit("approval", question).await? {
        Elicited::Accepted(Approval { approved: true, note }) => note,
        _ => return Ok("nothing was ordered".to_owned()),
    };
    let number = cx.step("order", || place(&item, note)).await?;
    Ok(format!("ordered {item} for {price} EUR: number {number}"))
}

async fn price_of(item: &str) -> Result<usize, OrderError> {
    match item {
        "unicorn" => Err(OrderError::NotSold(item.to_owned())),
        item => Ok(item.len() * 10),
    }
}

async fn place(item: &str, note: Option<String>) -> Result<usize, OrderError> {
    eprintln!("placing an order of {item}, note: {note:?}");
    Ok(4711)
}

#[tokio::main]
async fn main() -> Result<(), ServeError> {
    mcp_runtime::server!().tool::<order>().serve_stdio().await
}
