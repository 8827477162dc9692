//! Where the published schemas are wrong or silent: one named function for each place, with the reason.
//!
//! A fixup that changes nothing no longer applies. For a released revision that is an error, so that none outlives its
//! reason; for a moving draft, and for a schema of a user's own, it is only told, because theirs is the schema that moves.
//!
//! Which fixups a schema needs is told by what it holds, not by its name: a draft may change every name, and a user's own
//! schema may stand on any revision.

mod every;
mod legacy;
mod modern;
mod tasks;

use serde_json::{Map, Value, json};

use self::every::*;
use self::legacy::*;
use self::modern::*;
use self::tasks::*;
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
const CORE: &[Fixup] = fixups![
    results_are_chosen_by_their_request,
    content_is_open,
    log_levels_are_open,
    versions_are_typed,
    content_of_a_tool_result_may_be_absent,
    resource_contents_have_a_name,
    sampled_content_has_a_name,
];

/// For a core with elicitation: from 2025-06-18 on.
const ELICITATION: &[Fixup] = fixups![elicited_numbers_have_fractions];

/// For a core whose parameters have names: from 2025-11-25 on.
const NAMED_PARAMETERS: &[Fixup] = fixups![legacy_enums_are_told_by_their_names];

/// For a core whose parameters stand within their messages: up to 2025-06-18.
const INLINE_PARAMETERS: &[Fixup] = fixups![errors_have_a_name];

/// For a core whose kinds of content are listed wherever content stands: up to 2025-03-26.
const INLINE_CONTENT: &[Fixup] = fixups![blocks_of_content_have_a_name];

/// For a core with batches: 2025-03-26.
const BATCHES: &[Fixup] = fixups![items_of_batches_have_a_name, a_batch_is_several_messages];

/// For a core with a handshake: up to 2025-11-25.
const LEGACY: &[Fixup] = fixups![request_meta_has_a_name];

/// For a core with tasks: 2025-11-25.
const CORE_TASKS: &[Fixup] = fixups![a_task_can_be_the_outcome, related_task_key_is_named];

/// For a stateless core: from 2026-07-28 on.
const MODERN: &[Fixup] = fixups![
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

/// The fixups for a core schema; none for a schema that is no core's.
pub fn of_core(document: &Document) -> Vec<&'static [Fixup]> {
    let has_method = |method: &str| {
        let mut schemas = document.definitions.values();
        schemas.any(|schema| {
            schema.pointer("/properties/method/const").is_some_and(|known| known == method)
        })
    };
    if !has_method("tools/call") {
        return Vec::new();
    }
    let has = |holds: fn(&Value) -> bool| document.definitions.values().any(holds);
    let stateless = has(|schema| schema.pointer("/properties/resultType").is_some());
    let batches = has(|schema| arrays(schema).count() > 1);
    let named_parameters = document.definitions.keys().any(|name| name.ends_with("RequestParams"));
    let texts = texts(document);
    let named_content = document.definitions.values().any(|schema| is_content(schema, &texts));
    let lists = [
        (true, CORE),
        (has_method("elicitation/create"), ELICITATION),
        (named_parameters, NAMED_PARAMETERS),
        (!named_parameters, INLINE_PARAMETERS),
        (!named_content, INLINE_CONTENT),
        (batches, BATCHES),
        (stateless, MODERN),
        (!stateless, LEGACY),
        (has_method("tasks/get"), CORE_TASKS),
    ];
    lists.into_iter().filter(|(holds, _)| *holds).map(|(_, list)| list).collect()
}

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

/// A union's members.
fn members(schema: &Value) -> impl Iterator<Item = &Value> {
    schema.get("anyOf").and_then(Value::as_array).into_iter().flatten()
}

/// The arrays among a union's members.
fn arrays(schema: &Value) -> impl Iterator<Item = &Value> {
    members(schema).filter(|member| member.get("type").is_some_and(|kind| kind == "array"))
}

/// Calls `visit` with every schema of the document, and says whether one of the calls changed something.
fn everywhere(document: &mut Document, visit: &mut impl FnMut(&mut Value) -> bool) -> bool {
    fn within(value: &mut Value, visit: &mut impl FnMut(&mut Value) -> bool) -> bool {
        let changed = value.is_object() && visit(value);
        let below: &mut dyn Iterator<Item = &mut Value> = match value {
            Value::Object(members) => &mut members.values_mut(),
            Value::Array(items) => &mut items.iter_mut(),
            _ => return false,
        };
        below.fold(changed, |changed, value| within(value, visit) | changed)
    }
    let schemas = document.definitions.values_mut();
    schemas.fold(false, |changed, schema| within(schema, visit) | changed)
}

/// The definitions of a block of text.
fn texts(document: &Document) -> Vec<String> {
    let is_text = |schema: &Value| {
        schema.pointer("/properties/type/const").is_some_and(|kind| kind == "text")
    };
    let texts = document.definitions.iter().filter(|(_, schema)| is_text(schema));
    texts.map(|(name, _)| name.clone()).collect()
}

/// Whether a schema is a union of kinds of content: all have names, and text is one of them.
fn is_content(schema: &Value, texts: &[String]) -> bool {
    let is_text =
        |member| referred(member).is_some_and(|name| texts.iter().any(|text| text == name));
    members(schema).all(|member| referred(member).is_some()) && members(schema).any(is_text)
}
