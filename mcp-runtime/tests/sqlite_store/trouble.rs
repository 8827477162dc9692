//! A full disk, a locked file, a damaged one: the store says so, loses nothing, and goes on afterwards.

use std::fs;
use std::io::{Seek, SeekFrom, Write};

use mcp_runtime::task::{Answer, Commit, Purge, Question};

use super::*;

#[tokio::test]
async fn a_full_file_loses_nothing_and_goes_on_when_there_is_room() {
    let place = Place::new();
    let store = SqliteStore::options().largest(300 << 10).open(place.path()).unwrap();
    let node = node(&store, 1).await;
    let large = "x".repeat(20 << 10);
    let body = format!(r#"{{"content":[{{"type":"text","text":"{large}"}}]}}"#);
    let mut ended = Vec::new();
    let why = loop {
        assert!(ended.len() < 100, "it never became full");
        let id = format!("t{}", ended.len());
        let claim = born_claimed(&store, node, &id).await;
        match store.finish(&claim, returned(&body)).await {
            Ok(_) => ended.push(id),
            Err(why) => break why.to_string(),
        }
    };
    assert!(why.contains("cannot grow") && why.contains("tasks.db"), "{why}");
    assert!(ended.len() > 5);
    for id in &ended {
        assert_eq!(state(&store, id).await, Some("returned"));
    }
    // A small one beside large ones still finds its place.
    let full = format!("t{}", ended.len());
    let claim = Claim { task: full.as_str().into(), node, epoch: 1 };
    let beat = store.beat(node, LEASE);
    let (large, beat) = tokio::join!(store.finish(&claim, returned(&body)), beat);
    assert!(large.is_err() && beat.is_ok(), "{large:?} {beat:?}");
    assert_eq!(state(&store, &full).await, Some("working"));
    assert_eq!(store.purge(Purge::EndedBefore(u64::MAX)).await.unwrap(), ended.len());
    store.finish(&claim, returned(&body)).await.unwrap();
    assert_eq!(state(&store, &full).await, Some("returned"));
}

// `main` prints the `Debug` of what it returns.
#[tokio::test]
async fn an_error_of_opening_is_its_text_in_debug_too() {
    let place = Place::new();
    let why = SqliteStore::open(place.path().join("missing").join("tasks.db")).unwrap_err();
    let text = why.to_string();
    assert!(text.contains("cannot be opened"), "{text}");
    assert_eq!(format!("{why:?}"), text);
}

#[tokio::test]
async fn a_locked_file_is_waited_for_and_then_given_up() {
    let place = Place::new();
    let options = SqliteStore::options().lock_timeout(Duration::from_millis(150));
    let store = options.open(place.path()).unwrap();
    create(&store, task("before")).await.unwrap();
    let other = rusqlite::Connection::open(place.path()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE; UPDATE task SET message = 'by hand'").unwrap();
    let many = (0..100).map(|at| create(&store, task(&format!("t{at}"))));
    let begun = std::time::Instant::now();
    for created in futures_util::future::join_all(many).await {
        let why = created.unwrap_err().to_string();
        assert!(why.contains("locked by another process"), "{why}");
    }
    // One wait for each transaction, not for each operation.
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    // Who only reads is not held up.
    assert_eq!(state(&store, "before").await, Some("working"));
    other.execute_batch("COMMIT").unwrap();
    create(&store, task("after")).await.unwrap();
    let all = store.list(&Access::Operator, None, 9).await.unwrap();
    assert_eq!(all.len(), 2);
    assert_eq!(all[0].message.as_deref(), Some("by hand"));
}

#[tokio::test]
async fn a_lock_that_is_released_in_time_is_not_noticed() {
    let place = Place::new();
    let store = place.open();
    let other = rusqlite::Connection::open(place.path()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let release = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(100));
        drop(other);
    });
    create(&store, task("t")).await.unwrap();
    release.join().unwrap();
}

