//! What a peer sends can neither panic nor hang the server: real messages, changed at random. Seeds are in the failures.
//!
//! `fuzz/` does the same with a fuzzer that looks for new paths.

use std::time::Duration;

use mcp_runtime::{Context, InputError, Json, Limits, Server, mcp_prompt, mcp_resource, mcp_tool};
use serde_json::{Value, json};

/// Adds numbers.
#[mcp_tool]
async fn add(numbers: Vec<i64>, #[arg(default)] start: i64) -> Json<Value> {
    Json(json!({ "sum": numbers.iter().fold(start, |sum, number| sum.wrapping_add(*number)) }))
}

/// Asks twice.
#[mcp_tool]
async fn ask(cx: &Context, prompt: String) -> Result<String, InputError> {
    let schema = || json!({ "type": "object", "properties": {} });
    cx.progress(1.0).await;
    let first = cx.elicit_with::<Value>("first", &prompt, schema()).await?;
    let second = cx.elicit_with::<Value>("second", &prompt, schema()).await?;
    Ok(format!("{first:?} {second:?}"))
}

/// Greets.
#[mcp_prompt]
async fn greet(name: String, times: Option<u8>) -> String {
    name.repeat(usize::from(times.unwrap_or(1)))
}

/// A page.
#[mcp_resource("page://{book}/{+path}")]
async fn page(book: u32, path: String) -> String {
    format!("{book}: {path}")
}

fn server() -> Server {
    let mut limits = Limits::default();
    limits.input_timeout = Duration::from_millis(5);
    limits.cancel_grace = Duration::from_millis(5);
    limits.drain = Duration::from_millis(50);
    limits.message = 64 << 10;
    mcp_runtime::server!()
        .tool::<add>()
        .tool::<ask>()
        .prompt::<greet>()
        .resource::<page>()
        .limits(limits)
        .build()
        .expect("a server without mistakes")
}

/// Messages of both eras that reach every method.
fn messages(initialized: bool) -> Vec<String> {
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": { "elicitation": {}, "sampling": {}, "roots": {} },
        "io.modelcontextprotocol/logLevel": "debug",
        "progressToken": 1,
    });
    let calls = [
        ("tools/list", json!({ "cursor": "dG9vbHM6YWRk" })),
        ("tools/call", json!({ "name": "add", "arguments": { "numbers": [1, -2], "start": 5 } })),
        (
            "tools/call",
            json!({ "name": "ask", "arguments": { "prompt": "go on?" }, "inputResponses": { "first": { "action": "accept", "content": {} } }, "requestState": "AQ" }),
        ),
        ("prompts/get", json!({ "name": "greet", "arguments": { "name": "a", "times": "3" } })),
        ("resources/read", json!({ "uri": "page://7/a%20b/c" })),
        ("resources/subscribe", json!({ "uri": "page://7/a" })),
        (
            "completion/complete",
            json!({ "ref": { "type": "ref/prompt", "name": "greet" }, "argument": { "name": "name", "value": "a" } }),
        ),
        (
            "subscriptions/listen",
            json!({ "notifications": { "toolsListChanged": true, "resourceSubscriptions": ["page://7/a"] } }),
        ),
        ("logging/setLevel", json!({ "level": "debug" })),
        ("server/discover", json!({})),
        ("ping", json!({})),
    ];
    let mut all = Vec::new();
    for (id, (method, params)) in calls.into_iter().enumerate() {
        let mut params = params;
        if !initialized {
            params["_meta"] = meta.clone();
        }
        all.push(
            json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }).to_string(),
        );
    }
    all.push(json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": 2 } }).to_string());
    all.push(
        json!({ "jsonrpc": "2.0", "id": 1, "result": { "action": "accept", "content": {} } })
            .to_string(),
    );
    all
}

const INITIALIZE: &str = r#"{"jsonrpc":"2.0","id":"i","method":"initialize","params":{"protocolVersion":"2025-03-26","capabilities":{"elicitation":{},"roots":{}},"clientInfo":{"name":"x","version":"0"}}}"#;

/// xorshift64*: the same on every machine.
struct Random(u64);

impl Random {
    fn of(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % limit.max(1)
    }

