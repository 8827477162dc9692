//! Where the published schemas are wrong or silent: one named function for each place, with the reason.
//!
//! A fixup that changes nothing no longer applies. For a released revision that is an error, so that none outlives its
//! reason; for a moving draft, and for a schema of a user's own, it is only told, because theirs is the schema that moves.

use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use crate::load::Document;

/// A named correction of a schema.
pub struct Fixup {
    /// Its name, for messages.
    pub name: &'static str,
    /// Changes the document; `false` if there was nothing to change.
    pub apply: fn(&mut Document) -> bool,
}

macro_rules! fixups {
    ($($name:ident),* $(,)?) => { &[$(Fixup { name: stringify!($name), apply: $name }),*] };
}

/// For every revision of the core.
pub const CORE: &[Fixup] = fixups![
    elicited_numbers_have_fractions,
    results_are_chosen_by_their_request,
    content_is_open,
    log_levels_are_open,
    versions_are_typed,
    legacy_enums_are_told_by_their_names,
    content_of_a_tool_result_may_be_absent,
    resource_contents_have_a_name,
    sampled_content_has_a_name,
];

/// For the core up to 2025-11-25.
pub const LEGACY: &[Fixup] =
    fixups![a_task_can_be_the_outcome, request_meta_has_a_name, related_task_key_is_named,];

/// For the core from 2026-07-28 on.
pub const MODERN: &[Fixup] = fixups![
    json_value_is_any_json,
    result_types_tell_results_apart,
    absent_cache_hints_mean_stale_and_private,
];

/// For the tasks extension, whose schema stands on the core's.
pub const TASKS: &[Fixup] = fixups![
    json_value_is_any_json,
    elicited_numbers_have_fractions,
    content_is_open,
    legacy_enums_are_told_by_their_names,
    resource_contents_have_a_name,
    sampled_content_has_a_name,
    results_of_tasks_hold_the_task,
    parameters_of_tasks_carry_meta,
    messages_of_tasks_have_a_direction,
    result_types_tell_results_apart,
    subscriptions_to_tasks_extend_the_core,
    a_task_is_an_outcome_of_a_call,
];

/// The core's definitions that the extension's fixups build upon.
pub const TASKS_BORROW: &[&str] = &[
    "CallToolRequest",
    "CallToolRequestParams",
    "CallToolResult",
    "InputRequiredResult",
    "RequestMetaObject",
    "RequestParams",
    "SubscriptionFilter",
    "SubscriptionsAcknowledgedNotification",
    "SubscriptionsAcknowledgedNotificationParams",
    "SubscriptionsListenRequest",
    "SubscriptionsListenRequestParams",
];

fn at<'a>(
    document: &'a mut Document,
    definition: &str,
    pointer: &str,
) -> Option<&'a mut Map<String, Value>> {
    document.definitions.get_mut(definition)?.pointer_mut(pointer)?.as_object_mut()
}

fn note(schema: Option<&mut Map<String, Value>>, key: &str, value: Value) -> bool {
    schema.is_some_and(|schema| schema.insert(key.to_owned(), value.clone()) != Some(value))
}

fn reference(name: &str, document: &Document) -> Value {
    json!({ "$ref": format!("#/{}/{name}", document.keyword) })
}

/// Which definition a schema refers to.
fn referred(schema: &Value) -> Option<&str> {
    schema.get("$ref")?.as_str()?.rsplit('/').next()
}

