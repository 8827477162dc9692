//! A store with tasks in every state, and the command on it.

use std::error::Error;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use mcp_runtime::Restart;
use mcp_runtime::store::SqliteStore;
use mcp_runtime::task::{
    Access, Admission, CallId, Claim, Clock, Commit, Json, Key, Learned, NewTask, NodeId, Note,
    Outcome, Owner, Question, Record, Release, Saved, TaskId, TaskState, TaskStore as _,
};
use serde_json::{Value, json};
use tempfile::TempDir;

pub type Tested = Result<(), Box<dyn Error>>;
pub type Fallible<T> = Result<T, Box<dyn Error>>;

pub const DAY: u64 = 24 * 60 * 60 * 1000;

pub const NODE: NodeId = NodeId([7; 16]);

/// Ids, oldest first, and the states of the tasks that have them.
pub const TASKS: [(&str, TaskState); 7] = [
    ("returned-0001", TaskState::Returned),
    ("trouble-0002", TaskState::ReturnedError),
    ("failed-0003", TaskState::Failed),
    ("cancelled-0004", TaskState::Cancelled),
    ("working-0005", TaskState::Working),
    ("asking-0006", TaskState::InputRequired),
    ("working-0007", TaskState::Working),
];

/// A server's store and its file.
pub struct Shop {
    _folder: TempDir,
    pub path: PathBuf,
    pub store: SqliteStore,
    pub clock: Clock,
}

impl Shop {
    /// With nothing in it. Its clock stands where the system's does.
    pub async fn empty() -> Fallible<Self> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("tasks.db");
        let clock = Clock::simulated(Clock::System.now() - 10 * DAY);
        let store = SqliteStore::options().clock(clock.clone()).open(&path)?;
        store.join(NODE, Duration::from_secs(100 * 24 * 3600)).await?;
        Ok(Self { _folder: folder, path, store, clock })
    }

    /// With a task in every state: the first ended ten days ago, the others were created a second after each other, just now.
    pub async fn full() -> Fallible<Self> {
        let shop = Self::empty().await?;
        for (number, (id, state)) in TASKS.into_iter().enumerate() {
            let claim = shop.create(id, if number % 2 == 0 { "render" } else { "order" }).await?;
            shop.bring_to(&claim, state).await?;
            let step = if number == 0 { 10 * DAY - 60_000 } else { 1_000 };
            shop.clock.advance(Duration::from_millis(step));
        }
        let note = Note {
            message: Some("frame 3\u{1b}[2J of 10".to_owned()),
            progress: Some((3.0, Some(10.0))),
        };
        let claim = Claim { task: TaskId::from("working-0005"), node: NODE, epoch: 1 };
        shop.store.note(&claim, note).await?;
        Ok(shop)
    }

    pub async fn create(&self, id: &str, tool: &str) -> Fallible<Claim> {
        // As a client over HTTP may send it.
        let call = raw(
            "{\"revision\":\"2025-11-25\",\"id\":1,\n\"params\":{\"arguments\":{\"scene\":\"sea\"}}}",
        )?;
        let saved = Saved::new(CallId([1; 16]), "2");
        let mut task = NewTask::new(id.into(), Owner::from_text("ada"), tool, call, saved);
        task.ttl = Some(Duration::from_secs(30 * 24 * 3600));
        task.restart = Restart::Replay;
        task.claim = Some(NODE);
        let created = self.store.create(task, Admission::UNBOUNDED).await?;
        created.claim.ok_or_else(|| "born claimed".into())
    }

    pub async fn bring_to(&self, claim: &Claim, state: TaskState) -> Tested {
        let learned = Learned::Value(raw("{\"order\":42}")?);
        let mut commit = Commit::default();
        commit.records = vec![Record { key: Key::from("place"), learned }];
        commit.set = vec![(Key::from("rendering"), self.clock.now() + DAY)];
        if state == TaskState::InputRequired {
            let body = r#"{"method":"elicitation/create","params":{"message":"Pay 3 EUR?"}}"#;
            commit.put = vec![(Key::from("pay"), Question::new(body))];
        }
        self.store.commit(claim, commit).await?;
        let text = json!({ "content": [{ "type": "text", "text": "no such scene" }] }).to_string();
        let outcome = match state {
            TaskState::Working => return Ok(()),
            TaskState::InputRequired => {
                return Ok(self.store.release(claim, Release::Park { until: None }).await?);
            }
            TaskState::Returned => Outcome::Returned { is_error: false, body: raw(&text)? },
            TaskState::ReturnedError => Outcome::Returned { is_error: true, body: raw(&text)? },
            TaskState::Failed => Outcome::Failed(raw(r#"{"code":-32603,"message":"it broke"}"#)?),
            TaskState::Cancelled => {
                self.store.cancel(&Access::Operator, &claim.task).await?;
                Outcome::Returned { is_error: false, body: raw(&text)? }
            }
        };
        assert_eq!(self.store.finish(claim, outcome).await?, state);
        Ok(())
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = bare(arguments);
        command.env("MCP_TASKS_STORE", format!("sqlite:{}", self.path.display()));
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Fallible<Said> {
        Said::of(self.command(arguments).output()?)
    }

    /// Runs what must succeed in silence, and gives what it wrote.
    pub fn succeed(&self, arguments: &[&str]) -> Fallible<String> {
        let said = self.run(arguments)?;
        assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{arguments:?}");
        Ok(said.out)
    }

    /// Runs what must fail with this code, and gives why.
    pub fn fail(&self, code: i32, arguments: &[&str]) -> Fallible<String> {
        let said = self.run(arguments)?;
        assert_eq!((said.code, said.out.as_str()), (Some(code), ""), "{arguments:?}: {}", said.err);
        assert!(said.err.starts_with("error: "), "{}", said.err);
        Ok(said.err)
    }

    pub async fn state(&self, id: &str) -> Fallible<Option<TaskState>> {
        let view = self.store.get(&Access::Operator, &id.into()).await?;
        Ok(view.map(|view| view.record.state))
    }
}

/// What a command said.
pub struct Said {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Said {
    pub fn of(output: Output) -> Fallible<Self> {
        let Output { status, stdout, stderr } = output;
        let (out, err) = (String::from_utf8(stdout)?, String::from_utf8(stderr)?);
        Ok(Self { code: status.code(), out, err })
    }
}

pub fn bare(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mcp-tasks"));
    command.args(arguments).env_remove("MCP_TASKS_STORE").stdin(Stdio::null());
    command
}

fn raw(text: &str) -> Fallible<Json> {
    Ok(serde_json::from_str(text)?)
}

pub fn objects(text: &str) -> Fallible<Vec<Value>> {
    text.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
}

pub fn ids(text: &str) -> Fallible<Vec<String>> {
    let id = |object: &Value| object["id"].as_str().unwrap_or_default().to_owned();
    Ok(objects(text)?.iter().map(id).collect())
}
