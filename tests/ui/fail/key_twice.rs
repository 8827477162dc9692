use mcp_runtime::mcp_tool;

#[mcp_tool(title = "Render", title = "Draw")]
async fn render(scene: String) -> String {
    scene
}

fn main() {}
