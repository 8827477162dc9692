//! What the tests share: every generated type under its schema's name, and a comparison of JSON that says what became of
//! each member.

pub mod compare;
pub mod registry;
pub mod samples;

/// The code blocks of the README, compiled and run.
#[doc = include_str!("../../README.md")]
#[cfg(doctest)]
struct Readme;
