use mcp_runtime::mcp_tool;

#[mcp_tool]
async fn forecast(#[schemars(range(min = 1, max = 7))] days: u32) -> String {
    days.to_string()
}

fn main() {}
