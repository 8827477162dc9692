use mcp_runtime::mcp_prompt;

#[mcp_prompt]
async fn review() -> u32 {
    3
}

fn main() {}
