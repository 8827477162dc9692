use mcp_runtime::mcp_resource;

#[mcp_resource(name = "note")]
async fn note(id: String) -> String {
    id
}

fn main() {}
