//! A live call: no journal, the same rules.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_live_question_goes_to_the_host_and_its_answer_to_the_function() {
    async fn tool(cx: &Run, env: &Env) -> Outcome {
        let price = say(cx, env, "quote", 42).await;
        Ok(json!(ask(cx, "approve", &format!("costs {price}")).await))
    }
    let call = call(live());
    let running = tokio::spawn(driver!(call.clone(), tool, env()));
    tokio::time::sleep(Duration::from_millis(1)).await;
    let put = call.put.lock().unwrap().clone();
    assert_eq!(put, [("approve".to_owned(), r#"{"message":"costs 42"}"#.to_owned())]);
    assert_eq!(open(&call.run), ["approve"]);
    assert!(!call.run.answer("zzz", raw(&json!(1))));
    assert!(call.run.answer("approve", raw(&json!(1))));
    assert!(!call.run.answer("approve", raw(&json!(2))));
    assert_eq!(done(running.await.unwrap()), json!(1));
    assert!(call.withdrawn.lock().unwrap().is_empty());
}

async fn shows(cx: &Run, _: &Env) -> Outcome {
    let asked = number(cx, "q", "?").timeout(Duration::from_secs(5)).await;
    Ok(json!(format!("{asked:?}")))
}

#[tokio::test(start_paused = true)]
async fn a_live_question_ends_in_an_answer_a_refusal_a_bad_answer_or_no_answer() {
    type Reply = fn(&Run) -> bool;
    let cases: [(Reply, &str); 4] = [
        (|run| run.answer("q", raw(&json!(7))), "Answer(7)"),
        (|run| run.refuse("q", "gone"), "Refused(\"gone\")"),
        (|run| run.answer("q", raw(&json!("x"))), "Invalid("),
        (|_| true, "TimedOut"),
    ];
    for (reply, expected) in cases {
        let call = call(live());
        let running = tokio::spawn(driver!(call.clone(), shows, env()));
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(reply(&call.run));
        let shown = done(running.await.unwrap());
        assert!(shown.as_str().unwrap().starts_with(expected), "{shown}");
        let withdrawn = call.withdrawn.lock().unwrap().clone();
        assert_eq!(withdrawn.is_empty(), expected != "TimedOut", "{expected}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_live_question_that_nobody_waits_for_is_withdrawn() {
    async fn drops(cx: &Run, _: &Env) -> Outcome {
        tokio::select! {
            _ = ask(cx, "q", "?") => {}
            () = cx.sleep("nap", Duration::from_secs(1)) => {}
        }
        Ok(json!(ask(cx, "more", "?").await))
    }
    let call = call(live());
    let running = tokio::spawn(driver!(call.clone(), drops, env()));
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(*call.withdrawn.lock().unwrap(), ["q"]);
    // The driver goes: nobody will read the answer.
    running.abort();
    assert!(running.await.is_err());
    assert_eq!(*call.withdrawn.lock().unwrap(), ["q", "more"]);
}

#[tokio::test(start_paused = true)]
async fn a_live_cancel_is_seen() {
    async fn tool(cx: &Run, _: &Env) -> Outcome {
        let in_step = cx.step("s", || async {
            cx.cancel_requested().await;
            Stepped::Ok(())
        });
        let (step, ()) = tokio::join!(in_step, cx.cancelled());
        step.unwrap();
        Ok(json!(cx.is_cancelled()))
    }
    for run in [live(), first()] {
        let call = call(run);
        let running = tokio::spawn(driver!(call.clone(), tool, env()));
        tokio::time::sleep(Duration::from_secs(2)).await;
        call.run.cancel();
        assert_eq!(done(running.await.unwrap()), json!(true));
    }
}

#[tokio::test]
async fn progress_only_rises_and_is_silent_while_replaying() {
    async fn tool(cx: &Run, env: &Env) -> Outcome {
        for (name, mark) in [("a", 0.1), ("b", 0.5), ("c", 0.4)] {
            say(cx, env, name, 1).await;
            if cx.raise(mark) {
                env.say(format!("{mark}"));
            }
        }
        ask(cx, "q", "?").await;
        if cx.raise(0.5) || cx.raise(f64::NAN) {
            env.say("wrong");
        }
        env.say(format!("then {}", cx.raise(0.9)));
        Ok(json!(cx.high_water()))
    }
    let env = env();
    let saved = suspended(driver!(call(first()), tool, env).await);
    assert_eq!(env.log(), ["a", "0.1", "b", "0.5", "c"]);
    assert_eq!(saved.progress, Some(0.5));
    let run = again(&saved, &[("q", json!(1))], 0);
    assert!(run.is_replaying() && !run.raise(0.8));
    assert_eq!(done(driver!(call(run), tool, env).await), json!(0.9));
    assert_eq!(env.log()[5..], ["then true"]);
}

#[tokio::test]
async fn an_idempotency_key_is_the_same_in_every_attempt_and_different_elsewhere() {
    async fn tool(cx: &Run, env: &Env) -> Outcome {
        env.say(cx.idempotency_key("charge"));
        env.say(cx.idempotency_key(("charge", 2)));
        Ok(json!(ask(cx, "q", "?").await))
    }
    let env = env();
    let saved = suspended(driver!(call(first()), tool, env).await);
    done(driver!(call(again(&saved, &[("q", json!(1))], 0)), tool, env).await);
    let other = Run::inline(|| CallId([8; 16]), None, Vec::new(), clock());
    suspended(driver!(call(other), tool, env).await);
    let log = env.log();
    assert_eq!(log[..2], log[2..4]);
    let mut different = vec![&log[0], &log[1], &log[4], &log[5]];
    different.sort();
    different.dedup();
    assert_eq!(different.len(), 4);
}
