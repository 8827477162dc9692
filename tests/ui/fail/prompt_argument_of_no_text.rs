use mcp_runtime::mcp_prompt;

struct Code;

#[mcp_prompt]
async fn review(_code: Code) -> String {
    String::new()
}

fn main() {}
