//! What a new crate can be called.

use super::NewError;

/// Words of Rust, now or reserved. Cargo refuses them, too.
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate",
    "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl",
    "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref",
    "return", "self", "static", "struct", "super", "trait", "true", "try", "type", "typeof",
    "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// Crates that come with Rust.
const STANDARD: &[&str] = &["alloc", "core", "proc_macro", "std", "test"];

/// Folders that Cargo makes where a program of that name would stand, and devices of Windows.
const TAKEN: &[&str] = &["build", "deps", "examples", "incremental", "aux", "con", "nul", "prn"];

/// What the templates depend on.
const DEPENDENCIES: &[&str] = &[
    "mcp_codegen",
    "mcp_runtime",
    "mcp_schema",
    "schemars",
    "serde",
    "serde_json",
    "thiserror",
    "tokio",
];

/// Cargo would take longer ones; file systems might not.
const LONGEST: usize = 64;

/// Whether a crate can have this name.
pub fn check(name: &str) -> Result<(), NewError> {
    match wrong(name) {
        None => Ok(()),
        Some(why) => Err(NewError::Name { name: name.to_owned(), why, instead: instead(name) }),
    }
}

fn wrong(name: &str) -> Option<&'static str> {
    let snake = name.replace('-', "_");
    let snake = snake.as_str();
    let ends_well = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    if !name.chars().all(|c| ends_well(c) || matches!(c, '-' | '_')) {
        Some("has other characters than a to z, 0 to 9, `-` and `_`")
    } else if !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        Some("does not begin with a letter")
    } else if !name.ends_with(ends_well) {
        Some("does not end with a letter or a digit")
    } else if name.len() > LONGEST {
        Some("is longer than 64 characters")
    } else if KEYWORDS.contains(&snake) {
        Some("is a word of Rust")
    } else if STANDARD.contains(&snake) {
        Some("is a crate that comes with Rust")
    } else if TAKEN.contains(&snake) {
        Some("is a name that Cargo or the system keeps for itself")
    } else if DEPENDENCIES.contains(&snake) {
        Some("is a crate that the new one depends on")
    } else {
        None
    }
}

/// A name like it that passes.
fn instead(name: &str) -> String {
    let lower = name.to_lowercase();
    let words = lower.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let mut better = words.collect::<Vec<_>>().join("-");
    if better.is_empty() {
        return "mcp-server".to_owned();
    }
    better.truncate(LONGEST - "mcp--server".len());
    if !better.starts_with(|c: char| c.is_ascii_lowercase()) {
        better = format!("mcp-{better}");
    }
    let better = better.trim_end_matches('-');
    if wrong(better).is_none() { better.to_owned() } else { format!("{better}-server") }
}

#[cfg(test)]
mod tests {
    use super::{DEPENDENCIES, KEYWORDS, STANDARD, TAKEN, check, instead, wrong};

    #[test]
    fn names_that_do() {
        for name in ["hello", "my-server", "my_server", "a", "x2", "self-service"] {
            assert!(check(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn names_that_do_not_and_what_would() {
        for (name, better) in [
            ("", "mcp-server"),
            ("2fast", "mcp-2fast"),
            ("My Server", "my-server"),
            ("grüße", "gr-e"),
            ("-", "mcp-server"),
            ("_x", "x"),
            ("x-", "x"),
            ("match", "match-server"),
            ("proc-macro", "proc-macro-server"),
            ("std", "std-server"),
            ("tokio", "tokio-server"),
            ("serde-json", "serde-json-server"),
            ("build", "build-server"),
            ("a.b", "a-b"),
            ("{{x}}", "x"),
        ] {
            assert!(check(name).is_err(), "{name}");
            assert_eq!(instead(name), better, "{name}");
        }
    }

    #[test]
    fn what_is_proposed_would_do() {
        let odd = ["", "---", "日本", "9", &"x".repeat(100), &"-x".repeat(100), "MATCH", "a b\nc"];
        let lists = [KEYWORDS, STANDARD, TAKEN, DEPENDENCIES];
        for name in lists.into_iter().flatten().chain(&odd) {
            assert!(wrong(name).is_some(), "{name}");
            assert_eq!(wrong(&instead(name)), None, "{name}: {}", instead(name));
        }
    }
}
