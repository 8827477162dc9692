use mcp_runtime::mcp_tool;

#[derive(serde::Deserialize)]
struct Point {
    x: i32,
}

#[mcp_tool]
async fn plot(point: Point) -> String {
    point.x.to_string()
}

fn main() {}
