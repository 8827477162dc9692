use mcp_runtime::mcp_tool;

#[mcp_tool]
async fn plot(_point: Piont) -> String {
    String::new()
}

fn main() {}
