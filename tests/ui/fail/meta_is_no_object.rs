use mcp_runtime::mcp_tool;

#[mcp_tool(meta = "internal")]
async fn plot(x: i32) -> String {
    x.to_string()
}

fn main() {}
