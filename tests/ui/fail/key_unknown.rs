use mcp_runtime::mcp_tool;

#[mcp_tool(nmae = "draw")]
async fn render(scene: String) -> String {
    scene
}

fn main() {}
