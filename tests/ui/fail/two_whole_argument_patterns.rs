use mcp_runtime::{Args, mcp_tool};

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Point {
    x: i32,
}

#[mcp_tool]
async fn plot(Args(a): Args<Point>, Args(b): Args<Point>) -> String {
    (a.x + b.x).to_string()
}

fn main() {}
