use mcp_runtime::mcp_tool;

#[mcp_tool]
async fn find(#[arg(min_length = 8, max_length = 7)] word: String) -> String {
    word
}

fn main() {}
