use mcp_runtime::mcp_tool;

#[mcp_tool]
async fn add(a: i32, #[arg(rename = "a")] b: i32) -> String {
    (a + b).to_string()
}

fn main() {}
