use mcp_runtime::{Json, mcp_tool};

struct Video {
    url: String,
}

#[mcp_tool]
async fn render() -> Result<Json<Video>, String> {
    Ok(Json(Video { url: String::new() }))
}

fn main() {}
