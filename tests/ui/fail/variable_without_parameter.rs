use mcp_runtime::mcp_resource;

#[mcp_resource("notes://{book}/{id}")]
async fn note(id: String) -> String {
    id
}

fn main() {}
