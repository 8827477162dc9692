//! Measures our types and servers against other MCP crates. What and how: the README beside this.

mod cases;
mod compile_cost;
mod count;
mod facts;
mod peers;
mod report;
mod serve;
mod table;
mod versions;
mod wall;

use cases::Case;
use compile_cost::servers;
use peers::{Op, Peer};
use std::error::Error;
use std::process::ExitCode;

/// Errors go to whoever reads the terminal, so text is all they need to be.
pub type Result<T> = std::result::Result<T, Box<dyn Error>>;

const USAGE: &str = "usage: mcpwright-peers report | compile-cost [RUNS] | serve-report [OPTIONS]";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match arguments[..] {
        ["report"] => report::print(),
        ["compile-cost"] => compile_cost::print(5),
        ["compile-cost", runs] => runs.parse().map_err(Into::into).and_then(compile_cost::print),
        ["serve-report", ref options @ ..] => {
            serve::Options::parse(options).and_then(|options| serve::print(&options))
        }
        ["serve-compile-cost"] => servers::print(5, true),
        ["serve-compile-cost", runs] => {
            runs.parse().map_err(Into::into).and_then(|runs| servers::print(runs, true))
        }
        ["serve-compile-cost", runs, "rmcp"] => {
            runs.parse().map_err(Into::into).and_then(|runs| servers::print(runs, false))
        }
        // What `report` starts under valgrind.
        ["run", case, peer, op, times] => run(case, peer, op, times),
        _ => Err(USAGE.into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(case: &str, peer: &str, op: &str, times: &str) -> Result<()> {
    let case = Case::by_name(case)?;
    let subject = (Peer::by_name(peer)?.subject)(case.kind);
    subject.run(Op::by_name(op)?, &case.bytes(), times.parse()?);
    Ok(())
}
