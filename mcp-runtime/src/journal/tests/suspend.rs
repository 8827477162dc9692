//! I5, I6 and I8: when a run suspends or parks, and what goes out before.

use super::*;

async fn two(cx: &Run, _: &Env) -> Outcome {
    let (a, b) = tokio::join!(ask(cx, "a", "a?"), ask(cx, "b", "b?"));
    Ok(json!([a, b]))
}

#[tokio::test]
async fn i5_a_settled_inline_run_with_a_question_suspends() {
    let call = call(first());
    let saved = suspended(driver!(call.clone(), two, env()).await);
    assert_eq!(open(&call.run), ["a", "b"], "the questions outlive the attempt");
    assert!(saved.records.is_empty());
}

async fn slow_step_and_question(cx: &Run, env: &Env) -> Outcome {
    let slow = cx.step("slow", || async {
        env.say("slow");
        tokio::time::sleep(Duration::from_secs(3)).await;
        Stepped::Ok(1u32)
    });
    let (slow, answer) = tokio::join!(slow, ask(cx, "q", "?"));
    Ok(json!([slow.unwrap(), answer]))
}

#[tokio::test(start_paused = true)]
async fn i5_a_running_step_holds_the_suspension() {
    let env = env();
    let begun = tokio::time::Instant::now();
    let saved = suspended(driver!(call(first()), slow_step_and_question, env).await);
    assert!(begun.elapsed() >= Duration::from_secs(3));
    let run = again(&saved, &[("q", json!(7))], 0);
    assert_eq!(done(driver!(call(run), slow_step_and_question, env).await), json!([1, 7]));
    assert_eq!(env.times("slow"), 1);
}

async fn sleeps_and_raw_awaits(cx: &Run, env: &Env) -> Outcome {
    let (a, b, ()) = tokio::join!(
        ask(cx, "a", "?"),
        async {
            env.say("raw begins");
            tokio::time::sleep(Duration::from_secs(3)).await;
            env.say("raw ends");
            ask(cx, "b", "?").await
        },
        cx.sleep("nap", Duration::from_secs(5)),
    );
    Ok(json!([a, b]))
}

#[tokio::test(start_paused = true)]
async fn i5_sleeps_and_raw_awaits_hold_nothing() {
    let env = env();
    let first = call(first());
    let saved = suspended(driver!(first.clone(), sleeps_and_raw_awaits, env).await);
    assert_eq!(open(&first.run), ["a"]);
    let second = call(again(&saved, &[("a", json!(1))], 1_000));
    let saved = suspended(driver!(second.clone(), sleeps_and_raw_awaits, env).await);
    assert_eq!(open(&second.run), ["b"]);
    let third = call(again(&saved, &[("b", json!(2))], 1_000));
    assert_eq!(done(driver!(third, sleeps_and_raw_awaits, env).await), json!([1, 2]));
    assert_eq!(env.times("raw begins"), 3);
}

#[tokio::test(start_paused = true)]
async fn i5_a_task_parks_after_its_delay() {
    let (env, home, clock) = (env(), home(), clock());
    let policies = Policies { park_after: Duration::from_secs(20), ..Policies::default() };
    let begun = tokio::time::Instant::now();
    let driver = driver!(call(stored(&home, &clock)), slow_step_and_question, env);
    assert!(matches!(driver.with_policies(policies).await, End::Parked));
    assert_eq!(begun.elapsed().as_secs(), 23, "the step, then the delay");
    assert_eq!(home_keys(&home), ["slow"]);
    assert_eq!(home.questions(), ["q"]);
}

#[tokio::test(start_paused = true)]
async fn i5_a_raw_await_that_ticks_does_not_hold_the_parking() {
    async fn ticks(cx: &Run, _: &Env) -> Outcome {
        let mut interval = tokio::time::interval(Duration::from_millis(7));
        let answer = tokio::select! {
            answer = ask(cx, "q", "?") => answer,
            _ = async { loop { interval.tick().await; } } => 0,
        };
        Ok(json!(answer))
    }
    let (home, clock) = (home(), clock());
    assert!(matches!(driver!(call(stored(&home, &clock)), ticks, env()).await, End::Parked));
}

#[tokio::test(start_paused = true)]
async fn i5_a_task_that_only_looks_out_for_a_cancel_does_not_park() {
    async fn looks_out(cx: &Run, _: &Env) -> Outcome {
        cx.cancelled().await;
        Ok(json!("cancelled"))
    }
    let (home, clock) = (home(), clock());
    let driver = tokio::spawn(driver!(call(stored(&home, &clock)), looks_out, env()));
    tokio::time::sleep(Duration::from_secs(3_600)).await;
    assert!(!driver.is_finished());
    home.cancel(5);
    assert_eq!(done(driver.await.unwrap()), json!("cancelled"));
}