    fn change(&mut self, text: &mut Vec<u8>) {
        const PIECES: [&[u8]; 14] = [
            b"null",
            b"{}",
            b"[]",
            b"-1",
            b"1e999",
            b"\"\\ud800\"",
            b"\"",
            b"{",
            b"}",
            b"[",
            b"]",
            b"\n",
            b"\xff",
            b"\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\"},",
        ];
        let at = self.below(text.len() + 1);
        match self.below(5) {
            0 if at < text.len() => text[at] ^= 1 << self.below(8),
            1 => {
                let end = (at + self.below(12)).min(text.len());
                text.drain(at..end);
            }
            2 => {
                let end = (at + self.below(40)).min(text.len());
                let copy = text[at..end].to_vec();
                let to = self.below(text.len() + 1);
                text.splice(to..to, copy);
            }
            3 => text.truncate(at),
            _ => {
                let piece = PIECES[self.below(PIECES.len())];
                text.splice(at..at, piece.iter().copied());
            }
        }
    }
}

fn judge(message: &Value, seed: u64) {
    let context = format!("seed {seed}: {message}");
    assert_eq!(message["jsonrpc"], "2.0", "{context}");
    let members = ["result", "error", "method"].iter().filter(|key| message.get(**key).is_some());
    assert_eq!(members.count(), 1, "{context}");
    if let Some(error) = message.get("error") {
        assert!(error["code"].is_i64() && error["message"].is_string(), "{context}");
        assert!(!message.to_string().contains("panicked"), "{context}");
    }
}

async fn serve(input: &[u8]) -> Vec<u8> {
    let mut output = Vec::new();
    tokio::time::timeout(Duration::from_secs(20), server().serve_stream(input, &mut output))
        .await
        .unwrap_or_else(|_| panic!("it hangs on {}", String::from_utf8_lossy(input)))
        .expect("a stream in memory");
    output
}

#[tokio::test(start_paused = true)]
async fn changed_messages_are_answered_with_messages() {
    for seed in 1..=1500 {
        let mut random = Random::of(seed);
        let initialized = random.below(2) == 0;
        let mut input = Vec::new();
        if initialized {
            input.extend_from_slice(INITIALIZE.as_bytes());
            input.push(b'\n');
        }
        let messages = messages(initialized);
        for _ in 0..1 + random.below(6) {
            let mut message = messages[random.below(messages.len())].clone().into_bytes();
            for _ in 0..random.below(4) {
                random.change(&mut message);
            }
            input.extend_from_slice(&message);
            input.push(b'\n');
        }
        let output = serve(&input).await;
        for line in output.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let message: Value = serde_json::from_slice(line).unwrap_or_else(|error| {
                panic!("seed {seed}: {error}: {}", String::from_utf8_lossy(line))
            });
            match message {
                Value::Array(messages) => messages.iter().for_each(|message| judge(message, seed)),
                message => judge(&message, seed),
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn deep_and_long_input_is_refused_not_followed() {
    let deep =
        |open: &str, close: &str| format!("{}1{}", open.repeat(20_000), close.repeat(20_000));
    for arguments in [
        deep("[", "]"),
        deep(r#"{"a":"#, "}"),
        format!(r#"{{"numbers":[{}]}}"#, "1,".repeat(5000) + "1"),
    ] {
        let line = format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"add","arguments":{arguments},"_meta":{{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{{}}}}}}}}"#
        );
        let output = serve(line.as_bytes()).await;
        judge(&serde_json::from_slice(output.trim_ascii()).expect("one answer"), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_changed_state_is_refused_with_one_sentence() {
    let server = server();
    let ask = async |more: &str| -> Value {
        let line = format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"ask","arguments":{{"prompt":"?"}},"_meta":{{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{{"elicitation":{{}}}}}}{more}}}}}"#
        );
        let mut output = Vec::new();
        server
            .clone()
            .serve_stream(line.as_bytes(), &mut output)
            .await
            .expect("a stream in memory");
        serde_json::from_slice(output.trim_ascii()).expect("one answer")
    };
    let state = ask("").await["result"]["requestState"].as_str().expect("a state").to_owned();
    let mut sentences = std::collections::BTreeSet::new();
    for seed in 1..=400 {
        let mut random = Random::of(seed);
        let mut changed = state.clone().into_bytes();
        random.change(&mut changed);
        let changed = String::from_utf8_lossy(&changed).into_owned();
        if changed == state {
            continue;
        }
        let answer = ask(&format!(
            r#","inputResponses":{{"first":{{"action":"accept","content":{{}}}}}},"requestState":{}"#,
            json!(changed)
        ))
        .await;
        assert_eq!(answer["error"]["code"], -32602, "seed {seed}: {answer}");
        sentences.insert(answer["error"]["message"].to_string());
    }
    assert_eq!(
        sentences.len(),
        1,
        "what is wrong with a state is nobody's business: {sentences:?}"
    );
}
