use mcp_runtime::mcp_tool;

#[mcp_tool(task_support = "required", inline_budget = "5s")]
async fn render(scene: String) -> String {
    scene
}

fn main() {}
