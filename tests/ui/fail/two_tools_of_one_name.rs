use mcp_runtime::mcp_tools;

pub struct Weather;

#[mcp_tools]
impl Weather {
    #[mcp_tool]
    pub async fn forecast(&self, city: String) -> String {
        city
    }

    #[mcp_tool(name = "forecast")]
    pub async fn outlook(&self, city: String) -> String {
        city
    }
}

fn main() {}
