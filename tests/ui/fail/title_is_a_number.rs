use mcp_runtime::mcp_tool;

#[mcp_tool(title = 3)]
async fn render(scene: String) -> String {
    scene
}

fn main() {}
