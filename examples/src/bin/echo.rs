//! One tool, over stdio or HTTP: `echo --stdio`, `echo --http 127.0.0.1:8000`.

use mcp_runtime::{ServeError, mcp_tool};

/// Returns the text that it is given.
#[mcp_tool(read_only, idempotent)]
async fn echo(
    /// What to return.
    text: String,
) -> String {
    text
}

#[tokio::main]
async fn main() -> Result<(), ServeError> {
    mcp_runtime::server!().tool::<echo>().serve_stdio().await
}
