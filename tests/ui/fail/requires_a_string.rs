use mcp_runtime::mcp_tool;

#[mcp_tool(requires = ["sampling"])]
async fn render(scene: String) -> String {
    scene
}

fn main() {}
