//! A task from its creation to its end, with the file closed and opened in between.

use mcp_runtime::task::{
    Access, Admission, Answer, Commit, Key, Note, Purge, Question, Record, Refusal, Release,
    Standing, StoreError, TaskState, TaskStore,
};
use serde_json::from_str;

use super::*;

#[tokio::test]
async fn a_task_lives_through_restarts_of_its_process() {
    let place = Place::new();
    let access = Access::Owner(alice());
    let id = TaskId::from("t");

    let store = place.open();
    let first = node(&store, 1).await;
    let claim = born_claimed(&store, first, "t").await;
    assert_eq!(claim.epoch, 1);
    let mut commit = Commit::default();
    commit.records = vec![
        from_str::<Record>(r#"["quote","v",{"price":42}]"#).unwrap(),
        from_str(r#"["log","e","no \"disk\""]"#).unwrap(),
        from_str(r#"["pause","f",null]"#).unwrap(),
    ];
    commit.put = vec![(Key::from("sure"), Question::new(r#"{"method":"elicitation/create"}"#))];
    commit.set = vec![("sure".into(), 9_000_000_000_000)];
    commit.progress = Some(0.5);
    store.commit(&claim, commit).await.unwrap();
    let note = Note { message: Some("asking".into()), progress: Some((1.0, Some(3.0))) };
    store.note(&claim, note).await.unwrap();
    store.release(&claim, Release::Park { until: Some(9_000_000_000_000) }).await.unwrap();
    let parked = store.inspect(&id).await.unwrap().unwrap();
    drop(store);

    let store = place.open();
    let again = store.inspect(&id).await.unwrap().unwrap();
    assert_eq!(again.saved, parked.saved);
    assert_eq!(again.view, parked.view);
    assert_eq!(again.times, parked.times);
    assert_eq!(again.saved.records.len(), 3);
    assert_eq!(again.saved.progress, Some(0.5));
    assert_eq!(again.saved.asked[0].standing, Standing::Open);
    assert_eq!(again.view.record.state, TaskState::InputRequired);
    assert_eq!(again.view.record.progress, Some((1.0, Some(3.0))));
    assert_eq!(again.due_at, Some(9_000_000_000_000));
    assert_eq!(store.stats().await.unwrap().waiting, 1);

    let second = node(&store, 2).await;
    let tools = || vec!["work".to_owned()];
    let none = store.claim(second, tools(), 5).await.unwrap();
    assert_eq!((none.claimed.len(), none.next_due), (0, Some(9_000_000_000_000)));
    let answer = Answer::Given(json(r#"{"action":"accept"}"#));
    let answers = vec![("sure".into(), answer), ("else".into(), Answer::Refused("?".into()))];
    let view = store.answer(&access, &id, answers).await.unwrap().unwrap();
    assert_eq!(view.record.state, TaskState::Working);
    assert!(view.questions.is_empty());
    drop(store);

    let store = place.open();
    let mut claimed = store.claim(second, tools(), 5).await.unwrap().claimed;
    let claimed = claimed.pop().unwrap();
    assert_eq!(claimed.claim.epoch, 2);
    assert_eq!(claimed.saved, parked.saved);
    assert_eq!(store.take_in(&claim).await.unwrap_err(), StoreError::Fenced);
    let called = store.beat(second, LEASE).await.unwrap();
    assert_eq!(called, std::slice::from_ref(&claimed.claim));
    let inbox = store.take_in(&claimed.claim).await.unwrap();
    assert_eq!(inbox.answers[0].reply.as_ref().unwrap().as_str(), r#"{"action":"accept"}"#);
    assert_eq!(store.beat(second, LEASE).await.unwrap(), []);
    let state = store.finish(&claimed.claim, done()).await.unwrap();
    assert_eq!(state, TaskState::Returned);
    drop(store);

    let store = place.open();
    let view = store.get(&access, &id).await.unwrap().unwrap();
    assert_eq!(view.outcome, Some(done()));
    assert_eq!(view.record.message.as_deref(), Some("asking"));
    let stranger = Access::Owner(Owner::from_text("bob"));
    assert_eq!(store.get(&stranger, &id).await.unwrap(), None);
    let stats = store.stats().await.unwrap();
    assert_eq!((stats.running, stats.waiting, stats.due, stats.ended), (0, 0, 0, 1));
    assert_eq!(store.purge(Purge::One(id.clone())).await.unwrap(), 1);
    assert_eq!(store.get(&access, &id).await.unwrap(), None);
    assert_eq!(store.stats().await.unwrap().ended, 0);
}

#[tokio::test]
async fn bounds_hold_over_restarts_and_what_has_expired_does_not_count() {
    let place = Place::new();
    let mut bounds = Admission::UNBOUNDED;
    (bounds.live, bounds.live_per_owner, bounds.kept) = (4, 2, 5);
    let with = |id: &str, owner: &str, ttl| {
        let mut task = task(id);
        task.owner = Owner::from_text(owner);
        task.ttl = ttl;
        task
    };
    let clock = Clock::simulated(1_000_000);
    let store = place.open_at(&clock);
    store.create(with("a1", "alice", None), bounds).await.unwrap();
    let soon = Some(Duration::from_millis(40));
    store.create(with("a2", "alice", soon), bounds).await.unwrap();
    drop(store);
    let store = place.open_at(&clock);
    let more = store.create(with("a3", "alice", None), bounds).await;
    assert_eq!(more.unwrap_err(), StoreError::Refused(Refusal::PerOwner));
    clock.advance(Duration::from_millis(40));
    store.create(with("a3", "alice", None), bounds).await.unwrap();
    for id in ["n1", "n2"] {
        store.create(with(id, "", None), bounds).await.unwrap();
    }
    let more = store.create(with("n3", "", None), bounds).await;
    assert_eq!(more.unwrap_err(), StoreError::Refused(Refusal::Live));
    for id in ["a1", "a3"] {
        store.cancel(&Access::Operator, &id.into()).await.unwrap();
    }
    store.create(with("n3", "", None), bounds).await.unwrap();
    let more = store.create(with("n4", "", None), bounds).await;
    assert_eq!(more.unwrap_err(), StoreError::Refused(Refusal::Kept));
    let deleted = store.purge(Purge::EndedBefore(u64::MAX)).await.unwrap();
    assert_eq!(deleted, 2);
    store.create(with("n4", "", None), bounds).await.unwrap();
}

#[tokio::test]
async fn an_operation_that_nobody_waits_for_tears_nothing() {
    let place = Place::new();
    let store = place.open();
    let node = node(&store, 1).await;
    for round in 0..50 {
        let id = format!("t{round}");
        let mut task = task(&id);
        task.claim = Some(node);
        let create = store.create(task, Admission::UNBOUNDED);
        // Polled once, and dropped.
        tokio::select! { biased; _ = create => {}, () = std::future::ready(()) => {} }
    }
    // The queue is in order: this one is done after all of them.
    store.beat(node, LEASE).await.unwrap();
    let all = store.list(&Access::Operator, None, 100).await.unwrap();
    for record in &all {
        let detail = store.inspect(&record.id).await.unwrap().unwrap();
        assert_eq!(detail.claim.unwrap().epoch, 1);
    }
    assert_eq!(store.stats().await.unwrap().running, all.len());
}

#[tokio::test]
async fn one_operation_that_the_file_refuses_spares_those_beside_it() {
    let place = Place::new();
    let store = place.open();
    let odd = rusqlite::Connection::open(place.path()).unwrap();
    let trigger = "CREATE TRIGGER odd BEFORE INSERT ON task WHEN NEW.tool = 'odd'
         BEGIN SELECT raise(ABORT, 'odd'); END;";
    odd.execute_batch(trigger).unwrap();
    let creates = (0..40).map(|at| {
        let mut task = task(&format!("t{at}"));
        if at % 10 == 3 {
            task.tool = "odd".into();
        }
        create(&store, task)
    });
    let created = futures_util::future::join_all(creates).await;
    for (at, created) in created.into_iter().enumerate() {
        let there = state(&store, &format!("t{at}")).await;
        assert_eq!(created.is_ok(), at % 10 != 3, "{at}");
        assert_eq!(there, created.ok().map(|_| "working"));
    }
    assert_eq!(store.stats().await.unwrap().due, 36);
}

#[tokio::test]
async fn an_id_is_used_once() {
    let place = Place::new();
    let store = place.open();
    create(&store, task("t")).await.unwrap();
    create(&store, task("t")).await.unwrap_err();
    assert_eq!(store.stats().await.unwrap().due, 1);
    assert_eq!(store.list(&Access::Operator, None, 9).await.unwrap().len(), 1);
}
