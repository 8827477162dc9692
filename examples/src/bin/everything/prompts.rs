//! Prompts: with arguments, with other content than text, and with a question of their own.

use mcp_runtime::content::{self, PromptMessage};
use mcp_runtime::{Completion, Context, InputError, Partial, mcp_prompt};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::content::PNG;

/// Says something simple.
#[mcp_prompt]
pub async fn test_simple_prompt() -> &'static str {
    "This is a simple prompt for testing."
}

/// Repeats its arguments.
#[mcp_prompt]
pub async fn test_prompt_with_arguments(
    /// The first one.
    #[arg(complete = words)]
    arg1: String,
    /// The second one.
    arg2: String,
) -> String {
    format!("Prompt with arguments: arg1='{arg1}', arg2='{arg2}'")
}

async fn words(typed: Partial) -> Completion {
    ["test", "testing", "paris"].into_iter().filter(|it| it.starts_with(&typed.value)).collect()
}

/// Embeds a resource.
#[mcp_prompt]
pub async fn test_prompt_with_embedded_resource(
    /// Its address.
    #[arg(rename = "resourceUri")]
    uri: String,
) -> [PromptMessage; 2] {
    [
        content::user(content::embedded_text(uri, "text/plain", "Embedded for testing.")),
        content::user("Please process the embedded resource above."),
    ]
}

/// Shows a picture.
#[mcp_prompt]
pub async fn test_prompt_with_image() -> [PromptMessage; 2] {
    [
        content::user(content::image(PNG, "image/png")),
        content::user("Please analyze the image above."),
    ]
}

#[derive(Deserialize, JsonSchema)]
struct Situation {
    context: String,
}

/// Asks what it is about.
#[mcp_prompt]
pub async fn test_input_required_result_prompt(cx: &Context) -> Result<String, InputError> {
    let Situation { context } = cx.elicit("user_context", "What is it about?").await?.accepted()?;
    Ok(format!("Use this context: {context}"))
}
