//! The two tables of decoding and encoding: instructions and time.

use crate::Result;
use crate::cases::{CASES, Case};
use crate::peers::{OURS, Op, PEERS, Peer, RMCP, Subject};
use crate::{count, table, versions, wall};
use std::collections::BTreeMap;

/// How a cell says that the peer does not understand the message; the notes say why.
const WRONG: &str = "wrong";

pub fn print() -> Result<()> {
    if cfg!(debug_assertions) {
        return Err("an unoptimised build measures nothing: run it with --release".into());
    }
    let verdicts = Verdicts::collect();
    versions::print()?;
    println!("### Instructions, in thousands\n");
    table_of(&verdicts, 1e3, |case, op, peers| {
        peers.iter().map(|peer| count::instructions(case, peer, op)).collect()
    })?;
    println!("### Time, median in microseconds\n");
    table_of(&verdicts, 1e3, |case, op, peers| {
        let subjects: Vec<Subject> = peers.iter().map(|peer| (peer.subject)(case.kind)).collect();
        Ok(wall::medians(case, &subjects, op))
    })?;
    verdicts.print();
    println!("How each column decodes:\n");
    for peer in &PEERS {
        println!("- {}: {}", peer.name, peer.way);
    }
    match verdicts.of(&CASES, OURS) {
        true => Ok(()),
        false => Err("ours does not understand every message".into()),
    }
}

/// Prints one table; `measure` gives a value for each of the peers it is handed.
fn table_of(
    verdicts: &Verdicts,
    unit: f64,
    measure: impl Fn(&Case, Op, &[&Peer]) -> Result<Vec<f64>>,
) -> Result<()> {
    let mut header = vec!["message".to_owned(), "operation".to_owned()];
    header.extend(PEERS.iter().map(|peer| peer.name.to_owned()));
    header.push(format!("{OURS} / {RMCP}"));
    let mut rows = Vec::new();
    for op in Op::ALL {
        for case in &CASES {
            // Whoever decodes into something wrong is not measured: there is nothing to compare.
            let right: Vec<&Peer> =
                PEERS.iter().filter(|peer| verdicts.right(case, peer.name)).collect();
            let values = measure(case, op, &right)?;
            let found: BTreeMap<&str, f64> =
                right.iter().map(|peer| peer.name).zip(values).collect();
            let mut row = vec![case.title.to_owned(), op.name().to_owned()];
            row.extend(PEERS.iter().map(|peer| match found.get(peer.name) {
                Some(value) => format!("{:.1}", value / unit),
                None => WRONG.to_owned(),
            }));
            row.push(match (found.get(OURS), found.get(RMCP)) {
                (Some(ours), Some(rmcp)) => {
                    let bar = case.bar.filter(|_| op == Op::Decode);
                    table::ratio(*ours, *rmcp, bar)
                }
                _ => "—".to_owned(),
            });
            rows.push(row);
        }
    }
    table::print(&header, &rows);
    Ok(())
}

/// What came of decoding every message with every peer, before anything is measured.
struct Verdicts(BTreeMap<(&'static str, &'static str), std::result::Result<Vec<String>, String>>);

impl Verdicts {
    fn collect() -> Self {
        let pairs = CASES.iter().flat_map(|case| PEERS.iter().map(move |peer| (case, peer)));
        Self(
            pairs
                .map(|(case, peer)| {
                    let verdict = (peer.subject)(case.kind).verify(&case.bytes());
                    ((case.name, peer.name), verdict)
                })
                .collect(),
        )
    }

    fn right(&self, case: &Case, peer: &'static str) -> bool {
        self.0.get(&(case.name, peer)).is_some_and(std::result::Result::is_ok)
    }

    fn of(&self, cases: &[Case], peer: &'static str) -> bool {
        cases.iter().all(|case| self.right(case, peer))
    }

    /// What a fast column may have left out is as much a part of the result as its number.
    fn print(&self) {
        println!("What a round trip changes, in all columns not named here nothing:\n");
        for ((case, peer), verdict) in &self.0 {
            match verdict {
                Ok(changes) if changes.is_empty() => {}
                Ok(changes) => println!("- {peer}, `{case}`: {}", changes.join(", ")),
                Err(reason) => println!("- {peer}, `{case}`: **decoded wrongly**: {reason}"),
            }
        }
        println!();
    }
}
