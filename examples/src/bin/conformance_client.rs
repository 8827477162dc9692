//! What the client half of the protocol's own conformance suite runs: for each of its scenarios the calls that it wants to see.
//!
//! `tests/conformance/run` starts it as `conformance_client URL`, with the scenario and the revision in the environment.

use std::error::Error;

use mcp_runtime::client::{Client, ClientError, Lifecycle};
use mcp_runtime::schema::v2026_07_28::ElicitRequestParams;
use mcp_runtime::{Elicited, Revision};
use serde::Deserialize;
use serde_json::{Map, Value, json};

type Failure = Box<dyn Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let url = std::env::args().next_back().ok_or("usage: conformance_client URL")?;
    let scenario = std::env::var("MCP_CONFORMANCE_SCENARIO")?;
    let version = std::env::var("MCP_CONFORMANCE_PROTOCOL_VERSION")?;
    let revision = Revision::from_version(&version).ok_or("a revision that is not known")?;
    let lifecycle =
        if revision.is_modern() { Lifecycle::Modern } else { Lifecycle::Legacy(revision) };
    let client = Client::builder()
        .lifecycle(lifecycle)
        .on_elicit(fill_in)
        .on_sample(|_| async { "ok" })
        .roots([])
        .connect_http(url)
        .await?;
    play(&client, &scenario).await?;
    client.close().await?;
    Ok(())
}

/// Accepts every form, with its defaults, and with `true` where there is none.
async fn fill_in(request: ElicitRequestParams) -> Elicited<Value> {
    let ElicitRequestParams::Form(form) = request else { return Elicited::Declined };
    let Ok(schema) = serde_json::to_value(&form.requested_schema) else {
        return Elicited::Declined;
    };
    let properties = schema["properties"].as_object().cloned().unwrap_or_default();
    let answers = properties.into_iter().filter_map(|(name, property)| {
        let by_type = (property["type"] == "boolean").then_some(Value::Bool(true));
        Some((name, property.get("default").cloned().or(by_type)?))
    });
    Elicited::Accepted(Value::Object(answers.collect::<Map<_, _>>()))
}

async fn play(client: &Client, scenario: &str) -> Result<(), Failure> {
    match scenario {
        "initialize" | "json-schema-ref-no-deref" => {
            client.list_tools().await?;
        }
        "tools_call" => {
            client.list_tools().await?;
            client.call_tool("add_numbers", json!({ "a": 5, "b": 3 })).await?.success()?;
        }
        "elicitation-sep1034-client-defaults" => {
            client.list_tools().await?;
            client.call_tool("test_client_elicitation_defaults", ()).await?.success()?;
        }
        "sse-retry" => {
            client.list_tools().await?;
            client.call_tool("test_reconnection", ()).await?.success()?;
        }
        "request-metadata" => {
            client.list_tools().await?;
            client.list_tools().await?;
        }
        "sep-2322-client-request-state" => {
            client.list_tools().await?;
            client.call_tool("test_mrtr_echo_state", ()).await?;
            client.call_tool("test_mrtr_unrelated", ()).await?;
            client.call_tool("test_mrtr_no_state", ()).await?;
            client.call_tool("test_mrtr_no_result_type", ()).await?;
        }
        "http-standard-headers" => standard_headers(client).await?,
        "http-custom-headers" => {
            client.list_tools().await?;
            for call in context()?.tool_calls {
                client.call_tool(call.name, call.arguments).await?;
            }
        }
        "http-invalid-tool-headers" => {
            for tool in client.list_tools().await? {
                client.call_tool(tool.name, json!({ "region": "us-west1" })).await?;
            }
        }
        "json-schema-2020-12-preservation" => {
            let tools = client.list_tools().await?;
            let schema = tools.iter().find(|tool| tool.name == "json_schema_2020_12_tool");
            let schema = &schema.ok_or("the tool is not there")?.input_schema;
            client.call_tool("json_schema_echo", json!({ "schema": schema })).await?.success()?;
        }
        other => return Err(format!("the scenario `{other}` is not known").into()),
    }
    Ok(())
}

/// Each method once that names something.
async fn standard_headers(client: &Client) -> Result<(), ClientError> {
    for tool in client.list_tools().await? {
        client.call_tool(tool.name, ()).await?;
    }
    for resource in client.list_resources().await? {
        client.read_resource(resource.uri).await?;
    }
    for prompt in client.list_prompts().await? {
        client.get_prompt(prompt.name, ()).await?;
    }
    Ok(())
}

/// What the suite says of a scenario beside its name.
#[derive(Deserialize)]
struct Context {
    #[serde(rename = "toolCalls")]
    tool_calls: Vec<ToolCall>,
}

#[derive(Deserialize)]
struct ToolCall {
    name: String,
    #[serde(default)]
    arguments: Map<String, Value>,
}

fn context() -> Result<Context, Failure> {
    Ok(serde_json::from_str(&std::env::var("MCP_CONFORMANCE_CONTEXT")?)?)
}
