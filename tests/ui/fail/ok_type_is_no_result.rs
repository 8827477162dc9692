use mcp_runtime::mcp_tool;

struct Video;

#[mcp_tool]
async fn render() -> Result<Video, std::io::Error> {
    Ok(Video)
}

fn main() {}
