//! What tools answer: one long text, and twenty blocks of all five types.

use serde_json::{Value, json};

/// The result with 100 KB in one block, as a tool that reads a file gives it: lines, so an escape
/// every so often, and some of them not in English.
pub fn long_text() -> Value {
    const SIZE: usize = 100 * 1024;
    const LINES: [&str; 5] = [
        "pub fn read(path: &Path) -> io::Result<String> { std::fs::read_to_string(path) }\n",
        "\tlet greeting = \"Grüße aus Köln\"; // said once, read often\n",
        "2025-11-25T08:15:30.120Z INFO worker{id=7}: finished 1204 of 1204 jobs in 88 ms\n",
        "C:\\Users\\ada\\notes.txt holds what was said about the second revision and why\n",
        "検索結果は三件です。 The quick brown fox jumps over the lazy dog 🦊 and away.\n",
    ];
    let mut text = String::with_capacity(SIZE);
    for line in LINES.iter().cycle() {
        if text.len() + line.len() > SIZE {
            break;
        }
        text.push_str(line);
    }
    json!({ "content": [{ "type": "text", "text": text }], "isError": false })
}

/// The result with four blocks of each type, in turn.
pub fn mixed() -> Value {
    let content: Vec<Value> = (0..20).map(block).collect();
    json!({ "content": content, "isError": false })
}

fn block(number: usize) -> Value {
    let turn = number / 5;
    let mut block = match number % 5 {
        0 => json!({
            "type": "text",
            "text": format!("Step {number}: the chart shows \"requests per second\"\nfor region {turn}."),
        }),
        1 => json!({ "type": "image", "data": base64(number, 800), "mimeType": "image/png" }),
        2 => json!({ "type": "audio", "data": base64(number, 600), "mimeType": "audio/wav" }),
        3 => json!({
            "type": "resource_link",
            "uri": format!("file:///reports/2025/region-{turn}.csv"),
            "name": format!("region-{turn}.csv"),
            "title": format!("Region {turn}"),
            "description": "All measurements that the chart was drawn from.",
            "mimeType": "text/csv",
            "size": 48_211 + number,
        }),
        _ if turn.is_multiple_of(2) => json!({
            "type": "resource",
            "resource": {
                "uri": format!("file:///reports/2025/notes-{turn}.md"),
                "mimeType": "text/markdown",
                "text": format!("# Notes {turn}\n\nTraffic grew by {number} % — see the chart."),
            },
        }),
        _ => json!({
            "type": "resource",
            "resource": {
                "uri": format!("file:///reports/2025/archive-{turn}.zip"),
                "mimeType": "application/zip",
                "blob": base64(number, 400),
            },
        }),
    };
    if number.is_multiple_of(3) {
        block["annotations"] = json!({
            "audience": ["user", "assistant"],
            "priority": 0.5,
            "lastModified": "2025-11-25T08:15:30Z",
        });
    }
    if number.is_multiple_of(4) {
        block["_meta"] = json!({ "example.com/source": { "step": number, "cached": true } });
    }
    block
}

/// As many characters of Base64 as asked for, different for each seed and the same every time.
fn base64(seed: usize, characters: usize) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut state = u32::try_from(seed).expect("a block's number is small").wrapping_add(1);
    let mut next = || {
        // A linear congruential generator: nothing here needs better randomness.
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        char::from(ALPHABET[(state >> 26) as usize])
    };
    (0..characters).map(|_| next()).collect()
}
