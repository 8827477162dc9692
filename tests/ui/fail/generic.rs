use mcp_runtime::mcp_tool;

#[mcp_tool]
async fn show<T: std::fmt::Display + Send>(value: T) -> String {
    value.to_string()
}

fn main() {}
