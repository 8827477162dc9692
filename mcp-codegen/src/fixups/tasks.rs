//! Corrections of the tasks extension.

use indexmap::IndexMap;
use serde_json::{Value, json};

use super::{at, note, reference};
use crate::load::Document;

/// The extension's answers are a task among the fields of a result; the task gets a name of its own there.
pub fn results_of_tasks_hold_the_task(document: &mut Document) -> bool {
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
pub fn parameters_of_tasks_carry_meta(document: &mut Document) -> bool {
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
pub fn messages_of_tasks_have_a_direction(document: &mut Document) -> bool {
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
pub fn subscriptions_to_tasks_extend_the_core(document: &mut Document) -> bool {
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
pub fn a_task_is_an_outcome_of_a_call(document: &mut Document) -> bool {
    let [complete, input, task] = ["CallToolResult", "InputRequiredResult", "CreateTaskResult"]
        .map(|name| reference(name, document));
    let outcome = json!({ "anyOf": [complete, input, task], "x-mcp-open": true });
    document.definitions.insert("CallToolOutcome".to_owned(), outcome).is_none()
}
