//! A sealed state that was changed in any way is refused, and nothing else happens.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mcpwright_runtime_fuzz::{META, judge_lines, run, server};
use serde_json::{Value, json};

fuzz_target!(|input: (&[u8], &str, u16)| {
    let (changes, foreign, cut) = input;
    let server = server();
    let ask = |more: &str| {
        let line = format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"ask","arguments":{{"prompt":"?"}},{META}{more}}}}}"#
        );
        let mut output = Vec::new();
        run(server.clone().serve_stream(line.as_bytes(), &mut output)).expect("a stream in memory");
        judge_lines(&output);
        // Progress comes before the response.
        let last = output.trim_ascii().split(|byte| *byte == b'\n').next_back().unwrap_or_default();
        serde_json::from_slice::<Value>(last).unwrap_or_default()
    };
    let state = ask("")["result"]["requestState"].as_str().expect("a state").to_owned();
    let mut changed = state.clone().into_bytes();
    for pair in changes.chunks_exact(2) {
        let at = usize::from(pair[0]) * 251 % changed.len();
        changed[at] ^= pair[1] & 0x7f;
    }
    changed.truncate(changed.len() - usize::from(cut) % changed.len());
    changed.extend_from_slice(foreign.as_bytes());
    let changed = String::from_utf8_lossy(&changed).into_owned();
    let answer = json!({ "first": { "action": "accept", "content": {} } });
    let response = ask(&format!(r#","inputResponses":{answer},"requestState":{}"#, json!(changed)));
    if changed == state {
        assert_eq!(response["result"]["resultType"], "input_required", "{response}");
    } else {
        assert_eq!(response["error"]["code"], -32602, "{response}");
    }
});
