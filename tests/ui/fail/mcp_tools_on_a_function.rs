use mcp_runtime::mcp_tools;

#[mcp_tools]
async fn forecast() {}

fn main() {}
