//! Our client against a server of somebody else: `check-servers everything|fastmcp|official|rmcp PROTOCOL URL|PROGRAM [ARGUMENT]..`.
//! PROTOCOL is `auto`, `modern` or `legacy`. Prints `ok NAME` or `FAILED NAME: WHY` for each check; `tests/servers/run` runs it.

#![allow(clippy::print_stdout, reason = "it is what the command is for")]

mod peer;
mod reference;
mod small;

use std::error::Error;
use std::pin::Pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use mcp_runtime::Revision;
use mcp_runtime::client::{Client, Lifecycle, TaskHandles};
use tokio::process::Command;
use tokio::time::timeout;

use self::peer::{Checked, Heard, Peer};

/// How long one check may take, on a machine that has other things to do.
const LIMIT: Duration = Duration::from_secs(90);

type Check<'a> = (&'static str, Pin<Box<dyn Future<Output = Checked> + 'a>>);

/// Names and what is done.
macro_rules! checks {
    ($($name:literal => $check:expr),* $(,)?) => { vec![$(($name, Box::pin($check) as Pin<Box<dyn Future<Output = Checked>>>)),*] };
}

fn of_reference(peer: &Peer) -> Vec<Check<'_>> {
    checks! {
        "describes itself" => reference::describes_itself(peer),
        "lists" => reference::lists(peer),
        "plain tools" => reference::plain_tools(peer),
        "kinds of content" => reference::kinds_of_content(peer),
        "structured output" => reference::structured(peer),
        "wrong arguments" => reference::wrong_arguments(peer),
        "progress" => reference::progress(peer),
        "prompts" => reference::prompts(peer),
        "completions" => reference::completions(peer),
        "resources" => reference::resources(peer),
        "subscriptions" => reference::subscriptions(peer),
        "log messages" => reference::logs(peer),
        "roots" => reference::roots(peer),
        "ping" => small::ping(peer),
        "sampling" => reference::sampling(peer),
        "elicitation: a form" => reference::form(peer),
        "elicitation: a page" => reference::page(peer),
        "elicitation: a page, by an error" => reference::page_by_error(peer),
        "sampling as a task of the client" => reference::sampling_as_task(peer),
        "elicitation as a task of the client" => reference::elicitation_as_task(peer),
        "a task, and its ticket" => reference::task(peer),
        "a task with elicitation" => reference::task_with_elicitation(peer),
        "a task that is cancelled" => reference::task_cancelled(peer),
        "a list of tasks" => reference::tasks_listed(peer),
    }
}

/// What all of the small servers have.
fn of_all<'a>(
    peer: &'a Peer,
    tools: &'static [&'static str],
    sum: &'static str,
    uri: &'static str,
) -> Vec<Check<'a>> {
    let revision = if peer.client.initialized().is_some() { "2025-11-25" } else { "2026-07-28" };
    checks! {
        "describes itself" => small::describes_itself(peer, revision),
        "lists" => small::lists(peer, tools),
        "tools" => small::calls(peer, sum),
        "an unknown tool" => small::unknown_tool(peer),
        "a prompt" => small::prompt(peer),
        "a resource" => small::resource(peer, uri),
    }
}

fn of_tasks(peer: &Peer) -> Vec<Check<'_>> {
    checks! {
        "a task, unseen" => small::task(peer),
        "a task, event by event" => small::task_followed(peer),
        "a task, and its ticket" => small::task_with_ticket(peer),
        "a task with elicitation" => small::task_with_elicitation(peer, "job_asking"),
        "a task that is cancelled" => small::task_cancelled(peer),
    }
}

fn of_fastmcp(peer: &Peer) -> Vec<Check<'_>> {
    let tools = &["sum_of", "ask", "job", "job_asking"];
    let mut all = of_all(peer, tools, "sum_of", "fastmcp://about");
    all.extend(checks! {
        "a template's resource" => small::resource(peer, "fastmcp://pages/7"),
        "progress and log messages" => small::progress_and_logs(peer),
        "elicitation" => small::elicitation(peer),
        "sampling" => small::sampling(peer),
    });
    all.extend(of_tasks(peer));
    all.extend(checks! {
        "a task that is answered by hand" => small::task_answered_by_hand(peer),
        "a task that fails" => small::task_failed(peer),
    });
    all
}

