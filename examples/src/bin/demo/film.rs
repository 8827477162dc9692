//! The server: two functions, and a file for their tasks.

use std::error::Error;
use std::time::Duration;

use mcp_runtime::store::SqliteStore;
use mcp_runtime::{Console, Context, InputError, Json, StepError, TaskSettings, mcp_tool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

const SCENES: u32 = 8;
const A_SCENE: Duration = Duration::from_millis(500);

#[derive(Serialize, JsonSchema)]
struct Estimate {
    scenes: u32,
    /// In seconds.
    time: f64,
}

/// Tells how long a film takes.
#[mcp_tool(read_only)]
async fn estimate() -> Json<Estimate> {
    Json(Estimate { scenes: SCENES, time: f64::from(SCENES) * A_SCENE.as_secs_f64() })
}

#[derive(Deserialize, JsonSchema)]
struct Approval {
    /// May everybody see it?
    approved: bool,
}

#[derive(Debug, thiserror::Error)]
enum FilmError {
    #[error(transparent)]
    Input(#[from] InputError),
    #[error(transparent)]
    Step(#[from] StepError),
}

/// Renders a film scene by scene, asks whether it may be seen, and publishes it.
#[mcp_tool(task_support = "optional", restart = "replay", timeout = "10m")]
async fn film(cx: &Context, title: String) -> Result<String, FilmError> {
    let mut done = Vec::new();
    for scene in 1..=SCENES {
        let what = format!("scene {scene} of {SCENES}");
        cx.progress(scene.into()).total(SCENES.into()).message(&what).await;
        done.push(cx.step(("render", scene), || work(what)).await?);
    }
    let question = format!("{title} is ready. Publish it?");
    let Approval { approved } = cx.elicit("approval", question).await?.accepted()?;
    if approved {
        done.push(cx.step("publish", || work("published".to_owned())).await?);
    }
    Ok(done.join("\n"))
}

async fn work(what: String) -> Result<String, StepError> {
    tokio::time::sleep(A_SCENE).await;
    Ok(format!("{what:<13} by process {}", std::process::id()))
}

/// Serves both until Ctrl-C, with a console to look at them.
pub async fn serve(address: &str, store: &str) -> Result<(), Box<dyn Error>> {
    let mut settings = TaskSettings::default();
    // Short, so that the demonstration is: how soon the tasks of a dead process are found, and how often clients may ask.
    settings.lease = Duration::from_secs(1);
    settings.poll_interval = Duration::from_millis(200);
    let server = mcp_runtime::server!()
        .tool::<estimate>()
        .tool::<film>()
        .tasks(settings)
        .task_store(SqliteStore::open(store)?)
        .console(Console::new())
        .build()?;
    let http = server.bind_http(address).await?;
    eprintln!("listening on http://{}/mcp", http.local_addr());
    Ok(http.serve().await?)
}
