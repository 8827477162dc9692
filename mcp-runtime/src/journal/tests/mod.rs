//! Tests of the journal. Those of an invariant begin with its number.

#![allow(clippy::unwrap_used, missing_docs)]

mod answers;
mod changes;
mod cost;
mod fuzz;
mod live;
mod misuse;
mod promotion;
mod records;
mod replay;
mod suspend;

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};

use super::kit::MemoryHome;
use super::*;

pub(super) type Outcome = Result<Value, String>;

/// The step's result with the error that tests use.
pub(super) type Stepped<T> = Result<T, StepError>;

/// A call as a server would have it.
pub(super) struct Call {
    pub run: Run,
    pub version: &'static str,
    pub put: Mutex<Vec<(String, String)>>,
    pub withdrawn: Mutex<Vec<String>>,
}

impl Host for Call {
    fn run(&self) -> &Run {
        &self.run
    }

    fn version(&self) -> &str {
        self.version
    }

    fn ask(&self, key: &str, question: &Question) {
        self.put.lock().unwrap().push((key.to_owned(), question.body().to_owned()));
    }

    fn withdraw(&self, key: &str) {
        self.withdrawn.lock().unwrap().push(key.to_owned());
    }
}

pub(super) fn call(run: Run) -> Arc<Call> {
    versioned(run, "1")
}

pub(super) fn versioned(run: Run, version: &'static str) -> Arc<Call> {
    Arc::new(Call { run, version, put: Mutex::default(), withdrawn: Mutex::default() })
}

/// What happened in the world outside of the journal.
#[derive(Default)]
pub(super) struct Env {
    log: Mutex<Vec<String>>,
    pub count: AtomicU32,
    pub flag: AtomicBool,
}

impl Env {
    pub fn say(&self, what: impl Into<String>) {
        self.log.lock().unwrap().push(what.into());
    }

    pub fn log(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }

    pub fn times(&self, what: &str) -> usize {
        self.log().iter().filter(|said| *said == what).count()
    }
}

pub(super) fn env() -> Arc<Env> {
    Arc::default()
}

/// A driver of a tool, `async fn(&Run, &Env) -> Outcome`, for a run or a call.
macro_rules! driver {
    ($call:expr, $tool:path, $env:expr) => {{
        let (call, env) = ($call, $env.clone());
        let of = call.clone();
        Driver::new(call, Box::pin(async move { $tool(&of.run, &env).await })).with_policies(
            Policies { park_after: Duration::from_millis(50), ..Policies::default() },
        )
    }};
}
pub(super) use driver;

pub(super) fn new_id() -> CallId {
    CallId([7; 16])
}

pub(super) fn clock() -> Clock {
    Clock::simulated(1_000)
}

pub(super) fn live() -> Run {
    Run::live(new_id, clock())
}

pub(super) fn first() -> Run {
    Run::inline(new_id, None, Vec::new(), clock())
}

/// The state goes through JSON, as it does between two rounds.
pub(super) fn again(saved: &Saved, answers: &[(&str, Value)], now: u64) -> Run {
    let sealed = serde_json::to_vec(saved).unwrap();
    let saved: Saved = serde_json::from_slice(&sealed).unwrap();
    let answers = answers.iter().map(|(key, value)| ((*key).to_owned(), raw(value)));
    Run::inline(new_id, Some(saved), answers.collect(), Clock::simulated(now))
}

pub(super) fn raw(value: &Value) -> Box<RawValue> {
    to_raw_value(value).unwrap()
}

pub(super) fn learned(key: &str, learned: Learned) -> Record {
    Record { key: key.into(), learned }
}

pub(super) fn value(of: Value) -> Learned {
    Learned::Value(raw(&of).into())
}

pub(super) fn saved_with(records: Vec<Record>) -> Saved {
    Saved { records, ..Saved::new(new_id(), "1") }
}

pub(super) fn home() -> Arc<MemoryHome> {
    MemoryHome::with(Saved::new(new_id(), "1"))
}

pub(super) fn stored(home: &Arc<MemoryHome>, clock: &Clock) -> Run {
    let claim = home.claim().unwrap();
    Run::stored(home.clone(), claim.epoch, claim.saved, clock.clone())
}

pub(super) fn keys(records: &[Record]) -> Vec<String> {
    records.iter().map(|record| record.key.to_string()).collect()
}

pub(super) fn home_keys(home: &MemoryHome) -> Vec<String> {
    keys(&home.saved().unwrap().records)
}

pub(super) fn open(run: &Run) -> Vec<String> {
    run.questions().iter().map(|(key, _)| key.to_string()).collect()
}

pub(super) fn suspended(end: End<Outcome>) -> Saved {
    match end {
        End::Suspended(saved) => saved,
        end => panic!("not suspended: {end:?}"),
    }
}

pub(super) fn done(end: End<Outcome>) -> Value {
    match end {
        End::Done(Ok(value)) => value,
        end => panic!("not done: {end:?}"),
    }
}

pub(super) fn exit(end: End<Outcome>) -> Exit {
    match end {
        End::Exit(exit) => exit,
        end => panic!("no exit: {end:?}"),
    }
}

/// A question for a number.
pub(super) fn number<'a>(cx: &'a Run, name: impl StepName, text: &str) -> Ask<'a> {
    let question = Question::new(json!({ "message": text }).to_string());
    cx.ask(name, question, |answer| match serde_json::from_str::<u32>(answer) {
        Ok(_) => Ok(()),
        Err(error) => Err(error.to_string()),
    })
}

/// Its answer.
pub(super) async fn ask(cx: &Run, name: impl StepName, text: &str) -> u32 {
    match number(cx, name, text).await {
        Asked::Answer(answer) => serde_json::from_str(answer.as_str()).unwrap(),
        other => panic!("no answer: {other:?}"),
    }
}

/// A step that says that it ran and returns a number.
pub(super) async fn say(cx: &Run, env: &Env, what: &'static str, number: u32) -> u32 {
    let step = cx.step(what, || async {
        env.say(what);
        Stepped::Ok(number)
    });
    step.await.unwrap()
}

/// Polls a driver so many times at most, then drops it: a crash. `None` then.
pub(super) async fn crash_after<O: Send + 'static>(
    mut driver: Driver<Call, O>,
    polls: u32,
) -> Option<End<O>> {
    let mut left = polls;
    std::future::poll_fn(move |cx| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        Pin::new(&mut driver).poll(cx).map(Some)
    })
    .await
}
