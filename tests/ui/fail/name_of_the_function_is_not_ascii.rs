use mcp_runtime::mcp_tool;

#[mcp_tool()]
async fn größe() -> String {
    String::new()
}

fn main() {}
