//! A task that outlives its process: steps that are not done twice, a wait, and an approval in the middle.
//!
//! A server over stdio that keeps its tasks in `long_task.db`, or in the file that is named instead. Kill it in the middle, and
//! start it again: the task goes on. `demo` shows that without anybody having to kill anything.
//!
//! `cargo run -p mcpwright-examples --bin long_task`

use std::error::Error;
use std::time::Duration;

use mcp_runtime::store::SqliteStore;
use mcp_runtime::{Context, InputError, StepError, mcp_tool};
use schemars::JsonSchema;
use serde::Deserialize;

const SCENES: u32 = 6;

#[derive(Deserialize, JsonSchema)]
struct Approval {
    /// May everybody see it?
    approved: bool,
}

#[derive(Debug, thiserror::Error)]
enum PublishError {
    #[error(transparent)]
    Input(#[from] InputError),
    #[error(transparent)]
    Step(#[from] StepError),
}

/// Renders a film scene by scene, asks whether it may be seen, and uploads it.
#[mcp_tool(task_support = "required", restart = "replay", ttl = "7d")]
async fn publish(cx: &Context, title: String) -> Result<String, PublishError> {
    let mut done = Vec::new();
    for scene in 1..=SCENES {
        let what = format!("scene {scene} of {SCENES}");
        cx.progress(scene.into()).message(&what).await;
        // Once it is recorded it is never rendered again, in whatever process the function runs.
        done.push(cx.step(("render", scene), || work(what)).await?);
    }
    // Out of memory meanwhile, and in the file.
    cx.sleep("cooling", Duration::from_secs(2)).await;
    let question = format!("{title} is ready. Publish it?");
    let Approval { approved } = cx.elicit("approval", question).await?.accepted()?;
    if approved {
        done.push(cx.step("upload", || work("upload".to_owned())).await?);
    }
    Ok(done.join("\n"))
}

async fn work(what: String) -> Result<String, StepError> {
    let process = std::process::id();
    eprintln!("[process {process}] {what}");
    tokio::time::sleep(Duration::from_millis(400)).await;
    Ok(format!("{what}: done by process {process}"))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let file = std::env::args().nth(1).unwrap_or_else(|| "long_task.db".to_owned());
    let server = mcp_runtime::server!().tool::<publish>().task_store(SqliteStore::open(file)?);
    Ok(server.serve_stdio().await?)
}
