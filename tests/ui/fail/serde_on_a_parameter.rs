use mcp_runtime::{mcp_prompt, mcp_tool};

#[mcp_tool]
async fn forecast(#[serde(rename = "d", default)] days: u32) -> String {
    days.to_string()
}

#[mcp_prompt]
async fn review(#[serde(default)] language: String) -> String {
    language
}

fn main() {}
