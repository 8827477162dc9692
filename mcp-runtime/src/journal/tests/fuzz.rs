//! Random functions, cut off at random: no rerun may see another history.
//!
//! `JOURNAL_FUZZ=10000` sets the number of programs, `JOURNAL_SEED=17` runs one of them.

use std::collections::BTreeMap;
use std::env::var;

use futures_util::StreamExt;
use futures_util::future::{BoxFuture as Boxed, join_all};
use futures_util::stream::FuturesUnordered;

use super::super::kit::{Attempt, History};
use super::*;

/// A random function. The numbers are its operations' keys.
#[derive(Debug)]
enum Node {
    Step {
        id: u32,
        pause: u64,
    },
    Ask {
        id: u32,
        limit: Option<u64>,
    },
    Sleep {
        id: u32,
        time: u64,
    },
    Cancelled {
        id: u32,
    },
    /// A future that is not the journal's. Never within a select or an unordered set: which branch
    /// wins would then depend on something that no journal knows.
    Raw {
        pause: u64,
    },
    Sequence(Vec<Node>),
    Loop(u32, Box<Node>),
    Join(Vec<Node>),
    Select(Vec<Node>),
    Unordered(Vec<Node>),
}

/// Splitmix: small, and good enough to pick branches.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    fn node(&mut self, depth: u32, next: &mut u32, raced: bool) -> Node {
        *next += 1;
        let id = *next;
        let mut some = |random: &mut Self, at_least: u64, raced| {
            let number = at_least + random.below(3);
            (0..number).map(|_| random.node(depth - 1, next, raced)).collect()
        };
        match if depth == 0 { self.below(10) } else { 10 + self.below(11) } {
            0..=3 => Node::Step { id, pause: self.below(6) },
            4 | 5 => Node::Ask { id, limit: self.chance(40).then(|| 1 + self.below(40)) },
            6 | 7 => Node::Sleep { id, time: self.below(20) },
            8 => Node::Cancelled { id },
            9 if raced => Node::Step { id, pause: self.below(6) },
            9 => Node::Raw { pause: self.below(6) },
            10..=12 => Node::Sequence(some(self, 2, raced)),
            13 => Node::Loop(2 + id % 2, Box::new(self.node(depth - 1, next, raced))),
            14..=16 => Node::Join(some(self, 2, raced)),
            17 | 18 => Node::Select(some(self, 2, true)),
            _ => Node::Unordered(some(self, 2, true)),
        }
    }
}

/// One call: its program and the world outside.
struct Program {
    root: Node,
    /// Goes up with everything that is done: what runs again does not come out the same.
    done: AtomicU32,
    steps: Mutex<BTreeMap<u32, u32>>,
}

impl Program {
    fn new(random: &mut Random) -> Arc<Self> {
        let root = random.node(3, &mut 0, false);
        Arc::new(Program { root, done: AtomicU32::new(0), steps: Mutex::default() })
    }

    fn next(&self) -> u32 {
        self.done.fetch_add(1, SeqCst)
    }

    async fn pause(&self, pause: u64) {
        // Different every time, and on other threads now and then.
        let jitter = u64::from(self.next()) * 7;
        match pause {
            0 => {}
            1 => tokio::task::yield_now().await,
            2 => drop(tokio::spawn(tokio::task::yield_now()).await),
            3 => drop(tokio::spawn(tokio::time::sleep(Duration::from_millis(jitter % 3))).await),
            _ => tokio::time::sleep(Duration::from_millis(jitter % 4)).await,
        }
    }

