use mcp_runtime::mcp_tool;

#[mcp_tool]
async fn page(#[arg(max = 300)] size: u8, #[arg(min = 1)] share: f64) -> String {
    format!("{size}{share}")
}

fn main() {}
