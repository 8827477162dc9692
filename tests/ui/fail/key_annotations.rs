use mcp_runtime::mcp_tool;

#[mcp_tool(annotations(read_only_hint = true))]
async fn render(scene: String) -> String {
    scene
}

fn main() {}
