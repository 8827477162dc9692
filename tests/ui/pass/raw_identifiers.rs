#![deny(warnings)]

use mcp_runtime::{mcp_tool, mcp_tools};

#[mcp_tool]
async fn r#type(r#fn: String, r#mod: Option<u32>) -> String {
    format!("{}{:?}", r#fn, r#mod)
}

struct Weather;

#[mcp_tools]
impl Weather {
    #[mcp_tool]
    async fn r#match(&self, r#in: String) -> String {
        r#in
    }
}

fn tool<T: mcp_runtime::__private::Tool>() {}
fn tools<T: mcp_runtime::__private::Toolset>(_: T) {}

fn main() {
    tool::<r#type>();
    tools(Weather);
}
