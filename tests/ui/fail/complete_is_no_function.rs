use mcp_runtime::mcp_prompt;

const COLOURS: [&str; 2] = ["red", "green"];

#[mcp_prompt]
async fn paint(#[arg(complete = COLOURS)] colour: String) -> String {
    colour
}

fn main() {}
