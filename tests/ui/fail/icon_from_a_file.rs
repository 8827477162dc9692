use mcp_runtime::mcp_tool;

#[mcp_tool(icons = ["file:///icon.png"])]
async fn render(scene: String) -> String {
    scene
}

fn main() {}
