use mcp_runtime::mcp_tool;

#[mcp_tool(timeout = 30)]
async fn render(scene: String) -> String {
    scene
}

fn main() {}
