use mcp_runtime::mcp_tool;

#[mcp_tool]
async fn page(#[arg(min, max = 7)] size: u32) -> String {
    size.to_string()
}

fn main() {}
