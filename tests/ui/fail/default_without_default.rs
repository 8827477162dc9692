use mcp_runtime::mcp_tool;

#[derive(serde::Deserialize, schemars::JsonSchema)]
enum Size {
    Small,
    Large,
}

#[mcp_tool]
async fn page(#[arg(default)] size: Size) -> String {
    match size {
        Size::Small => "s".to_owned(),
        Size::Large => "l".to_owned(),
    }
}

fn main() {}
