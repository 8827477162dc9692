use mcp_runtime::mcp_tool;

#[mcp_tool]
extern "C" fn show() {}

fn main() {}
