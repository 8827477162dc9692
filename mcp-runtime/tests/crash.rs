//! Processes that are killed in the middle of their tasks. Each round runs this test program again as a server with a store
//! of its own, kills it, starts it anew, and looks at what is left.
//!
//! `CRASH_ROUNDS=200` for more rounds, `CRASH_SEED=n` for the moments of an earlier run.

#![cfg(feature = "sqlite")]

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use mcp_runtime::store::SqliteStore;
use mcp_runtime::task::{Access, Outcome, TaskDetail, TaskId, TaskState, TaskStore};
use mcp_runtime::{Context, Server, State, StepError, TaskSettings, mcp_tool};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};

const TASKS: usize = 50;
const STEPS: u64 = 5;
const LEASE: Duration = Duration::from_millis(500);

// ---- the process that dies

/// Where the processes of one round write.
struct Folder(PathBuf);

impl Folder {
    /// One line, whole or not at all, and kept when the process is killed.
    fn note(&self, file: &str, line: &str) {
        let open = OpenOptions::new().create(true).append(true).open(self.0.join(file));
        open.expect("a file").write_all(format!("{line}\n").as_bytes()).expect("a line");
    }

    fn lines(&self, file: &str) -> Vec<String> {
        let text = fs::read_to_string(self.0.join(file)).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_millis() as u64
}

async fn work(cx: &Context, folder: &State<Folder>, number: u64) -> Result<String, StepError> {
    let task = cx.task_id().map(ToString::to_string).unwrap_or_default();
    let mut sum = 0;
    for step in 0..STEPS {
        // Names of their own for some, numbered ones for others.
        let name = if step % 2 == 0 { "even" } else { "odd" };
        sum += cx
            .step(name, || async {
                folder.note("steps", &format!("{task} {step} {}", now()));
                tokio::time::sleep(Duration::from_millis((number * 7 + step * 13) % 40)).await;
                Ok::<_, StepError>(number * 100 + step)
            })
            .await?;
    }
    Ok(sum.to_string())
}

/// Five steps.
#[mcp_tool(task_support = "required", restart = "replay")]
async fn again(cx: &Context, folder: &State<Folder>, number: u64) -> Result<String, StepError> {
    work(cx, folder, number).await
}

/// The same, not to be gone on with.
#[mcp_tool(task_support = "required")]
async fn once(cx: &Context, folder: &State<Folder>, number: u64) -> Result<String, StepError> {
    work(cx, folder, number).await
}

fn expected(number: u64) -> String {
    (0..STEPS).map(|step| number * 100 + step).sum::<u64>().to_string()
}

/// What runs in the process that is killed: not a test of its own.
#[test]
#[ignore = "run by the other tests, as a process of its own"]
fn the_server() {
    let Ok(folder) = std::env::var("CRASH_FOLDER") else { return };
    let tool = std::env::var("CRASH_TOOL").expect("a tool");
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime").block_on(serve(PathBuf::from(folder), &tool));
}

async fn serve(folder: PathBuf, tool: &str) {
    let store = Arc::new(SqliteStore::open(folder.join("tasks.db")).expect("a store"));
    let mut settings = TaskSettings::default();
    settings.lease = LEASE;
    settings.crashes = 1_000;
    let server = Server::builder("crash", "1")
        .tool::<again>()
        .tool::<once>()
        .state(Folder(folder.clone()))
        .tasks(settings)
        .task_store(store.clone())
        .build()
        .expect("a server");
    let notes = Folder(folder);
    // Answers come in any order, and the end in between.
    let created: Vec<String> = notes.lines("created");
    let created: Vec<&str> = created.iter().filter_map(|line| line.split(' ').nth(1)).collect();
    let missing: Vec<u64> = (0..TASKS as u64)
        .filter(|number| !created.contains(&number.to_string().as_str()))
        .collect();
    let (ours, theirs) = tokio::io::duplex(1 << 16);
    let (reader, writer) = tokio::io::split(theirs);
    tokio::spawn(server.clone().serve_stream(reader, writer));
    let (reader, mut writer) = tokio::io::split(ours);
    let mut lines = BufReader::new(reader).lines();
    for number in &missing {
        let call = json!({ "jsonrpc": "2.0", "id": number, "method": "tools/call", "params": {
            "name": tool, "arguments": { "number": number }, "_meta": {
                "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                "io.modelcontextprotocol/clientCapabilities": {
                    "extensions": { "io.modelcontextprotocol/tasks": {} } },
            } } });
        writer.write_all(format!("{call}\n").as_bytes()).await.expect("a server");
    }
    for _ in &missing {
        let line = lines.next_line().await.expect("a line").expect("an answer");
        let answer: Value = serde_json::from_str(&line).expect("JSON");
        let id = answer["result"]["taskId"].as_str().unwrap_or_else(|| panic!("a task: {answer}"));
        notes.note("created", &format!("{id} {}", answer["id"]));
    }
    // Until all is done, or the end comes from outside.
    loop {
        let all = store.list(&Access::Operator, None, 10_000).await.expect("a list");
        if all.iter().all(|record| record.state.is_final()) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

// ---- the process that looks

/// A process that is killed when nobody holds it any more.
struct Victim(Child);

impl Victim {
    fn start(folder: &Path, tool: &str) -> Self {
        let child = Command::new(std::env::current_exe().expect("this program"))
            .args(["--exact", "the_server", "--ignored", "--nocapture"])
            .env("CRASH_FOLDER", folder)
            .env("CRASH_TOOL", tool)
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .spawn();
        Victim(child.expect("a process"))
    }

    fn kill(mut self) {
        self.0.kill().expect("it can be killed");
        self.0.wait().expect("it has ended");
    }

    fn signal(&self, signal: &str) {
        let id = self.0.id().to_string();
        let done = Command::new("kill").args([signal, &id]).status().expect("kill");
        assert!(done.success());
    }

    fn ends_within(&mut self, limit: Duration) {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.0.try_wait().expect("a process") {
                assert!(status.success(), "{status}");
                return;
            }
            assert!(begun.elapsed() < limit, "tasks do not end");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Seeded, so that a round can be had again.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % limit
    }
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Runs a round for each of so many seeds, and names the one that goes wrong.
fn rounds(round: impl Fn(&Path, &mut Dice)) {
    let first = number("CRASH_SEED", 1);
    for seed in first..first + number("CRASH_ROUNDS", 5) {
        let folder = tempfile::tempdir().expect("a folder");
        let failed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            round(folder.path(), &mut Dice(seed));
        }));
        if let Err(panic) = failed {
            eprintln!("CRASH_ROUNDS=1 CRASH_SEED={seed} goes wrong");
            std::panic::resume_unwind(panic);
        }
    }
}

