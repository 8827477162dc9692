use mcp_runtime::mcp_prompt;

#[mcp_prompt(task_support = "optional")]
async fn render(scene: String) -> String {
    scene
}

fn main() {}
