use mcp_runtime::mcp_tool;

#[mcp_tool]
async fn deploy(#[arg(header = "My Region")] region: String) -> String {
    region
}

fn main() {}
