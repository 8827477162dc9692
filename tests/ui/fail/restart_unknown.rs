use mcp_runtime::mcp_tool;

#[mcp_tool(task_support = "optional", restart = "again")]
async fn render(scene: String) -> String {
    scene
}

fn main() {}
