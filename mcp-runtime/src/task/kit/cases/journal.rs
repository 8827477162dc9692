//! The journal: what is committed is what the next attempt gets.

use serde_json::json;

use super::super::scene::{Scene, asked, json, keys, put, question, record, records, sorted, task};
use super::{Bench, Broken, same};
use crate::task::{CallId, Commit, Learned, NewTask, Release, Saved, Standing, TaskState};

/// To the letter, whatever is in it.
pub async fn commits_are_read_back(bench: &dyn Bench) -> Result<(), Broken> {
    let scene = Scene::open(bench).await?;
    let mut saved = Saved::new(CallId([0xfe; 16]), "2026.1 \u{1f680}");
    saved.progress = Some(f64::MIN_POSITIVE);
    let claim = scene.working(NewTask { saved: saved.clone(), ..task() }).await?;
    let spelt = |text: &str| serde_json::from_str(text).map(Learned::Value).map_err(Broken::new);
    let long = "größer\n".repeat(20_000);
    let lines = vec![
        record("step", Learned::Value(json(json!({"b": [1, 2.5, null], "a": "\u{0}\"\\"})))),
        record("spelling", spelt("{ \"x\" : 1.0e0,\t\"x\":1.00,\"y\":\"\\u00e9\" }")?),
        record("number", spelt("123456789012345678901234567890.10")?),
        record("name#2", Learned::Error("no: '\"\\ \u{0} \u{1f980}".into())),
        record("name##3", Learned::Error("".into())),
        record("q", Learned::Answer(json(json!({"action": "accept"})))),
        record("größe/日本 ' \" %_", Learned::Fired),
        record("", Learned::Cancelled),
        record("long", Learned::Value(json(&long))),
    ];
    let commit = Commit {
        put: vec![("q".into(), question("q")), ("open#2".into(), question("open#2"))],
        set: vec![("t".into(), 1 << 52), ("open#2".into(), 0)],
        records: lines.clone(),
        progress: Some(0.1 + 0.2),
        ..Commit::default()
    };
    scene.commit(&claim, commit).await?;
    saved.records = lines;
    saved.asked = vec![asked("q", Standing::Settled), asked("open#2", Standing::Open)];
    saved.timers = vec![("open#2".into(), 0), ("t".into(), 1 << 52)];
    saved.progress = Some(0.1 + 0.2);
    let detail = scene.detail(&claim.task).await?;
    same(sorted(detail.saved), saved.clone(), "operators see it")?;
    same(detail.times.len(), saved.records.len(), "and when")?;
    scene.store.release(&claim, Release::HandBack).await?;
    same(sorted(scene.claim().await?.saved), saved, "and the next attempt gets it")
}

pub async fn commits_keep_their_order(bench: &dyn Bench) -> Result<(), Broken> {
    let scene = Scene::open(bench).await?;
    let claim = scene.working(task()).await?;
    let begin = bench.now();
    for round in ["z", "y", "x#2", "x#10", "x#1"] {
        scene.commit(&claim, records(&[round, &format!("{round}/a")])).await?;
        scene.pass(1).await;
    }
    let detail = scene.detail(&claim.task).await?;
    let found: Vec<&str> = detail.saved.records.iter().map(|record| &*record.key).collect();
    let expected = vec!["z", "z/a", "y", "y/a", "x#2", "x#2/a", "x#10", "x#10/a", "x#1", "x#1/a"];
    same(found, expected, "I2: journal order is the order of the commits")?;
    super::ensure(detail.times.is_sorted() && detail.times[0] >= begin, "so are their times")
}

