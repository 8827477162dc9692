use mcp_runtime::mcp_tool;

#[mcp_tool(title)]
async fn render(scene: String) -> String {
    scene
}

fn main() {}
