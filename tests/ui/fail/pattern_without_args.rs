use mcp_runtime::mcp_tool;

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Point {
    x: i32,
}

#[mcp_tool]
async fn plot(Point { x }: Point) -> String {
    x.to_string()
}

fn main() {}