/// Whoever could not be told whether a commit was made asks for it again.
pub async fn repeated_commits_do_nothing(bench: &dyn Bench) -> Result<(), Broken> {
    let scene = Scene::open(bench).await?;
    let claim = scene.working(task()).await?;
    let first = Commit { set: vec![("t".into(), 7)], ..put(&["q", "r"]) };
    let second = Commit {
        put: vec![("p".into(), question("p"))],
        set: vec![("u".into(), 9)],
        unset: vec!["t".into()],
        withdrawn: vec!["r".into()],
        records: vec![
            record("a", Learned::Value(json(1))),
            record("q", Learned::Answer(json("q"))),
            record("u", Learned::Fired),
        ],
        ..Commit::default()
    };
    let third = records(&["b"]);
    for commit in [first, second, third] {
        scene.commit(&claim, commit.clone()).await?;
        let before = scene.detail(&claim.task).await?;
        scene.pass(1).await;
        scene.commit(&claim, commit).await?;
        let after = scene.detail(&claim.task).await?;
        same(sorted(after.saved), sorted(before.saved), "the journal is as it was")?;
        same(after.times, before.times, "and as old")?;
        same(after.view.questions, before.view.questions, "nothing else is asked")?;
        same(after.view.record.state, before.view.record.state, "or waited for")?;
    }
    // An answer that came in between stays.
    let asks = put(&["late"]);
    scene.commit(&claim, asks.clone()).await?;
    scene.answer(&claim.task, &["late"]).await?;
    scene.commit(&claim, asks).await?;
    let inbox = scene.store.take_in(&claim).await?;
    same(inbox.answers.len(), 1, "the answer is there")?;
    // The same value under another key is another record.
    scene.commit(&claim, records(&["c"])).await?;
    let again =
        Commit { records: vec![record("c#2", Learned::Value(json("c")))], ..Commit::default() };
    scene.commit(&claim, again).await?;
    same(scene.detail(&claim.task).await?.saved.records.len(), 6, "and is kept")
}

pub async fn records_close_questions_and_timers(bench: &dyn Bench) -> Result<(), Broken> {
    let scene = Scene::open(bench).await?;
    let claim = scene.working(task()).await?;
    let set = |keys: &[&str]| keys.iter().map(|key| ((*key).into(), 7)).collect();
    let commit = Commit { set: set(&["a", "b", "t", "u"]), ..put(&["a", "b", "c", "d"]) };
    scene.commit(&claim, commit).await?;
    scene.answer(&claim.task, &["a", "d"]).await?;
    let commit = Commit {
        withdrawn: vec!["c".into(), "d".into()],
        unset: vec!["u".into()],
        records: vec![
            record("a", Learned::Answer(json("a"))),
            record("b", Learned::Fired),
            record("t", Learned::Fired),
        ],
        ..Commit::default()
    };
    scene.commit(&claim, commit).await?;
    let detail = scene.detail(&claim.task).await?;
    same(detail.saved.timers, vec![], "their timers run no more")?;
    let (settled, withdrawn) = (Standing::Settled, Standing::Withdrawn);
    let expected = vec![
        asked("a", settled),
        asked("b", settled),
        asked("c", withdrawn),
        asked("d", withdrawn),
    ];
    same(detail.saved.asked, expected, "I11: what was asked is kept")?;
    same(detail.view.questions, vec![], "nobody asks any more")?;
    same(detail.view.record.state, TaskState::Working, "L41")?;
    let inbox = scene.store.take_in(&claim).await?;
    same(inbox.answers.len(), 0, "nobody waits for the answers")?;
    // A withdrawn question may be put again, a timer be set again.
    let again = Commit { set: set(&["t"]), ..put(&["c"]) };
    scene.commit(&claim, again).await?;
    let moved = Commit { set: vec![("t".into(), 8)], ..Commit::default() };
    scene.commit(&claim, moved).await?;
    let detail = scene.detail(&claim.task).await?;
    same(detail.saved.timers, vec![("t".into(), 8)], "a timer has one time")?;
    let asked: Vec<_> = detail.saved.asked.iter().map(|asked| &*asked.key).collect();
    same(asked, vec!["a", "b", "c", "d"], "a question keeps its place")?;
    same(detail.saved.asked[2].standing, Standing::Open, "and is open again")?;
    same(keys(&detail.view), vec!["c"], "for clients, too")
}

