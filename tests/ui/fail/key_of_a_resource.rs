use mcp_runtime::mcp_tool;

#[mcp_tool(mime_type = "video/mp4")]
async fn render(scene: String) -> String {
    scene
}

fn main() {}
