use mcp_runtime::{Args, mcp_prompt};

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Code {
    text: String,
}

#[mcp_prompt]
async fn review(Args(code): Args<Code>) -> String {
    code.text
}

fn main() {}