    fn run<'a>(&'a self, cx: &'a Run, seen: &'a Attempt, node: &'a Node) -> Boxed<'a, ()> {
        let all = move |nodes: &'a [Node]| nodes.iter().map(move |node| self.run(cx, seen, node));
        Box::pin(async move {
            match node {
                Node::Step { id, pause } => {
                    let step = cx.step(("step", id), || async {
                        *self.steps.lock().unwrap().entry(*id).or_default() += 1;
                        self.pause(*pause).await;
                        let number = self.next();
                        if number.is_multiple_of(7) {
                            Err(StepError::new(number))
                        } else {
                            Ok(number)
                        }
                    });
                    seen.note(format!("step {id}: {:?}", step.await));
                }
                Node::Ask { id, limit } => {
                    let mut question = number(cx, ("ask", id), "?");
                    if let Some(limit) = limit {
                        question = question.timeout(Duration::from_millis(*limit));
                    }
                    seen.note(format!("ask {id}: {:?}", question.await));
                }
                Node::Sleep { id, time } => {
                    cx.sleep(("sleep", id), Duration::from_millis(*time)).await;
                    seen.note(format!("sleep {id}"));
                }
                Node::Cancelled { id } => {
                    cx.cancelled_as(("cancel", id)).await;
                    seen.note(format!("cancelled {id}"));
                }
                Node::Raw { pause } => self.pause(*pause).await,
                Node::Sequence(nodes) => {
                    for node in nodes {
                        self.run(cx, seen, node).await;
                    }
                }
                Node::Loop(times, node) => {
                    for _ in 0..*times {
                        self.run(cx, seen, node).await;
                    }
                }
                Node::Join(nodes) => {
                    join_all(all(nodes)).await;
                }
                Node::Select(nodes) => {
                    let (one, two) = (self.run(cx, seen, &nodes[0]), self.run(cx, seen, &nodes[1]));
                    let others = join_all(all(&nodes[2..]));
                    let winner = tokio::select! {
                        () = one => 0,
                        () = two => 1,
                        _ = others, if nodes.len() > 2 => 2,
                    };
                    seen.note(format!("select {winner}"));
                }
                Node::Unordered(nodes) => {
                    let done = |number| async move {
                        self.run(cx, seen, &nodes[number]).await;
                        number
                    };
                    let mut running: FuturesUnordered<_> = (0..nodes.len()).map(done).collect();
                    let mut follow_up = Some(0);
                    while let Some(number) = running.next().await {
                        seen.note(format!("next {number}"));
                        if number == 0
                            && let Some(again) = follow_up.take()
                        {
                            running.push(done(again));
                        }
                    }
                }
            }
        })
    }
}

/// What came of a program.
#[derive(Debug, Default)]
struct Tally {
    attempts: u64,
    crashes: u64,
    rounds: u64,
    parked: u64,
    promoted: u64,
}

/// A mode with what is kept between its attempts.
enum Kept {
    Inline(Option<Saved>, Vec<(String, Box<RawValue>)>),
    Stored(Arc<MemoryHome>),
}

struct Fuzz {
    random: Random,
    program: Arc<Program>,
    clock: Clock,
    tally: Tally,
    cancelled: bool,
}

const POLICIES: Policies = Policies {
    grace: Duration::from_secs(5),
    park_after: Duration::from_millis(1),
    on_change: OnChange::Fail,
    state_limit: usize::MAX,
};

impl Fuzz {
    fn new(seed: u64) -> Self {
        let mut random = Random(seed);
        let program = Program::new(&mut random);
        let (tally, cancelled) = (Tally::default(), false);
        Fuzz { random, program, clock: Clock::simulated(1_000), tally, cancelled }
    }

    fn answer(&mut self) -> Box<RawValue> {
        // One in ten does not pass its check.
        let number = json!(self.random.below(1_000));
        raw(&if self.random.chance(10) { json!("no number") } else { number })
    }

