use mcp_runtime::mcp_tool;

#[mcp_tool(title = "Render" read_only)]
async fn render(scene: String) -> String {
    scene
}

fn main() {}
