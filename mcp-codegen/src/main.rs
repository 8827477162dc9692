//! The command `mcp-codegen`.

mod commands;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use mcp_codegen::Error;

use self::commands::{diff, generate, import};

/// `diff --fail-on` has found what it was to look for. Errors are 1, a wrong use of the command is 2.
const FOUND: u8 = 3;

/// Turns the Model Context Protocol's schema into typed Rust.
#[derive(Parser)]
#[command(name = "mcp-codegen", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Tells two schemas apart by meaning: what changed, whom it breaks, and why.
    Diff(diff::Compare),
    /// Writes Rust: all modules of mcp-schema, or one schema into one file.
    Generate(generate::Generate),
    /// Takes a published schema into the workspace, distilled to its facts, and tells what is different from before.
    Import(import::Import),
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<ExitCode, Error> {
    match command {
        Command::Diff(arguments) => Ok(match diff::run(arguments)? {
            true => ExitCode::from(FOUND),
            false => ExitCode::SUCCESS,
        }),
        Command::Generate(arguments) => generate::run(arguments).map(|()| ExitCode::SUCCESS),
        Command::Import(arguments) => import::run(arguments).map(|()| ExitCode::SUCCESS),
    }
}
