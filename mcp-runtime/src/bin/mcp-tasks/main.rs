//! The command `mcp-tasks`: what an operator needs between the tasks of a server and its store.
//!
//! Architecture invariant: it talks to a store and to nothing else. A server that runs on the same store notices what is
//! changed here as it notices other servers.

mod args;
mod board;
mod change;
mod failure;
mod follow;
mod json;
mod show;
#[path = "../shown/mod.rs"]
mod shown;
mod table;
mod tasks;
mod terminal;
mod text;
mod watch;

use std::collections::VecDeque;
use std::io::{self, BufWriter, IsTerminal as _, Write};
use std::process::ExitCode;

use clap::Parser;
use mcp_runtime::task::{Clock, TaskStore};

use self::args::{Arguments, Command, Filter};
use self::failure::Failure;
use self::tasks::Pages;
use self::terminal::Terminal;

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.tell(),
    }
}

fn run(arguments: Arguments) -> Result<(), Failure> {
    let Some(url) = arguments.store else {
        return Err(Failure::Usage(
            "say where the tasks are: --store sqlite:PATH, or MCP_TASKS_STORE=sqlite:PATH"
                .to_owned(),
        ));
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::Failed(format!("no runtime: {error}")))?;
    let store = tasks::open(&url)?;
    runtime.block_on(obey(arguments.command, &*store))
}

async fn obey(command: Command, store: &dyn TaskStore) -> Result<(), Failure> {
    // Of what is shown all at once. What changes something says so at once, each by itself.
    let mut page = BufWriter::new(io::stdout());
    let mut out = io::stdout();
    let (terminal, now) = (Terminal::stdout(), Clock::System.now());
    match command {
        Command::List { filter, limit, json } => {
            list(store, &mut page, &filter, limit.get(), json).await?;
        }
        Command::Show { id, json: true } => {
            json::write_line(&mut page, &json::Whole(&tasks::detail(store, &id).await?))?;
        }
        Command::Show { id, json: false } => {
            show::write(&mut page, &tasks::detail(store, &id).await?, terminal, now)?;
        }
        Command::Cancel { ids } => change::cancel(store, &mut out, &ids).await?,
        Command::Retry { id } => change::retry(store, &mut out, &id).await?,
        Command::Purge { ended_before: Some(moment), yes, .. } => {
            change::purge_before(store, &mut out, moment.at(now), yes).await?;
        }
        Command::Purge { ids, .. } => change::purge(store, &mut out, &ids).await?,
        Command::Export { filter } => export(store, &mut page, &filter).await?,
        Command::Watch => watch::watch(store).await?,
    }
    Ok(page.flush()?)
}

/// The latest of the tasks. The store has the oldest first, so that all of it is read, and no more than `limit` is kept.
async fn list(
    store: &dyn TaskStore,
    out: &mut impl Write,
    filter: &Filter,
    limit: usize,
    json: bool,
) -> Result<(), Failure> {
    let (mut latest, mut matching) = (VecDeque::new(), 0_usize);
    let mut pages = Pages::new(store);
    while let Some(page) = pages.next().await? {
        for record in page.into_iter().filter(|record| filter.admits(record)) {
            matching += 1;
            if latest.len() == limit {
                latest.pop_front();
            }
            latest.push_back(record);
        }
    }
    let newest_first = latest.iter().rev();
    if json {
        for record in newest_first {
            json::write_line(out, &json::Short(record))?;
        }
        return Ok(());
    }
    table::write(out, newest_first, Terminal::stdout(), Clock::System.now())?;
    out.flush()?;
    if matching > limit && io::stderr().is_terminal() {
        eprintln!("{limit} of {matching}: --limit shows more");
    }
    Ok(())
}

/// One task at a time is in memory.
async fn export(
    store: &dyn TaskStore,
    out: &mut impl Write,
    filter: &Filter,
) -> Result<(), Failure> {
    let mut pages = Pages::new(store);
    while let Some(page) = pages.next().await? {
        for record in page.iter().filter(|record| filter.admits(record)) {
            // Between the two it may have expired, and then it does not exist.
            if let Some(detail) = store.inspect(&record.id).await? {
                json::write_line(out, &json::Whole(&detail))?;
            }
        }
    }
    Ok(())
}
