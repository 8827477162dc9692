use mcp_runtime::{Json, mcp_tool};

#[derive(schemars::JsonSchema)]
struct Video {
    url: String,
}

#[mcp_tool]
async fn render() -> Json<Video> {
    Json(Video { url: String::new() })
}

fn main() {}
