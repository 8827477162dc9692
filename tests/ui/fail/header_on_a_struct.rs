use mcp_runtime::mcp_tool;

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Region {
    code: String,
}

#[mcp_tool]
async fn deploy(#[arg(header = "Region")] region: Region) -> String {
    region.code
}

fn main() {}
