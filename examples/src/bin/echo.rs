//! One tool, and nothing else: what the benchmarks measure.
//!
//! `echo [--stdio | --http ADDRESS] [--tools N] [--store STORE] [--threads N]`. `--tools` adds others at run time, until there
//! are N. `--store memory` and `--store sqlite:PATH` add one that runs as a task, and say where its tasks are kept. One thread
//! means tokio's current-thread runtime; without `--threads` there is one for each core.

use std::error::Error;
use std::num::NonZeroUsize;

use mcp_runtime::store::{MemoryStore, SqliteStore};
use mcp_runtime::{Call, Server, ServerBuilder, ToolDefinition, mcp_tool};
use tokio::runtime::Builder;

/// Returns the text that it is given.
#[mcp_tool(read_only, idempotent)]
async fn echo(
    /// What to return.
    text: String,
) -> String {
    text
}

/// The same as a task, which has ended as soon as it has begun.
#[mcp_tool(task_support = "required")]
async fn finished(
    /// What to return.
    text: String,
) -> String {
    text
}

fn server(tools: usize, store: Option<&str>) -> Result<Server, Box<dyn Error>> {
    let mut server = mcp_runtime::server!().tool::<echo>();
    if let Some(store) = store {
        server = with_tasks(server, store)?;
    }
    let server = (1..tools)
        .fold(server, |server, number| {
            let definition = ToolDefinition::new(format!("echo_{number}"))
                .description("Returns its arguments.")
                .argument::<String>(mcp_runtime::Argument::new("text"));
            server.add_tool(definition, async |call: Call| call.arguments_json().to_owned())
        })
        .build()?;
    Ok(server)
}

fn with_tasks(server: ServerBuilder, store: &str) -> Result<ServerBuilder, Box<dyn Error>> {
    let server = server.tool::<finished>();
    match store.split_once(':') {
        None if store == "memory" => Ok(server.task_store(MemoryStore::new())),
        Some(("sqlite", path)) => Ok(server.task_store(SqliteStore::open(path)?)),
        _ => Err(format!("`{store}` is neither memory nor sqlite:PATH").into()),
    }
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
    let (mut address, mut tools, mut store, mut threads) = (None, 1, None, None);
    let mut arguments = std::env::args().skip(1);
    while let Some(flag) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("`{flag}` needs a value"));
        match flag.as_str() {
            "--stdio" => {}
            "--http" => address = Some(value()?),
            "--tools" => tools = value()?.parse()?,
            "--store" => store = Some(value()?),
            "--threads" => threads = Some(value()?.parse()?),
            _ => {
                let known = "--stdio, --http, --tools, --store, --threads";
                return Err(format!("`{flag}` is none of {known}").into());
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
    runtime.enable_all().build()?.block_on(serve(server(tools, store.as_deref())?, address))
}
