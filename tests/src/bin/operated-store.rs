//! `operated-store FILE`: makes the store that docs/operating.md looks at, for `tests/commands/run`.

use std::error::Error;
use std::path::Path;
use std::time::Duration;

use mcp_runtime::Restart;
use mcp_runtime::store::SqliteStore;
use mcp_runtime::task::{
    Admission, CallId, Claim, Clock, Commit, Json, Key, Learned, NewTask, NodeId, Note, Outcome,
    Owner, Question, Record, Release, Saved, TaskStore as _,
};
use serde_json::json;

type Result<T = ()> = std::result::Result<T, Box<dyn Error>>;

const NODE: NodeId = NodeId([7; 16]);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// A store whose time goes on as it is told, up to now.
struct Past {
    store: SqliteStore,
    clock: Clock,
    now: u64,
}

impl Past {
    async fn open(path: &Path, ago: Duration) -> Result<Self> {
        let now = Clock::System.now();
        let clock = Clock::simulated(now - millis(ago)?);
        let store = SqliteStore::options().clock(clock.clone()).open(path)?;
        store.join(NODE, DAY).await?;
        Ok(Self { store, clock, now })
    }

    /// Goes on to a time before now.
    fn at(&self, ago: Duration) -> Result {
        let time = self.now - millis(ago)? - self.clock.now();
        self.clock.advance(Duration::from_millis(time));
        Ok(())
    }

    async fn create(&self, id: &str, tool: &str, arguments: serde_json::Value) -> Result<Claim> {
        let call = json!({
            "revision": "2025-11-25", "id": 1, "client": { "info": { "name": "claude-ai", "version": "1" } },
            "params": { "name": tool, "arguments": arguments },
        });
        let saved = Saved::new(CallId([1; 16]), "2");
        let mut task = NewTask::new(id.into(), Owner::from_text("grace"), tool, raw(&call)?, saved);
        task.ttl = Some(2 * DAY);
        task.restart = Restart::Replay;
        task.claim = Some(NODE);
        let created = self.store.create(task, Admission::UNBOUNDED).await?;
        created.claim.ok_or_else(|| "it was to be claimed".into())
    }

    async fn note(
        &self,
        claim: &Claim,
        message: &str,
        progress: Option<(f64, Option<f64>)>,
    ) -> Result {
        Ok(self.store.note(claim, Note { message: Some(message.to_owned()), progress }).await?)
    }
}

fn millis(time: Duration) -> Result<u64> {
    Ok(u64::try_from(time.as_millis())?)
}

fn raw(value: &serde_json::Value) -> Result<Json> {
    Ok(serde_json::from_str(&value.to_string())?)
}

fn minutes(minutes: u64, seconds: u64) -> Duration {
    Duration::from_secs(60 * minutes + seconds)
}

#[tokio::main]
async fn main() -> Result {
    let path = std::env::args().nth(1).ok_or("say which file to make")?;
    let past = Past::open(Path::new(&path), 3 * HOUR).await?;

    let render = json!({ "scene": "sea" });
    let claim = past.create("xoUqIml9Pjz0pSb2Yd7ocKJm_Yk41sWe", "render", render.clone()).await?;
    let text = json!({ "content": [{ "type": "text", "text": "sea.mp4" }] });
    past.store.finish(&claim, Outcome::Returned { is_error: false, body: raw(&text)? }).await?;

    past.at(minutes(119, 0))?;
    let claim = past
        .create("A_HgIO2qcAMHg3gTlm61dxoGNKXDbWiZ", "order", json!({ "item": "tea", "price": 3 }))
        .await?;
    past.at(minutes(119, 0) - Duration::from_millis(1_300))?;
    let until = past.clock.now() + millis(DAY)?;
    let question =
        json!({ "method": "elicitation/create", "params": { "message": "Buy tea for 3 EUR?" } });
    let mut commit = Commit::default();
    let learned = Learned::Value(raw(&json!({ "price": 3, "currency": "EUR" }))?);
    commit.records = vec![Record { key: Key::from("quote"), learned }];
    commit.put = vec![(Key::from("approve"), Question::new(question.to_string()))];
    commit.set = vec![(Key::from("approve"), until)];
    past.store.commit(&claim, commit).await?;
    past.store.release(&claim, Release::Park { until: Some(until) }).await?;

    past.at(minutes(53, 15))?;
    let claim = past.create("eDBk1WUh_UEdZx0gPz6m2kqT8vRbNc5a", "render", render.clone()).await?;
    let error = json!({ "code": -32603, "message": "the tool took longer than 30m" });
    past.store.finish(&claim, Outcome::Failed(raw(&error)?)).await?;

    past.at(minutes(36, 34))?;
    let claim = past.create("CLKPmwx8Mp9aWq3sLt5yHn7bVd1eXf0u", "render", render).await?;
    past.note(&claim, "frame 412 of 900", Some((412.0, Some(900.0)))).await?;

    past.at(minutes(0, 30))?;
    let claim = past.create("_qeKvJmqaGKWInAJuWdnk_ycai1U-ebd", "index", json!({})).await?;
    past.note(&claim, "reading", None).await?;
    past.at(Duration::ZERO)
}