/// What the store holds of each task that was acknowledged, by its number.
fn acknowledged(folder: &Path) -> BTreeMap<u64, TaskDetail> {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let store = SqliteStore::open(folder.join("tasks.db")).expect("a store");
        let mut found = BTreeMap::new();
        for line in Folder(folder.to_owned()).lines("created") {
            let (id, number) = line.split_once(' ').expect("an id and a number");
            let detail = store.inspect(&TaskId::from(id)).await.expect("a store");
            let detail = detail.unwrap_or_else(|| panic!("{id} was acknowledged, and is lost"));
            found.insert(number.parse().expect("a number"), detail);
        }
        found
    })
}

/// Each step has one record.
fn assert_records(details: &BTreeMap<u64, TaskDetail>) {
    for detail in details.values() {
        let mut keys: Vec<_> =
            detail.saved.records.iter().map(|record| record.key.to_string()).collect();
        keys.sort();
        assert_eq!(keys, ["even", "even#2", "even#3", "odd", "odd#2"], "{}", detail.view.record.id);
    }
}

/// No step began again whose record was kept.
fn assert_steps(folder: &Path, details: &BTreeMap<u64, TaskDetail>) {
    let mut recorded = BTreeMap::new();
    for detail in details.values() {
        let id = detail.view.record.id.to_string();
        for (step, at) in detail.times.iter().enumerate() {
            recorded.insert((id.clone(), step as u64), *at);
        }
    }
    for line in Folder(folder.to_owned()).lines("steps") {
        let parts: Vec<_> = line.split(' ').collect();
        let [id, step, at] = parts[..] else { panic!("a line of three: {line}") };
        let (step, at): (u64, u64) = (step.parse().expect("a step"), at.parse().expect("a time"));
        if let Some(kept) = recorded.get(&(id.to_owned(), step)) {
            assert!(at <= *kept, "step {step} of {id} began at {at} again, and was kept at {kept}");
        }
    }
}

