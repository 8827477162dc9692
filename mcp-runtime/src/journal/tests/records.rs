//! I1, I2 and I13: what is learned, and in which order the function sees it.

use std::collections::{BTreeMap, HashMap};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use super::*;

async fn quote(cx: &Run, env: &Env) -> Outcome {
    let price = say(cx, env, "quote", 42).await;
    let paid = ask(cx, "approve", &format!("costs {price}")).await;
    let video = say(cx, env, "render", 1).await;
    Ok(json!([price, paid, video]))
}

#[tokio::test]
async fn i1_everything_learned_is_one_record_inline() {
    let env = env();
    let saved = suspended(driver!(call(first()), quote, env).await);
    assert_eq!(keys(&saved.records), ["quote"]);
    let call = call(again(&saved, &[("approve", json!(5))], 2_000));
    assert_eq!(done(driver!(call.clone(), quote, env).await), json!([42, 5, 1]));
    assert_eq!(keys(&call.run.saved("1").records), ["quote", "approve", "render"]);
    assert_eq!(env.log(), ["quote", "render"]);
}

#[tokio::test(start_paused = true)]
async fn i1_a_crash_anywhere_loses_nothing_that_the_function_saw() {
    let mut crashes = 0;
    for polls in 1..60 {
        let (env, home, clock) = (env(), home(), clock());
        let mut driver = crash_after(driver!(call(stored(&home, &clock)), quote, env), polls).await;
        let crashed = usize::from(driver.is_none());
        crashes += crashed;
        let outcome = loop {
            match driver.take() {
                Some(End::Parked) => {
                    home.answer("approve", 5, raw(&json!(5)));
                }
                Some(end) => break done(end),
                None => {}
            }
            driver = Some(driver!(call(stored(&home, &clock)), quote, env).await);
        };
        assert_eq!(outcome, json!([42, 5, 1]), "crash after {polls} polls");
        assert_eq!(home_keys(&home), ["quote", "approve", "render"]);
        assert!(env.times("quote") <= 1 + crashed && env.times("render") <= 1 + crashed);
        assert_eq!(home.violations(), Vec::<String>::new());
    }
    assert!(crashes > 5, "the crashes must fall into the run, and {crashes} did");
}

async fn long(cx: &Run, env: &Env) -> Outcome {
    let slow = cx.step("long", || async {
        env.say("long");
        tokio::time::sleep(Duration::from_secs(5)).await;
        Stepped::Ok(1u32)
    });
    let slow = slow.await.unwrap();
    env.say("saw it");
    Ok(json!(slow + say(cx, env, "next", 1).await))
}

#[tokio::test(start_paused = true)]
async fn i1_a_fenced_attempt_never_sees_what_it_could_not_commit() {
    let (env, home, clock) = (env(), home(), clock());
    let zombie = tokio::spawn(driver!(call(stored(&home, &clock)), long, env));
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(done(driver!(call(stored(&home, &clock)), long, env).await), json!(2));
    assert_eq!(exit(zombie.await.unwrap()), Exit::Fenced);
    assert_eq!((env.times("long"), env.times("saw it"), env.times("next")), (2, 1, 1));
}

async fn flaky(cx: &Run, env: &Env) -> Outcome {
    let fallible = cx.step("flaky", || async {
        env.say("flaky");
        Stepped::<u32>::Err(StepError::new("no luck"))
    });
    let handled = fallible.await.is_err_and(|error| error.message() == "no luck");
    let answer = ask(cx, "q", "?").await;
    Ok(json!([handled, answer]))
}

#[tokio::test]
async fn i1_a_failed_step_is_a_record_too() {
    let env = env();
    let saved = suspended(driver!(call(first()), flaky, env).await);
    let run = again(&saved, &[("q", json!(1))], 0);
    assert_eq!(done(driver!(call(run), flaky, env).await), json!([true, 1]));
    assert_eq!(env.times("flaky"), 1);
}

