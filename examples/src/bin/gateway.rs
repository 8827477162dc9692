//! Tools that are only known at run time: of another system that says what it has. No attribute, no type for the arguments.
//!
//! `cargo run -p mcpwright-examples --bin gateway`; call `refresh`, and clients hear that there are more tools.

use mcp_runtime::{BuildError, Call, Context, RpcError, ServeError, Server};
use mcp_runtime::{ToolDefinition, ToolOutput, mcp_tool};
use serde::Deserialize;
use serde_json::Value;

/// What the other system says about one of its functions.
#[derive(Deserialize)]
struct Remote {
    name: String,
    summary: String,
    parameters: Value,
}

/// Stands for a request to the other system.
async fn discover() -> Result<Vec<Remote>, serde_json::Error> {
    serde_json::from_str(
        r#"[
            { "name": "lights", "summary": "Switches the lights.", "parameters": {
                "type": "object", "properties": { "on": { "type": "boolean" } }, "required": ["on"]
            } },
            { "name": "heating", "summary": "Sets the temperature.", "parameters": {
                "type": "object", "properties": { "celsius": { "type": "number" } }
            } }
        ]"#,
    )
}

async fn forward(call: Call) -> Result<ToolOutput, RpcError> {
    let arguments = call.arguments_object()?;
    let answer = serde_json::json!({ "called": call.target(), "with": arguments });
    Ok(ToolOutput::text(answer.to_string()))
}

fn add(server: &Server, remote: Remote) -> Result<(), BuildError> {
    let definition = ToolDefinition::new(remote.name)
        .description(remote.summary)
        .input_schema(remote.parameters);
    server.add_tool(definition, forward)
}

/// Asks the other system for its functions, and offers them as tools.
#[mcp_tool(idempotent)]
async fn refresh(cx: &Context) -> Result<String, Box<dyn std::error::Error + Send + Sync>> {
    let all = discover().await?;
    let names: Vec<_> = all.iter().map(|remote| remote.name.clone()).collect();
    for remote in all {
        cx.server().remove_tool(&remote.name);
        add(cx.server(), remote)?;
    }
    Ok(format!("tools: {}", names.join(", ")))
}

#[tokio::main]
async fn main() -> Result<(), ServeError> {
    mcp_runtime::server!().tool::<refresh>().serve_stdio().await
}
