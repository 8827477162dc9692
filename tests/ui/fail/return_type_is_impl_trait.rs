use mcp_runtime::mcp_tool;

#[mcp_tool]
async fn show() -> impl std::fmt::Display {
    3
}

fn main() {}
