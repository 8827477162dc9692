use mcp_runtime::mcp_tool;

#[mcp_tool]
const fn show() {}

fn main() {}
