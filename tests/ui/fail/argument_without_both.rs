use mcp_runtime::mcp_tool;

struct Point {
    x: i32,
}

#[mcp_tool]
async fn plot(name: String, points: Vec<Point>) -> String {
    format!("{name}{}", points[0].x)
}

fn main() {}
