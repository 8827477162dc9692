use mcp_runtime::mcp_tool;

#[mcp_tool(input_schema = 3)]
async fn plot(x: i32) -> String {
    x.to_string()
}

fn main() {}
