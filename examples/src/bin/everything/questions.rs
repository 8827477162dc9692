//! Tools that ask the client. To a legacy client a question is a request, to a modern one a part of the result; the functions
//! do not know which.

use mcp_runtime::{ClientFeature, Context, Elicited, InputError, JsonObject, mcp_tool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

#[derive(Deserialize, JsonSchema)]
struct Name {
    name: String,
}

#[derive(Deserialize, JsonSchema)]
struct Color {
    color: String,
}

#[derive(Deserialize, JsonSchema)]
struct Confirmation {
    ok: bool,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Account {
    /// Your response.
    username: String,
    /// Your email address.
    #[schemars(email)]
    email: String,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
struct Profile {
    name: String,
    age: u32,
    score: f64,
    status: Status,
    verified: bool,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Status {
    Active,
    Inactive,
    Pending,
}

impl Default for Profile {
    fn default() -> Self {
        Self {
            name: "John Doe".into(),
            age: 30,
            score: 95.5,
            status: Status::Active,
            verified: true,
        }
    }
}

/// Has the client's model answer a prompt.
#[mcp_tool]
pub async fn test_sampling(cx: &Context, prompt: String) -> Result<String, InputError> {
    let answer = cx.sample_text("answer", prompt, 100).await?;
    Ok(format!("LLM response: {}", answer.text()))
}

/// Asks for an account.
#[mcp_tool]
pub async fn test_elicitation(cx: &Context, message: String) -> Result<String, InputError> {
    let answer: Elicited<Account> = cx.elicit("account", message).await?;
    Ok(format!("User response: {answer:?}"))
}

/// Asks with a form whose fields have defaults.
#[mcp_tool]
pub async fn test_elicitation_sep1034_defaults(cx: &Context) -> Result<String, InputError> {
    let answer: Elicited<Profile> = cx.elicit("profile", "Please check your profile.").await?;
    Ok(format!("User response: {answer:?}"))
}

/// Asks with a form that has every kind of choice.
#[mcp_tool]
pub async fn test_elicitation_sep1330_enums(cx: &Context) -> Result<String, InputError> {
    let titled = json!([
        { "const": "value1", "title": "First Option" },
        { "const": "value2", "title": "Second Option" },
    ]);
    let form = json!({
        "type": "object",
        "properties": {
            "untitledSingle": { "type": "string", "enum": ["option1", "option2"] },
            "titledSingle": { "type": "string", "oneOf": titled },
            "legacyEnum": {
                "type": "string", "enum": ["opt1", "opt2"], "enumNames": ["Option One", "Option Two"]
            },
            "untitledMulti": {
                "type": "array", "items": { "type": "string", "enum": ["option1", "option2"] }
            },
            "titledMulti": { "type": "array", "items": { "anyOf": titled } },
        },
    });
    let answer: Elicited<JsonObject> = cx.elicit_with("choices", "Please choose.", form).await?;
    Ok(format!("User response: {answer:?}"))
}

/// Needs a client with a model.
#[mcp_tool(requires = [sampling])]
pub async fn test_missing_capability() -> &'static str {
    "You have a model."
}

/// Asks for a name, without a word before.
#[mcp_tool]
pub async fn test_streaming_elicitation(cx: &Context) -> Result<String, InputError> {
    let Name { name } = cx.elicit("user_name", "What is your name?").await?.accepted()?;
    Ok(format!("Hello, {name}!"))
}

/// Asks for a name.
#[mcp_tool]
pub async fn test_input_required_result_elicitation(cx: &Context) -> Result<String, InputError> {
    let Name { name } =
        cx.elicit("user_name", "What is your name?").accept_unasked().await?.accepted()?;
    Ok(format!("Hello, {name}!"))
}

/// Has the client's model answer a question.
#[mcp_tool]
pub async fn test_input_required_result_sampling(cx: &Context) -> Result<String, InputError> {
    let question = "What is the capital of France?";
    let answer = cx.sample_text("capital_question", question, 100).await?;
    Ok(answer.text())
}

/// Asks for the folders that the client works on.
#[mcp_tool]
pub async fn test_input_required_result_list_roots(cx: &Context) -> Result<String, InputError> {
    let roots = cx.roots("client_roots").await?;
    Ok(roots.into_iter().map(|root| root.uri + "\n").collect())
}

/// Asks for a confirmation, and goes on from where it was.
#[mcp_tool]
pub async fn test_input_required_result_request_state(cx: &Context) -> Result<String, InputError> {
    let Confirmation { ok } = cx.elicit("confirm", "Please confirm.").await?.accepted()?;
    Ok(format!("state-ok: {ok}"))
}

/// Asks three questions at once.
#[mcp_tool(requires = [elicitation, sampling, roots])]
pub async fn test_input_required_result_multiple_inputs(
    cx: &Context,
) -> Result<String, InputError> {
    let (answer, greeting, roots) = tokio::try_join!(
        cx.elicit("user_name", "What is your name?"),
        cx.sample_text("greeting", "Write a greeting.", 50),
        cx.roots("client_roots"),
    )?;
    let Name { name } = answer.accepted()?;
    Ok(format!("{} {name} has {} root(s).", greeting.text(), roots.len()))
}

/// Asks two questions, one after the other.
#[mcp_tool]
pub async fn test_input_required_result_multi_round(cx: &Context) -> Result<String, InputError> {
    let Name { name } = cx.elicit("step1", "What is your name?").await?.accepted()?;
    let Color { color } =
        cx.elicit("step2", format!("Which color do you like, {name}?")).await?.accepted()?;
    Ok(format!("{name} likes {color}."))
}

/// Asks for a confirmation; the suite comes back with a state that it has changed.
#[mcp_tool]
pub async fn test_input_required_result_tampered_state(cx: &Context) -> Result<String, InputError> {
    let Confirmation { ok } = cx.elicit("confirm", "Please confirm.").await?.accepted()?;
    Ok(format!("confirmed: {ok}"))
}

/// Asks whom it can: the user, or else the client's model.
#[mcp_tool]
pub async fn test_input_required_result_capabilities(cx: &Context) -> Result<String, InputError> {
    if cx.client().supports(ClientFeature::Elicitation) {
        let Name { name } = cx.elicit("user_name", "What is your name?").await?.accepted()?;
        return Ok(name);
    }
    Ok(cx.sample_text("greeting", "Write a greeting.", 50).await?.text())
}
