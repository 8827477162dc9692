//! The code blocks of the README and of the pages under `docs/`, compiled and run.

#[doc = include_str!("../../README.md")]
#[doc = include_str!("../../docs/client.md")]
#[doc = include_str!("../../docs/console.md")]
#[doc = include_str!("../../docs/tasks.md")]
#[cfg(doctest)]
struct Pages;
