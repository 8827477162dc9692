use mcp_runtime::mcp_tool;

#[mcp_tool]
async fn join(words: &[String]) -> String {
    words.join(" ")
}

fn main() {}
