use mcp_runtime::mcp_tool;

#[mcp_tool(task_support = "optional", retry(attempts = 3, on = "panic", on = "error"))]
async fn render(scene: String) -> String {
    scene
}

fn main() {}
