//! Whatever a document holds, the generator answers with a text or with problems.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mcp_codegen::{Builder, Error};
use serde_json::{Value, json};

/// Checks that what is refused is refused with its places and with help.
fn judge(schema: Value) {
    let Err(error) = Builder::new().text_of("schema.json", schema) else { return };
    let Error::Schema { problems, .. } = error else { panic!("not refused as a schema: {error}") };
    for problem in problems.iter() {
        assert!(problem.pointer.is_empty() || problem.pointer.starts_with('/'), "{problem:?}");
        assert!(!problem.help.is_empty(), "{problem:?}");
        assert!(!problem.help.contains("defect of mcp-codegen"), "{problem}");
    }
}

fuzz_target!(|bytes: &[u8]| {
    if let Ok(value) = serde_json::from_slice::<Value>(bytes) {
        // As a definition, too: most documents that come by chance are none.
        if value.get("$defs").is_none() {
            judge(json!({ "$defs": { "A": value } }));
        } else {
            judge(value);
        }
    }
});
