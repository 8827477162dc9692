use mcp_runtime::mcp_tools;

pub struct Weather;

#[mcp_tools(read_only)]
impl Weather {
    #[mcp_tool]
    async fn forecast(&self, city: String) -> String {
        city
    }
}

fn main() {}