#[tokio::test]
async fn i1_a_retry_forgets_only_the_failures_at_the_end() {
    let failed = |key| learned(key, Learned::Error("no".into()));
    let fine = learned("fine", value(json!(1)));
    let mut saved = saved_with(vec![failed("a"), fine, failed("b"), failed("c")]);
    saved.forget_last_failures();
    assert_eq!(keys(&saved.records), ["a", "fine"]);
}

async fn panics_once(cx: &Run, env: &Env) -> Outcome {
    let step = cx.step("p", || async {
        if env.count.fetch_add(1, SeqCst) == 0 {
            panic!("boom")
        }
        Stepped::Ok(3u32)
    });
    Ok(json!(step.await.unwrap()))
}

#[tokio::test]
async fn i1_a_panic_leaves_no_record() {
    let (env, home, clock) = (env(), home(), clock());
    let end = driver!(call(stored(&home, &clock)), panics_once, env).await;
    assert!(matches!(&end, End::Panicked(message) if message == "boom"), "{end:?}");
    assert!(home_keys(&home).is_empty());
    let end = driver!(call(stored(&home, &clock)), panics_once, env).await;
    assert_eq!(done(end), json!(3));
}

async fn answer_or_late(cx: &Run, env: &Env) -> Outcome {
    let seen = tokio::select! {
        answer = ask(cx, "q", "?") => format!("answer {answer}"),
        () = cx.sleep("limit", Duration::from_secs(300)) => "late".to_owned(),
    };
    let after = cx.step("after", || async {
        env.say(format!("after {seen}"));
        Stepped::Ok(seen.clone())
    });
    Ok(json!(after.await.unwrap()))
}

#[tokio::test]
async fn i2_records_are_delivered_in_journal_order() {
    for order in [["q", "limit"], ["limit", "q"]] {
        for _ in 0..32 {
            let record = |key: &str| match key {
                "q" => learned("q", Learned::Answer(raw(&json!(7)).into())),
                _ => learned("limit", Learned::Fired),
            };
            let saved = saved_with(order.map(record).into());
            let end = driver!(call(again(&saved, &[], 0)), answer_or_late, env()).await;
            let expected = if order[0] == "q" { "answer 7" } else { "late" };
            assert_eq!(done(end), expected, "select! polls in random order, the journal decides");
        }
    }
}

/// Each result makes a follow-up, and another attempt is done with them in another order.
async fn crawl(cx: &Run, env: &Env) -> Outcome {
    let flip = env.flag.load(SeqCst);
    let fetch = |id: u32| async move {
        let pause = if id.is_multiple_of(2) ^ flip { 10 } else { 20 } + u64::from(id);
        let page = cx.step(("fetch", id % 100), || async move {
            env.say(format!("{id}"));
            tokio::time::sleep(Duration::from_millis(pause)).await;
            Stepped::Ok(id)
        });
        (id, page.await.unwrap())
    };
    let mut pages = FuturesUnordered::new();
    (1..=4).for_each(|id| pages.push(fetch(id)));
    let mut seen = BTreeMap::new();
    while let Some((id, page)) = pages.next().await {
        seen.insert(id, page);
        if id < 100 {
            pages.push(fetch(id + 100));
        }
    }
    ask(cx, "q", "?").await;
    Ok(json!(seen.iter().filter(|(id, page)| id != page).count()))
}

#[tokio::test(start_paused = true)]
async fn i2_values_reach_their_callers_whatever_the_timing() {
    let env = env();
    let saved = suspended(driver!(call(first()), crawl, env).await);
    env.flag.store(true, SeqCst);
    let end = driver!(call(again(&saved, &[("q", json!(1))], 0)), crawl, env).await;
    assert_eq!(done(end), json!(0));
    assert_eq!(env.log().len(), 8);
}

#[tokio::test(start_paused = true)]
async fn i2_values_reach_their_callers_after_any_crash() {
    for polls in 1..60 {
        let (env, home, clock) = (env(), home(), clock());
        let mut attempts = 0;
        let outcome = loop {
            attempts += 1;
            env.flag.store(attempts % 2 == 0, SeqCst);
            let polls = if attempts < 4 { polls } else { u32::MAX };
            match crash_after(driver!(call(stored(&home, &clock)), crawl, env), polls).await {
                None => {}
                Some(End::Parked) => {
                    home.answer("q", 1, raw(&json!(1)));
                }
                Some(end) => break done(end),
            }
        };
        assert_eq!(outcome, json!(0), "crash after {polls} polls");
    }
}

