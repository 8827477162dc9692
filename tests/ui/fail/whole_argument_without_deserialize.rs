use mcp_runtime::{Args, mcp_tool};

#[derive(schemars::JsonSchema)]
struct Point {
    x: i32,
}

#[mcp_tool]
async fn plot(Args(point): Args<Point>) -> String {
    point.x.to_string()
}

fn main() {}
