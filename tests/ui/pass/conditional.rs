//! `#[cfg]` on a tool, on a method and on a parameter.
#![deny(warnings)]

use mcp_runtime::{mcp_prompt, mcp_tool, mcp_tools};

#[cfg(any())]
#[mcp_tool]
async fn before(missing: Missing) -> Missing {
    missing
}

#[mcp_tool]
#[cfg(any())]
async fn after(missing: Missing) -> Missing {
    missing
}

#[mcp_tool]
async fn render(
    #[cfg(any())] missing: Missing,
    #[cfg(all())] scene: String,
    #[cfg(any())] missing: &Missing,
    frames: u32,
) -> String {
    format!("{scene}{frames}")
}

#[mcp_prompt]
async fn review(#[cfg(any())] missing: Missing, code: String) -> String {
    code
}

struct Weather;

#[mcp_tools]
impl Weather {
    #[cfg(any())]
    #[mcp_tool]
    async fn forecast(&self, missing: Missing) -> Missing {
        missing
    }

    #[mcp_tool]
    #[cfg(all())]
    async fn forecast(&self, #[cfg(any())] missing: Missing, city: String) -> String {
        city
    }
}

fn tool<T: mcp_runtime::__private::Tool>() {}
fn prompt<T: mcp_runtime::__private::Prompt>() {}
fn tools<T: mcp_runtime::__private::Toolset>(_: T) {}

fn main() {
    tool::<render>();
    prompt::<review>();
    tools(Weather);
}
