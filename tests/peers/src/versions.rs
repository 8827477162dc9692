//! What was measured with what, so that a pasted result says it by itself.

use crate::Result;
use std::process::Command;

pub const LOCK: &str = include_str!("../Cargo.lock");

pub fn print() -> Result<()> {
    let crates =
        ["rmcp", "rust-mcp-schema", "serde", "serde_json", "indexmap", "tokio", "hyper", "axum"];
    let mut said: Vec<String> =
        crates.iter().map(|name| format!("{name} {}", locked(name).unwrap_or("?"))).collect();
    for tool in ["rustc", "valgrind"] {
        let output = Command::new(tool).arg("--version").output()?;
        said.push(String::from_utf8(output.stdout)?.trim().to_owned());
    }
    println!("With {}.\n", said.join(", "));
    Ok(())
}

/// The version that the lock file has of a crate.
fn locked(name: &str) -> Option<&'static str> {
    let (_, after) = LOCK.split_once(&format!("name = \"{name}\"\nversion = \""))?;
    after.split('"').next()
}
