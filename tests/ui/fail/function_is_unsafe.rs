use mcp_runtime::mcp_tool;

#[mcp_tool]
async unsafe fn show() -> String {
    String::new()
}

fn main() {}