/// The first branch gets to its step late, by way of a future that is not the journal's.
async fn slow_to_call(cx: &Run, env: &Env) -> Outcome {
    let order = Mutex::new(Vec::new());
    tokio::join!(
        async {
            let pause = if env.flag.load(SeqCst) { 500 } else { 1 };
            tokio::time::sleep(Duration::from_millis(pause)).await;
            say(cx, env, "a", 1).await;
            order.lock().unwrap().push("a");
        },
        async {
            let b = cx.step("b", || async {
                tokio::time::sleep(Duration::from_millis(50)).await;
                Stepped::Ok(())
            });
            b.await.unwrap();
            order.lock().unwrap().push("b");
        }
    );
    ask(cx, "q", "?").await;
    Ok(json!(*order.lock().unwrap()))
}

#[tokio::test(start_paused = true)]
async fn i2_a_later_record_waits_for_an_earlier_call_behind_a_raw_await() {
    let env = env();
    let saved = suspended(driver!(call(first()), slow_to_call, env).await);
    assert_eq!(keys(&saved.records), ["a", "b"]);
    env.flag.store(true, SeqCst);
    let end = driver!(call(again(&saved, &[("q", json!(1))], 0)), slow_to_call, env).await;
    assert_eq!(done(end), json!(["a", "b"]));
}

#[tokio::test(start_paused = true)]
async fn i2_the_wait_for_an_earlier_call_is_bounded_by_the_grace() {
    async fn stuck(cx: &Run, env: &Env) -> Outcome {
        let (a, b) = tokio::join!(
            async {
                if env.flag.load(SeqCst) {
                    tokio::time::sleep(Duration::from_secs(3_600)).await;
                }
                say(cx, env, "a", 1).await
            },
            say(cx, env, "b", 2)
        );
        Ok(json!([a, b, ask(cx, "q", "?").await]))
    }
    let env = env();
    let saved = suspended(driver!(call(first()), stuck, env).await);
    env.flag.store(true, SeqCst);
    let begun = tokio::time::Instant::now();
    let end = driver!(call(again(&saved, &[("q", json!(1))], 0)), stuck, env).await;
    // `b` was let through after the grace; what was slow came in the end.
    assert_eq!(done(end), json!([1, 2, 1]));
    assert!(begun.elapsed() >= Duration::from_secs(3_600));
}

/// An operation that its author does not poll for a while does not hold up the others.
#[tokio::test(start_paused = true)]
async fn i2_an_operation_that_is_set_aside_holds_nobody_up() {
    async fn set_aside(cx: &Run, env: &Env) -> Outcome {
        let mut aside = Box::pin(ask(cx, "aside", "?"));
        std::future::poll_fn(|task| {
            let _ = aside.as_mut().poll(task);
            Poll::Ready(())
        })
        .await;
        let other = cx.step("other", || async {
            env.say("other");
            tokio::time::sleep(Duration::from_millis(20)).await;
            Stepped::Ok(1u32)
        });
        let other = other.await.unwrap();
        Ok(json!([other, aside.await]))
    }
    let (env, home, clock) = (env(), home(), clock());
    let end = {
        let driver = tokio::spawn(driver!(call(stored(&home, &clock)), set_aside, env));
        while home.questions().is_empty() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        home.answer("aside", 5, raw(&json!(7)));
        driver.await.unwrap()
    };
    assert_eq!(done(end), json!([1, 7]));
    assert_eq!(home_keys(&home), ["aside", "other"]);
    // And in a rerun.
    let end = driver!(call(stored(&home, &clock)), set_aside, env).await;
    assert_eq!(done(end), json!([1, 7]));
    assert_eq!(env.times("other"), 1);
}

