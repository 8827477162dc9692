use mcp_runtime::mcp_tool;

#[mcp_tool]
#[mcp_runtime::mcp_prompt]
async fn review(code: String) -> String {
    code
}

fn main() {}
