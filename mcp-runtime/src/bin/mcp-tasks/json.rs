//! Tasks as JSON: one object on one line each, times in RFC 3339.

use std::io::Write;

pub use mcp_runtime::task::operator::{Short, Whole};
use serde::ser::Serialize;

use crate::failure::Failure;

/// Writes one line.
pub fn write_line(out: &mut impl Write, value: &impl Serialize) -> Result<(), Failure> {
    let mut line = serde_json::to_vec(value)?;
    // What a client sent is copied as it was, and may have been laid out over several lines. Strings have none.
    line.iter_mut().filter(|byte| matches!(byte, b'\n' | b'\r')).for_each(|byte| *byte = b' ');
    line.push(b'\n');
    Ok(out.write_all(&line)?)
}
