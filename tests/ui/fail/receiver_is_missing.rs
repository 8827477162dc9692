use mcp_runtime::mcp_tools;

pub struct Weather;

#[mcp_tools]
impl Weather {
    #[mcp_tool]
    async fn forecast(city: String) -> String {
        city
    }
}

fn main() {}
