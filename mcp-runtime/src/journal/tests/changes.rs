//! A function that has changed under its journal, and states that nobody wrote.

use super::*;

#[tokio::test]
async fn a_changed_type_of_a_steps_value_is_a_divergence() {
    async fn tool(cx: &Run, _: &Env) -> Outcome {
        let step = cx.step("s", || async { Stepped::Ok(7u32) });
        Ok(json!(step.await.unwrap()))
    }
    let saved = saved_with(vec![learned("s", value(json!("secret text")))]);
    let exit = exit(driver!(call(again(&saved, &[], 0)), tool, env()).await);
    assert!(matches!(&exit, Exit::Diverged { called, .. } if called.contains("`s`")), "{exit}");
    assert!(!exit.to_string().contains("secret"), "{exit}");
}

#[tokio::test]
async fn a_changed_kind_of_an_operation_is_a_divergence() {
    async fn tool(cx: &Run, _: &Env) -> Outcome {
        Ok(json!(ask(cx, "s", "?").await))
    }
    for other in [value(json!(1)), Learned::Error("no".into()), Learned::Cancelled] {
        let saved = saved_with(vec![learned("s", other)]);
        let exit = exit(driver!(call(again(&saved, &[], 0)), tool, env()).await);
        assert!(matches!(exit, Exit::Diverged { .. }), "{exit}");
    }
    async fn makes(cx: &Run, _: &Env) -> Outcome {
        Ok(json!(cx.value("s", || 1u32).await))
    }
    let saved = saved_with(vec![learned("s", Learned::Error("no".into()))]);
    let exit = exit(driver!(call(again(&saved, &[], 0)), makes, env()).await);
    assert!(matches!(exit, Exit::Diverged { .. }), "{exit}");
}

#[tokio::test]
async fn a_state_that_nobody_wrote_is_no_panic() {
    async fn tool(cx: &Run, env: &Env) -> Outcome {
        say(cx, env, "a", 1).await;
        Ok(json!(ask(cx, "q", "?").await))
    }
    let twice = vec![learned("a", value(json!(1))), learned("a", value(json!(2)))];
    let end = driver!(call(again(&saved_with(twice), &[], 0)), tool, env()).await;
    assert!(matches!(end, End::Exit(Exit::Diverged { .. })));
    // A question that is settled, without its answer.
    let digest = Question::new(json!({ "message": "?" }).to_string()).digest();
    let asked = AskedBefore { key: "q".into(), digest, standing: Standing::Settled };
    let saved = Saved { asked: vec![asked], ..saved_with(Vec::new()) };
    let end = driver!(call(again(&saved, &[], 0)), tool, env()).await;
    assert!(matches!(end, End::Exit(Exit::Diverged { .. })));
}

#[test]
fn a_saved_call_is_small_and_comes_back_whole() {
    let question = Question::new("{}");
    let saved = Saved {
        timers: vec![("nap".into(), 5)],
        asked: vec![AskedBefore {
            key: "q".into(),
            digest: question.digest(),
            standing: Standing::Open,
        }],
        held: vec![("q".into(), raw(&json!({ "a": 1 })).into())],
        progress: Some(0.5),
        ..saved_with(vec![
            learned("quote", value(json!({ "price": 42 }))),
            learned("failed", Learned::Error("\"quoted\" \u{1f600}".into())),
            learned("asked", Learned::Answer(raw(&json!([1, 2])).into())),
            learned("slept", Learned::Fired),
            learned("cancelled", Learned::Cancelled),
        ])
    };
    let text = serde_json::to_string(&saved).unwrap();
    assert_eq!(text.len(), saved.size());
    assert_eq!(
        text,
        r##"["07070707070707070707070707070707","1",[["quote","v",{"price":42}],["failed","e","\"quoted\" 😀"],["asked","a",[1,2]],["slept","f",null],["cancelled","c",null]],[["nap",5]],[["q","44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","o"]],[["q",{"a":1}]],0.5]"##
    );
    assert_eq!(serde_json::from_str::<Saved>(&text).unwrap(), saved);
    assert_eq!(saved.size_of_largest().unwrap().0, "failed");
    for broken in ["[]", "{}", "null", &text[..text.len() - 9], &text.replace("\"v\"", "\"x\"")] {
        assert!(serde_json::from_str::<Saved>(broken).is_err(), "{broken}");
    }
}
