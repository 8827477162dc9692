//! What somebody pays who builds a server: the first build from nothing, and the release build of
//! a server with many tools.

use super::project::{Command, Project, Scratch};
use super::tools::{Flavour, TOOLS};
use crate::wall::median;
use crate::{Result, table, versions};

/// Where our crate lies, for the manifests of the packages that are built here.
const RUNTIME: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../mcp-runtime");

/// What rmcp needs for tools over stdio, and no more.
const RMCP: &str = "rmcp = { version = '=3.9.0', default-features = false, \
    features = ['server', 'macros', 'transport-io'] }";
/// What `#[tokio::main]` needs.
const TOKIO: &str = "tokio = { version = '1.54', features = ['macros', 'rt-multi-thread'] }";
const SERDE: &str = "serde = { version = '1.0', features = ['derive'] }";
const SCHEMARS: &str = "schemars = '1.2'";

const OURS_ECHO: &str = r#"use mcp_runtime::mcp_tool;

/// Says what it was told.
#[mcp_tool]
async fn echo(/** What to say. */ text: String) -> String {
    text
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    mcp_runtime::server!().tool::<echo>().serve_stdio().await?;
    Ok(())
}
"#;

const RMCP_ECHO: &str = r#"use rmcp::handler::server::wrapper::Parameters;
use rmcp::transport::stdio;
use rmcp::{ServerHandler, ServiceExt, schemars, tool, tool_handler, tool_router};

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Echo {
    /// What to say.
    text: String,
}

struct Server;

#[tool_router]
impl Server {
    /// Says what it was told.
    #[tool]
    async fn echo(&self, Parameters(Echo { text }): Parameters<Echo>) -> String {
        text
    }
}

#[tool_handler]
impl ServerHandler for Server {}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    Server.serve(stdio()).await?.waiting().await?;
    Ok(())
}
"#;

/// `ours` is left out where only the other's numbers are wanted.
pub fn print(runs: usize, ours: bool) -> Result<()> {
    if runs == 0 {
        return Err("no runs have no median".into());
    }
    let scratch = Scratch::new()?;
    versions::print()?;
    println!("Medians of {runs} runs, in turns.\n");
    clean(&scratch, runs, ours)?;
    many(&scratch, runs, ours)
}

/// A server with one tool on stdio and all that it depends on, from an empty target folder.
fn clean(scratch: &Scratch, runs: usize, ours: bool) -> Result<()> {
    let mut projects = Vec::new();
    if ours {
        let dependencies = format!("{}\n{TOKIO}", runtime());
        projects.push(scratch.program("ours", &dependencies, OURS_ECHO)?);
    }
    let dependencies = format!("{RMCP}\n{SERDE}\n{TOKIO}");
    projects.push(scratch.program("rmcp", &dependencies, RMCP_ECHO)?);
    println!("### An echo server on stdio from nothing, `{}`\n", Command::Debug.shown());
    measure(&projects, runs, ours, Command::Debug, |project| project.forget_everything())
}

/// A server with many tools, its dependencies built before.
fn many(scratch: &Scratch, runs: usize, ours: bool) -> Result<()> {
    let mut projects = Vec::new();
    if ours {
        let dependencies = format!("{}\n{SERDE}\n{SCHEMARS}\n{TOKIO}", runtime());
        projects.push(scratch.program("ours", &dependencies, &Flavour::Ours.program())?);
    }
    let dependencies = format!("{RMCP}\n{SERDE}\n{SCHEMARS}\n{TOKIO}");
    projects.push(scratch.program("rmcp", &dependencies, &Flavour::Rmcp.program())?);
    println!("### A crate with {TOOLS} tools alone, `{}`\n", Command::Release.shown());
    for project in &projects {
        // Once for the dependencies, whose cost is not asked for here.
        project.run(Command::Release)?;
    }
    measure(&projects, runs, ours, Command::Release, |project| {
        project.forget_package(Command::Release)
    })
}

fn measure(
    projects: &[Project],
    runs: usize,
    ours: bool,
    command: Command,
    forget: impl Fn(&Project) -> Result<()>,
) -> Result<()> {
    let mut spent = vec![Vec::new(); projects.len()];
    let mut crates = vec![0; projects.len()];
    for _ in 0..runs {
        for (at, project) in projects.iter().enumerate() {
            forget(project)?;
            let cost = project.run(command)?;
            spent[at].push(cost.seconds);
            crates[at] = cost.crates;
        }
    }
    let medians: Vec<f64> = spent.into_iter().map(median).collect();
    let header = ["server", "CPU seconds", "ours / it", "crates compiled"].map(str::to_owned);
    let rows = projects.iter().enumerate().map(|(at, project)| {
        let ratio = match ours && at > 0 {
            true => table::ratio(medians[0], medians[at], None),
            false => String::new(),
        };
        let (label, count) = (project.label.to_owned(), crates[at].to_string());
        vec![label, format!("{:.2}", medians[at]), ratio, count]
    });
    table::print(&header, &rows.collect::<Vec<_>>());
    Ok(())
}

fn runtime() -> String {
    format!("mcp-runtime = {{ package = 'mcpwright-runtime', path = '{RUNTIME}' }}")
}
