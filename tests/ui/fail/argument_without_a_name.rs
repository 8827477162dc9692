use mcp_runtime::mcp_tool;

#[mcp_tool]
async fn show(_: String) -> String {
    String::new()
}

fn main() {}