#[derive(serde::Serialize, serde::Deserialize, Debug, PartialEq)]
struct Lossy {
    kept: u32,
    #[serde(skip)]
    lost: u32,
}

#[tokio::test]
async fn i13_the_first_run_sees_what_a_rerun_would() {
    async fn lossy(cx: &Run, _: &Env) -> Outcome {
        let step = cx.step("lossy", || async { Stepped::Ok(Lossy { kept: 1, lost: 2 }) });
        Ok(json!(step.await.unwrap().lost))
    }
    let seen = if cfg!(debug_assertions) { 0 } else { 2 };
    assert_eq!(done(driver!(call(live()), lossy, env()).await), json!(seen));
    assert_eq!(done(driver!(call(first()), lossy, env()).await), json!(seen));
    let (home, clock) = (home(), clock());
    assert_eq!(done(driver!(call(stored(&home, &clock)), lossy, env()).await), json!(seen));
    assert_eq!(done(driver!(call(stored(&home, &clock)), lossy, env()).await), json!(0));
}

#[tokio::test]
async fn i13_a_failure_is_the_same_in_the_first_run_and_in_a_rerun() {
    #[derive(Debug, PartialEq, thiserror::Error)]
    enum Failure {
        #[error("gone")]
        Gone,
        #[error(transparent)]
        Step(#[from] StepError),
    }
    async fn fails(cx: &Run, _: &Env) -> Outcome {
        let error = cx.step("s", || async { Result::<u32, _>::Err(Failure::Gone) }).await;
        Ok(json!(error == Err(Failure::Step(StepError::new("gone")))))
    }
    for run in [live(), first(), stored(&home(), &clock())] {
        assert_eq!(done(driver!(call(run), fails, env()).await), json!(true));
    }
}

#[tokio::test]
async fn i13_a_type_that_cannot_be_read_back_is_refused_at_once() {
    async fn unreadable(cx: &Run, _: &Env) -> Outcome {
        let step = cx.step("s", || async { Stepped::Ok(HashMap::from([((1, 2), 3)])) });
        Ok(json!(step.await.unwrap().len()))
    }
    for run in [first(), stored(&home(), &clock())] {
        let exit = exit(driver!(call(run), unreadable, env()).await);
        assert!(matches!(&exit, Exit::Misuse(why) if why.contains("step `s`")), "{exit}");
    }
}

/// A set of futures does not poll all that was woken in one go, when two of them wake themselves.
#[tokio::test]
async fn i2_a_line_is_not_delivered_before_the_last_one_was_taken() {
    fn spin(until: &AtomicBool) -> impl Future<Output = ()> + Send {
        std::future::poll_fn(|task| match until.load(SeqCst) {
            true => Poll::Ready(()),
            false => {
                task.waker().wake_by_ref();
                Poll::Pending
            }
        })
    }
    async fn crowd(cx: &Run, _: &Env) -> Outcome {
        let (seen, ran, done) =
            (Mutex::new(Vec::new()), AtomicBool::new(false), AtomicBool::new(false));
        let see = |what| seen.lock().unwrap().push(what);
        let alone = async {
            let step = cx.step("later", || async {
                spin(&ran).await;
                Stepped::Ok(())
            });
            step.await.unwrap();
            see("later");
        };
        let crowded = async {
            let step = cx.step("first", || async {
                ran.store(true, SeqCst);
                Stepped::Ok(())
            });
            step.await.unwrap();
            see("first");
            done.store(true, SeqCst);
        };
        let spinners = [spin(&done), spin(&done)].map(futures_util::FutureExt::boxed);
        let crowd: FuturesUnordered<_> = spinners.into_iter().collect();
        crowd.push(Box::pin(crowded));
        futures_util::future::join(alone, crowd.count()).await;
        Ok(json!(*seen.lock().unwrap()))
    }
    let (home, clock) = (home(), clock());
    let seen = done(driver!(call(stored(&home, &clock)), crowd, env()).await);
    assert_eq!(home_keys(&home), ["first", "later"]);
    assert_eq!(seen, json!(["first", "later"]));
}
