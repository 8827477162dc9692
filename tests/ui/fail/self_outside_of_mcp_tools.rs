use mcp_runtime::mcp_tool;

#[derive(Clone)]
struct Weather;

impl Weather {
    #[mcp_tool]
    async fn forecast(&self) -> String {
        String::new()
    }
}

fn main() {}
