//! The messages of revision 2025-11-25, built by code: the same bytes on every machine.

mod content;
mod tools;

use serde_json::{Value, json};

/// What a message is, which decides the type that a peer decodes it into.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// A `tools/call` request.
    Call,
    /// A `tools/list` response.
    Tools,
    /// A `tools/call` response.
    Content,
}

/// One message, and what is asked of us on it.
pub struct Case {
    pub name: &'static str,
    pub title: &'static str,
    pub kind: Kind,
    /// What decoding may cost of what `rmcp` spends, in percent, where something is asked for.
    pub bar: Option<f64>,
    /// Decoded or encoded this often under valgrind: enough to average out the random keys of hash
    /// maps, few enough to take about a second.
    pub iterations: u64,
    build: fn() -> Value,
}

pub const CASES: [Case; 6] = [
    Case {
        name: "call",
        title: "(a) `tools/call` request, `method` first",
        kind: Kind::Call,
        bar: Some(33.0),
        iterations: 200,
        build: call_method_first,
    },
    Case {
        name: "call-params-first",
        title: "(b) the same, `params` before `method`",
        kind: Kind::Call,
        bar: Some(18.0),
        iterations: 200,
        build: call_params_first,
    },
    Case {
        name: "tools",
        title: "(c) `tools/list` response, 50 tools",
        kind: Kind::Tools,
        bar: Some(60.0),
        iterations: 4,
        build: || response(tools::list()),
    },
    Case {
        name: "text",
        title: "(d) `tools/call` response, 100 KB of text",
        kind: Kind::Content,
        bar: Some(75.0),
        iterations: 10,
        build: || response(content::long_text()),
    },
    Case {
        name: "blocks",
        title: "(e) `tools/call` response, 20 mixed blocks",
        kind: Kind::Content,
        bar: Some(30.0),
        iterations: 40,
        build: || response(content::mixed()),
    },
    Case {
        name: "call-nested",
        title: "(f) as (a), with larger, nested arguments",
        kind: Kind::Call,
        bar: None,
        iterations: 200,
        build: call_nested,
    },
];

impl Case {
    pub fn by_name(name: &str) -> Result<&'static Self, String> {
        CASES.iter().find(|case| case.name == name).ok_or_else(|| format!("no case {name:?}"))
    }

    pub fn value(&self) -> Value {
        (self.build)()
    }

    /// The message as it would travel: compact JSON.
    pub fn bytes(&self) -> Vec<u8> {
        self.value().to_string().into_bytes()
    }
}

/// In the order in which the TypeScript and Python SDKs write a request.
fn call_method_first() -> Value {
    json!({ "method": "tools/call", "params": call_params(), "jsonrpc": "2.0", "id": 17 })
}

/// JSON objects have no order, so this is the same message; it is the one that a decoder cannot
/// read in one pass without knowing what it reads.
fn call_params_first() -> Value {
    json!({ "params": call_params(), "method": "tools/call", "jsonrpc": "2.0", "id": 17 })
}

/// The arguments are plain values under a dynamic key in every peer, so the larger they are, the
/// nearer all peers come to `Value`: this one shows how far that goes.
fn call_nested() -> Value {
    let mut message = call_method_first();
    message["params"]["arguments"]["paths"] = json!(["src/", "tests/", "examples/"]);
    message["params"]["arguments"]["filter"] = json!({
        "modifiedAfter": "2025-11-25T00:00:00Z",
        "authors": ["ada@example.com", "grace@example.com"],
        "minimumScore": 0.75,
        "exclude": null,
    });
    message
}

/// What most calls look like: a few flat arguments, and the token by which to report progress.
fn call_params() -> Value {
    json!({
        "name": "repository_search",
        "arguments": {
            "query": "fn decode<'de, D>(reader: D) -> Result<Self, D::Error>",
            "language": "rust",
            "limit": 25,
            "caseSensitive": false,
        },
        "_meta": { "progressToken": 42 },
    })
}

fn response(result: Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": 17, "result": result })
}
