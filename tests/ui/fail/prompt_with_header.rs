use mcp_runtime::mcp_prompt;

#[mcp_prompt]
async fn review(#[arg(header = "Code")] code: String) -> String {
    code
}

fn main() {}
