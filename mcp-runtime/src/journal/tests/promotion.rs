//! I14: a call moves into a store while it runs.

use super::*;

async fn tool(cx: &Run, env: &Env) -> Outcome {
    let one = say(cx, env, "one", 1).await;
    let slow = cx.step("slow", || async {
        env.say("slow");
        tokio::time::sleep(Duration::from_secs(9)).await;
        Stepped::Ok(10u32)
    });
    let side = async {
        tokio::time::sleep(Duration::from_secs(4)).await;
        say(cx, env, "side", 100).await
    };
    let (slow, side) = tokio::join!(slow, side);
    Ok(json!(one + slow.unwrap() + side + ask(cx, "q", "?").await))
}

#[tokio::test(start_paused = true)]
async fn i14_promotion_takes_the_journal_along_and_nothing_runs_twice() {
    let (env, home, clock) = (env(), MemoryHome::empty(), clock());
    let call_ = call(first());
    let running = tokio::spawn(driver!(call_.clone(), tool, env));
    tokio::time::sleep(Duration::from_secs(2)).await;
    call_.run.promote(Arc::new(home.clone()));
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(home_keys(&home), ["one"], "at once, while `slow` runs");
    assert!(matches!(running.await.unwrap(), End::Parked));
    assert_eq!(home_keys(&home), ["one", "side", "slow"]);
    home.answer("q", 1, raw(&json!(1000)));
    assert_eq!(done(driver!(call(stored(&home, &clock)), tool, env).await), json!(1111));
    assert_eq!(env.log(), ["one", "slow", "side"]);
}

async fn waits(cx: &Run, env: &Env) -> Outcome {
    let hold = cx.step("hold", || async {
        env.say("hold");
        tokio::time::sleep(Duration::from_secs(2)).await;
        Stepped::Ok(1u32)
    });
    let limited = number(cx, "q", "?").timeout(Duration::from_secs(500));
    let (hold, asked, ()) = tokio::join!(hold, limited, cx.sleep("nap", Duration::from_secs(100)));
    Ok(json!([hold.unwrap(), matches!(asked, Asked::Answer(_))]))
}

#[tokio::test(start_paused = true)]
async fn i14_questions_and_timers_go_in_the_same_commit() {
    let (env, home, clock) = (env(), MemoryHome::empty(), clock());
    let mut running = Box::pin(driver!(call(first()), waits, env));
    let part = tokio::time::timeout(Duration::from_secs(1), &mut running).await;
    assert!(part.is_err());
    running.promote(Arc::new(home.clone()));
    assert!(matches!(running.await, End::Parked));
    assert_eq!(home.questions(), ["q"]);
    assert_eq!(home.commits(), 1, "only `hold` came after the creation");
    let timers = home.saved().unwrap().timers;
    assert_eq!(timers, [("nap".into(), 101_000), ("q".into(), 501_000)]);
    home.answer("q", 2_000, raw(&json!(1)));
    clock.advance(Duration::from_secs(200));
    assert_eq!(done(driver!(call(stored(&home, &clock)), waits, env).await), json!([1, true]));
    assert_eq!(env.times("hold"), 1);
}

#[tokio::test(start_paused = true)]
async fn i14_a_creation_that_fails_leaves_the_call_inline() {
    let env = env();
    // There is a call in this home already, so that it refuses.
    let taken = home();
    let mut running = Box::pin(driver!(call(first()), waits, env));
    assert!(tokio::time::timeout(Duration::from_secs(1), &mut running).await.is_err());
    running.promote(Arc::new(taken.clone()));
    let saved = suspended(running.await);
    assert_eq!(keys(&saved.records), ["hold"]);
    assert!(home_keys(&taken).is_empty());
}

#[tokio::test(start_paused = true)]
async fn i14_a_call_that_has_not_met_the_journal_is_promoted_too() {
    async fn busy(cx: &Run, env: &Env) -> Outcome {
        tokio::time::sleep(Duration::from_secs(5)).await;
        Ok(json!(say(cx, env, "late", 1).await))
    }
    let (env, home) = (env(), MemoryHome::empty());
    let mut running = Box::pin(driver!(call(first()), busy, env));
    assert!(tokio::time::timeout(Duration::from_secs(1), &mut running).await.is_err());
    running.promote(Arc::new(home.clone()));
    assert_eq!(done(running.await), json!(1));
    assert_eq!(home_keys(&home), ["late"]);
}

#[tokio::test(start_paused = true)]
async fn i14_a_function_can_ask_for_it_itself() {
    async fn moves(cx: &Run, env: &Env) -> Outcome {
        say(cx, env, "before", 1).await;
        // As `into_task` would.
        if !env.flag.swap(true, SeqCst) {
            cx.promote(HOME.with(|home| Arc::new(home.clone())));
            tokio::task::yield_now().await;
        }
        Ok(json!(ask(cx, "q", "?").await))
    }
    thread_local!(static HOME: Arc<MemoryHome> = MemoryHome::empty());
    let (env, home) = (env(), HOME.with(Arc::clone));
    assert!(matches!(driver!(call(first()), moves, env).await, End::Parked));
    assert_eq!((home_keys(&home), home.questions()), (vec!["before".to_owned()], vec!["q".into()]));
}

#[tokio::test(start_paused = true)]
async fn i14_live_calls_are_not_promoted() {
    let (env, home) = (env(), MemoryHome::empty());
    let call = call(live());
    let mut running = Box::pin(driver!(call.clone(), waits, env));
    assert!(tokio::time::timeout(Duration::from_secs(1), &mut running).await.is_err());
    running.promote(Arc::new(home.clone()));
    assert!(tokio::time::timeout(Duration::from_secs(1), &mut running).await.is_err());
    assert!(home.saved().is_none());
}
