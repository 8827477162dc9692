use mcp_runtime::mcp_resource;

#[mcp_resource("notes://{id}", size = -1)]
async fn note(id: String) -> String {
    id
}

fn main() {}
