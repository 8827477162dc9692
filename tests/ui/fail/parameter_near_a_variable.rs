use mcp_runtime::mcp_resource;

#[mcp_resource("notes://{id}/{page}")]
async fn note(id: String, pgae: u32) -> String {
    format!("{id}{pgae}")
}

fn main() {}
