use mcp_runtime::mcp_resource;

#[mcp_resource("notes://{id}/{id}")]
async fn note(id: String) -> String {
    id
}

fn main() {}
