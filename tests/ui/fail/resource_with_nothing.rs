use mcp_runtime::mcp_resource;

#[mcp_resource()]
async fn note() -> String {
    String::new()
}

fn main() {}
