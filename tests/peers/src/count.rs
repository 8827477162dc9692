//! Instructions, counted by valgrind.

use crate::Result;
use crate::cases::Case;
use crate::peers::{Op, Peer};
use std::env;
use std::process::Command;

/// The instructions that one decoding or encoding takes.
///
/// Two runs that differ in nothing but how often they do it: whatever they share, from the dynamic
/// linker to the building of the message, drops out of the difference, and nothing depends on which
/// functions the compiler chose to inline.
pub fn instructions(case: &Case, peer: &Peer, op: Op) -> Result<f64> {
    let once = collected(case, peer, op, case.iterations)?;
    let twice = collected(case, peer, op, 2 * case.iterations)?;
    let spent = twice.checked_sub(once).ok_or("more work took fewer instructions")?;
    Ok(spent as f64 / case.iterations as f64)
}

fn collected(case: &Case, peer: &Peer, op: Op, times: u64) -> Result<u64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(env::current_exe()?)
        .args(["run", case.name, peer.name, op.name(), &times.to_string()])
        .output()
        .map_err(|error| format!("valgrind does not start: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!("{} with {}: {said}", case.name, peer.name).into());
    }
    // "==123== Collected : 4567"
    let total = said.lines().find_map(|line| line.split_once("Collected : "));
    let (_, total) = total.ok_or_else(|| format!("no total in what valgrind said: {said}"))?;
    Ok(total.trim().parse()?)
}
