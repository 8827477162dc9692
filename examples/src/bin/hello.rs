//! The smallest server: one function, one attribute, three lines of `main`.
//!
//! `cargo run -p mcpwright-examples --bin hello`, from a client that starts it: `"command": "target/debug/hello"`.

use mcp_runtime::{ServeError, mcp_tool};

/// Greets somebody.
#[mcp_tool(read_only)]
async fn hello(name: String) -> String {
    format!("Hello, {name}!")
}

#[tokio::main]
async fn main() -> Result<(), ServeError> {
    mcp_runtime::server!().tool::<hello>().serve_stdio().await
}
