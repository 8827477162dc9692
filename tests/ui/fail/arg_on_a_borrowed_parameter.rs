use mcp_runtime::{Context, mcp_tool};

#[mcp_tool]
async fn add(#[arg(default)] _cx: &Context) -> String {
    String::new()
}

fn main() {}