fn of_official(peer: &Peer) -> Vec<Check<'_>> {
    let mut all = of_all(peer, &["sum", "ask", "job", "job_asking"], "sum", "official://about");
    all.extend(checks! {
        "ping" => small::ping(peer),
        "completions" => small::completion(peer),
        "progress and log messages" => small::progress_and_logs(peer),
        "subscriptions" => small::subscribed(peer, "official://about"),
        "elicitation" => small::elicitation(peer),
        "sampling" => small::sampling(peer),
    });
    all.extend(of_tasks(peer));
    all.extend(checks! {
        "a task with sampling" => small::task_with_sampling(peer),
        "a task with elicitation as a task of the client" =>
            small::task_with_elicitation(peer, "job_asking_as_task"),
        "a task that fails" => small::task_failed(peer),
        "a list of tasks" => small::tasks_listed(peer),
    });
    all
}

fn of_rmcp(peer: &Peer) -> Vec<Check<'_>> {
    let modern = peer.client.initialized().is_none();
    let mut all = of_all(peer, &["sum", "ask", "job", "job_asking"], "sum", "rmcp://about");
    all.extend(checks! {
        "completions" => small::completion(peer),
        "elicitation" => small::elicitation(peer),
    });
    if modern {
        all.extend(checks! { "sampling" => small::sampling(peer) });
        all.extend(of_tasks(peer));
        all.extend(checks! {
            "a task that is answered by hand" => small::task_answered_by_hand(peer),
        });
    } else {
        all.extend(checks! { "ping" => small::ping(peer) });
    }
    all
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> ExitCode {
    match run(std::env::args().skip(1).collect()).await {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            println!("FAILED connect: {error}");
            ExitCode::FAILURE
        }
    }
}

/// How many checks failed.
async fn run(arguments: Vec<String>) -> Result<usize, Box<dyn Error>> {
    let [server, protocol, address @ ..] = arguments.as_slice() else {
        return Err("check-servers SERVER PROTOCOL URL|PROGRAM [ARGUMENT]..".into());
    };
    let lifecycle = match protocol.as_str() {
        "auto" => Lifecycle::Auto,
        "modern" => Lifecycle::Modern,
        "legacy" => Lifecycle::Legacy(Revision::LATEST_LEGACY),
        other => return Err(format!("no protocol is called {other}").into()),
    };
    let folder = tempfile::tempdir()?;
    let handles = TaskHandles::open(folder.path())?;
    let heard = Arc::new(Heard::default());
    let client = heard.attend(Client::builder().lifecycle(lifecycle).timeout(LIMIT));
    let client = client.keep_tasks(handles.clone());
    let client = match address {
        [url] if url.starts_with("http") => client.connect_http(url).await?,
        [program, arguments @ ..] => {
            let mut command = Command::new(program);
            command.args(arguments);
            client.spawn(command).await?
        }
        [] => return Err("no address, and no program".into()),
    };
    let peer = Peer { client, heard, handles };
    let checks = match server.as_str() {
        "everything" => of_reference(&peer),
        "fastmcp" => of_fastmcp(&peer),
        "official" => of_official(&peer),
        "rmcp" => of_rmcp(&peer),
        other => return Err(format!("no server is called {other}").into()),
    };
    let (mut passed, mut failed) = (0, 0);
    for (name, check) in checks {
        match timeout(LIMIT, check).await {
            Ok(Ok(())) => {
                passed += 1;
                println!("ok {name}");
            }
            Ok(Err(error)) => {
                failed += 1;
                println!("FAILED {name}: {error}");
            }
            Err(_) => {
                failed += 1;
                println!("FAILED {name}: no end within {LIMIT:?}");
            }
        }
    }
    match timeout(LIMIT, peer.client.close()).await {
        Ok(Ok(())) => passed += 1,
        other => {
            failed += 1;
            println!("FAILED close: {other:?}");
        }
    }
    println!("{passed} passed, {failed} failed");
    Ok(failed)
}
