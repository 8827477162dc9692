use mcp_runtime::mcp_tool;

#[mcp_tool(task_support = "optional", retry(attempts = 3, on = panic))]
async fn render(scene: String) -> String {
    scene
}

fn main() {}
