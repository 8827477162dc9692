use mcp_runtime::mcp_tools;

pub struct Weather;

pub trait Forecast {
    fn forecast(&self) -> String;
}

#[mcp_tools]
impl Forecast for Weather {
    #[mcp_tool]
    fn forecast(&self) -> String {
        String::new()
    }
}

fn main() {}
