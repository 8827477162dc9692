use mcp_runtime::mcp_tool;

#[mcp_tool(name = "render scene")]
async fn render(scene: String) -> String {
    scene
}

fn main() {}
