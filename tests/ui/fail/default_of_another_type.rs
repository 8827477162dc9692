use mcp_runtime::mcp_tool;

#[mcp_tool]
async fn page(#[arg(default = true)] size: u32) -> String {
    size.to_string()
}

fn main() {}
