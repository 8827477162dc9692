//! Whatever comes in on a stream, the server answers with messages, and ends when the stream does.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mcpwright_runtime_fuzz::{INITIALIZE, judge_lines, run, server};

fuzz_target!(|bytes: &[u8]| {
    let (first, rest) = bytes.split_first().unwrap_or((&0, &[]));
    let mut input = Vec::new();
    if first % 4 != 0 {
        input.extend_from_slice(INITIALIZE.as_bytes());
        input.push(b'\n');
    }
    input.extend_from_slice(rest);
    let mut output = Vec::new();
    run(server().serve_stream(&input[..], &mut output)).expect("a stream in memory");
    judge_lines(&output);
});
