//! What a decoded message says, in words that no peer owns.
//!
//! A peer that decodes quickly into the wrong thing must not win, so every peer translates what it
//! decoded into these facts and they have to equal the ones read from the plain JSON.

use serde_json::Value;

/// The part of a message that a program would act on.
#[derive(Debug, PartialEq)]
pub enum Facts {
    /// A `tools/call` request.
    Call { tool: String, arguments: Value },
    /// A `tools/list` response.
    Tools { names: Vec<String>, properties: usize, with_output: usize, read_only: usize },
    /// A `tools/call` response: the type of each block, and its main string.
    Content { blocks: Vec<(Block, String)> },
}

/// The five types of content block.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Block {
    Text,
    Image,
    Audio,
    Link,
    Resource,
}

impl Facts {
    /// The facts as the plain JSON has them.
    pub fn of_json(message: &Value) -> Result<Self, String> {
        if message["method"] == "tools/call" {
            let params = &message["params"];
            return Ok(Self::Call {
                tool: string(&params["name"])?,
                arguments: params["arguments"].clone(),
            });
        }
        let result = &message["result"];
        if let Some(tools) = result["tools"].as_array() {
            return Ok(Self::Tools {
                names: tools.iter().map(|tool| string(&tool["name"])).collect::<Result<_, _>>()?,
                properties: tools
                    .iter()
                    .filter_map(|tool| tool["inputSchema"]["properties"].as_object())
                    .map(serde_json::Map::len)
                    .sum(),
                with_output: tools.iter().filter(|tool| tool["outputSchema"].is_object()).count(),
                read_only: tools
                    .iter()
                    .filter(|tool| tool["annotations"]["readOnlyHint"] == true)
                    .count(),
            });
        }
        let blocks = result["content"].as_array().ok_or("neither a call, tools nor content")?;
        Ok(Self::Content { blocks: blocks.iter().map(block).collect::<Result<_, _>>()? })
    }
}

fn block(block: &Value) -> Result<(Block, String), String> {
    let resource = &block["resource"];
    let (kind, main) = match block["type"].as_str() {
        Some("text") => (Block::Text, &block["text"]),
        Some("image") => (Block::Image, &block["data"]),
        Some("audio") => (Block::Audio, &block["data"]),
        Some("resource_link") => (Block::Link, &block["uri"]),
        Some("resource") if resource["text"].is_string() => (Block::Resource, &resource["text"]),
        Some("resource") => (Block::Resource, &resource["blob"]),
        other => return Err(format!("a content block of type {other:?}")),
    };
    Ok((kind, string(main)?))
}

fn string(value: &Value) -> Result<String, String> {
    value.as_str().map(str::to_owned).ok_or_else(|| format!("{value} where a string belongs"))
}

/// Where a message differs from what it was before it was decoded and encoded again.
pub fn differences(before: &Value, after: &Value) -> Vec<String> {
    let mut found = Vec::new();
    compare(before, after, "", &mut found);
    found
}

fn compare(before: &Value, after: &Value, path: &str, found: &mut Vec<String>) {
    match (before, after) {
        (Value::Object(old), Value::Object(new)) => {
            for (key, value) in old {
                match new.get(key) {
                    Some(kept) => compare(value, kept, &format!("{path}/{key}"), found),
                    None => found.push(format!("{path}/{key} lost")),
                }
            }
            let added = new.keys().filter(|key| !old.contains_key(*key));
            found.extend(added.map(|key| format!("{path}/{key} added")));
        }
        (Value::Array(old), Value::Array(new)) if old.len() == new.len() => {
            // One `*` for all places, so that fifty tools that lose the same key are one difference.
            for (value, kept) in old.iter().zip(new) {
                compare(value, kept, &format!("{path}/*"), found);
            }
        }
        _ if before == after => {}
        _ => found.push(format!("{path} changed")),
    }
    found.sort();
    found.dedup();
}
