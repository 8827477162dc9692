use mcp_runtime::mcp_tool;

#[mcp_tool]
struct Render;

fn main() {}
