use mcp_runtime::mcp_tool;

#[mcp_tool(read_only, destructive)]
async fn render(scene: String) -> String {
    scene
}

fn assert_tool<T: mcp_runtime::__private::Tool>() {}

fn elsewhere() {
    assert_tool::<render>();
    let _ = render(String::new());
}

fn main() {}
