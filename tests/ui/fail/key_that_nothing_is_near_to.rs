use mcp_runtime::mcp_tool;

#[mcp_tool(colour = "red")]
async fn render(scene: String) -> String {
    scene
}

fn main() {}
