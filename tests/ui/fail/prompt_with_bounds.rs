use mcp_runtime::mcp_prompt;

#[mcp_prompt]
async fn review(#[arg(max = 7)] days: u32) -> String {
    days.to_string()
}

fn main() {}