fn result(detail: &TaskDetail) -> String {
    match &detail.view.outcome {
        Some(Outcome::Returned { body, .. }) => {
            let body: Value = serde_json::from_str(body.as_str()).expect("JSON");
            body["content"][0]["text"].as_str().unwrap_or_default().to_owned()
        }
        other => format!("{other:?}"),
    }
}

/// D23, D24: killed at any moment, any number of times, nothing that was acknowledged is lost, every task ends with what it
/// would have ended with, and no step that was kept is done again.
#[test]
fn tasks_that_may_go_on_end_as_if_nothing_had_happened() {
    rounds(|folder, dice| {
        for _ in 0..=dice.below(3) {
            let victim = Victim::start(folder, "again");
            std::thread::sleep(Duration::from_millis(20 + dice.below(400)));
            victim.kill();
        }
        Victim::start(folder, "again").ends_within(Duration::from_secs(60));
        let details = acknowledged(folder);
        assert_eq!(details.len(), TASKS);
        for (number, detail) in &details {
            assert_eq!(detail.view.record.state, TaskState::Returned, "{}", result(detail));
            assert_eq!(result(detail), expected(*number));
        }
        assert_records(&details);
        assert_steps(folder, &details);
    });
}

/// D24: what may not go on says that it was interrupted, within a lease.
#[test]
fn tasks_that_may_not_go_on_say_so_within_a_lease() {
    rounds(|folder, dice| {
        let victim = Victim::start(folder, "once");
        std::thread::sleep(Duration::from_millis(60 + dice.below(200)));
        victim.kill();
        let killed = Instant::now();
        let interrupted: Vec<u64> = acknowledged(folder)
            .into_iter()
            .filter(|(_, detail)| !detail.view.record.state.is_final())
            .map(|(number, _)| number)
            .collect();
        let mut heir = Victim::start(folder, "once");
        // The lease, the beat at which it is noticed, and what it takes to start a process and to look.
        let limit = LEASE + LEASE / 3 + Duration::from_secs(3);
        loop {
            let now = acknowledged(folder);
            let mut left =
                interrupted.iter().filter(|number| !now[*number].view.record.state.is_final());
            if left.next().is_none() {
                break;
            }
            assert!(killed.elapsed() < limit, "still not said after {:?}", killed.elapsed());
            std::thread::sleep(Duration::from_millis(20));
        }
        heir.ends_within(Duration::from_secs(60));
        for (number, detail) in acknowledged(folder) {
            match detail.view.record.state {
                TaskState::Returned => assert_eq!(result(&detail), expected(number)),
                TaskState::Failed => {
                    assert!(interrupted.contains(&number), "{number} was not interrupted");
                    assert!(result(&detail).contains("interrupted"), "{}", result(&detail));
                }
                other => panic!("task {number} is {other}"),
            }
        }
    });
}

/// A worker that sleeps through its lease finds its tasks taken when it wakes up, and changes nothing.
#[cfg(unix)]
#[test]
fn a_worker_that_was_paused_beyond_its_lease_changes_nothing() {
    rounds(|folder, dice| {
        let mut paused = Victim::start(folder, "again");
        std::thread::sleep(Duration::from_millis(60 + dice.below(150)));
        paused.signal("-STOP");
        let heir_folder = folder.to_owned();
        // A transaction of the paused process may hold the file's lock: then everybody waits for it, and nothing is wrong.
        let mut heir = Victim::start(&heir_folder, "again");
        std::thread::sleep(LEASE * 2 + Duration::from_millis(dice.below(300)));
        paused.signal("-CONT");
        heir.ends_within(Duration::from_secs(60));
        paused.ends_within(Duration::from_secs(60));
        let details = acknowledged(folder);
        for detail in details.values() {
            assert_eq!(detail.view.record.state, TaskState::Returned, "{}", result(detail));
        }
        // A process that does not know how long it slept may begin one step more. What it learns is refused.
        assert_records(&details);
    });
}
