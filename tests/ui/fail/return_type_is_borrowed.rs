use mcp_runtime::{Context, mcp_tool};

#[mcp_tool]
async fn show(_cx: &Context) -> &str {
    ""
}

fn main() {}
