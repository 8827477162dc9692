//! Tools that ask, have steps, and meet errors of others: what one `?` makes of all three.
#![cfg(feature = "macros")]

#[path = "wire_peer/mod.rs"]
mod wire_peer;

use std::error::Error;
use std::io;

use mcp_runtime::{Context, InputError, Revision, Server, StepError, mcp_tool};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::wire_peer::{Peer, text};

#[derive(Deserialize, JsonSchema)]
struct Answer {
    name: String,
}

fn read(name: &str) -> io::Result<String> {
    match name {
        "a" => Ok("text of a".to_owned()),
        _ => Err(io::Error::other("no such file")),
    }
}

/// Asks for a name, then reads in a step: the one error of both.
#[mcp_tool]
async fn boxed(cx: &Context) -> Result<String, Box<dyn Error + Send + Sync>> {
    let answer: Answer = cx.elicit("file", "Which file?").await?.accepted()?;
    let text = cx.step("read", || async { read(&answer.name).map_err(StepError::new) }).await?;
    Ok(text)
}

/// The same with `?` inside of the step.
#[mcp_tool]
async fn boxed_inside(cx: &Context) -> Result<String, Box<dyn Error + Send + Sync>> {
    let before: u32 = cx.step("before", || async { Ok::<_, StepError>(1) }).await?;
    let answer: Answer = cx.elicit("file", "Which file?").await?.accepted()?;
    cx.step("read", || async {
        let text = read(&answer.name)?;
        Ok(format!("{text}, {before}"))
    })
    .await
}

#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error(transparent)]
    Input(#[from] InputError),
    #[error(transparent)]
    Step(#[from] StepError),
}

/// The same with a type of its own.
#[mcp_tool]
async fn own(cx: &Context) -> Result<String, Trouble> {
    let answer: Answer = cx.elicit("file", "Which file?").await?.accepted()?;
    Ok(cx.step("read", || async { read(&answer.name).map_err(StepError::new) }).await?)
}

fn server() -> Server {
    Server::builder("fixtures", "1")
        .tool::<boxed>()
        .tool::<boxed_inside>()
        .tool::<own>()
        .build()
        .expect("a server")
}

const TOOLS: [&str; 3] = ["boxed", "boxed_inside", "own"];

fn form(name: &str) -> Value {
    json!({ "action": "accept", "content": { "name": name } })
}

/// What answers lead to: whether it is an error, and its text.
fn cases() -> [(Value, bool, &'static str); 3] {
    [
        (form("a"), false, "text of a"),
        (form("b"), true, "no such file"),
        (json!({ "action": "decline" }), true, "the request for input was declined"),
    ]
}

fn check(tool: &str, result: &Value, is_error: bool, said: &str) {
    assert_eq!(result["isError"].as_bool().unwrap_or(false), is_error, "{tool}: {result}");
    assert!(text(result).starts_with(said), "{tool}: {result}");
}

#[tokio::test(start_paused = true)]
async fn on_a_legacy_connection() {
    let capabilities = json!({ "elicitation": {} });
    let mut peer = Peer::legacy(&server(), Revision::V2025_11_25, capabilities).await;
    for tool in TOOLS {
        for (answer, is_error, said) in cases() {
            let call = peer.start_call(tool, json!({})).await;
            let (id, _) = peer.question("elicitation/create").await;
            peer.answer(&id, answer).await;
            check(tool, &peer.response(call).await["result"], is_error, said);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn in_a_modern_call_that_runs_again() {
    let mut peer = Peer::modern(&server(), json!({ "elicitation": { "form": {} } }));
    for tool in TOOLS {
        for (answer, is_error, said) in cases() {
            let mut params = json!({ "name": tool, "arguments": {} });
            let asked = peer.result("tools/call", params.clone()).await;
            assert_eq!(asked["resultType"], "input_required", "{asked}");
            let questions = asked["inputRequests"].as_object().expect("questions");
            let key = questions.keys().next().expect("a question");
            params["inputResponses"] = json!({ key: answer });
            params["requestState"] = asked["requestState"].clone();
            check(tool, &peer.result("tools/call", params).await, is_error, said);
        }
    }
}

// Its text is the protocol's own error in these types, too.
#[tokio::test(start_paused = true)]
async fn for_a_client_that_cannot_be_asked() {
    let mut peer = Peer::modern(&server(), json!({}));
    for tool in TOOLS {
        let params = json!({ "name": tool, "arguments": {} });
        assert_eq!(peer.error("tools/call", params).await["code"], -32021, "{tool}");
    }
}