    /// Runs the program to its end; says what went wrong.
    async fn run(&mut self, promote: bool, stored_from_the_start: bool) -> Result<(), String> {
        let (mut history, mut saved_history) = (History::default(), History::default());
        let mut kept = match stored_from_the_start {
            true => Kept::Stored(home()),
            false => Kept::Inline(None, Vec::new()),
        };
        for attempt in 0.. {
            // Cut off early at first; a program must come to its end some time.
            let calm = attempt > 20;
            if attempt > 400 {
                return Err("does not come to its end".into());
            }
            self.tally.attempts += 1;
            let run = match &kept {
                Kept::Inline(saved, answers) => {
                    let sealed = serde_json::to_vec(saved).map_err(|error| error.to_string())?;
                    let saved =
                        serde_json::from_slice(&sealed).map_err(|error| error.to_string())?;
                    Run::inline(new_id, saved, answers.clone(), self.clock.clone())
                }
                Kept::Stored(home) => stored(home, &self.clock),
            };
            if self.cancelled && matches!(kept, Kept::Inline(..)) {
                run.cancel();
            }
            let seen = history.begin();
            let call = call(run);
            let (of, program, notes) = (call.clone(), self.program.clone(), seen.clone());
            let future = Box::pin(async move { program.run(&of.run, &notes, &program.root).await });
            let mut driver = Driver::new(call.clone(), future).with_policies(POLICIES);
            let into = MemoryHome::empty();
            let at = (promote && matches!(kept, Kept::Inline(..))).then(|| self.random.below(20));
            let polls = if calm { u64::MAX } else { 1 + self.random.below(60) };
            let cut_off = !calm && self.random.chance(60);
            let mut polled = 0;
            let work = std::future::poll_fn(|cx| {
                polled += 1;
                if at == Some(polled) {
                    driver.promote(Arc::new(into.clone()));
                }
                if cut_off && polled > polls {
                    return Poll::Ready(None);
                }
                Pin::new(&mut driver).poll(cx).map(Some)
            });
            let mut work = Box::pin(work);
            let mut end = tokio::time::timeout(Duration::from_millis(50), &mut work).await;
            if end.is_err() {
                // It may be waiting for nothing else any more.
                self.cancelled = true;
                call.run.cancel();
                into.cancel(self.clock.now());
                if let Kept::Stored(home) = &kept {
                    home.cancel(self.clock.now());
                }
                end = tokio::time::timeout(Duration::from_secs(20), &mut work).await;
            }
            drop(work);
            drop(driver);
            history.end(seen).map_err(|changed| changed.to_string())?;
            let end = end.map_err(|_| "hangs".to_owned())?;
            if into.saved().is_some() && matches!(kept, Kept::Inline(..)) {
                self.tally.promoted += 1;
                kept = Kept::Stored(into);
            }
            match end {
                Some(End::Done(())) => break,
                None => {
                    self.tally.crashes += 1;
                    // What was in memory only has never been: the client shows its state again.
                    if let Kept::Inline(..) = kept {
                        history = saved_history.fork();
                    }
                }
                Some(End::Suspended(saved)) => {
                    self.tally.rounds += 1;
                    let mut answers = Vec::new();
                    for (key, _) in call.run.questions() {
                        if self.random.chance(60) {
                            answers.push((key.to_string(), self.answer()));
                        }
                    }
                    saved_history = history.fork();
                    kept = Kept::Inline(Some(saved), answers);
                }
                Some(End::Parked) => self.tally.parked += 1,
                Some(End::Panicked(message)) => return Err(format!("panicked: {message}")),
                Some(End::Exit(exit)) => return Err(exit.to_string()),
            }
            if self.random.chance(if calm { 30 } else { 5 }) {
                self.cancelled = true;
            }
            if let Kept::Stored(home) = &kept {
                let home = home.clone();
                if self.cancelled {
                    home.cancel(self.clock.now());
                }
                for key in home.questions() {
                    if self.random.chance(50) {
                        home.answer(&key, self.clock.now(), self.answer());
                    }
                }
                if let Some(broken) = home.violations().first() {
                    return Err(broken.clone());
                }
            }
            self.clock.advance(Duration::from_millis(self.random.below(15)));
        }
        Ok(())
    }
}

/// Runs these programs, many at a time, on all threads.
async fn fuzz(name: &str, promote: bool, stored: bool) {
    let number = var("JOURNAL_FUZZ").ok().and_then(|text| text.parse().ok()).unwrap_or(350);
    let one = var("JOURNAL_SEED").ok().and_then(|text| text.parse::<u64>().ok());
    let seeds = one.map_or(0..number, |seed| seed..seed + 1);
    let mut running = futures_util::stream::iter(seeds.map(|seed| {
        tokio::spawn(async move {
            let mut fuzz = Fuzz::new(seed);
            (seed, fuzz.run(promote, stored).await, fuzz.tally)
        })
    }))
    .buffer_unordered(256);
    let (mut total, mut programs, mut failed) = (Tally::default(), 0, Vec::new());
    while let Some(finished) = running.next().await {
        let (seed, outcome, tally) = finished.unwrap();
        programs += 1;
        total.attempts += tally.attempts;
        total.crashes += tally.crashes;
        total.rounds += tally.rounds;
        total.parked += tally.parked;
        total.promoted += tally.promoted;
        if let Err(why) = outcome {
            failed.push(format!("JOURNAL_SEED={seed} ({name}): {why}"));
        }
    }
    eprintln!("{name}: {programs} programs, {} failed, {total:?}", failed.len());
    assert!(failed.is_empty(), "{} of {programs}:\n{}", failed.len(), failed.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn i2_no_history_changes_in_any_random_program_inline() {
    fuzz("inline", false, false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn i1_no_history_changes_in_any_random_program_with_crashes() {
    fuzz("stored", false, true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn i14_no_history_changes_in_any_random_program_that_is_promoted() {
    fuzz("promoted", true, false).await;
}
