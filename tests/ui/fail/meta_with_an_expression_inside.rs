use mcp_runtime::mcp_tool;

#[mcp_tool(meta = { "build": build() })]
async fn render(scene: String) -> String {
    scene
}

fn main() {}
