use mcp_runtime::mcp_tool;

#[mcp_tool(task_support = "optional", ttl = "30")]
async fn render(scene: String) -> String {
    scene
}

fn main() {}
