//! Random histories, against the model.

mod dice;
mod play;

use std::env::var;

pub(super) use self::dice::Dice;
use self::play::Play;
use super::{Bench, Broken};

/// How many operations a history has.
const LENGTH: usize = 60;

/// How many shorter histories are tried before one is shown.
const ATTEMPTS: usize = 400;

pub async fn random_histories(bench: &dyn Bench) -> Result<(), Broken> {
    histories(bench, false).await
}

/// Between any two operations the store may be dropped and opened again: what it has acknowledged is there.
pub async fn histories_with_crashes(bench: &dyn Bench) -> Result<(), Broken> {
    match bench.reopen() {
        Some(_) => histories(bench, true).await,
        None => Ok(()),
    }
}

fn number(name: &str) -> Option<u64> {
    var(name).ok()?.parse().ok()
}

async fn histories(bench: &dyn Bench, crashes: bool) -> Result<(), Broken> {
    if !bench.stands_still() {
        return Ok(());
    }
    let seeds = match number("STORE_SEED") {
        Some(seed) => seed..seed.saturating_add(1),
        None => 0..number("STORE_FUZZ").unwrap_or(200),
    };
    for seed in seeds {
        let mut dice = Dice::new(seed);
        let steps: Vec<u64> = (0..LENGTH).map(|_| dice.roll()).collect();
        if let Err(failed) = run(bench, &steps, crashes).await {
            let (steps, failed) = shorten(bench, steps, failed, crashes).await;
            return Err(Broken::new(format_args!(
                "STORE_SEED={seed}, shortened to {} operations:\n  {}\n  {}",
                steps.len(),
                failed.history.join("\n  "),
                failed.broken
            )));
        }
    }
    Ok(())
}

/// A history that the store and the model have told differently.
struct Failed {
    broken: Broken,
    history: Vec<String>,
}

async fn run(bench: &dyn Bench, steps: &[u64], crashes: bool) -> Result<(), Failed> {
    let mut play = Play::new(bench, crashes).await;
    for (at, step) in steps.iter().enumerate() {
        let whole = at % 8 == 7 || at + 1 == steps.len();
        if let Err(broken) = play.step(*step, whole).await {
            return Err(Failed { broken, history: play.history });
        }
    }
    Ok(())
}

/// Leaves out what the failure does not need: halves first, single operations last.
async fn shorten(
    bench: &dyn Bench,
    mut steps: Vec<u64>,
    mut failed: Failed,
    crashes: bool,
) -> (Vec<u64>, Failed) {
    steps.truncate(failed.history.len());
    let (mut size, mut attempts) = (steps.len().div_ceil(2), 0);
    while size > 0 {
        let (mut at, mut shorter) = (0, false);
        while at < steps.len() && attempts < ATTEMPTS {
            attempts += 1;
            let mut fewer = steps.clone();
            fewer.drain(at..(at + size).min(fewer.len()));
            match run(bench, &fewer, crashes).await {
                Err(again) => {
                    fewer.truncate(again.history.len());
                    (steps, failed, shorter) = (fewer, again, true);
                }
                Ok(()) => at += size,
            }
        }
        if attempts >= ATTEMPTS {
            break;
        }
        if !shorter || size > 1 {
            size = if size > 1 { size / 2 } else { 0 };
        }
    }
    (steps, failed)
}
