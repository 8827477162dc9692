use mcp_runtime::mcp_tool;

#[mcp_tool]
async fn forecast(
    #[arg(default = 8, min = 1, max = 7)] days: u32,
    #[arg(default = -0.5, min = 0.0)] share: f64,
    #[arg(default = "", min_length = 1)] word: String,
) -> String {
    format!("{days}{share}{word}")
}

fn main() {}