/// The published `JSONValue` lacks `null` and numbers with fractions, which JSON has. Whatever it is called, it is a union
/// with arrays of itself.
fn json_value_is_any_json(document: &mut Document) -> bool {
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

/// `ElicitResult.content` says integer where the protocol's source says number.
fn elicited_numbers_have_fractions(document: &mut Document) -> bool {
    let members = at(document, "ElicitResult", "/properties/content/additionalProperties")
        .and_then(|schema| schema.get_mut("anyOf")?.as_array_mut());
    let mut kinds =
        members.into_iter().flatten().filter_map(|schema| schema.get_mut("type")?.as_array_mut());
    kinds.any(|kinds| match kinds.iter_mut().find(|kind| *kind == "integer") {
        Some(kind) => {
            *kind = json!("number");
            true
        }
        None => false,
    })
}

/// A union of all results tells nothing apart: a response is decoded by the request that it answers. Any definition
/// that nobody refers to and whose members are results, most of them by name, is such a union, whatever its own name.
fn results_are_chosen_by_their_request(document: &mut Document) -> bool {
    let text = Value::Object(document.definitions.clone()).to_string();
    let unused = |name: &str| !text.contains(&format!("/{name}\""));
    let is_result = |schema: &&Value| referred(schema).is_some_and(|name| name.ends_with("Result"));
    let is_union = |schema: &Value| {
        let members = schema.get("anyOf").and_then(Value::as_array);
        members.is_some_and(|all| {
            all.len() > 3 && all.iter().filter(is_result).count() * 2 > all.len()
        })
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

/// Kinds of content are added from revision to revision; a peer may send one that we do not know. A union of content is
/// one that text is a kind of.
fn content_is_open(document: &mut Document) -> bool {
    let texts: Vec<String> = document
        .definitions
        .iter()
        .filter(|(_, schema)| {
            schema.pointer("/properties/type/const").is_some_and(|kind| kind == "text")
        })
        .map(|(name, _)| name.clone())
        .collect();
    let mut applied = false;
    for schema in document.definitions.values_mut() {
        let members = schema.get("anyOf").and_then(Value::as_array);
        let text = |member: &Value| {
            referred(member).is_some_and(|name| texts.iter().any(|text| text == name))
        };
        if members.is_some_and(|members| members.iter().any(text)) {
            applied |= note(schema.as_object_mut(), "x-mcp-open", json!(true));
        }
    }
    applied
}

/// A peer with finer log levels than ours must still be heard.
fn log_levels_are_open(document: &mut Document) -> bool {
    note(at(document, "LoggingLevel", ""), "x-mcp-open", json!(true))
}

/// The schema has protocol versions as plain strings.
fn versions_are_typed(document: &mut Document) -> bool {
    fn visit(schema: &mut Value, applied: &mut bool) {
        const SINGLE: &[&str] =
            &["protocolVersion", "io.modelcontextprotocol/protocolVersion", "requested"];
        const SEVERAL: &[&str] = &["supportedVersions", "supported"];
        let plain = |schema: &Value| schema.get("type").is_some_and(|kind| kind == "string");
        if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
            for (name, property) in properties {
                let target = match name.as_str() {
                    name if SINGLE.contains(&name) => Some(property),
                    name if SEVERAL.contains(&name) => property.get_mut("items"),
                    _ => None,
                };
                if let Some(target) = target.filter(|target| plain(target)) {
                    *applied |=
                        note(target.as_object_mut(), "x-mcp-type", json!("ProtocolVersion"));
                }
            }
        }
        match schema {
            Value::Object(members) => members.values_mut().for_each(|value| visit(value, applied)),
            Value::Array(items) => items.iter_mut().for_each(|value| visit(value, applied)),
            _ => {}
        }
    }
    let mut applied = false;
    document.definitions.values_mut().for_each(|schema| visit(schema, &mut applied));
    applied
}

/// `LegacyTitledEnumSchema` differs from `UntitledSingleSelectEnumSchema` by `enumNames` alone, which the schema leaves
/// optional. Without it the two mean the same, and the newer one is meant.
fn legacy_enums_are_told_by_their_names(document: &mut Document) -> bool {
    let legacy = document
        .definitions
        .values_mut()
        .find(|schema| schema.pointer("/properties/enumNames").is_some());
    note(legacy.and_then(Value::as_object_mut), "x-mcp-told-by", json!("enumNames"))
}

/// Live servers leave `content` out beside `structuredContent`; nothing can be misunderstood.
fn content_of_a_tool_result_may_be_absent(document: &mut Document) -> bool {
    note(at(document, "CallToolResult", "/properties/content"), "x-mcp-absent", json!([]))
}

/// An inline union that stands in two places, under two names.
fn resource_contents_have_a_name(document: &mut Document) -> bool {
    let place = at(document, "EmbeddedResource", "/properties/resource");
    note(place, "x-mcp-name", json!("TextOrBlobResourceContents"))
}

/// An inline union that stands in two places; its property's name alone, `content`, says too little.
fn sampled_content_has_a_name(document: &mut Document) -> bool {
    let place = at(document, "SamplingMessage", "/properties/content");
    note(place, "x-mcp-name", json!("SamplingMessageContent"))
}

/// A request with `params.task` is answered by a `CreateTaskResult` (2025-11-25, Tasks); the schema says so only in prose.
fn a_task_can_be_the_outcome(document: &mut Document) -> bool {
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

/// The inline `_meta` of all requests, which later revisions name.
fn request_meta_has_a_name(document: &mut Document) -> bool {
    note(
        at(document, "RequestParams", "/properties/_meta"),
        "x-mcp-name",
        json!("RequestMetaObject"),
    )
}

/// The key under which `RelatedTaskMetadata` stands in `_meta` is only in the prose (2025-11-25, Tasks).
fn related_task_key_is_named(document: &mut Document) -> bool {
    let meta = json!({
        "type": "object",
        "properties": { "io.modelcontextprotocol/related-task": reference("RelatedTaskMetadata", document) },
        "required": ["io.modelcontextprotocol/related-task"],
    });
    let known = document.definitions.contains_key("RelatedTaskMetadata");
    known && document.definitions.insert("RelatedTaskMetaObject".to_owned(), meta).is_none()
}

/// `resultType` is a plain string in the schema; the prose gives each result its value, and says that an absent one means
/// `complete` (2026-07-28, Basic). The base types keep it as an open set.
fn result_types_tell_results_apart(document: &mut Document) -> bool {
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
fn absent_cache_hints_mean_stale_and_private(document: &mut Document) -> bool {
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

/// The extension's answers are a task among the fields of a result; the task gets a name of its own there.
fn results_of_tasks_hold_the_task(document: &mut Document) -> bool {
    let mut applied = false;
    for name in ["GetTaskResult", "TaskStatusNotificationParams"] {
        let parts =
            at(document, name, "").and_then(|schema| schema.get_mut("allOf")?.as_array_mut());
        for part in parts.into_iter().flatten() {
            if part.get("anyOf").is_some() {
                applied |= note(part.as_object_mut(), "x-mcp-name", json!("task"));
            }
        }
    }
    // The notification repeats its parameters inline.
    let parameters = reference("TaskStatusNotificationParams", document);
    if let Some(parts) = at(document, "TaskStatusNotification", "")
        .and_then(|schema| schema.get_mut("allOf")?.as_array_mut())
    {
        for part in parts {
            if let Some(params) = part.pointer_mut("/properties/params") {
                *params = parameters.clone();
            }
        }
    }
    applied
}

/// The extension's requests lack `_meta`, without which no request of 2026-07-28 is valid.
fn parameters_of_tasks_carry_meta(document: &mut Document) -> bool {
    let base = reference("RequestParams", document);
    let mut named = IndexMap::new();
    for (name, schema) in &mut document.definitions {
        if !name.ends_with("TaskRequest") {
            continue;
        }
        for part in schema.get_mut("allOf").and_then(Value::as_array_mut).into_iter().flatten() {
            if let Some(params) = part.pointer_mut("/properties/params") {
                let own = params.take();
                *params = json!({ "$ref": format!("#/$defs/{name}Params") });
                named.insert(format!("{name}Params"), json!({ "allOf": [base.clone(), own] }));
            }
        }
    }
    let applied = !named.is_empty();
    document.definitions.extend(named);
    applied
}

/// The extension says who sends what only in prose.
fn messages_of_tasks_have_a_direction(document: &mut Document) -> bool {
    let requests: Vec<Value> = document
        .definitions
        .keys()
        .filter(|name| name.ends_with("TaskRequest"))
        .map(|name| reference(name, document))
        .collect();
    let notification = reference("TaskStatusNotification", document);
    let applied = !requests.is_empty();
    document.definitions.insert("ClientRequest".to_owned(), json!({ "anyOf": requests }));
    document
        .definitions
        .insert("ServerNotification".to_owned(), json!({ "anyOf": [notification] }));
    applied
}

/// A listener asks for tasks in the same filter as for everything else; the extension gives only its own part of it.
fn subscriptions_to_tasks_extend_the_core(document: &mut Document) -> bool {
    let core = reference("SubscriptionFilter", document);
    let mut applied = false;
    for (message, kind, own) in [
        ("SubscriptionsListen", "Request", "TaskSubscriptionNotifications"),
        ("SubscriptionsAcknowledged", "Notification", "TaskSubscriptionAcknowledgedNotifications"),
    ] {
        let Some(part) = document.definitions.get(own).cloned() else { continue };
        document.definitions.insert(own.to_owned(), json!({ "allOf": [core.clone(), part] }));
        let filter = reference(own, document);
        let params = format!("{message}{kind}Params");
        let place = at(document, &params, "/properties");
        applied |= note(place, "notifications", filter);
    }
    applied
}

/// `tools/call` may be answered by a task where the extension is in force (io.modelcontextprotocol/tasks).
fn a_task_is_an_outcome_of_a_call(document: &mut Document) -> bool {
    let [complete, input, task] = ["CallToolResult", "InputRequiredResult", "CreateTaskResult"]
        .map(|name| reference(name, document));
    let outcome = json!({ "anyOf": [complete, input, task], "x-mcp-open": true });
    document.definitions.insert("CallToolOutcome".to_owned(), outcome).is_none()
}
