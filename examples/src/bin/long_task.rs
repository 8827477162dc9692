//! A task that outlives its process: steps that are not done twice, and an approval in the middle.
//!
//! `cargo run -p mcpwright-examples --bin long_task -- --demo` shows it: a client starts the server, kills it in the middle of
//! its work, starts it again, takes the task up from the ticket that it has kept, and gets the result. Without `--demo` it is a server over stdio that keeps its tasks in
//! `long_task.db`, or in the file that is named instead.

#![allow(clippy::print_stdout, reason = "the demonstration talks to a person")]

use std::error::Error;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use futures_util::StreamExt as _;
use mcp_runtime::client::{CallEvent, CallStream, Client, ClientError, Lifecycle, TaskHandles};
use mcp_runtime::store::SqliteStore;
use mcp_runtime::{Context, Elicited, InputError, StepError, TaskSettings, mcp_tool};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use tokio::process::{Child, Command};

const SCENES: u32 = 6;

#[derive(Deserialize, JsonSchema)]
struct Approval {
    /// May everybody see it?
    approved: bool,
}

#[derive(Debug, thiserror::Error)]
enum PublishError {
    #[error(transparent)]
    Input(#[from] InputError),
    #[error(transparent)]
    Step(#[from] StepError),
}

/// Renders a film scene by scene, asks whether it may be seen, and uploads it.
#[mcp_tool(task_support = "required", restart = "replay")]
async fn publish(cx: &Context, title: String) -> Result<String, PublishError> {
    let mut done = Vec::new();
    for scene in 1..=SCENES {
        let what = format!("scene {scene} of {SCENES}");
        cx.progress(scene.into()).message(&what).await;
        done.push(cx.step(("render", scene), || work(what)).await?);
    }
    let question = format!("{title} is ready. Publish it?");
    let Approval { approved } = cx.elicit("approval", question).await?.accepted()?;
    if approved {
        cx.progress((SCENES + 1).into()).message("upload").await;
        done.push(cx.step("upload", || work("upload".to_owned())).await?);
    }
    Ok(done.join("\n"))
}

async fn work(what: String) -> Result<String, StepError> {
    let process = std::process::id();
    eprintln!("[process {process}] {what}");
    tokio::time::sleep(Duration::from_millis(400)).await;
    Ok(format!("{what}: done by process {process}"))
}

async fn serve(file: &Path) -> Result<(), Box<dyn Error>> {
    let mut settings = TaskSettings::default();
    // Short, so that the demonstration is: how soon the tasks of a dead process are found, and how often clients may ask.
    settings.lease = Duration::from_secs(1);
    settings.poll_interval = Duration::from_millis(200);
    let server = mcp_runtime::server!().tool::<publish>().tasks(settings);
    Ok(server.task_store(SqliteStore::open(file)?).serve_stdio().await?)
}

/// Starts this program as a server, and connects to it. The user of this client agrees to everything.
async fn start(file: &Path, handles: &TaskHandles) -> Result<(Child, Client), Box<dyn Error>> {
    let mut server = Command::new(std::env::current_exe()?)
        .arg(file)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let (output, input) = server.stdout.take().zip(server.stdin.take()).ok_or("no pipes")?;
    let client = Client::builder()
        .lifecycle(Lifecycle::Modern)
        .keep_tasks(handles.clone())
        .on_elicit(|_form| async { Elicited::Accepted(json!({ "approved": true })) })
        .connect_stream(output, input)
        .await?;
    println!("[client] connected to process {}", server.id().unwrap_or_default());
    Ok((server, client))
}

/// Shows what happens to a call until that is `enough`, and gives the result if it has come so far.
async fn watch(
    mut events: CallStream,
    enough: impl Fn(&CallEvent) -> bool,
) -> Result<Option<String>, ClientError> {
    while let Some(event) = events.next().await {
        let event = event?;
        match &event {
            CallEvent::Created(task) => println!("[client] {}", task.status),
            CallEvent::Status(task) => {
                println!("[client] {}, {}", task.status, task.message.as_deref().unwrap_or("-"));
            }
            CallEvent::Input { params, .. } => println!("[client] asked: {}", params["message"]),
            CallEvent::Done(result) => return Ok(Some(result.text())),
            _ => {}
        }
        if enough(&event) {
            break;
        }
    }
    Ok(None)
}

async fn demo() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("tasks.db");
    let handles = TaskHandles::open(folder.path().join("handles"))?;

    let (mut server, client) = start(&file, &handles).await?;
    let task = client.call_tool("publish", json!({ "title": "Holidays" })).task().await?;
    let half = |event: &CallEvent| match event {
        CallEvent::Status(task) => task.message.as_deref().is_some_and(|it| it > "scene 3"),
        _ => false,
    };
    watch(task.follow(), half).await?;
    server.kill().await?;
    println!("[client] killed it");

    // As another process would: all that it has is the folder.
    let (mut server, client) = start(&file, &handles).await?;
    let ticket = handles.list().await?.0.pop().ok_or("no ticket")?;
    println!("[client] goes on with {} from its ticket", ticket.tool());
    let task = client.resume(ticket).await?;
    let result = watch(task.follow(), |_| false).await?.ok_or("no result")?;
    println!("\n{result}");

    // The server ends with its input.
    drop(task);
    client.close().await?;
    server.wait().await?;
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    match std::env::args().nth(1).as_deref() {
        Some("--demo") => tokio::time::timeout(Duration::from_secs(15), demo()).await?,
        file => serve(Path::new(file.unwrap_or("long_task.db"))).await,
    }
}
