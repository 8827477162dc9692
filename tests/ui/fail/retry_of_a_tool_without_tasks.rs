use mcp_runtime::mcp_tool;

#[mcp_tool(task_support = "forbidden", retry = 3)]
async fn render(scene: String) -> String {
    scene
}

fn main() {}
