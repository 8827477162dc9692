//! I9 and I10: mistakes, and that the function never sees them.

use super::*;

fn misuse(end: End<Outcome>) -> String {
    match exit(end) {
        Exit::Misuse(why) => why,
        other => panic!("no misuse: {other}"),
    }
}

fn modes() -> [Run; 3] {
    [live(), first(), stored(&home(), &clock())]
}

#[tokio::test]
async fn i9_calling_an_operation_inside_a_step_is_refused() {
    async fn nested(cx: &Run, env: &Env) -> Outcome {
        let outer = cx.step("outer", || async { Stepped::Ok(say(cx, env, "inner", 1).await) });
        Ok(json!(outer.await.unwrap()))
    }
    for run in modes() {
        let env = env();
        let why = misuse(driver!(call(run), nested, env).await);
        assert!(why.contains("`inner` is used inside a step"), "{why}");
        assert!(env.log().is_empty());
    }
}

#[tokio::test]
async fn i9_calling_an_operation_before_the_steps_first_await_is_refused() {
    async fn nested(cx: &Run, _: &Env) -> Outcome {
        let outer = cx.step("outer", || {
            let inner = cx.sleep("inner", Duration::ZERO);
            async move {
                inner.await;
                Stepped::Ok(1u32)
            }
        });
        Ok(json!(outer.await.unwrap()))
    }
    for run in modes() {
        assert!(misuse(driver!(call(run), nested, env()).await).contains("`inner`"));
    }
}

#[tokio::test]
async fn i9_awaiting_an_operation_inside_a_step_is_refused() {
    async fn smuggled(cx: &Run, _: &Env) -> Outcome {
        let question = number(cx, "inner", "?");
        let outer = cx.step("outer", || async {
            question.await;
            Stepped::Ok(1u32)
        });
        Ok(json!(outer.await.unwrap()))
    }
    for run in modes() {
        assert!(misuse(driver!(call(run), smuggled, env()).await).contains("`inner`"));
    }
}

#[tokio::test]
async fn i9_a_value_is_a_step() {
    async fn nested(cx: &Run, _: &Env) -> Outcome {
        let value = cx.value("outer", || {
            drop(cx.cancelled());
            1u32
        });
        Ok(json!(value.await))
    }
    for run in modes() {
        assert!(misuse(driver!(call(run), nested, env()).await).contains("`cancelled`"));
    }
}

#[tokio::test]
async fn i9_what_is_not_journaled_may_be_used_in_a_step() {
    async fn fine(cx: &Run, _: &Env) -> Outcome {
        let step = cx.step("s", || async {
            cx.raise(0.5);
            Stepped::Ok((cx.idempotency_key("charge"), cx.is_cancelled()))
        });
        let (key, cancelled) = step.await.unwrap();
        Ok(json!([key, cancelled]))
    }
    for run in modes() {
        let outcome = done(driver!(call(run), fine, env()).await);
        assert_eq!(outcome[0].as_str().unwrap().len(), 32);
    }
}

#[tokio::test]
async fn i10_an_exit_is_no_value_that_a_function_could_swallow() {
    async fn swallows(cx: &Run, env: &Env) -> Outcome {
        let twins = async { tokio::join!(number(cx, "t", "?"), number(cx, "t", "?")) };
        let caught = futures_util::FutureExt::catch_unwind(std::panic::AssertUnwindSafe(twins));
        tokio::select! {
            biased;
            caught = caught => env.say(format!("swallowed {}", caught.is_err())),
            () = std::future::ready(()) => env.say("another branch"),
        }
        Ok(json!("fine"))
    }
    for run in modes() {
        let env = env();
        assert!(misuse(driver!(call(run), swallows, env).await).contains("`t`"));
        assert_eq!(env.log(), ["another branch"], "the exit wins over the outcome, too");
    }
}

#[tokio::test]
async fn i10_suspending_runs_no_code_of_the_function() {
    async fn careful(cx: &Run, env: &Env) -> Outcome {
        let answer = number(cx, "q", "?").await;
        env.say(format!("{answer:?}"));
        Ok(json!(null))
    }
    let env = env();
    suspended(driver!(call(first()), careful, env).await);
    assert!(env.log().is_empty());
}

#[tokio::test]
async fn a_panic_of_a_destructor_is_caught() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("in a destructor");
        }
    }
    async fn armed(cx: &Run, _: &Env) -> Outcome {
        let _bomb = Bomb;
        Ok(json!(ask(cx, "q", "?").await))
    }
    suspended(driver!(call(first()), armed, env()).await);
}
