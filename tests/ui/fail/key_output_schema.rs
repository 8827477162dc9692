use mcp_runtime::mcp_tool;

#[mcp_tool(output_schema = schema())]
async fn render(scene: String) -> String {
    scene
}

fn main() {}
