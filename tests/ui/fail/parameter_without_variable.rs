use mcp_runtime::mcp_resource;

#[mcp_resource("notes://{id}")]
async fn note(id: String, page: u32) -> String {
    format!("{id}{page}")
}

fn main() {}
