//! Two that have the same file open, as a server and an operator have, or two servers.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use mcp_runtime::task::{Commit, Ears, Question, Refusal, Release, TaskState};

use super::*;

#[derive(Default)]
struct Notes {
    changed: Mutex<Vec<TaskId>>,
    due: Mutex<usize>,
    watched: Mutex<Vec<(TaskId, u64)>>,
}

impl Ears for Notes {
    fn changed(&self, id: &TaskId) {
        self.changed.lock().unwrap().push(id.clone());
    }

    fn due(&self) {
        *self.due.lock().unwrap() += 1;
    }

    fn lost(&self) {}

    fn watched(&self) -> Vec<(TaskId, u64)> {
        self.watched.lock().unwrap().clone()
    }
}

impl Notes {
    fn listening(store: &SqliteStore) -> Arc<Self> {
        let notes = Arc::new(Self::default());
        let ears: Arc<dyn Ears> = notes.clone();
        store.listen(Arc::downgrade(&ears));
        notes
    }

    async fn until(&self, what: &str, heard: impl Fn(&Self) -> bool) {
        let begun = Instant::now();
        while !heard(self) {
            assert!(begun.elapsed() < Duration::from_secs(10), "{what}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    fn heard_of(&self, id: &str) -> bool {
        self.changed.lock().unwrap().iter().any(|changed| changed.as_str() == id)
    }
}

#[tokio::test]
async fn what_this_process_changes_is_heard_at_once() {
    let place = Place::new();
    let store = place.open();
    let notes = Notes::listening(&store);
    let node = node(&store, 1).await;
    let claim = born_claimed(&store, node, "t").await;
    assert_eq!(*notes.due.lock().unwrap(), 0);
    store.finish(&claim, done()).await.unwrap();
    assert!(notes.heard_of("t"));
    create(&store, task("u")).await.unwrap();
    assert_eq!(*notes.due.lock().unwrap(), 1);
}

#[tokio::test]
async fn what_another_process_changes_is_heard_soon() {
    let place = Place::new();
    let (server, operator) = (place.open(), place.open());
    let notes = Notes::listening(&server);
    let node = node(&server, 1).await;
    born_claimed(&server, node, "runs").await;
    let waits = born_claimed(&server, node, "waits").await;
    let mut ask = Commit::default();
    ask.put = vec![("q".into(), Question::new("{}"))];
    server.commit(&waits, ask).await.unwrap();
    born_claimed(&server, node, "quiet").await;
    let watched = ["waits", "quiet"];
    for id in watched {
        let view = server.get(&Access::Operator, &id.into()).await.unwrap().unwrap();
        notes.watched.lock().unwrap().push((id.into(), view.record.change));
    }
    notes.changed.lock().unwrap().clear();

    // Cancelled by an operator: its worker is called, though nobody watches it.
    operator.cancel(&Access::Operator, &"runs".into()).await.unwrap();
    notes.until("a worker that is called", |notes| notes.heard_of("runs")).await;
    let called = server.beat(node, LEASE).await.unwrap();
    assert_eq!(called[0].task.as_str(), "runs");
    assert_eq!(server.take_in(&called[0]).await.unwrap().answers.len(), 0);
    assert!(!notes.heard_of("waits"));

    operator.cancel(&Access::Operator, &"waits".into()).await.unwrap();
    notes.until("a task that is watched", |notes| notes.heard_of("waits")).await;
    assert!(!notes.heard_of("quiet"));

    let before = *notes.due.lock().unwrap();
    create(&operator, task("new")).await.unwrap();
    notes.until("work", |notes| *notes.due.lock().unwrap() > before).await;
    let claims = server.claim(node, vec!["work".into()], 9).await.unwrap();
    assert_eq!(claims.claimed.len(), 1);
}

#[tokio::test]
async fn bounds_count_what_the_other_process_creates() {
    let place = Place::new();
    let (one, two) = (place.open(), place.open());
    let mut bounds = Admission::UNBOUNDED;
    bounds.live_per_owner = 4;
    for round in 0..2 {
        one.create(task(&format!("one{round}")), bounds).await.unwrap();
        two.create(task(&format!("two{round}")), bounds).await.unwrap();
    }
    for store in [&one, &two] {
        let more = store.create(task("more"), bounds).await;
        assert_eq!(more.unwrap_err(), StoreError::Refused(Refusal::PerOwner));
    }
    one.cancel(&Access::Operator, &"two0".into()).await.unwrap();
    two.create(task("more"), bounds).await.unwrap();
}

#[tokio::test]
async fn two_servers_never_work_on_the_same_task() {
    let place = Place::new();
    let stores = [place.open(), place.open()];
    for at in 0..200 {
        create(&stores[at % 2], task(&format!("t{at}"))).await.unwrap();
    }
    let work = |number: usize| {
        let store = &stores[number];
        async move {
            let node = node(store, number as u8 + 1).await;
            let mut done = Vec::new();
            loop {
                let claims = store.claim(node, vec!["work".into()], 7).await.unwrap();
                if claims.claimed.is_empty() {
                    return done;
                }
                for claimed in claims.claimed {
                    store.finish(&claimed.claim, super::done()).await.unwrap();
                    done.push(claimed.record.id);
                }
            }
        }
    };
    let (one, two) = tokio::join!(work(0), work(1));
    assert_eq!(one.len() + two.len(), 200);
    assert!(one.iter().all(|id| !two.contains(id)));
    assert_eq!(stores[1].stats().await.unwrap().ended, 200);
}

#[tokio::test]
async fn a_worker_that_is_thought_dead_does_no_harm() {
    let place = Place::new();
    let clock = Clock::simulated(1_000_000);
    let (one, two) = (place.open_at(&clock), place.open_at(&clock));
    let dead = NodeId([1; 16]);
    one.join(dead, LEASE).await.unwrap();
    let mut replayed = task("replayed");
    replayed.restart = mcp_runtime::Restart::Replay;
    replayed.claim = Some(dead);
    let old = create(&one, replayed).await.unwrap().claim.unwrap();
    let failed = born_claimed(&one, dead, "failed").await;
    clock.advance(LEASE);
    assert_eq!(one.beat(dead, LEASE).await.unwrap_err(), StoreError::Fenced);
    let error = Outcome::Failed(json(r#"{"code":-32603,"message":"interrupted"}"#));
    let alive = node(&two, 2).await;
    let reaped = two.reap(alive, error).await.unwrap();
    assert_eq!((reaped.freed, reaped.failed), (2, 1));
    let mut claims = two.claim(alive, vec!["work".into()], 9).await.unwrap().claimed;
    let new = claims.pop().unwrap();
    assert_eq!((new.claim.epoch, new.record.attempt), (3, 2));
    for claim in [&old, &failed] {
        assert_eq!(one.finish(claim, done()).await.unwrap_err(), StoreError::Fenced);
        let park = Release::Park { until: None };
        assert_eq!(one.release(claim, park).await.unwrap_err(), StoreError::Fenced);
    }
    let view = one.get(&Access::Operator, &"failed".into()).await.unwrap().unwrap();
    assert_eq!(view.record.message.as_deref(), Some("interrupted"));
    assert_eq!(two.finish(&new.claim, done()).await.unwrap(), TaskState::Returned);
}

#[test]
fn the_last_one_who_holds_the_store_may_be_its_own_thread() {
    struct Engine(SqliteStore);
    impl Ears for Engine {
        fn changed(&self, _: &TaskId) {
            std::thread::sleep(Duration::from_millis(50));
        }
        fn due(&self) {}
        fn lost(&self) {}
        fn watched(&self) -> Vec<(TaskId, u64)> {
            Vec::new()
        }
    }
    let place = Place::new();
    let engine = Arc::new(Engine(place.open()));
    let ears: Arc<dyn Ears> = engine.clone();
    engine.0.listen(Arc::downgrade(&ears));
    drop(ears);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        create(&engine.0, task("t")).await.unwrap();
        let id = TaskId::from("t");
        let cancel = engine.0.cancel(&Access::Operator, &id);
        let _ = tokio::time::timeout(Duration::from_millis(10), cancel).await;
    });
    // The writer is in `changed`, and lets go of the engine after us.
    drop(engine);
    std::thread::sleep(Duration::from_millis(100));
    let store = place.open();
    assert_eq!(runtime.block_on(state(&store, "t")), Some("cancelled"));
}

/// Whoever listens may be the last one to hold the store, and be dropped by the thread that tells it something.
#[tokio::test]
async fn a_store_can_be_dropped_by_its_own_reader() {
    use std::sync::Weak;
    use std::sync::mpsc::{Receiver, Sender, channel};

    struct Rings(Sender<()>);
    impl Drop for Rings {
        fn drop(&mut self) {
            let _ = self.0.send(());
        }
    }
    struct Last {
        // Dropped in this order.
        _store: Arc<SqliteStore>,
        _gone: Rings,
        asked: Sender<()>,
        goes_on: Mutex<Receiver<()>>,
    }
    impl Ears for Last {
        fn changed(&self, _: &TaskId) {}

        fn due(&self) {}

        fn lost(&self) {}

        fn watched(&self) -> Vec<(TaskId, u64)> {
            let _ = self.asked.send(());
            let _ = self.goes_on.lock().unwrap().recv();
            Vec::new()
        }
    }

    let place = Place::new();
    let store = Arc::new(place.open());
    let ((gone, is_gone), (asked, is_asked), (go_on, goes_on)) = (channel(), channel(), channel());
    let goes_on = Mutex::new(goes_on);
    let last = Arc::new(Last { _store: store.clone(), _gone: Rings(gone), asked, goes_on });
    let ears: Weak<Last> = Arc::downgrade(&last);
    store.listen(ears);
    drop(store);
    create(&place.open(), task("by another")).await.unwrap();
    let patience = Duration::from_secs(20);
    is_asked.recv_timeout(patience).expect("it looks at what another one has written");
    drop(last);
    go_on.send(()).unwrap();
    is_gone.recv_timeout(patience).expect("the threads end, and do not wait for each other");
}
