//! Corrections that more than one generation of the protocol needs.

use serde_json::{Value, json};

use super::{at, everywhere, is_content, members, note, referred, texts};
use crate::load::Document;

/// A union of all results tells nothing apart: a response is decoded by the request that it answers. Any definition
/// that nobody refers to and whose members are results, most of them by name, is such a union, whatever its own name.
pub fn results_are_chosen_by_their_request(document: &mut Document) -> bool {
    let text = Value::Object(document.definitions.clone()).to_string();
    let unused = |name: &str| !text.contains(&format!("/{name}\""));
    let is_result = |schema: &&Value| referred(schema).is_some_and(|name| name.ends_with("Result"));
    let is_union = |schema: &Value| {
        let all = members(schema).count();
        all > 2 && members(schema).filter(is_result).count() * 2 > all
    };
    let is_alias = |name: &str, schema: &Value| {
        name.ends_with("Result") && name != "EmptyResult" && referred(schema) == Some("Result")
    };
    let before = document.definitions.len();
    document
        .definitions
        .retain(|name, schema| !(unused(name) && (is_union(schema) || is_alias(name, schema))));
    document.definitions.len() < before
}

/// Kinds of content are added from revision to revision; a peer may send one that we do not know.
pub fn content_is_open(document: &mut Document) -> bool {
    let texts = texts(document);
    everywhere(document, &mut |schema| {
        is_content(schema, &texts) && note(schema.as_object_mut(), "x-mcp-open", json!(true))
    })
}

/// A peer with finer log levels than ours must still be heard.
pub fn log_levels_are_open(document: &mut Document) -> bool {
    note(at(document, "LoggingLevel", ""), "x-mcp-open", json!(true))
}

/// The schema has protocol versions as plain strings.
pub fn versions_are_typed(document: &mut Document) -> bool {
    const SINGLE: &[&str] =
        &["protocolVersion", "io.modelcontextprotocol/protocolVersion", "requested"];
    const SEVERAL: &[&str] = &["supportedVersions", "supported"];
    let plain = |schema: &Value| schema.get("type").is_some_and(|kind| kind == "string");
    everywhere(document, &mut |schema| {
        let mut applied = false;
        let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
        for (name, property) in properties.into_iter().flatten() {
            let target = match name.as_str() {
                name if SINGLE.contains(&name) => Some(property),
                name if SEVERAL.contains(&name) => property.get_mut("items"),
                _ => None,
            };
            if let Some(target) = target.filter(|target| plain(target)) {
                applied |= note(target.as_object_mut(), "x-mcp-type", json!("ProtocolVersion"));
            }
        }
        applied
    })
}

/// Live servers leave `content` out beside `structuredContent`; nothing can be misunderstood.
pub fn content_of_a_tool_result_may_be_absent(document: &mut Document) -> bool {
    note(at(document, "CallToolResult", "/properties/content"), "x-mcp-absent", json!([]))
}

/// An inline union that stands in two places, under two names.
pub fn resource_contents_have_a_name(document: &mut Document) -> bool {
    let place = at(document, "EmbeddedResource", "/properties/resource");
    note(place, "x-mcp-name", json!("TextOrBlobResourceContents"))
}

/// An inline union that stands in two places; its property's name alone, `content`, says too little. Where it is the union
/// of the blocks alone, and not of one block or several, it goes by the name that the blocks have later.
pub fn sampled_content_has_a_name(document: &mut Document) -> bool {
    let texts = texts(document);
    let Some(place) = document.definitions.get_mut("SamplingMessage") else { return false };
    let place = place.pointer_mut("/properties/content");
    let blocks = place.as_deref().is_some_and(|content| is_content(content, &texts));
    let name = if blocks { "SamplingMessageContentBlock" } else { "SamplingMessageContent" };
    note(place.and_then(Value::as_object_mut), "x-mcp-name", json!(name))
}

/// `ElicitResult.content` says integer where the protocol's source says number.
pub fn elicited_numbers_have_fractions(document: &mut Document) -> bool {
    let Some(values) = document
        .definitions
        .get_mut("ElicitResult")
        .and_then(|result| result.pointer_mut("/properties/content/additionalProperties"))
    else {
        return false;
    };
    // Since 2025-11-25 a value can be a list as well, which makes it a union.
    let members = match values.get_mut("anyOf") {
        Some(members) => members.as_array_mut().into_iter().flatten().collect(),
        None => vec![values],
    };
    let kinds = members.into_iter().filter_map(|schema| schema.get_mut("type")?.as_array_mut());
    let mut integers = kinds.flatten().filter(|kind| *kind == "integer");
    integers.next().map(|kind| *kind = json!("number")).is_some()
}

/// `LegacyTitledEnumSchema` differs from `UntitledSingleSelectEnumSchema` by `enumNames` alone, which the schema leaves
/// optional. Without it the two mean the same, and the newer one is meant.
pub fn legacy_enums_are_told_by_their_names(document: &mut Document) -> bool {
    let legacy = document
        .definitions
        .values_mut()
        .find(|schema| schema.pointer("/properties/enumNames").is_some());
    note(legacy.and_then(Value::as_object_mut), "x-mcp-told-by", json!("enumNames"))
}
