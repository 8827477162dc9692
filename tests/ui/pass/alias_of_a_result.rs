//! Traits decide, not the text of a type.
#![deny(warnings)]

use mcp_runtime::{Json as J, mcp_tool};

#[derive(serde::Serialize, schemars::JsonSchema)]
struct Video {
    url: String,
}

type Answer<T> = Result<J<T>, std::io::Error>;

#[mcp_tool]
async fn render(scene: String) -> Answer<Video> {
    Ok(J(Video { url: scene }))
}

fn used<T: mcp_runtime::__private::Tool>() {}

fn main() {
    used::<render>();
}