#[tokio::test]
async fn a_damaged_file_says_so_and_its_whole_parts_can_be_read() {
    let place = Place::new();
    let store = place.open();
    let node = node(&store, 1).await;
    let large = format!(r#"{{"text":"{}"}}"#, "y".repeat(9_000));
    for at in 0..20 {
        let claim = born_claimed(&store, node, &format!("t{at}")).await;
        store.finish(&claim, returned(&large)).await.unwrap();
    }
    drop(store);
    // The root page of the results.
    let sql = rusqlite::Connection::open(place.path()).unwrap();
    let root = "SELECT rootpage FROM sqlite_schema WHERE name = 'result'";
    let root: u64 = sql.query_row(root, [], |row| row.get::<_, i64>(0)).unwrap() as u64;
    drop(sql);
    let mut file = fs::OpenOptions::new().write(true).open(place.path()).unwrap();
    file.seek(SeekFrom::Start((root - 1) * 4096)).unwrap();
    file.write_all(&[0xa5; 4096]).unwrap();
    drop(file);

    let store = place.open();
    let why = store.get(&Access::Operator, &"t3".into()).await.unwrap_err().to_string();
    assert!(why.contains("is damaged") && why.contains("backup"), "{why}");
    let records = store.list(&Access::Operator, None, 50).await.unwrap();
    assert_eq!(records.len(), 20);
    // What cannot be written does not take with it what can.
    let claim = born_claimed(&store, node, "new").await;
    let (finished, beat) = tokio::join!(store.finish(&claim, done()), store.beat(node, LEASE));
    assert!(finished.unwrap_err().to_string().contains("is damaged"));
    assert_eq!(beat.unwrap(), []);
}

#[tokio::test]
async fn a_value_that_nobody_of_us_wrote_is_named() {
    let place = Place::new();
    let store = place.open();
    create(&store, task("t")).await.unwrap();
    let sql = rusqlite::Connection::open(place.path()).unwrap();
    sql.execute_batch("UPDATE task SET state = 'asleep'").unwrap();
    let why = store.get(&Access::Operator, &"t".into()).await.unwrap_err().to_string();
    assert!(why.contains("something unexpected") && why.contains("asleep"), "{why}");
}

/// One task that cannot be read stands in nobody's way: neither when tasks are claimed nor when the dead are reaped.
#[tokio::test]
async fn a_damaged_task_ends_and_the_others_go_on() {
    let place = Place::new();
    let clock = Clock::simulated(1_000_000);
    let store = place.open_at(&clock);
    let dying = node(&store, 1).await;
    let queued = |id: &str| {
        let mut task = task(id);
        task.restart = mcp_runtime::Restart::Replay;
        task
    };
    for id in ["waits", "waits badly", "waits worse"] {
        create(&store, queued(id)).await.unwrap();
    }
    for id in ["runs", "runs badly"] {
        let mut task = queued(id);
        task.claim = Some(dying);
        create(&store, task).await.unwrap();
    }
    let sql = rusqlite::Connection::open(place.path()).unwrap();
    sql.execute_batch(
        "UPDATE call SET body = '{' WHERE task IN (SELECT number FROM task WHERE id = 'waits badly');
         UPDATE task SET owner = cast(x'ff' AS TEXT), state = 'odd' WHERE id = 'waits worse';
         UPDATE task SET restart = 'perhaps' WHERE id = 'runs badly'",
    )
    .unwrap();
    clock.advance(LEASE);
    let heir = node(&store, 2).await;
    let error = Outcome::Failed(json(r#"{"code":-32603,"message":"interrupted"}"#));
    let reaped = store.reap(heir, error).await.unwrap();
    assert_eq!((reaped.freed, reaped.failed), (2, 1));
    for _ in 0..2 {
        let claims = store.claim(heir, vec!["work".into()], 9).await.unwrap();
        let ids: Vec<_> = claims.claimed.iter().map(|it| it.record.id.as_str()).collect();
        for claimed in &claims.claimed {
            store.finish(&claimed.claim, done()).await.unwrap();
        }
        assert!(ids == ["waits", "runs"] || ids.is_empty(), "{ids:?}");
    }
    for id in ["waits badly", "runs badly"] {
        let view = store.get(&Access::Operator, &id.into()).await.unwrap().unwrap();
        assert_eq!(view.record.state.as_str(), "failed");
        assert!(view.record.message.unwrap().contains("cannot be read"));
    }
    assert_eq!(state(&store, "waits").await, Some("returned"));
    assert_eq!(state(&store, "runs").await, Some("returned"));
}

/// An answer that cannot be read is none, and the function hears of it.
#[tokio::test]
async fn a_damaged_answer_is_a_refusal() {
    let place = Place::new();
    let store = place.open();
    let node = node(&store, 1).await;
    let claim = born_claimed(&store, node, "t").await;
    let question = Question::new(r#"{"method":"elicitation/create","params":{}}"#);
    let mut commit = Commit::default();
    commit.put.push(("q".into(), question));
    store.commit(&claim, commit).await.unwrap();
    let answers = vec![("q".into(), Answer::Given(json("{}")))];
    store.answer(&Access::Operator, &"t".into(), answers).await.unwrap();
    let sql = rusqlite::Connection::open(place.path()).unwrap();
    sql.execute_batch("UPDATE question SET answer = '{'").unwrap();
    let inbox = store.take_in(&claim).await.unwrap();
    let why = inbox.answers[0].reply.as_ref().unwrap_err();
    assert!(why.contains("damaged"), "{why}");
}