pub async fn abandoned_records_go(bench: &dyn Bench) -> Result<(), Broken> {
    let scene = Scene::open(bench).await?;
    let claim = scene.working(task()).await?;
    for key in ["a", "b", "c", "d"] {
        scene.commit(&claim, records(&[key])).await?;
        scene.pass(1).await;
    }
    let times = scene.detail(&claim.task).await?.times;
    let commit = Commit {
        abandoned: vec!["b".into(), "d".into(), "unknown".into()],
        version: Some("2".into()),
        ..records(&["b"])
    };
    scene.commit(&claim, commit).await?;
    let detail = scene.detail(&claim.task).await?;
    let found: Vec<_> = detail.saved.records.iter().map(|record| &*record.key).collect();
    same(found, vec!["a", "c", "b"], "what comes in their place comes last")?;
    same(&detail.saved.version, &"2".to_owned(), "from the version that goes on")?;
    same(&detail.times[..2], &[times[0], times[2]][..], "the others keep their times")
}

/// I14: a call that was inline until now moves with all that it has.
pub async fn promoted_calls_are_kept(bench: &dyn Bench) -> Result<(), Broken> {
    let scene = Scene::open(bench).await?;
    let mut new = task();
    let saved = &mut new.saved;
    saved.records =
        vec![record("s", Learned::Value(json(1))), record("gone", Learned::Answer(json("yes")))];
    saved.asked = vec![
        asked("gone", Standing::Settled),
        asked("z", Standing::Open),
        asked("a", Standing::Open),
        asked("w", Standing::Withdrawn),
    ];
    saved.timers = vec![("a".into(), 99)];
    saved.progress = Some(3.0);
    saved.held = vec![("z".into(), json("early")), ("w".into(), json("to nobody"))];
    new.questions = vec![("z".into(), question("z")), ("a".into(), question("a"))];
    let mut expected = new.saved.clone();
    expected.held.clear();
    let claim = scene.working(new).await?;
    let detail = scene.detail(&claim.task).await?;
    same(detail.saved, expected, "its journal; answers are in the inbox from now on")?;
    same(detail.times.len(), 2, "each record has a time")?;
    same(keys(&detail.view), vec!["a"], "one question has its answer already")?;
    same(detail.view.record.state, TaskState::InputRequired, "the other has not")?;
    let called = scene.store.beat(scene.node, scene.units(100)).await?;
    same(called, vec![claim.clone()], "its worker is called")?;
    let inbox = scene.store.take_in(&claim).await?;
    same(inbox.answers.len(), 1, "to one answer")?;
    let answer = &inbox.answers[0];
    same((&*answer.key, answer.at), ("z", 0), "at time 0")?;
    same(&answer.reply, &Ok(json("early")), "that was held")?;
    scene.answer(&claim.task, &["a"]).await?;
    same(scene.store.take_in(&claim).await?.answers.len(), 2, "the next one comes with it")
}

/// D13: a record, a timer or the journal's progress are nothing for clients.
pub async fn the_journal_alone_is_no_change(bench: &dyn Bench) -> Result<(), Broken> {
    let scene = Scene::open(bench).await?;
    let claim = scene.working(task()).await?;
    scene.ask(&claim, &["q"]).await?;
    let before = scene.view(&claim.task).await?;
    scene.pass(1).await;
    scene.commit(&claim, records(&["a", "b"])).await?;
    let timer = Commit {
        set: vec![("t".into(), 5)],
        progress: Some(1.0),
        abandoned: vec!["a".into()],
        version: Some("2".into()),
        ..Commit::default()
    };
    scene.commit(&claim, timer).await?;
    scene.store.take_in(&claim).await?;
    scene.store.release(&claim, Release::Park { until: Some(scene.after(1)) }).await?;
    scene.pass(1).await;
    scene.claim().await?;
    same(scene.view(&claim.task).await?, before, "nothing that clients can see has changed")
}
