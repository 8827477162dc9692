use mcp_runtime::mcp_tool;

#[mcp_tool]
async fn add(#[arg(complete = colours)] colour: String) -> String {
    colour
}

fn main() {}
