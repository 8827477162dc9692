use mcp_runtime::mcp_tool;

#[mcp_tool]
async fn find(#[arg(max = 7)] word: String, #[arg(min = 1)] page: Option<char>) -> String {
    format!("{word}{page:?}")
}

fn main() {}
