//! A process that is killed between any two writes: what it was acknowledged is there, and nothing is half done.
//!
//! | variable | |
//! | --- | --- |
//! | `CRASH_ROUNDS` | how often: 10 |
//! | `CRASH_SEED` | begins with this round: 1 |
//!
//! It proves nothing about machines that lose their power: the writes of a killed process stay with the system.

use std::collections::HashMap;
use std::env;
use std::io::{BufRead, BufReader, Write as _};
use std::process::{Command, Stdio};

use mcp_runtime::task::{
    Answer, Commit, Inbox, Key, Question, Record, Release, TaskDetail, TaskRecord, TaskState,
};
use rusqlite::Connection;

use super::*;

const FILE: &str = "CRASH_FILE";
const ROUND: &str = "CRASH_ROUND";

/// Numbers that look random, the same for the same seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

#[test]
fn a_process_that_is_killed_loses_nothing_that_was_acknowledged() {
    let number = |name, default| env::var(name).map_or(default, |text| text.parse().unwrap());
    let first = number("CRASH_SEED", 1);
    let place = Place::new();
    let mut known = HashMap::new();
    for round in first..first + number("CRASH_ROUNDS", 10) {
        let acknowledged = run_and_kill(&place, round);
        for line in &acknowledged {
            let (id, rest) = line.split_once(' ').unwrap();
            let (what, count) = rest.split_once(' ').unwrap();
            let known: &mut Known = known.entry(id.to_owned()).or_default();
            match what {
                "commits" => known.commits = count.parse().unwrap(),
                "answered" => known.answered = Some(count.parse().unwrap()),
                state => known.end = Some(state.to_owned()),
            }
        }
        println!("round {round}: killed after {} operations", acknowledged.len());
        // Opening counts afresh: only before that do the counts show what was written.
        if round % 2 == 0 {
            check_rows(&place);
        }
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(check(&place, &known));
        check_rows(&place);
    }
}

/// What the child was told has been done.
#[derive(Debug, Default)]
struct Known {
    commits: usize,
    /// The last question.
    answered: Option<usize>,
    end: Option<String>,
}

