use mcp_runtime::mcp_tool;

#[mcp_tool]
async fn page(#[arg(min = -1, max = -7)] size: i32) -> String {
    size.to_string()
}

fn main() {}
