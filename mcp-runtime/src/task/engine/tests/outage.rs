//! What the engine does when its store cannot be used for a while. Time is paused, and the store's clock goes with it.

use super::shaky::{Fault, Shaky};
use super::*;

/// Everything that a full disk or a locked file takes away.
const WRITES: [&str; 12] = [
    "join", "beat", "create", "claim", "commit", "take_in", "note", "finish", "release", "answer",
    "reap", "expire",
];

fn on(store: &Arc<Shaky>) -> ServerBuilder {
    Server::builder("test", "1").task_store(store.clone())
}

async fn pass(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

async fn step(call: &Call, counter: &AtomicU32) -> Result<u32, crate::StepError> {
    call.step("step", || async { Ok(counter.fetch_add(1, SeqCst)) }).await
}

/// The step has had its effect, and its record cannot be written: it is not done once more.
#[tokio::test(start_paused = true)]
async fn a_commit_that_fails_is_made_again_and_its_step_is_not() {
    for (fault, options) in [
        (Fault::Fails, replay()),
        (Fault::Fails, options()),
        (Fault::Mute, replay()),
        (Fault::Mute, options()),
    ] {
        let (store, steps) = (Shaky::in_time(), Arc::new(AtomicU32::new(0)));
        let counted = steps.clone();
        let server = on(&store).task(options, move |call: Call| {
            let steps = counted.clone();
            async move { step(&call, &steps).await.map(|n| n.to_string()) }
        });
        store.spoil(fault, &["commit"]);
        let id = created(&server).await;
        pass(60).await;
        assert_eq!(steps.load(SeqCst), 1);
        assert!((10..40).contains(&store.calls("commit")), "{}", store.calls("commit"));
        store.mend();
        let end = ended(&server, &id).await;
        assert_eq!((end.record.state, end.record.attempt), (TaskState::Returned, 1));
        assert_eq!((steps.load(SeqCst), store.calls("claim") > 0), (1, true));
        let detail = store.inspect(&id).await.expect("a store").expect("a task");
        assert_eq!(detail.saved.records.len(), 1);
    }
}

/// An inbox that cannot be looked into stops nobody.
#[tokio::test(start_paused = true)]
async fn a_look_that_fails_is_only_a_look() {
    let (store, gate) = (Shaky::in_time(), Arc::new(Notify::new()));
    let opened = gate.clone();
    let server = on(&store).task(options(), move |call: Call| {
        let gate = opened.clone();
        async move {
            step(&call, &AtomicU32::new(0)).await?;
            gate.notified().await;
            Ok::<_, crate::StepError>("done")
        }
    });
    let id = created(&server).await;
    pass(1).await;
    store.spoil(Fault::Fails, &["take_in"]);
    server.0.tasks.changed(&id);
    pass(60).await;
    assert!((5..30).contains(&store.calls("take_in")), "{}", store.calls("take_in"));
    assert_eq!(view(&server, &id).await.record.state, TaskState::Working);
    gate.notify_one();
    assert!(said(&ended(&server, &id).await).contains("done"));
}

/// I12: an answer that came in time counts, although nobody was told of it.
#[tokio::test]
async fn an_answer_that_was_not_heard_of_is_before_its_timer() {
    let store = Shaky::new();
    store.be_deaf();
    let calm = Duration::from_secs(60);
    let options = TaskOptions { input_timeout: Some(6 * SOON), ..options() };
    let server = Server::builder("test", "1")
        .tasks(TaskSettings { lease: calm, park_after: calm, ..settings() })
        .task_store(store.clone())
        .task(options, |call: Call| async move {
            let answer = call.elicit_with::<serde_json::Value>("q", "?", json!({"type": "object"}));
            answer.await.map(|_| "answered").map_err(|error| error.to_string())
        });
    let id = created(&server).await;
    until(async || view(&server, &id).await.questions.len() == 1).await;
    let raw = RawValue::from_string(r#"{"action":"accept","content":{}}"#.to_owned());
    let answers = vec![(Key::from("q"), Answer::Given(raw.expect("JSON").into()))];
    let answered = store.answer(&Access::Operator, &id, answers).await.expect("a store");
    assert!(answered.is_some_and(|view| view.questions.is_empty()));
    until(async || view(&server, &id).await.record.state.is_final()).await;
    let end = view(&server, &id).await;
    assert!(said(&end).contains("answered"), "{}", said(&end));
}

/// A claim that came back to a full house is given back, whatever the store says at first, and loses no place.
#[tokio::test(start_paused = true)]
async fn what_was_claimed_and_has_no_room_is_given_back() {
    let (store, gate) = (Shaky::in_time(), Arc::new(Notify::new()));
    let opened = gate.clone();
    let server = on(&store).tasks(TaskSettings { running: 1, ..TaskSettings::default() }).task(
        options(),
        move |_| {
            let gate = opened.clone();
            async move {
                gate.notified().await;
                "done"
            }
        },
    );
    pass(1).await;
    let asked = request(&server);
    let entry = asked.entry.clone();
    let call = StoredCall::write(asked.revision, &asked.id, None, &asked.params.text);
    let saved = Saved::new(CallId([1; 16]), "");
    let queued = server.0.tasks.new_task(&entry, None, call.expect("a call"), saved, None);
    let queued = queued.expect("a task");
    let waits = queued.id.clone();
    store.spoil(Fault::Late, &["claim"]);
    store.spoil(Fault::Fails, &["release"]);
    let admission = TaskSettings::default().admission();
    store.create(queued, admission).await.expect("a task");
    let detail = async || store.inspect(&waits).await.expect("a store").expect("a task");
    until(async || detail().await.claim.is_some()).await;
    let first = created(&server).await;
    store.repair("claim");
    pass(30).await;
    assert!(detail().await.claim.is_some(), "it cannot be given back yet");
    store.mend();
    pass(6).await;
    let back = detail().await;
    assert_eq!((back.claim, back.due_at), (None, Some(back.view.record.created_at)));
    gate.notify_one();
    ended(&server, &first).await;
    gate.notify_one();
    assert_eq!(ended(&server, &waits).await.record.state, TaskState::Returned);
}

/// A result is worth more than a lease.
#[tokio::test(start_paused = true)]
async fn a_result_outlives_an_outage_of_any_length() {
    let (store, gate) = (Shaky::in_time(), Arc::new(Notify::new()));
    let opened = gate.clone();
    let server = on(&store).task(options(), move |_| {
        let gate = opened.clone();
        async move {
            gate.notified().await;
            "done"
        }
    });
    let id = created(&server).await;
    store.spoil(Fault::Fails, &WRITES);
    gate.notify_one();
    pass(60).await;
    store.mend();
    let end = ended(&server, &id).await;
    assert_eq!(end.record.state, TaskState::Returned, "{}", said(&end));
    // The node is the one that it was, and works.
    gate.notify_one();
    let next = created(&server).await;
    assert_eq!(ended(&server, &next).await.record.state, TaskState::Returned);
}

/// What ran is stopped in time, says so or goes on, and nothing is left without anybody who works on it.
#[tokio::test(start_paused = true)]
async fn functions_are_stopped_when_the_lease_is_over() {
    for (fault, options, state) in [
        (Fault::Fails, options(), TaskState::Failed),
        (Fault::Hangs, options(), TaskState::Failed),
        (Fault::Fails, replay(), TaskState::Returned),
        (Fault::Hangs, replay(), TaskState::Returned),
    ] {
        struct Bell(Arc<AtomicU32>);
        impl Drop for Bell {
            fn drop(&mut self) {
                self.0.fetch_add(1, SeqCst);
            }
        }
        let (store, dropped) = (Shaky::in_time(), Arc::new(AtomicU32::new(0)));
        let rings = dropped.clone();
        let server = on(&store).task(options, move |_| {
            let bell = Bell(rings.clone());
            async move {
                if bell.0.load(SeqCst) == 0 {
                    std::future::pending::<()>().await;
                }
                "done"
            }
        });
        let id = created(&server).await;
        pass(1).await;
        store.spoil(fault, &WRITES);
        pass(5).await;
        assert_eq!(dropped.load(SeqCst), 0, "the lease is not over");
        pass(3).await;
        assert_eq!(dropped.load(SeqCst), 1, "the lease is over");
        pass(20).await;
        store.mend();
        let end = ended(&server, &id).await;
        assert_eq!(end.record.state, state, "{}", said(&end));
        assert_eq!(end.record.attempt, 1);
        if state == TaskState::Failed {
            assert!(said(&end).contains("interrupted"), "{}", said(&end));
        }
        let stats = store.stats().await.expect("a store");
        assert_eq!((stats.running, stats.due), (0, 0));
    }
}

/// Who was cut off changes nothing once somebody else has taken over.
#[tokio::test(start_paused = true)]
async fn a_node_that_was_cut_off_comes_too_late() {
    let (one, gate) = (Shaky::in_time(), Arc::new(Notify::new()));
    let two = Shaky::over(one.inner().clone());
    let opened = gate.clone();
    let cut_off = on(&one).task(replay(), move |_| {
        let gate = opened.clone();
        async move {
            gate.notified().await;
            "the first"
        }
    });
    let id = created(&cut_off).await;
    let heir = on(&two).task(replay(), |_| async { "the second" });
    pass(1).await;
    one.spoil(Fault::Fails, &WRITES);
    gate.notify_one();
    assert!(said(&ended(&heir, &id).await).contains("the second"));
    one.mend();
    pass(20).await;
    let end = view(&cut_off, &id).await;
    assert!(said(&end).contains("the second") && end.record.attempt == 2, "{end:?}");
    assert!(cut_off.0.tasks.running().is_empty());
}

/// Everybody was without the store: those who come back last find what they held.
#[tokio::test(start_paused = true)]
async fn after_an_outage_others_have_time_to_come_back() {
    let (one, gate) = (Shaky::in_time(), Arc::new(Notify::new()));
    let two = Shaky::over(one.inner().clone());
    let opened = gate.clone();
    let late = on(&one).task(options(), move |_| {
        let gate = opened.clone();
        async move {
            gate.notified().await;
            "done"
        }
    });
    let id = created(&late).await;
    let _early = on(&two).task(options(), |_| async { "never" });
    pass(1).await;
    one.spoil(Fault::Fails, &WRITES);
    two.spoil(Fault::Fails, &WRITES);
    gate.notify_one();
    pass(30).await;
    two.mend();
    pass(4).await;
    one.mend();
    assert!(said(&ended(&late, &id).await).contains("done"));
}

/// Nothing that is done for others makes a beat late.
#[tokio::test(start_paused = true)]
async fn a_slow_sweep_costs_no_lease() {
    let (store, gate) = (Shaky::in_time(), Arc::new(Notify::new()));
    let opened = gate.clone();
    let server = on(&store).task(options(), move |_| {
        let gate = opened.clone();
        async move {
            gate.notified().await;
            "done"
        }
    });
    store.spoil(Fault::Hangs, &["reap", "expire", "stats"]);
    let id = created(&server).await;
    pass(60).await;
    assert!((29..=32).contains(&store.calls("beat")), "every 2 s: {}", store.calls("beat"));
    gate.notify_one();
    assert!(said(&ended(&server, &id).await).contains("done"));
}

/// D7: the client that hangs up has a second one beside it, which asks for the same.
#[tokio::test(start_paused = true)]
async fn a_task_that_may_be_joined_is_not_cancelled_for_one_who_hangs_up() {
    let store = Shaky::in_time();
    let server = on(&store).task(TaskOptions { dedupe: true, ..options() }, |_| async { "done" });
    pass(1).await;
    store.spoil(Fault::Hangs, &["create"]);
    let ask = || {
        let mut request = request(&server);
        request.principal = Some(Principal::new("test", "alice"));
        let engine = server.0.tasks.clone();
        tokio::spawn(async move { engine.create(request).await.map(|record| record.id) })
    };
    let hangs_up = ask();
    pass(1).await;
    let waits = ask();
    hangs_up.abort();
    pass(1).await;
    store.mend();
    let id = waits.await.expect("no panic").expect("a task");
    assert_eq!(ended(&server, &id).await.record.state, TaskState::Returned);
    assert_eq!(store.stats().await.expect("a store").ended, 1);
}

#[tokio::test(start_paused = true)]
async fn a_task_that_could_not_be_shown_is_shown_later() {
    let store = Shaky::in_time();
    let server = on(&store).task(options(), |_| async { "done" });
    let id = created(&server).await;
    ended(&server, &id).await;
    store.spoil(Fault::Fails, &["get"]);
    let before = store.calls("get");
    server.0.tasks.show(&id);
    pass(5).await;
    assert!((4..=6).contains(&(store.calls("get") - before)));
    store.mend();
    pass(2).await;
    let after = store.calls("get");
    pass(5).await;
    assert_eq!(store.calls("get"), after, "it was shown, once");
}

/// What is about to begin is waited for, too, and handed back.
#[tokio::test(start_paused = true)]
async fn a_node_does_not_leave_while_a_task_begins() {
    for (late, patience) in [(2, 10), (5, 2)] {
        let store = Shaky::in_time();
        let limits = crate::Limits { drain: Duration::from_secs(patience), ..Default::default() };
        let server = on(&store).limits(limits).task(replay(), |_| async {
            std::future::pending::<()>().await;
            "never"
        });
        pass(1).await;
        store.spoil(Fault::Late, &["create"]);
        let engine = server.0.tasks.clone();
        let asked = request(&server);
        let creating = tokio::spawn(async move { engine.create(asked).await });
        pass(1).await;
        let stopping = tokio::spawn({
            let server = server.clone();
            async move { server.stop_tasks().await }
        });
        pass(late).await;
        assert_eq!(store.calls("leave"), 0);
        store.mend();
        let id = creating.await.expect("no panic").expect("a task").id;
        stopping.await.expect("no panic");
        let detail = store.inspect(&id).await.expect("a store").expect("a task");
        assert_eq!((detail.claim, detail.view.record.attempt), (None, 1));
        assert!(detail.due_at.is_some());
    }
}

/// There is room as soon as a task has ended, whatever is still to be said of its progress.
#[tokio::test(start_paused = true)]
async fn an_end_makes_room_at_once() {
    let store = Shaky::in_time();
    let server = on(&store).task(options(), |call: Call| async move {
        call.progress(1.0).message("nearly").await;
        "done"
    });
    let id = created(&server).await;
    ended(&server, &id).await;
    until(async || server.0.tasks.running().is_empty()).await;
    assert_eq!(server.0.tasks.slots().all, 0);
}

#[tokio::test]
async fn an_answer_that_no_journal_could_hold_is_refused() {
    let server = Server::builder("test", "1")
        .tasks(TaskSettings { journal: 1_000, ..settings() })
        .task(options(), |call: Call| async move {
            let answer = call.elicit_with::<serde_json::Value>("q", "?", json!({"type": "object"}));
            answer.await.map(|_| "answered").map_err(|error| error.to_string())
        });
    let id = created(&server).await;
    until(async || view(&server, &id).await.questions.len() == 1).await;
    let long = format!(r#"{{"action":"accept","content":{{"a":"{}"}}}}"#, "x".repeat(1_000));
    let raw = RawValue::from_string(long).expect("JSON");
    let answers = vec![(Key::from("q"), Answer::Given(raw.into()))];
    let error = server.0.tasks.answer(&Access::Operator, id.as_str(), answers).await;
    let error = error.expect_err("too long");
    assert_eq!(error.code, crate::code::INVALID_PARAMS);
    assert!(error.message.contains("may take 1000"), "{error}");
    assert_eq!(view(&server, &id).await.questions.len(), 1);
}
