//! I11 and I12: which answers count, and in which order the outside is heard.

use super::*;

async fn two(cx: &Run, _: &Env) -> Outcome {
    let (a, b) = tokio::join!(ask(cx, "q", "first"), async { ask(cx, ("q", 2), "second").await });
    Ok(json!([a, b]))
}

#[tokio::test]
async fn i11_answers_come_one_by_one_and_an_answered_key_is_not_put_again() {
    let env = env();
    let one = call(first());
    let saved = suspended(driver!(one.clone(), two, env).await);
    assert_eq!(open(&one.run), ["q", "q/2"]);
    let two_ = call(again(&saved, &[("q/2", json!(2))], 0));
    let saved = suspended(driver!(two_.clone(), two, env).await);
    assert_eq!(open(&two_.run), ["q"]);
    let answers = [("q", json!(1)), ("zzz", json!(0)), ("q/2", json!(9))];
    let end = driver!(call(again(&saved, &answers, 0)), two, env).await;
    assert_eq!(done(end), json!([1, 2]), "a second answer and an unknown key are ignored");
}

#[tokio::test]
async fn i11_an_answer_without_a_question_that_was_put_does_not_count() {
    // The client guesses the key of a question that comes, or has no state to go with its answers.
    let guess = vec![("q".to_owned(), raw(&json!(1)))];
    let run = Run::inline(new_id, None, guess, clock());
    suspended(driver!(call(run), two, env()).await);
    let run = again(&saved_with(Vec::new()), &[("q", json!(1))], 0);
    suspended(driver!(call(run), two, env()).await);
}

#[tokio::test(start_paused = true)]
async fn i11_in_a_store_the_first_answer_wins() {
    let (env, home, clock) = (env(), home(), clock());
    assert!(matches!(driver!(call(stored(&home, &clock)), two, env).await, End::Parked));
    assert!(!home.answer("zzz", 1, raw(&json!(1))));
    assert!(home.answer("q", 1, raw(&json!(1))));
    assert!(!home.answer("q", 1, raw(&json!(5))));
    assert!(matches!(driver!(call(stored(&home, &clock)), two, env).await, End::Parked));
    assert!(!home.answer("q", 1, raw(&json!(5))));
    assert!(home.answer("q/2", 1, raw(&json!(2))));
    assert_eq!(done(driver!(call(stored(&home, &clock)), two, env).await), json!([1, 2]));
    assert_eq!(home.violations(), Vec::<String>::new());
}

/// Asks something else in every attempt.
async fn moving(cx: &Run, env: &Env) -> Outcome {
    let amount = env.count.fetch_add(1, SeqCst) * 2;
    let text = format!("pay {amount}?");
    let (pay, b) = tokio::join!(ask(cx, "pay", &text), ask(cx, "b", "?"));
    Ok(json!([pay, b]))
}

#[tokio::test]
async fn i11_an_answer_belongs_to_the_text_that_was_shown() {
    for answers in [&[("b", json!(2)), ("pay", json!(1))][..], &[("b", json!(2))], &[]] {
        let env = env();
        let saved = suspended(driver!(call(first()), moving, env).await);
        let exit = exit(driver!(call(again(&saved, answers, 0)), moving, env).await);
        assert!(
            matches!(&exit, Exit::Diverged { called, .. } if called.contains("`pay`")),
            "{exit}"
        );
    }
}

#[tokio::test]
async fn i11_the_digest_of_an_answered_question_is_kept() {
    async fn moves_later(cx: &Run, env: &Env) -> Outcome {
        let text = if env.count.fetch_add(1, SeqCst) < 2 { "pay 0?" } else { "pay 2?" };
        ask(cx, "pay", text).await;
        Ok(json!(ask(cx, "more", "?").await))
    }
    let env = env();
    let saved = suspended(driver!(call(first()), moves_later, env).await);
    let run = again(&saved, &[("pay", json!(1))], 0);
    let saved = suspended(driver!(call(run), moves_later, env).await);
    let exit = exit(driver!(call(again(&saved, &[("more", json!(1))], 0)), moves_later, env).await);
    assert!(matches!(exit, Exit::Diverged { .. }), "{exit}");
}

