use mcp_runtime::mcp_tool;

#[mcp_tool]
async fn show<'a>(text: std::borrow::Cow<'a, str>) -> String {
    text.into_owned()
}

fn main() {}
