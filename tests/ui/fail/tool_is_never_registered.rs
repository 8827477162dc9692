#![deny(dead_code)]

use mcp_runtime::mcp_tool;

#[mcp_tool]
async fn render(scene: String) -> String {
    scene
}

fn main() {}
