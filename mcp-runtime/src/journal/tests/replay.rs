//! I3, I4 and I7: when something new starts, and what does not fit.

use super::*;

fn diverged(end: End<Outcome>) -> (String, String) {
    match exit(end) {
        Exit::Diverged { called, recorded } => (called, recorded),
        other => panic!("not diverged: {other}"),
    }
}

async fn renamed(cx: &Run, env: &Env) -> Outcome {
    let name = if env.flag.load(SeqCst) { "new" } else { "old" };
    let number = say(cx, env, name, 1).await;
    Ok(json!(number + ask(cx, "q", "?").await))
}

#[tokio::test]
async fn i3_another_step_than_recorded_diverges_at_once_and_names_both() {
    let env = env();
    let saved = suspended(driver!(call(first()), renamed, env).await);
    env.flag.store(true, SeqCst);
    let end = driver!(call(again(&saved, &[("q", json!(1))], 0)), renamed, env).await;
    assert_eq!(diverged(end), ("`new`".to_owned(), "`old`".to_owned()));
    assert_eq!(env.log(), ["old"], "the new step must not have run");
}

#[tokio::test(start_paused = true)]
async fn i3_behind_a_raw_await_it_diverges_after_the_grace() {
    async fn tool(cx: &Run, env: &Env) -> Outcome {
        let busy = tokio::time::sleep(Duration::from_secs(3_600));
        let ((), outcome) = tokio::join!(busy, renamed(cx, env));
        outcome
    }
    let saved = saved_with(vec![learned("old", value(json!(1)))]);
    let env = env();
    env.flag.store(true, SeqCst);
    let begun = tokio::time::Instant::now();
    let end = driver!(call(again(&saved, &[], 0)), tool, env).await;
    assert_eq!(diverged(end), ("`new`".to_owned(), "`old`".to_owned()));
    let took = begun.elapsed();
    assert!(took >= Duration::from_secs(60) && took < Duration::from_secs(62), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn i3_an_unrecorded_step_waits_for_a_slow_caller_of_a_recorded_one() {
    async fn tool(cx: &Run, env: &Env) -> Outcome {
        let (a, b) = tokio::join!(
            async {
                tokio::time::sleep(Duration::from_secs(5)).await;
                say(cx, env, "a", 1).await
            },
            say(cx, env, "b", 2)
        );
        Ok(json!(a + b))
    }
    // Crashed while `b` ran: only `a` is in the journal, and `b` gets to its call first.
    let saved = saved_with(vec![learned("a", value(json!(10)))]);
    let env = env();
    let end = driver!(call(again(&saved, &[], 0)), tool, env).await;
    assert_eq!(done(end), json!(12));
    assert_eq!(env.log(), ["b"]);
}

#[tokio::test]
async fn i3_nothing_new_starts_before_the_records_are_delivered() {
    async fn tool(cx: &Run, env: &Env) -> Outcome {
        let (fresh, old) = tokio::join!(say(cx, env, "fresh", 1), async {
            let old = say(cx, env, "old", 2).await;
            env.say("old delivered");
            old
        });
        Ok(json!(fresh + old))
    }
    let saved = saved_with(vec![learned("old", value(json!(2)))]);
    let env = env();
    assert_eq!(done(driver!(call(again(&saved, &[], 0)), tool, env).await), json!(3));
    assert_eq!(env.log(), ["old delivered", "fresh"]);
}

#[tokio::test]
async fn i3_a_function_that_waits_for_nothing_diverges() {
    async fn tool(_: &Run, _: &Env) -> Outcome {
        std::future::pending().await
    }
    let saved = saved_with(vec![learned("old", value(json!(2)))]);
    let driver = driver!(call(again(&saved, &[], 0)), tool, env());
    // It has not met the journal, and might be waiting for the network: nothing can be said.
    assert!(tokio::time::timeout(Duration::from_millis(20), driver).await.is_err());
    async fn touches(cx: &Run, _: &Env) -> Outcome {
        drop(cx.sleep("z", Duration::ZERO));
        std::future::pending().await
    }
    let end = driver!(call(again(&saved, &[], 0)), touches, env()).await;
    assert_eq!(diverged(end), ("nothing".to_owned(), "`old`".to_owned()));
}

#[tokio::test]
async fn i3_another_version_may_go_on_if_the_author_says_so() {
    let env = env();
    let saved = suspended(driver!(call(first()), renamed, env).await);
    env.flag.store(true, SeqCst);
    let go_on = Policies { on_change: OnChange::GoOn, ..Policies::default() };
    // The same version: a mistake, whatever the author says.
    let same = call(again(&saved, &[], 0));
    let end = driver!(same, renamed, env).with_policies(go_on).await;
    assert!(matches!(end, End::Exit(Exit::Diverged { .. })));
    // Another version, and the author says no.
    let other = versioned(again(&saved, &[], 0), "2");
    assert!(matches!(driver!(other, renamed, env).await, End::Exit(Exit::Diverged { .. })));
    // Another version that may go on.
    let other = versioned(again(&saved, &[], 0), "2");
    let saved = suspended(driver!(other, renamed, env).with_policies(go_on).await);
    assert_eq!((saved.version.as_str(), keys(&saved.records)), ("2", vec!["new".to_owned()]));
    // From here on it is an ordinary journal of the new version.
    let run = again(&saved, &[("q", json!(4))], 0);
    assert_eq!(done(driver!(versioned(run, "2"), renamed, env).await), json!(5));
    assert_eq!(env.log(), ["old", "new"]);
}

#[tokio::test(start_paused = true)]
async fn i3_a_store_hears_of_what_another_version_gives_up() {
    let (env, home, clock) = (env(), home(), clock());
    let end = driver!(call(stored(&home, &clock)), renamed, env).await;
    assert!(matches!(end, End::Parked));
    env.flag.store(true, SeqCst);
    let go_on = Policies { on_change: OnChange::GoOn, ..Policies::default() };
    let other = versioned(stored(&home, &clock), "2");
    let end = driver!(other, renamed, env).with_policies(go_on).await;
    assert!(matches!(end, End::Parked));
    let saved = home.saved().unwrap();
    assert_eq!((saved.version.as_str(), keys(&saved.records)), ("2", vec!["new".to_owned()]));
    home.answer("q", 1, raw(&json!(4)));
    let end = driver!(versioned(stored(&home, &clock), "2"), renamed, env).await;
    assert_eq!(done(end), json!(5));
}

#[tokio::test]
async fn i3_a_lost_last_step_is_harmless_and_can_be_seen() {
    async fn shorter(cx: &Run, env: &Env) -> Outcome {
        Ok(json!(say(cx, env, "a", 1).await))
    }
    let record = |key| learned(key, value(json!(1)));
    let call = call(again(&saved_with(vec![record("a"), record("b")]), &[], 0));
    assert_eq!(done(driver!(call.clone(), shorter, env()).await), json!(1));
    assert_eq!(call.run.unused_records(), ["b"]);
}

async fn yields_then_asks(cx: &Run, _: &Env) -> Outcome {
    let (a, b) = tokio::join!(ask(cx, "a", "?"), async {
        tokio::task::yield_now().await;
        tokio::task::yield_now().await;
        ask(cx, "b", "?").await
    });
    Ok(json!([a, b]))
}

#[tokio::test]
async fn i4_deferred_wakes_of_the_scheduler_are_waited_for() {
    let call = call(first());
    suspended(driver!(call.clone(), yields_then_asks, env()).await);
    assert_eq!(open(&call.run), ["a", "b"]);
}

#[tokio::test]
async fn i4_the_budget_of_the_scheduler_does_not_split_the_questions() {
    async fn many(cx: &Run, _: &Env) -> Outcome {
        let asks = (0..300u32).map(|id| ask(cx, ("q", id), "?"));
        Ok(json!(futures_util::future::join_all(asks).await.len()))
    }
    let call = call(first());
    let policies = Policies { state_limit: usize::MAX, ..Policies::default() };
    suspended(driver!(call.clone(), many, env()).with_policies(policies).await);
    assert_eq!(open(&call.run).len(), 300);
}

/// Never rests while it runs.
async fn restless(cx: &Run, env: &Env) -> Outcome {
    let done = AtomicBool::new(false);
    let (sum, ()) = tokio::join!(
        async {
            let a = say(cx, env, "s", 1).await;
            let b = ask(cx, "q", "?").await;
            done.store(true, SeqCst);
            a + b
        },
        async {
            while !done.load(SeqCst) {
                tokio::task::yield_now().await;
            }
        }
    );
    Ok(json!(sum))
}

#[tokio::test]
async fn i4_a_restless_branch_does_not_keep_a_run_from_suspending() {
    let env = env();
    let saved = suspended(driver!(call(first()), restless, env).await);
    let end = driver!(call(again(&saved, &[("q", json!(2))], 0)), restless, env).await;
    assert_eq!(done(end), json!(3));
    assert_eq!(env.times("s"), 1);
}

#[tokio::test]
async fn i7_the_key_is_taken_at_the_call() {
    async fn polled_backwards(cx: &Run, env: &Env) -> Outcome {
        let first = cx.sleep("first", Duration::ZERO);
        let early = cx.step(("fetch", "a"), || async { Stepped::Ok("early") }.map_ok());
        drop((first, early));
        // A call that was never polled has used up its number.
        let late = cx.step(("fetch", "a"), || async { Stepped::Ok(1u32) });
        late.await.unwrap();
        ask(cx, "q", "?").await;
        let _ = env;
        Ok(json!(null))
    }
    trait MapOk: Sized {
        fn map_ok(self) -> impl Future<Output = Stepped<String>> + Send;
    }
    impl<F: Future<Output = Stepped<&'static str>> + Send> MapOk for F {
        async fn map_ok(self) -> Stepped<String> {
            self.await.map(str::to_owned)
        }
    }
    let saved = suspended(driver!(call(first()), polled_backwards, env()).await);
    assert_eq!(keys(&saved.records), ["fetch/a#2"]);
}

#[tokio::test]
async fn i7_uses_after_one_another_are_numbered() {
    async fn in_a_loop(cx: &Run, env: &Env) -> Outcome {
        let mut pages = Vec::new();
        for page in 0..3u32 {
            let fetch = cx.step("fetch", || async move {
                env.say("fetch");
                Stepped::Ok(page * 10)
            });
            pages.push(fetch.await.unwrap());
        }
        pages.push(ask(cx, "q", "?").await);
        Ok(json!(pages))
    }
    let env = env();
    let saved = suspended(driver!(call(first()), in_a_loop, env).await);
    assert_eq!(keys(&saved.records), ["fetch", "fetch#2", "fetch#3"]);
    let end = driver!(call(again(&saved, &[("q", json!(1))], 0)), in_a_loop, env).await;
    assert_eq!(done(end), json!([0, 10, 20, 1]));
    assert_eq!(env.times("fetch"), 3);
}

#[tokio::test]
async fn i7_no_name_passes_for_a_numbered_one() {
    async fn hashes(cx: &Run, env: &Env) -> Outcome {
        for name in ["a#2", "a", "a", "a#", "a#"] {
            say(cx, env, name, 1).await;
        }
        ask(cx, "q", "?").await;
        Ok(json!(null))
    }
    let saved = suspended(driver!(call(first()), hashes, env()).await);
    assert_eq!(keys(&saved.records), ["a##2", "a", "a#2", "a##", "a###2"]);
}

#[tokio::test]
async fn i7_two_open_operations_of_one_name_are_refused_in_every_mode() {
    async fn twins(cx: &Run, env: &Env) -> Outcome {
        let (a, b) = tokio::join!(ask(cx, "same", "?"), say(cx, env, "same", 1));
        Ok(json!([a, b]))
    }
    for run in [live(), first(), stored(&home(), &clock())] {
        let exit = exit(driver!(call(run), twins, env()).await);
        let expected = "two operations named `same` are open at the same time: tell them apart, \
                        as in `cx.step((\"same\", id), ..)`";
        assert_eq!(exit.to_string(), expected);
    }
}

#[tokio::test]
async fn i7_a_name_is_free_again_when_its_operation_is_dropped() {
    async fn polite(cx: &Run, env: &Env) -> Outcome {
        drop(cx.sleep("a", Duration::ZERO));
        let mut ask = Box::pin(number(cx, "a", "?"));
        std::future::poll_fn(|task| {
            let _ = Pin::new(&mut ask).poll(task);
            Poll::Ready(())
        })
        .await;
        drop(ask);
        let step = cx.step("a", || async { Stepped::Ok(()) });
        step.await.unwrap();
        Ok(json!(say(cx, env, "a", 1).await))
    }
    for run in [live(), first(), stored(&home(), &clock())] {
        assert_eq!(done(driver!(call(run), polite, env()).await), json!(1));
    }
}

/// `select!` polls in random order, and the first branch is over at once.
#[tokio::test]
async fn i7_a_branch_that_is_over_at_once_does_not_change_the_numbers_of_the_others() {
    async fn races(cx: &Run, env: &Env) -> Outcome {
        let mut winners = Vec::new();
        for _ in 0..8 {
            let winner = tokio::select! {
                _ = say(cx, env, "one", 1) => "one",
                _ = say(cx, env, "two", 2) => "two",
            };
            winners.push(winner);
        }
        ask(cx, "q", "?").await;
        env.say(winners.join(" "));
        Ok(json!(winners))
    }
    for run in [first(), again(&saved_with(Vec::new()), &[], 0)] {
        let env = env();
        let saved = suspended(driver!(call(run), races, env).await);
        let mut seen = Vec::new();
        for _ in 0..10 {
            let run = again(&saved, &[("q", json!(1))], 0);
            seen.push(done(driver!(call(run), races, env).await));
        }
        seen.dedup();
        assert_eq!(seen.len(), 1);
    }
}

#[test]
fn i3_a_waker_that_is_gone_has_left_its_mark() {
    use super::super::signal::Bell;
    let bell = Bell::new(Arc::default());
    for _ in 0..300 {
        bell.clear();
        let waker = bell.waker().clone();
        let used = std::thread::spawn(move || waker.wake());
        while bell.wakers() > 0 {
            std::hint::spin_loop();
        }
        // Otherwise a run would be taken for one that nobody can wake any more.
        assert!(bell.is_raised());
        used.join().unwrap();
    }
}
