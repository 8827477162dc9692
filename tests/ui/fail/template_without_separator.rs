use mcp_runtime::mcp_resource;

#[mcp_resource("notes://{id}{page}")]
async fn note(id: String, page: u32) -> String {
    format!("{id}{page}")
}

fn main() {}
