use mcp_runtime::mcp_tool;

#[mcp_tool(restart = "replay")]
async fn render(scene: String) -> String {
    scene
}

fn main() {}
