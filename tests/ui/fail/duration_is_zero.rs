use mcp_runtime::mcp_tool;

#[mcp_tool(timeout = "0s")]
async fn render(scene: String) -> String {
    scene
}

fn main() {}
