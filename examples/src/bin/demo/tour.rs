//! The client, and what it shows.

use std::error::Error;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use indicatif::{ProgressBar, ProgressStyle};
use mcp_runtime::client::{CallEvent, Client};
use serde_json::json;

use crate::terminal::{answer, say, scenes};
use crate::worker::Worker;

/// More than the tour takes, even if somebody thinks about the question.
const LIMIT: Duration = Duration::from_secs(300);

const NEXT: &str = "
The same server to try out, and three ways to look at it:

   cargo run --bin demo                     serves http://127.0.0.1:8000/mcp, and prints the address of its console
   npx @modelcontextprotocol/inspector      connects to that address: Streamable HTTP
   cargo run --bin mcp-call --features call -- http://127.0.0.1:8000/mcp call film title=Holidays
";

pub async fn run() -> Result<(), Box<dyn Error>> {
    tokio::time::timeout(LIMIT, tour()).await?
}

async fn tour() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let store = folder.path().join("tasks.db");
    let mut worker = Worker::start("127.0.0.1:0", &store).await?;
    let address = worker.address.clone();
    println!("Process {} serves http://{address}/mcp.", worker.id());

    let bar = ProgressBar::new(1).with_style(ProgressStyle::with_template("   {bar:40} {msg}")?);
    let asked = bar.clone();
    let client = Client::builder()
        .on_elicit(move |question| answer(question, asked.clone()))
        .connect_http(format!("http://{address}/mcp"))
        .await?;

    println!("\n1. A call, answered at once\n");
    let began = Instant::now();
    let estimate = client.call_tool("estimate", ()).await?.success()?;
    println!("   estimate: {} in {:.1?}", estimate.text(), began.elapsed());

    println!("\n2. One that takes longer is a task\n");
    let mut events = client.call_tool("film", json!({ "title": "Holidays" })).stream();
    let (mut shown, mut killed) = (0, false);
    let result = loop {
        match events.next().await.ok_or("no result")?? {
            CallEvent::Created(task) => say(&bar, &format!("   film: task {}", task.id)),
            CallEvent::Status(task) => {
                let Some((scene, all)) = task.message.as_deref().and_then(scenes) else { continue };
                if scene == shown {
                    continue;
                }
                shown = scene;
                bar.set_length(all);
                bar.set_position(scene - 1);
                bar.set_message(format!("scene {scene} of {all}"));
                if bar.is_hidden() {
                    println!("   scene {scene} of {all}");
                }
                if scene > all / 2 && !killed {
                    killed = true;
                    say(&bar, &format!("\n3. kill -9 {}, in the middle of a scene\n", worker.id()));
                    worker.kill().await?;
                    worker = Worker::start(&address, &store).await?;
                    say(&bar, &format!("   process {} goes on", worker.id()));
                }
            }
            CallEvent::Done(result) => break result.success()?,
            _ => {}
        }
    };

    println!(
        "\n5. The result of that very call: nothing is lost, and what was done is not done again\n"
    );
    for line in result.text().lines() {
        println!("   {line}");
    }
    println!("{NEXT}");
    client.close().await?;
    Ok(worker.kill().await?)
}
