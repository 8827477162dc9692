//! Time on the clock, which shows what instructions do not: caches, branches and memory.

use crate::cases::Case;
use crate::peers::{Op, Subject};
use std::time::{Duration, Instant};

/// Odd, so that there is a median among them.
const ROUNDS: usize = 41;
/// Long against the clock's own cost, short against what else a shared machine does.
const BATCH: Duration = Duration::from_millis(2);

/// The median time of one decoding or encoding, for each subject, in nanoseconds.
///
/// In every round each subject has its turn, and another one starts: noise hits all of them alike.
pub fn medians(case: &Case, subjects: &[Subject], op: Op) -> Vec<f64> {
    let json = case.bytes();
    let batches: Vec<u64> = subjects.iter().map(|subject| batch(subject, op, &json)).collect();
    let mut times = vec![Vec::with_capacity(ROUNDS); subjects.len()];
    for round in 0..ROUNDS {
        for turn in 0..subjects.len() {
            let at = (round + turn) % subjects.len();
            let spent = timed(&subjects[at], op, &json, batches[at]);
            times[at].push(spent.as_nanos() as f64 / batches[at] as f64);
        }
    }
    times.into_iter().map(median).collect()
}

/// How often a subject has to work to fill a batch; finding that out warms it up as well.
fn batch(subject: &Subject, op: Op, json: &[u8]) -> u64 {
    let mut times = 1;
    while timed(subject, op, json, times) < BATCH {
        times *= 2;
    }
    times
}

fn timed(subject: &Subject, op: Op, json: &[u8], times: u64) -> Duration {
    let start = Instant::now();
    subject.run(op, json, times);
    start.elapsed()
}

/// The middle one of an odd number of values, the upper of the two middle ones of an even number.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
