use mcp_runtime::{Args, mcp_tool};

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Point {
    x: i32,
}

#[mcp_tool]
async fn plot(Args(point): Args<Point>, colour: String) -> String {
    format!("{}{colour}", point.x)
}

fn main() {}
