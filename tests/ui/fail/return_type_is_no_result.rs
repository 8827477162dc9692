use mcp_runtime::mcp_tool;

struct Video;

#[mcp_tool]
async fn render() -> Video {
    Video
}

fn main() {}
