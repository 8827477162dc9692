use mcp_runtime::mcp_tool;

#[mcp_tool]
async fn add(#[arg(renamed = "x")] a: i32) -> String {
    a.to_string()
}

fn main() {}
