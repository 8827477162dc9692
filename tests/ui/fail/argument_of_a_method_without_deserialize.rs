use mcp_runtime::mcp_tools;

pub struct Weather;

#[mcp_tools]
impl Weather {
    #[mcp_tool]
    pub async fn forecast(&self, _city: std::fs::File) -> String {
        String::new()
    }
}

fn main() {}
