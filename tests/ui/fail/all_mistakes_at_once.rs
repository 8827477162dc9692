use mcp_runtime::mcp_tool;

#[mcp_tool(nmae = "draw", read_only, destructive, timeout = "30")]
async fn render(_: String, #[arg(header = "a b")] b: String) -> String {
    b
}

fn main() {}
