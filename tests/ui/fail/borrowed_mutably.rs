use mcp_runtime::{Context, mcp_tool};

#[mcp_tool]
async fn limit(_cx: &mut Context) -> String {
    String::new()
}

fn main() {}
