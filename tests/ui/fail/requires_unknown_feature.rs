use mcp_runtime::mcp_tool;

#[mcp_tool(requires = [elicitatoin])]
async fn render(scene: String) -> String {
    scene
}

fn main() {}