#[tokio::test(start_paused = true)]
async fn i5_a_timer_that_is_due_before_the_delay_is_over_fires() {
    async fn naps(cx: &Run, _: &Env) -> Outcome {
        for _ in 0..5 {
            cx.sleep("nap", Duration::from_millis(10)).await;
        }
        cx.sleep("sleep", Duration::from_secs(300)).await;
        Ok(json!("slept"))
    }
    let (home, clock) = (home(), clock());
    assert!(matches!(driver!(call(stored(&home, &clock)), naps, env()).await, End::Parked));
    assert_eq!(home_keys(&home).len(), 5);
    assert_eq!(home.saved().unwrap().timers.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn i6_all_questions_of_a_poll_go_out_in_one_commit() {
    let (home, clock) = (home(), clock());
    assert!(matches!(driver!(call(stored(&home, &clock)), two, env()).await, End::Parked));
    assert_eq!(home.commits(), 1);
    assert_eq!(home.questions(), ["a", "b"]);
}

async fn answer_or_nap(cx: &Run, env: &Env) -> Outcome {
    let seen = tokio::select! {
        answer = ask(cx, "q", "?") => format!("answer {answer}"),
        () = cx.sleep("nap", Duration::from_secs(300)) => "late".to_owned(),
    };
    say(cx, env, "after", 1).await;
    Ok(json!([seen, ask(cx, "more", "?").await]))
}

#[tokio::test(start_paused = true)]
async fn i6_what_the_author_drops_is_withdrawn() {
    let (home, clock) = (home(), clock());
    assert!(matches!(
        driver!(call(stored(&home, &clock)), answer_or_nap, env()).await,
        End::Parked
    ));
    assert_eq!(home.questions(), ["q"]);
    clock.advance(Duration::from_secs(300));
    assert!(matches!(
        driver!(call(stored(&home, &clock)), answer_or_nap, env()).await,
        End::Parked
    ));
    assert_eq!(home.questions(), ["more"]);
    assert!(!home.answer("q", 0, raw(&json!(1))), "a late answer finds no question");
    assert!(home.saved().unwrap().timers.is_empty());
}

#[tokio::test(start_paused = true)]
async fn i6_what_the_driver_drops_is_not_withdrawn() {
    let (env, home, clock) = (env(), home(), clock());
    for polls in 1..40 {
        crash_after(driver!(call(stored(&home, &clock)), answer_or_nap, env), polls).await;
    }
    assert_eq!(home.questions(), ["q"]);
    assert_eq!(home.saved().unwrap().timers, [("nap".into(), 301_000)]);
    assert_eq!(home.commits(), 1, "a rerun puts nothing again");
}

#[tokio::test(start_paused = true)]
async fn i6_a_question_that_a_rerun_is_slow_to_ask_stays_open() {
    async fn slow_to_ask(cx: &Run, env: &Env) -> Outcome {
        let (a, b) = tokio::join!(
            async {
                if env.flag.load(SeqCst) {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                match number(cx, "slow", "?").timeout(Duration::from_secs(9)).await {
                    Asked::Answer(answer) => answer.as_str().to_owned(),
                    other => format!("{other:?}"),
                }
            },
            async {
                let nap = cx.sleep("nap", Duration::from_millis(1)).await;
                say(cx, env, "quick", 1).await;
                nap
            },
        );
        Ok(json!([a, b]))
    }
    let (env, home, clock) = (env(), home(), clock());
    assert!(matches!(driver!(call(stored(&home, &clock)), slow_to_ask, env).await, End::Parked));
    let timers = home.saved().unwrap().timers;
    env.flag.store(true, SeqCst);
    let rerun = tokio::spawn(driver!(call(stored(&home, &clock)), slow_to_ask, env));
    for _ in 0..10 {
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert_eq!(home.questions(), ["slow"]);
    }
    assert_eq!(home.saved().unwrap().timers, timers);
    assert!(home.answer("slow", 2, raw(&json!(5))));
    assert_eq!(done(rerun.await.unwrap()), json!(["5", null]));
}

#[tokio::test(start_paused = true)]
async fn i8_commits_and_deliveries_do_not_wait_for_a_restless_branch() {
    async fn restless(cx: &Run, env: &Env) -> Outcome {
        let done = AtomicBool::new(false);
        let mut spins = 0u32;
        tokio::join!(
            async {
                while !done.load(SeqCst) {
                    spins += 1;
                    tokio::task::yield_now().await;
                }
            },
            async {
                for _ in 0..10 {
                    say(cx, env, "s", 1).await;
                }
                done.store(true, SeqCst);
            }
        );
        Ok(json!(spins))
    }
    let (home, clock) = (home(), clock());
    let spins = done(driver!(call(stored(&home, &clock)), restless, env()).await);
    assert_eq!(home_keys(&home).len(), 10);
    // Some rounds for each step, and not the 256 after which a run counts as settled.
    assert!(spins.as_u64().unwrap() < 100, "{spins}");
}

#[tokio::test]
async fn a_state_that_is_too_large_names_the_largest_step() {
    async fn dump(cx: &Run, env: &Env) -> Outcome {
        say(cx, env, "small", 1).await;
        let dump = cx.step("dump", || async { Stepped::Ok("x".repeat(100_000)) });
        dump.await.unwrap();
        Ok(json!(ask(cx, "q", "?").await))
    }
    let exit = exit(driver!(call(first()), dump, env()).await);
    let Exit::TooLarge { key, largest, bytes, limit } = &exit else { panic!("{exit}") };
    assert_eq!((key.as_str(), *limit), ("dump", 16 * 1024));
    assert!(*largest > 100_000 && bytes > largest);
    assert!(exit.to_string().contains("`dump`"));
}

#[tokio::test(start_paused = true)]
async fn a_step_that_waits_for_a_question_hangs_until_the_tools_own_timeout() {
    // A trap that is documented, not solved: nothing can know what the step waits for.
    async fn hangs(cx: &Run, _: &Env) -> Outcome {
        let (answered, answer) = tokio::sync::oneshot::channel();
        let step = cx.step("s", || async move { Stepped::Ok(answer.await.unwrap_or(0u32)) });
        let (step, _) = tokio::join!(step, async { answered.send(ask(cx, "q", "?").await) });
        Ok(json!(step.unwrap()))
    }
    let driver = driver!(call(first()), hangs, env());
    assert!(tokio::time::timeout(Duration::from_secs(60), driver).await.is_err());
}
