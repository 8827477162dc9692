use mcp_runtime::mcp_tool;

#[mcp_tool]
async fn show(text: impl Into<String> + Send) -> String {
    text.into()
}

fn main() {}
