//! A call that takes long, as a task: it survives its process, and asks in the middle.

use std::error::Error;
use std::time::Duration;

use mcp_runtime::store::SqliteStore;
use mcp_runtime::task::TaskStore;
use mcp_runtime::{Context, InputError, ServerBuilder, StepError, mcp_tool};
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Deserialize, JsonSchema)]
struct Approval {
    /// Whether to print it.
    approved: bool,
}

#[derive(Debug, thiserror::Error)]
enum BookError {
    #[error(transparent)]
    Input(#[from] InputError),
    #[error(transparent)]
    Step(#[from] StepError),
}

/// Lays out a photo book page by page, and prints it if the user agrees.
#[mcp_tool(
    task_support = "optional",
    inline_budget = "0s",
    restart = "replay",
    ttl = "1d"
)]
async fn photo_book(
    cx: &Context,
    title: String,
    /// How many pages it has.
    #[arg(default = 4)]
    pages: u32,
) -> Result<String, BookError> {
    for page in 1..=pages {
        // Recorded when it is done: a process that takes the task up again does not do it a second time.
        cx.step(("page", page), || lay_out(page)).await?;
        cx.progress(page.into())
            .total(pages.into())
            .message(format!("page {page} of {pages}"))
            .await;
    }
    let question = format!("{title} has {pages} pages. Print it?");
    let Approval { approved } = cx.elicit("approval", question).await?.accepted()?;
    if !approved {
        return Ok(format!("{title} was not printed"));
    }
    let order = cx.step("print", || print(&title)).await?;
    Ok(format!("{title} is printed: order {order}"))
}

async fn lay_out(page: u32) -> Result<u32, StepError> {
    tokio::time::sleep(Duration::from_millis(200)).await;
    Ok(page)
}

async fn print(title: &str) -> Result<usize, StepError> {
    Ok(title.len())
}

fn server(store: impl TaskStore) -> ServerBuilder {
    mcp_runtime::server!()
        .tool::<photo_book>()
        .task_store(store)
}

/// Takes the file that tasks are kept in.
#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let file = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "tasks.db".to_owned());
    Ok(server(SqliteStore::open(file)?).serve_stdio().await?)
}

#[cfg(test)]
mod tests {
    use mcp_runtime::Elicited;
    use mcp_runtime::client::Client;
    use mcp_runtime::store::MemoryStore;
    use serde_json::json;

    use super::{Error, server};

    /// Calls the tool as a task, answers its question, and waits for its end.
    async fn book(approved: bool) -> Result<String, Box<dyn Error>> {
        let client = Client::builder()
            .on_elicit(move |_| async move { Elicited::Accepted(json!({ "approved": approved })) })
            .connect(&server(MemoryStore::new()).build()?)
            .await?;
        let call = client.call_tool("photo_book", json!({ "title": "Norway", "pages": 2 }));
        let task = call.task().await?;
        assert!(task.ticket().is_some(), "it should be a task");
        Ok(task.result().await?.success()?.text())
    }

    #[tokio::test]
    async fn it_is_printed() -> Result<(), Box<dyn Error>> {
        assert_eq!(book(true).await?, "Norway is printed: order 6");
        Ok(())
    }

    #[tokio::test]
    async fn or_not() -> Result<(), Box<dyn Error>> {
        assert_eq!(book(false).await?, "Norway was not printed");
        Ok(())
    }
}
