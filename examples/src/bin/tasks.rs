//! A tool that becomes a task when it takes long: all that it takes is a word in its attribute.
//!
//! A client that knows tasks gets the result of a short backup, and the id of a long one, to ask how far it is and to fetch the
//! result later. Every other client waits for the result, as ever. `long_task` is about tasks that outlive their process.
//!
//! `cargo run -p mcpwright-examples --bin tasks`

use std::time::Duration;

use mcp_runtime::{Context, ServeError, mcp_tool};

/// Backs files up.
#[mcp_tool(task_support = "optional", timeout = "1h")]
async fn backup(cx: &Context, files: Vec<String>) -> String {
    for (done, file) in files.iter().enumerate() {
        cx.progress(done as f64).total(files.len() as f64).message(file).await;
        copy(file).await;
    }
    format!("{} file(s) backed up", files.len())
}

async fn copy(_file: &str) {
    tokio::time::sleep(Duration::from_millis(200)).await;
}

#[tokio::main]
async fn main() -> Result<(), ServeError> {
    mcp_runtime::server!().tool::<backup>().serve_stdio().await
}
