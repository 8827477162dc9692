//! One `use` brings the function and what registers it; both are as visible as was written.
#![deny(warnings)]

mod tools {
    use mcp_runtime::mcp_tool;

    #[mcp_tool]
    pub async fn render(scene: String) -> String {
        scene
    }

    #[mcp_tool]
    pub(crate) async fn preview(scene: String) -> String {
        scene
    }

    pub mod deep {
        #[mcp_runtime::mcp_tool]
        pub(in crate::tools) async fn inner() {}
    }

    pub fn register() {
        super::used::<deep::inner>();
    }
}

use tools::{preview, render};

fn used<T: mcp_runtime::__private::Tool>() {}

fn main() {
    used::<render>();
    used::<preview>();
    tools::register();
    // Called as what they are.
    drop(render(String::new()));
    drop(preview(String::new()));
}
