//! What compiling costs: CPU seconds of cargo and all that it starts, which other load on the
//! machine changes far less than it changes the time on the clock.

mod project;
pub mod servers;
mod tools;

use crate::wall::median;
use crate::{Result, table, versions};
use project::{Command, Scratch};

/// The generated crate alone, against the other generated crate.
const ALONE_BAR: f64 = 50.0;
/// From nothing, against the SDK.
const CLEAN_BAR: f64 = 50.0;
const CRATES_BAR: usize = 20;

/// Where our crate lies, for the manifests of the packages that are built here.
const OURS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../mcp-schema");

pub fn print(runs: usize) -> Result<()> {
    if runs == 0 {
        return Err("no runs have no median".into());
    }
    let scratch = Scratch::new()?;
    versions::print()?;
    println!(
        "Medians of {runs} runs, in turns; of `cargo check`, which is short, of thrice as many.\n"
    );
    alone(&scratch, runs)?;
    clean(&scratch, runs)
}

/// Only the crate itself, its dependencies built before.
fn alone(scratch: &Scratch, runs: usize) -> Result<()> {
    let projects = [
        scratch.project(
            "ours, one revision",
            "mcpwright-schema",
            &format!("path = '{OURS}', default-features = false, features = ['v2025_11_25']"),
        )?,
        scratch.project(
            "rust-mcp-schema, types only",
            "rust-mcp-schema",
            "version = '=2.0.0', default-features = false, features = ['2025_11_25']",
        )?,
        scratch.project(
            "rust-mcp-schema with `schema_utils`",
            "rust-mcp-schema",
            "version = '=2.0.0', default-features = false, features = ['2025_11_25', 'schema_utils']",
        )?,
    ];
    println!("### The crate alone, CPU seconds\n");
    let commands = [Command::Check, Command::Release];
    let mut columns = Vec::new();
    for command in commands {
        // Once for the dependencies, whose cost is not asked for here.
        for project in &projects {
            project.run(command)?;
        }
        let mut spent = vec![Vec::new(); projects.len()];
        for _ in 0..runs * command.repeats() {
            for (project, spent) in projects.iter().zip(&mut spent) {
                project.forget_package(command)?;
                let cost = project.run(command)?;
                if cost.crates != 1 {
                    return Err(format!("{} crates were built, not one", cost.crates).into());
                }
                spent.push(cost.seconds);
            }
        }
        columns.push(spent.into_iter().map(median).collect::<Vec<_>>());
    }
    let mut header = vec!["crate".to_owned()];
    for command in commands {
        header.push(format!("`{}`", command.shown()));
        header.push("ours / it".to_owned());
    }
    let rows = projects.iter().enumerate().map(|(at, project)| {
        let mut row = vec![project.label.to_owned()];
        for medians in &columns {
            row.push(format!("{:.2}", medians[at]));
            row.push(ours_of(medians, at, ALONE_BAR));
        }
        row
    });
    table::print(&header, &rows.collect::<Vec<_>>());
    Ok(())
}

/// The crate and all that it depends on, from an empty target folder.
fn clean(scratch: &Scratch, runs: usize) -> Result<()> {
    let projects = [
        scratch.project(
            "ours, default features",
            "mcpwright-schema",
            &format!("path = '{OURS}'"),
        )?,
        scratch.project(
            "rmcp, `default-features = false`",
            "rmcp",
            "version = '=3.9.0', default-features = false",
        )?,
    ];
    println!("### From nothing, `{}`\n", Command::Release.shown());
    let mut spent = vec![Vec::new(); projects.len()];
    let mut crates = vec![0; projects.len()];
    for _ in 0..runs {
        for (at, project) in projects.iter().enumerate() {
            project.forget_everything()?;
            let cost = project.run(Command::Release)?;
            spent[at].push(cost.seconds);
            crates[at] = cost.crates;
        }
    }
    let medians: Vec<f64> = spent.into_iter().map(median).collect();
    let header = ["crate", "CPU seconds", "ours / it", "crates compiled"].map(str::to_owned);
    let rows = projects.iter().enumerate().map(|(at, project)| {
        let count = match at {
            0 if crates[at] <= CRATES_BAR => format!("{} (≤ {CRATES_BAR}: met)", crates[at]),
            0 => format!("{} (≤ {CRATES_BAR}: **missed**)", crates[at]),
            _ => crates[at].to_string(),
        };
        let ratio = ours_of(&medians, at, CLEAN_BAR);
        vec![project.label.to_owned(), format!("{:.2}", medians[at]), ratio, count]
    });
    table::print(&header, &rows.collect::<Vec<_>>());
    Ok(())
}

/// The first row is ours, and has nothing to be compared with.
fn ours_of(medians: &[f64], at: usize, bar: f64) -> String {
    match at {
        0 => String::new(),
        _ => table::ratio(medians[0], medians[at], Some(bar)),
    }
}
