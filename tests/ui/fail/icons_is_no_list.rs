use mcp_runtime::mcp_tool;

#[mcp_tool(icons = "https://example.com/icon.png")]
async fn render(scene: String) -> String {
    scene
}

fn main() {}
