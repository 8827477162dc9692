use mcp_runtime::mcp_tools;

pub struct Weather;

#[mcp_tools]
impl Weather {
    #[mcp_resource("city://list")]
    pub async fn cities(&self) -> String {
        String::new()
    }

    #[mcp_resource("city://list")]
    pub async fn towns(&self) -> String {
        String::new()
    }
}

fn main() {}
