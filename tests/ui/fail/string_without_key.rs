use mcp_runtime::mcp_tool;

#[mcp_tool("Renders a scene.")]
async fn render(scene: String) -> String {
    scene
}

fn main() {}
