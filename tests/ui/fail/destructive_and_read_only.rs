use mcp_runtime::mcp_tool;

#[mcp_tool(read_only, destructive)]
async fn render(scene: String) -> String {
    scene
}

fn main() {}
