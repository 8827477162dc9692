use mcp_runtime::mcp_resource;

#[mcp_resource("notes://{id}")]
async fn note(id: String) -> u32 {
    id.len() as u32
}

fn main() {}
