use mcp_runtime::mcp_tool;

#[mcp_tool]
async fn count(text: String) -> String {
    let shared = std::rc::Rc::new(text);
    std::future::ready(()).await;
    shared.to_string()
}

fn main() {}
