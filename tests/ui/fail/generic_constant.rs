use mcp_runtime::mcp_tool;

#[mcp_tool]
async fn show<const N: usize>() -> String {
    N.to_string()
}

fn main() {}