fn run_and_kill(place: &Place, round: u64) -> Vec<String> {
    let mut dice = Dice(round);
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--exact", "crash::child", "--ignored", "--nocapture"])
        .env(FILE, place.path())
        .env(ROUND, round.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let mut acknowledged = lines.filter_map(|line| Some(line.strip_prefix("ack ")?.to_owned()));
    let alive = usize::try_from(dice.roll(600)).unwrap();
    let mut heard: Vec<_> = acknowledged.by_ref().take(alive).collect();
    std::thread::sleep(Duration::from_micros(dice.roll(3_000)));
    child.kill().unwrap();
    heard.extend(acknowledged);
    assert!(!child.wait().unwrap().success(), "it ended by itself");
    heard
}

async fn check(place: &Place, known: &HashMap<String, Known>) {
    let store = place.open();
    let mut found = 0;
    let mut after = None;
    loop {
        let page = store.list(&Access::Operator, after, 100).await.unwrap();
        after = page.last().map(TaskRecord::position);
        if page.is_empty() {
            break;
        }
        for record in page {
            let detail = store.inspect(&record.id).await.unwrap().unwrap();
            found += usize::from(known.contains_key(record.id.as_str()));
            check_task(&detail, known.get(record.id.as_str()));
        }
    }
    assert_eq!(found, known.len(), "a task is lost");
}

fn check_task(detail: &TaskDetail, known: Option<&Known>) {
    let record = &detail.view.record;
    // Each commit has two records and the progress.
    let commits = detail.saved.records.len() / 2;
    let keys: Vec<_> = detail.saved.records.iter().map(|record| record.key.to_string()).collect();
    let whole: Vec<_> = (0..commits).flat_map(|at| [format!("a{at}"), format!("b{at}")]).collect();
    assert_eq!(keys, whole, "{detail:?}");
    assert_eq!(detail.saved.progress.unwrap_or(0.0), commits as f64, "{detail:?}");
    let has_outcome = record.state == TaskState::Returned;
    assert_eq!(detail.view.outcome.is_some(), has_outcome, "{detail:?}");
    if let Some(known) = known {
        assert!(commits >= known.commits, "{known:?} {detail:?}");
        if let Some(end) = &known.end {
            assert_eq!(record.state.as_str(), end, "{known:?} {detail:?}");
        }
        if let Some(answered) = known.answered {
            let open = |(key, _): &(Key, _)| *key == *format!("a{answered}");
            assert!(!detail.view.questions.iter().any(open), "{known:?} {detail:?}");
        }
    }
}

/// What must be so between all tables, whatever was killed when.
fn check_rows(place: &Place) {
    let sql = Connection::open(place.path()).unwrap();
    let number = |query: &str| sql.query_row(query, [], |row| row.get::<_, i64>(0)).unwrap();
    let whole: String = sql.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(whole, "ok");
    let broken = [
        "SELECT count(*) FROM task LEFT JOIN claim ON task = number WHERE ended_at IS NULL AND task IS NULL",
        "SELECT count(*) FROM task JOIN claim ON task = number WHERE ended_at IS NOT NULL AND (node IS NULL OR state <> 'cancelled')",
        "SELECT count(*) FROM task LEFT JOIN result ON task = number WHERE (task IS NULL) = (state = 'returned')",
        "SELECT count(*) FROM task LEFT JOIN call ON task = number WHERE task IS NULL",
        "SELECT count(*) FROM task JOIN question ON task = number WHERE ended_at IS NOT NULL AND body IS NOT NULL",
        "SELECT count(*) FROM task JOIN timer ON task = number WHERE ended_at IS NOT NULL",
        "SELECT count(*) FROM task WHERE (state = 'input_required') <> EXISTS
             (SELECT 1 FROM question WHERE task = number AND body IS NOT NULL AND answered_at IS NULL)",
        // Parked for ever, with an answer that nobody has taken in.
        "SELECT count(*) FROM claim WHERE node IS NULL AND due_at IS NULL AND called = 1",
        "SELECT abs(live - (SELECT count(*) FROM task WHERE ended_at IS NULL)) FROM total",
        "SELECT abs(kept - (SELECT count(*) FROM task)) FROM total",
    ];
    for query in broken {
        assert_eq!(number(query), 0, "{query}");
    }
}

/// Not a test: the process that is killed.
#[test]
#[ignore = "it is run, and killed, by the test above"]
fn child() {
    let Ok(path) = env::var(FILE) else { return };
    let round: u64 = env::var(ROUND).unwrap().parse().unwrap();
    let store = std::sync::Arc::new(SqliteStore::open(path).unwrap());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    runtime.block_on(async {
        let mut random = [round as u8; 16];
        random[1] = (round >> 8) as u8;
        let node = NodeId(random);
        store.join(node, Duration::from_secs(600)).await.unwrap();
        let workers = (0..12).map(|worker| {
            let store = store.clone();
            let dice = Dice(round * 100 + worker);
            tokio::spawn(
                async move { live(&store, node, dice, &format!("r{round}-w{worker}")).await },
            )
        });
        for worker in workers.collect::<Vec<_>>() {
            worker.await.unwrap();
        }
    });
}

fn acknowledge(id: &str, what: &str, count: usize) {
    let line = format!("ack {id} {what} {count}\n");
    // The parent is gone: nobody is interested any more.
    if std::io::stdout().lock().write_all(line.as_bytes()).is_err() {
        std::process::exit(1);
    }
}

/// Task after task, until the end comes.
async fn live(store: &SqliteStore, node: NodeId, mut dice: Dice, name: &str) {
    for number in 0.. {
        let id = format!("{name}-{number}");
        let tool = format!("tool-{name}");
        let mut new = task(&id);
        new.tool = tool.clone();
        new.restart = mcp_runtime::Restart::Replay;
        new.claim = Some(node);
        let mut claim = create(store, new).await.unwrap().claim.unwrap();
        acknowledge(&id, "commits", 0);
        let mut commits = 0;
        for _ in 0..dice.roll(6) {
            match dice.roll(4) {
                0 => claim = park_and_answer(store, node, &claim, &tool, &mut commits).await,
                _ => {
                    store.commit(&claim, commit(commits)).await.unwrap();
                    commits += 1;
                }
            }
            acknowledge(&id, "commits", commits);
        }
        if dice.roll(4) == 0 {
            let id = TaskId::from(id.as_str());
            store.cancel(&Access::Operator, &id).await.unwrap();
            acknowledge(id.as_str(), "cancelled", 0);
        }
        let state = store.finish(&claim, done()).await.unwrap();
        acknowledge(&id, state.as_str(), 0);
    }
}

fn commit(number: usize) -> Commit {
    let record = |text: String| serde_json::from_str::<Record>(&text).unwrap();
    let mut commit = Commit::default();
    commit.records = vec![
        record(format!(r#"["a{number}","v",{number}]"#)),
        record(format!(r#"["b{number}","f",null]"#)),
    ];
    commit.progress = Some(number as f64 + 1.0);
    commit
}

/// A question as the journal has it: put, answered while the task is parked, taken in, recorded.
async fn park_and_answer(
    store: &SqliteStore,
    node: NodeId,
    claim: &Claim,
    tool: &str,
    commits: &mut usize,
) -> Claim {
    let key = format!("a{commits}");
    let mut ask = Commit::default();
    ask.put = vec![(key.as_str().into(), Question::new(r#"{"q":1}"#))];
    ask.set = vec![(key.as_str().into(), u64::MAX)];
    ask.progress = (*commits > 0).then_some(*commits as f64);
    store.commit(claim, ask).await.unwrap();
    store.release(claim, Release::Park { until: None }).await.unwrap();
    let answers = vec![(key.as_str().into(), Answer::Given(json("true")))];
    store.answer(&Access::Operator, &claim.task, answers).await.unwrap();
    acknowledge(claim.task.as_str(), "answered", *commits);
    let mut claims = store.claim(node, vec![tool.to_owned()], 1).await.unwrap().claimed;
    let claim = claims.pop().unwrap().claim;
    let Inbox { answers, .. } = store.take_in(&claim).await.unwrap();
    assert_eq!(answers.len(), 1);
    store.commit(&claim, commit(*commits)).await.unwrap();
    *commits += 1;
    claim
}