#[tokio::test(start_paused = true)]
async fn i11_an_answer_that_fails_its_check_leaves_the_question_open() {
    let env = env();
    let saved = suspended(driver!(call(first()), two, env).await);
    let second = call(again(&saved, &[("q", json!("no number"))], 0));
    let saved = suspended(driver!(second.clone(), two, env).await);
    assert_eq!(open(&second.run), ["q", "q/2"]);
    assert!(saved.records.is_empty() && saved.held.is_empty());

    let (home, clock) = (home(), clock());
    assert!(matches!(driver!(call(stored(&home, &clock)), two, env).await, End::Parked));
    assert!(home.answer("q", 1, raw(&json!("no number"))));
    assert!(matches!(driver!(call(stored(&home, &clock)), two, env).await, End::Parked));
    assert_eq!(home.questions(), ["q", "q/2"]);
    assert!(home.answer("q", 1, raw(&json!(1))), "another answer may come");
    assert!(home.answer("q/2", 1, raw(&json!(2))));
    assert_eq!(done(driver!(call(stored(&home, &clock)), two, env).await), json!([1, 2]));
}

#[tokio::test]
async fn i11_a_check_that_panics_ends_the_attempt() {
    async fn panics(cx: &Run, _: &Env) -> Outcome {
        let asked = cx.ask("q", Question::new("{}"), |_| panic!("in a check")).await;
        Ok(json!(format!("{asked:?}")))
    }
    let saved = suspended(driver!(call(first()), panics, env()).await);
    let end = driver!(call(again(&saved, &[("q", json!(1))], 0)), panics, env()).await;
    assert!(matches!(&end, End::Panicked(message) if message == "in a check"), "{end:?}");
}

