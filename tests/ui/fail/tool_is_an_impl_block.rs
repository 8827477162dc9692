use mcp_runtime::mcp_tool;

struct Weather;

#[mcp_tool]
impl Weather {
    async fn forecast(&self) {}
}

fn main() {}
