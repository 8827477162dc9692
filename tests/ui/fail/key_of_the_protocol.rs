use mcp_runtime::mcp_tool;

#[mcp_tool(readOnlyHint = true)]
async fn render(scene: String) -> String {
    scene
}

fn main() {}
