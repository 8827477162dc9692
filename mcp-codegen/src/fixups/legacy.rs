//! Corrections of the revisions up to 2025-11-25.

use serde_json::{Value, json};

use super::{arrays, at, everywhere, is_content, members, note, reference, referred, texts};
use crate::load::Document;

/// The inline `_meta` of all requests, which later revisions name.
pub fn request_meta_has_a_name(document: &mut Document) -> bool {
    let places = [
        ("RequestParams", "/properties/_meta"),
        ("Request", "/properties/params/properties/_meta"),
    ];
    places.into_iter().any(|(definition, pointer)| {
        note(at(document, definition, pointer), "x-mcp-name", json!("RequestMetaObject"))
    })
}

/// The inline error of an answer, which later revisions name.
pub fn errors_have_a_name(document: &mut Document) -> bool {
    note(at(document, "JSONRPCError", "/properties/error"), "x-mcp-name", json!("Error"))
}

/// The inline union of the kinds of content in prompts and results of tools, which later revisions name: the one with
/// embedded resources.
pub fn blocks_of_content_have_a_name(document: &mut Document) -> bool {
    let texts = texts(document);
    everywhere(document, &mut |schema| {
        is_content(schema, &texts)
            && members(schema).any(|member| referred(member) == Some("EmbeddedResource"))
            && note(schema.as_object_mut(), "x-mcp-name", json!("ContentBlock"))
    })
}

/// The inline unions of what a batch can hold.
pub fn items_of_batches_have_a_name(document: &mut Document) -> bool {
    let mut applied = false;
    for (name, schema) in &mut document.definitions {
        let items = schema.get_mut("items").filter(|items| members(items).next().is_some());
        let items = items.and_then(Value::as_object_mut);
        applied |= note(items, "x-mcp-name", json!(format!("{name}Item")));
    }
    applied
}

/// A message is one of several objects, an array of some of them, or an array of the others (2025-03-26, Basic). Nothing
/// tells the arrays but what is in them, so they are read as one: a batch of messages.
pub fn a_batch_is_several_messages(document: &mut Document) -> bool {
    let mut applied = false;
    for schema in document.definitions.values_mut().filter(|schema| arrays(schema).count() > 1) {
        let (batches, single): (Vec<Value>, Vec<Value>) = members(schema)
            .cloned()
            .partition(|member| member.get("type").is_some_and(|kind| kind == "array"));
        let held: Vec<&Value> = batches.iter().filter_map(|batch| batch.get("items")).collect();
        let mut held = held.into_iter().flat_map(members);
        if !held.all(|message| single.iter().any(|known| referred(known) == referred(message))) {
            continue;
        }
        let items = json!({ "anyOf": single, "x-mcp-name": "JSONRPCSingleMessage" });
        let union = single.into_iter().chain([json!({ "type": "array", "items": items })]);
        schema["anyOf"] = union.collect();
        applied = true;
    }
    applied
}

/// A request with `params.task` is answered by a `CreateTaskResult` (2025-11-25, Tasks); the schema says so only in prose.
pub fn a_task_can_be_the_outcome(document: &mut Document) -> bool {
    let with_task = document.definitions.iter().filter_map(|(name, schema)| {
        let base = name.strip_suffix("RequestParams")?;
        schema.pointer("/properties/task").map(|_| base.to_owned())
    });
    // `ElicitRequestFormParams` and its like are alternatives of `ElicitRequestParams`.
    let mut bases: Vec<String> = with_task.filter(|base| base != "TaskAugmented").collect();
    if at(document, "ElicitRequestFormParams", "/properties/task").is_some() {
        bases.push("Elicit".to_owned());
    }
    for base in &bases {
        let mut complete = reference(&format!("{base}Result"), document);
        complete["x-mcp-name"] = json!("Complete");
        let mut task = reference("CreateTaskResult", document);
        task["x-mcp-name"] = json!("Task");
        let outcome = json!({ "anyOf": [task, complete] });
        document.definitions.insert(format!("{base}Outcome"), outcome);
    }
    !bases.is_empty()
}

/// The key under which `RelatedTaskMetadata` stands in `_meta` is only in the prose (2025-11-25, Tasks).
pub fn related_task_key_is_named(document: &mut Document) -> bool {
    let meta = json!({
        "type": "object",
        "properties": { "io.modelcontextprotocol/related-task": reference("RelatedTaskMetadata", document) },
        "required": ["io.modelcontextprotocol/related-task"],
    });
    let known = document.definitions.contains_key("RelatedTaskMetadata");
    known && document.definitions.insert("RelatedTaskMetaObject".to_owned(), meta).is_none()
}