#[tokio::test(start_paused = true)]
async fn i11_an_answer_that_comes_before_its_question_is_asked_again_is_kept() {
    async fn slow_to_ask(cx: &Run, env: &Env) -> Outcome {
        let (a, b) = tokio::join!(ask(cx, "a", "?"), async {
            if env.count.fetch_add(1, SeqCst) > 0 {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            ask(cx, "b", "?").await
        });
        Ok(json!([a, b]))
    }
    let env = env();
    let saved = suspended(driver!(call(first()), slow_to_ask, env).await);
    // `a` is still open, and the run does not wait for the branch of `b`.
    let second = call(again(&saved, &[("b", json!(2))], 0));
    let saved = suspended(driver!(second.clone(), slow_to_ask, env).await);
    assert_eq!(open(&second.run), ["a"]);
    assert_eq!(saved.held.len(), 1);
    let end = driver!(call(again(&saved, &[("a", json!(1))], 0)), slow_to_ask, env).await;
    assert_eq!(done(end), json!([1, 2]), "the user is not asked twice");
}

async fn answer_or_late(cx: &Run, _: &Env) -> Outcome {
    let seen = tokio::select! {
        answer = ask(cx, "q", "?") => format!("answer {answer}"),
        () = cx.sleep("limit", Duration::from_secs(300)) => "late".to_owned(),
        () = cx.cancelled() => "cancelled".to_owned(),
    };
    Ok(json!(seen))
}

#[tokio::test(start_paused = true)]
async fn i12_what_comes_from_outside_is_ordered_by_time_then_timer_answer_cancel() {
    for (answered, cancelled, expected) in [
        (Some(300_999), None, "answer 1"),
        (Some(301_000), None, "late"),
        (Some(301_001), None, "late"),
        (None, Some(300_999), "cancelled"),
        (None, Some(301_000), "late"),
        (Some(7_000), Some(7_000), "answer 1"),
        (Some(7_000), Some(6_999), "cancelled"),
        (None, None, "late"),
    ] {
        let (home, clock) = (home(), clock());
        let end = driver!(call(stored(&home, &clock)), answer_or_late, env()).await;
        assert!(matches!(end, End::Parked));
        // All of it happens before anybody looks again.
        clock.advance(Duration::from_secs(1_000));
        answered.map(|at| home.answer("q", at, raw(&json!(1))));
        if let Some(at) = cancelled {
            home.cancel(at);
        }
        let end = driver!(call(stored(&home, &clock)), answer_or_late, env()).await;
        assert_eq!(done(end), expected, "{answered:?} {cancelled:?}");
    }
}

#[tokio::test]
async fn i12_answers_of_one_round_count_in_the_order_of_the_questions() {
    async fn three(cx: &Run, _: &Env) -> Outcome {
        let order = Mutex::new(Vec::new());
        let seen = &order;
        let one = |name| async move {
            ask(cx, name, "?").await;
            seen.lock().unwrap().push(name);
        };
        tokio::join!(one("c"), one("a"), one("b"));
        Ok(json!(*order.lock().unwrap()))
    }
    let saved = suspended(driver!(call(first()), three, env()).await);
    let answers = [("b", json!(1)), ("c", json!(1)), ("a", json!(1))];
    let end = driver!(call(again(&saved, &answers, 0)), three, env()).await;
    assert_eq!(done(end), json!(["c", "a", "b"]));
}

#[tokio::test]
async fn i12_inline_a_timer_that_is_due_comes_before_the_answers_of_the_round() {
    let saved = suspended(driver!(call(first()), answer_or_late, env()).await);
    assert_eq!(saved.timers, [("limit".into(), 301_000)]);
    let at = |now, answers: &[(&str, Value)]| {
        driver!(call(again(&saved, answers, now)), answer_or_late, env())
    };
    let answer = [("q", json!(1))];
    assert_eq!(done(at(200_000, &answer).await), "answer 1");
    assert_eq!(done(at(301_000, &answer).await), "late");
    // The deadline is absolute: a round without an answer does not push it out.
    assert_eq!(suspended(at(200_000, &[]).await).timers, saved.timers);
}

async fn limited(cx: &Run, _: &Env) -> Outcome {
    let asked = number(cx, "q", "?").timeout(Duration::from_secs(300)).await;
    Ok(match asked {
        Asked::Answer(answer) => json!(answer.as_str()),
        Asked::TimedOut => json!(ask(cx, "q", "sure?").await),
        other => panic!("{other:?}"),
    })
}

#[tokio::test(start_paused = true)]
async fn a_questions_time_is_a_deadline_in_the_journal_under_its_own_key() {
    let saved = suspended(driver!(call(first()), limited, env()).await);
    assert_eq!(saved.timers, [("q".into(), 301_000)]);
    let same = suspended(driver!(call(again(&saved, &[], 300_999)), limited, env()).await);
    assert_eq!(same.timers, saved.timers);
    let late = call(again(&same, &[("q", json!(1))], 301_000));
    let saved = suspended(driver!(late.clone(), limited, env()).await);
    assert_eq!(saved.records, [learned("q", Learned::Fired)]);
    assert!(saved.timers.is_empty());
    assert_eq!(open(&late.run), ["q#2"]);
    let run = again(&saved, &[("q", json!(8)), ("q#2", json!(9))], 400_000);
    assert_eq!(done(driver!(call(run), limited, env()).await), json!(9));
}

#[tokio::test(start_paused = true)]
async fn a_cancel_with_clean_up_is_the_same_after_any_crash() {
    async fn tidy(cx: &Run, env: &Env) -> Outcome {
        say(cx, env, "reserve", 1).await;
        tokio::select! {
            answer = ask(cx, "q", "?") => Ok(json!(answer)),
            () = cx.cancelled() => {
                say(cx, env, "release", 1).await;
                // Once seen, it stays seen.
                cx.cancelled().await;
                Ok(json!("cancelled"))
            }
        }
    }
    for polls in 1..40 {
        let (env, home, clock) = (env(), home(), clock());
        let mut polls = polls;
        let outcome = loop {
            let driver = driver!(call(stored(&home, &clock)), tidy, env);
            match crash_after(driver, std::mem::replace(&mut polls, u32::MAX)).await {
                None | Some(End::Parked) => home.cancel(5),
                Some(end) => break done(end),
            }
        };
        assert_eq!(outcome, "cancelled");
        assert_eq!(home_keys(&home), ["reserve", "cancelled", "release", "cancelled#2"]);
    }
}
