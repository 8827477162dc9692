//! All that the official conformance suite wants of a server: `everything --stdio`, or `everything --http 127.0.0.1:8000`.
//! With `--store sqlite:PATH` tasks outlive it.
//!
//! The functions are named as the suite calls them. `tests/conformance` and `tests/clients` run it.

mod changes;
mod content;
mod prompts;
mod questions;
mod resources;
mod tasks;

use std::error::Error;
use std::process::ExitCode;

use mcp_runtime::ServerBuilder;
use mcp_runtime::store::{MemoryStore, SqliteStore};

fn server() -> ServerBuilder {
    mcp_runtime::server!()
        .title("Everything")
        .instructions("A server for tests. Nothing that it says or asks means anything.")
        .tool::<content::test_simple_text>()
        .tool::<content::test_image_content>()
        .tool::<content::test_audio_content>()
        .tool::<content::test_embedded_resource>()
        .tool::<content::test_multiple_content_types>()
        .tool::<content::test_error_handling>()
        .tool::<content::test_custom_header>()
        .tool::<content::json_schema_2020_12_tool>()
        .tool::<changes::test_tool_with_logging>()
        .tool::<changes::test_logging_tool>()
        .tool::<changes::test_tool_with_progress>()
        .tool::<changes::test_trigger_tool_change>()
        .tool::<changes::test_trigger_prompt_change>()
        .tool::<changes::test_reconnection>()
        .tool::<questions::test_sampling>()
        .tool::<questions::test_elicitation>()
        .tool::<questions::test_elicitation_sep1034_defaults>()
        .tool::<questions::test_elicitation_sep1330_enums>()
        .tool::<questions::test_missing_capability>()
        .tool::<questions::test_streaming_elicitation>()
        .tool::<questions::test_input_required_result_elicitation>()
        .tool::<questions::test_input_required_result_sampling>()
        .tool::<questions::test_input_required_result_list_roots>()
        .tool::<questions::test_input_required_result_request_state>()
        .tool::<questions::test_input_required_result_multiple_inputs>()
        .tool::<questions::test_input_required_result_multi_round>()
        .tool::<questions::test_input_required_result_tampered_state>()
        .tool::<questions::test_input_required_result_capabilities>()
        .tool::<tasks::greet>()
        .tool::<tasks::slow_compute>()
        .tool::<tasks::failing_job>()
        .tool::<tasks::protocol_error_job>()
        .tool::<tasks::confirm_delete>()
        .tool::<tasks::multi_input>()
        .tool::<tasks::test_tool_with_task>()
        .prompt::<prompts::test_simple_prompt>()
        .prompt::<prompts::test_prompt_with_arguments>()
        .prompt::<prompts::test_prompt_with_embedded_resource>()
        .prompt::<prompts::test_prompt_with_image>()
        .prompt::<prompts::test_input_required_result_prompt>()
        .resource::<resources::static_text>()
        .resource::<resources::static_binary>()
        .resource::<resources::watched_resource>()
        .resource::<resources::template>()
}

/// Where tasks are kept: `memory` or `sqlite:PATH`.
fn keep(server: ServerBuilder, place: &str) -> Result<ServerBuilder, Box<dyn Error>> {
    match place.split_once(':') {
        None if place == "memory" => Ok(server.task_store(MemoryStore::new())),
        Some(("sqlite", path)) => Ok(server.task_store(SqliteStore::open(path)?)),
        _ => Err(format!("no such store: {place}").into()),
    }
}

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut server = server();
    if let Some(at) = arguments.iter().position(|&argument| argument == "--store")
        && at + 1 < arguments.len()
    {
        server = keep(server, arguments[at + 1])?;
        arguments.drain(at..=at + 1);
    }
    match arguments[..] {
        [] | ["--stdio"] => server.serve_stdio().await?,
        ["--http", address] => {
            let http = server.build()?.bind_http(address).await?;
            eprintln!("listening on http://{}/mcp", http.local_addr());
            http.serve().await?;
        }
        _ => {
            eprintln!(
                "usage: everything [--stdio | --http ADDRESS] [--store memory | --store sqlite:PATH]"
            );
            return Ok(ExitCode::from(2));
        }
    }
    Ok(ExitCode::SUCCESS)
}
