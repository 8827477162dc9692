use mcp_runtime::mcp_tool;

#[mcp_tool]
async fn page(#[arg(maximum = 7)] size: u32, #[arg(maxLength = 7)] word: String) -> String {
    format!("{size}{word}")
}

fn main() {}
