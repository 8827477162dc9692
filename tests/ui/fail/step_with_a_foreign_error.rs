use mcp_runtime::{Context, StepError, mcp_tool};

async fn read() -> std::io::Result<String> {
    std::fs::read_to_string("notes")
}

#[mcp_tool]
async fn notes(cx: &Context) -> Result<String, StepError> {
    let text = cx.step("read", || read()).await.map_err(StepError::new)?;
    Ok(text)
}

fn main() {}
