use mcp_runtime::mcp_tools;

pub struct Weather;

#[mcp_tools]
impl Weather {
    #[mcp_tool]
    #[mcp_prompt]
    async fn forecast(&self, city: String) -> String {
        city
    }
}

fn main() {}
