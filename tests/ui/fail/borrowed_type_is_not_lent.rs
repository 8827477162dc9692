use mcp_runtime::mcp_tool;

struct Config {
    limit: usize,
}

#[mcp_tool]
async fn limit(config: &Config) -> String {
    config.limit.to_string()
}

fn main() {}
