use mcp_runtime::mcp_tool;

#[mcp_tool]
async fn deploy(#[arg(header = "Region")] from: String, #[arg(header = "region")] to: String) -> String {
    from + &to
}

fn main() {}
