//! The command `mcp-codegen`.

mod commands;

use std::error::Error;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[cfg(not(all(feature = "cli", feature = "new")))]
use self::commands::absent::{self, Absent};
#[cfg(feature = "new")]
use self::commands::new;
#[cfg(feature = "cli")]
use self::commands::{diff, generate, import};

/// `diff --fail-on` has found what it was to look for. Errors are 1, a wrong use of the command is 2.
#[cfg(feature = "cli")]
const FOUND: u8 = 3;

/// The exit code of clap's own refusals.
#[cfg(not(all(feature = "cli", feature = "new")))]
const WRONG_USE: u8 = 2;

/// Turns the Model Context Protocol's schema into typed Rust, and templates into servers.
#[derive(Parser)]
#[command(name = "mcp-codegen", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Makes a server of your own from a template: a crate that builds, with a test.
    #[cfg(feature = "new")]
    New(new::New),
    /// Tells two schemas apart by meaning: what changed, whom it breaks, and why.
    #[cfg(feature = "cli")]
    Diff(diff::Compare),
    /// Writes Rust: all modules of mcp-schema, or one schema into one file.
    #[cfg(feature = "cli")]
    Generate(generate::Generate),
    /// Takes a published schema into the workspace, distilled to its facts, and tells what is different from before.
    #[cfg(feature = "cli")]
    Import(import::Import),
    // What is left out is listed and says how to have it: "unrecognized subcommand" would send the reader looking for a typo.
    #[cfg(not(feature = "new"))]
    New(Absent),
    #[cfg(not(feature = "cli"))]
    Diff(Absent),
    #[cfg(not(feature = "cli"))]
    Generate(Absent),
    #[cfg(not(feature = "cli"))]
    Import(Absent),
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

fn run(command: Command) -> Result<ExitCode, Box<dyn Error>> {
    match command {
        #[cfg(feature = "new")]
        Command::New(arguments) => new::run(arguments)?,
        #[cfg(feature = "cli")]
        Command::Diff(arguments) => {
            if diff::run(arguments)? {
                return Ok(ExitCode::from(FOUND));
            }
        }
        #[cfg(feature = "cli")]
        Command::Generate(arguments) => generate::run(arguments)?,
        #[cfg(feature = "cli")]
        Command::Import(arguments) => import::run(arguments)?,
        #[cfg(not(feature = "new"))]
        Command::New(arguments) => return Ok(left_out("new", &arguments)),
        #[cfg(not(feature = "cli"))]
        Command::Diff(arguments) => return Ok(left_out("diff", &arguments)),
        #[cfg(not(feature = "cli"))]
        Command::Generate(arguments) => return Ok(left_out("generate", &arguments)),
        #[cfg(not(feature = "cli"))]
        Command::Import(arguments) => return Ok(left_out("import", &arguments)),
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(not(all(feature = "cli", feature = "new")))]
fn left_out(command: &str, arguments: &Absent) -> ExitCode {
    eprintln!("error: {}", absent::help(command, arguments));
    ExitCode::from(WRONG_USE)
}
