use mcp_runtime::mcp_tool;

#[mcp_tool(icons = [icon(mime_type = "image/png")])]
async fn render(scene: String) -> String {
    scene
}

fn main() {}
