//! One tool, and nothing else: what the benchmarks measure.
//!
//! `echo [--stdio | --http ADDRESS] [--tools N] [--threads N]`. `--tools` adds others at run time, until there are N. One thread
//! means tokio's current-thread runtime; without `--threads` there is one for each core.

use std::error::Error;
use std::num::NonZeroUsize;

use mcp_runtime::{BuildError, Call, Server, ToolDefinition, mcp_tool};
use tokio::runtime::Builder;

/// Returns the text that it is given.
#[mcp_tool(read_only, idempotent)]
async fn echo(
    /// What to return.
    text: String,
) -> String {
    text
}

fn server(tools: usize) -> Result<Server, BuildError> {
    let server = mcp_runtime::server!().tool::<echo>();
    (1..tools)
        .fold(server, |server, number| {
            let definition = ToolDefinition::new(format!("echo_{number}"))
                .description("Returns its arguments.")
                .argument::<String>(mcp_runtime::Argument::new("text"));
            server.add_tool(definition, async |call: Call| call.arguments_json().to_owned())
        })
        .build()
}

async fn serve(server: Server, address: Option<String>) -> Result<(), Box<dyn Error>> {
    let Some(address) = address else {
        return Ok(server.serve_stdio().await?);
    };
    let http = server.bind_http(address).await?;
    eprintln!("listening on http://{}/mcp", http.local_addr());
    Ok(http.serve().await?)
}

fn main() -> Result<(), Box<dyn Error>> {
    let (mut address, mut tools, mut threads) = (None, 1, None);
    let mut arguments = std::env::args().skip(1);
    while let Some(flag) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("`{flag}` needs a value"));
        match flag.as_str() {
            "--stdio" => {}
            "--http" => address = Some(value()?),
            "--tools" => tools = value()?.parse()?,
            "--threads" => threads = Some(value()?.parse()?),
            _ => {
                return Err(
                    format!("`{flag}` is none of --stdio, --http, --tools, --threads").into()
                );
            }
        }
    }
    let mut runtime = match threads {
        Some(NonZeroUsize::MIN) => Builder::new_current_thread(),
        _ => Builder::new_multi_thread(),
    };
    if let Some(threads) = threads {
        runtime.worker_threads(threads.get());
    }
    runtime.enable_all().build()?.block_on(serve(server(tools)?, address))
}
