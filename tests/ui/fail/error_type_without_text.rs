use mcp_runtime::mcp_tool;

struct Broken;

#[mcp_tool]
async fn render() -> Result<String, Broken> {
    Err(Broken)
}

fn main() {}
