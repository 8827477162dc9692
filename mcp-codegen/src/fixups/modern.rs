//! Corrections of the revisions from 2026-07-28 on.

use serde_json::{Value, json};

use super::{note, referred};
use crate::load::Document;

/// The published `JSONValue` lacks `null` and numbers with fractions, which JSON has. Whatever it is called, it is a union
/// with arrays of itself.
pub fn json_value_is_any_json(document: &mut Document) -> bool {
    let mut applied = false;
    for (name, schema) in &mut document.definitions {
        let members = schema.get("anyOf").and_then(Value::as_array);
        let recurs = |member: &Value| {
            member.get("items").and_then(referred).is_some_and(|item| item == name)
        };
        if members.is_some_and(|members| members.iter().any(recurs)) {
            applied |= note(schema.as_object_mut(), "x-mcp-opaque", json!(true));
        }
    }
    applied
}

/// `resultType` is a plain string in the schema; the prose gives each result its value, and says that an absent one means
/// `complete` (2026-07-28, Basic). The base types keep it as an open set.
pub fn result_types_tell_results_apart(document: &mut Document) -> bool {
    const BASES: &[&str] = &["Result", "CacheableResult", "PaginatedResult"];
    let open_set = json!({
        "$ref": format!("#/{}/ResultType", document.keyword),
        "x-mcp-absent": "complete",
    });
    let (mut applied, mut opened) = (false, false);
    for (name, schema) in &mut document.definitions {
        let plain = json!({ "type": "string" });
        let asks = schema.pointer("/properties/inputRequests").is_some();
        if let Some(result_type) = schema.pointer_mut("/properties/resultType")
            && result_type.get("const").is_none()
            && result_type.get("type") == plain.get("type")
        {
            *result_type = match name.as_str() {
                name if BASES.contains(&name) => open_set.clone(),
                _ if asks => json!({ "const": "input_required" }),
                _ => json!({ "const": "complete", "x-mcp-absent": "complete" }),
            };
            opened |= BASES.contains(&name.as_str());
            applied = true;
        }
        // The extension combines its results from parts, and gives the constants itself.
        for part in schema.get_mut("allOf").and_then(Value::as_array_mut).into_iter().flatten() {
            let result_type =
                part.pointer_mut("/properties/resultType").and_then(Value::as_object_mut);
            let complete = result_type.filter(|part| part.get("const") == Some(&json!("complete")));
            applied |= note(complete, "x-mcp-absent", json!("complete"));
        }
        // The outcomes of requests that can ask for input: what comes by an extension is kept.
        if name.ends_with("ResultResponse") {
            let outcome = schema.pointer_mut("/properties/result").and_then(Value::as_object_mut);
            let several = outcome.filter(|outcome| outcome.contains_key("anyOf"));
            applied |= note(several, "x-mcp-open", json!(true));
        }
    }
    if opened {
        let values = json!({ "enum": ["complete", "input_required"], "x-mcp-open": true });
        document.definitions.insert("ResultType".to_owned(), values);
    }
    applied
}

/// An absent `ttlMs` is 0, and a negative one is read as 0 (2026-07-28, Caching); an absent `cacheScope` must not lead to
/// sharing what was private.
pub fn absent_cache_hints_mean_stale_and_private(document: &mut Document) -> bool {
    let mut applied = false;
    for schema in document.definitions.values_mut() {
        if let Some(ttl) = schema.pointer_mut("/properties/ttlMs").and_then(Value::as_object_mut) {
            ttl.insert("x-mcp-clamp".to_owned(), json!(true));
            applied |= note(Some(ttl), "x-mcp-absent", json!(0));
        }
        if let Some(scope) =
            schema.pointer_mut("/properties/cacheScope").and_then(Value::as_object_mut)
        {
            applied |= note(Some(scope), "x-mcp-absent", json!("private"));
        }
    }
    applied
}
