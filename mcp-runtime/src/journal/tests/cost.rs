//! What an unused journal costs: nothing beyond its place in the call.

use super::*;

#[tokio::test]
async fn an_unused_journal_takes_nothing_from_the_heap() {
    async fn plain(_: &Run, _: &Env) -> Outcome {
        tokio::time::sleep(Duration::from_millis(1)).await;
        Ok(json!(1))
    }
    for run in [live(), first()] {
        let call = call(run);
        assert_eq!(done(driver!(call.clone(), plain, env()).await), json!(1));
        assert!(call.run.questions().is_empty() && call.run.unused_records().is_empty());
        assert!(!call.run.answer("q", raw(&json!(1))));
        // All that it could hold is behind these.
        assert!(call.run.is_unused());
    }
}

#[tokio::test]
async fn a_foreign_future_gets_the_callers_own_waker() {
    use std::task::{Context, Waker};
    let waker = Waker::noop();
    let seen = Arc::new(AtomicBool::new(false));
    let saw = seen.clone();
    let call = call(first());
    let future = Box::pin(std::future::poll_fn(move |cx: &mut Context<'_>| {
        saw.store(cx.waker().will_wake(Waker::noop()), SeqCst);
        Poll::<Outcome>::Pending
    }));
    let mut driver = Driver::new(call, future);
    let mut cx = Context::from_waker(waker);
    for _ in 0..3 {
        seen.store(false, SeqCst);
        assert!(Pin::new(&mut driver).poll(&mut cx).is_pending());
        assert!(seen.load(SeqCst));
    }
}

#[test]
fn a_run_and_its_driver_are_small() {
    assert!(size_of::<Run>() <= 160, "{}", size_of::<Run>());
    assert!(size_of::<Driver<Call, Outcome>>() <= 112, "{}", size_of::<Driver<Call, Outcome>>());
}
