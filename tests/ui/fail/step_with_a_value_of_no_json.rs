use mcp_runtime::{Context, StepError, mcp_tool};

struct Opaque;

#[mcp_tool]
async fn notes(cx: &Context) -> Result<String, StepError> {
    cx.step("open", || async { Ok::<_, StepError>(Opaque) }).await?;
    Ok(String::new())
}

fn main() {}
