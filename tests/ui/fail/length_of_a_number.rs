use mcp_runtime::mcp_tool;

#[mcp_tool]
async fn page(#[arg(max_length = 7)] size: u32) -> String {
    size.to_string()
}

fn main() {}
