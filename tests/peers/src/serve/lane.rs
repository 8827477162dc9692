//! Servers that take turns, and the medians of their rounds.

use super::calls::Shape;
use super::options::OURS;
use super::server::{Server, cpu_of};
use crate::Result;
use crate::wall::median;
use std::time::{Duration, Instant};

/// How long a round is to take: long against the unit in which CPU time is told.
const ROUND: Duration = Duration::from_millis(400);
/// Where nothing is computed for so long, two ends wait for each other: an acknowledgement is
/// delayed by 40 ms.
pub const STALL: Duration = Duration::from_millis(35);

/// Calls that can be made, one batch after another.
pub trait Load {
    fn calls(&mut self, calls: usize) -> Result<Spent>;
    fn shape(&self) -> Shape;
}

impl Load for Box<dyn Load> {
    fn calls(&mut self, calls: usize) -> Result<Spent> {
        (**self).calls(calls)
    }

    fn shape(&self) -> Shape {
        (**self).shape()
    }
}

/// What a batch of calls took.
pub struct Spent {
    start: Instant,
    calls: usize,
    clock: f64,
    server: f64,
    driver: f64,
    slowest: Duration,
    stalls: usize,
}

impl Spent {
    pub fn new(server: &Server) -> Result<Self> {
        Ok(Self {
            // Negative until the end is added.
            server: -server.cpu()?,
            driver: -cpu_of("self")?,
            start: Instant::now(),
            calls: 0,
            clock: 0.0,
            slowest: Duration::ZERO,
            stalls: 0,
        })
    }

    pub fn waited(&mut self, waited: Duration) {
        self.slowest = self.slowest.max(waited);
        self.stalls += usize::from(waited >= STALL);
    }

    pub fn end(&mut self, server: &Server, calls: usize) -> Result<()> {
        self.clock = self.start.elapsed().as_secs_f64();
        self.calls = calls;
        self.server += server.cpu()?;
        self.driver += cpu_of("self")?;
        Ok(())
    }

    fn rate(&self) -> f64 {
        self.calls as f64 / self.clock
    }
}

pub struct Lane<L> {
    pub name: String,
    pub load: L,
    calls: usize,
    rounds: Vec<Spent>,
}

impl<L: Load> Lane<L> {
    pub fn new(name: String, load: L) -> Self {
        Self { name, load, calls: 0, rounds: Vec::new() }
    }

    pub fn is_ours(&self) -> bool {
        self.name.starts_with(OURS)
    }

    /// Calls per second.
    pub fn rate(&self) -> f64 {
        median(self.rounds.iter().map(Spent::rate).collect())
    }

    /// What the server spends on the CPU for one call, in seconds: over all rounds, because the
    /// unit in which it is told is long against a round of a slow server.
    pub fn cpu(&self) -> f64 {
        self.per_call(|spent| spent.server)
    }

    /// What the driver spends for one call. Where it comes near to the time that a call takes, the
    /// driver is what limits the rate, and servers look more alike than they are.
    pub fn driver_cpu(&self) -> f64 {
        self.per_call(|spent| spent.driver)
    }

    /// What part of the other's rate it has. Rounds are compared with rounds, which are close to
    /// each other in time: a machine that is busy for a minute is busy for both.
    pub fn rate_of(&self, other: &Self) -> f64 {
        let pairs = self.rounds.iter().zip(&other.rounds);
        median(pairs.map(|(mine, its)| mine.rate() / its.rate()).collect())
    }

    pub fn slowest(&self) -> Duration {
        self.rounds.iter().map(|spent| spent.slowest).max().unwrap_or_default()
    }

    /// How many calls stalled, of how many.
    pub fn stalls(&self) -> (usize, usize) {
        self.rounds
            .iter()
            .fold((0, 0), |(stalls, calls), spent| (stalls + spent.stalls, calls + spent.calls))
    }

    fn per_call(&self, of: impl Fn(&Spent) -> f64) -> f64 {
        self.rounds.iter().map(of).sum::<f64>() / self.stalls().1 as f64
    }

    /// Finds out how many calls fill a round, which warms the server up as well.
    fn calibrate(&mut self) -> Result<()> {
        let mut calls = 8;
        loop {
            let spent = self.run(calls)?;
            if spent.clock >= ROUND.as_secs_f64() / 4.0 {
                self.calls = (calls as f64 * ROUND.as_secs_f64() / spent.clock).ceil() as usize;
                return Ok(());
            }
            calls *= 2;
        }
    }

    fn run(&mut self, calls: usize) -> Result<Spent> {
        self.load.calls(calls).map_err(|error| format!("{}: {error}", self.name).into())
    }
}

/// Gives each lane its turn in every round, and another one the first: noise hits all alike.
pub fn take_turns<L: Load>(lanes: &mut [Lane<L>], rounds: usize) -> Result<()> {
    for lane in lanes.iter_mut() {
        lane.calibrate()?;
    }
    let count = lanes.len();
    for round in 0..rounds {
        for turn in 0..count {
            let lane = &mut lanes[(round + turn) % count];
            let spent = lane.run(lane.calls)?;
            lane.rounds.push(spent);
        }
    }
    Ok(())
}
