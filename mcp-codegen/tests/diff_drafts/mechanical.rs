//! What is only written in another way.

use serde_json::json;

use super::changes::{member, property, reference};
use super::{Case, drop_definition, drop_member, remove};

/// What no document shows, and the notes about it.
pub const MECHANICAL: &[Case] = &[
    (
        "an inline object gets a name",
        |defs| {
            defs["Completion"] = defs["CompleteResult"]["properties"]["completion"].take();
            property(defs, "CompleteResult", "completion", reference("Completion"));
        },
        &["named Completion at CompleteResult.completion"],
    ),
    (
        "parameters are written inline",
        |defs| {
            let params = defs["CompleteRequestParams"].take();
            drop_definition(defs, "CompleteRequestParams");
            property(defs, "CompleteRequest", "params", params);
        },
        &["inlined CompleteRequestParams at CompleteRequest.params"],
    ),
    (
        "a reference is written out",
        |defs| {
            let annotations = defs["ToolAnnotations"].clone();
            property(defs, "Tool", "annotations", annotations);
        },
        &["copied ToolAnnotations at Tool.annotations"],
    ),
    (
        "a union is written out",
        |defs| {
            let content = defs["ContentBlock"].clone();
            property(defs, "PromptMessage", "content", content);
        },
        &["copied ContentBlock at PromptMessage.content"],
    ),
    (
        "a reference to another type of the same shape",
        |defs| {
            property(defs, "CancelledNotificationParams", "requestId", reference("ProgressToken"))
        },
        &["retargeted RequestId -> ProgressToken at CancelledNotificationParams.requestId"],
    ),
    (
        "a type becomes another name of a new one",
        |defs| {
            defs["Hints"] = defs["ToolAnnotations"].take();
            defs["ToolAnnotations"] = reference("Hints");
        },
        &["named Hints at ToolAnnotations"],
    ),
    (
        "a base is combined instead of copied",
        |defs| {
            remove(defs, "PromptArgument", "name");
            remove(defs, "PromptArgument", "title");
            let own = defs["PromptArgument"].take();
            defs["PromptArgument"] = json!({ "allOf": [reference("BaseMetadata"), own] });
        },
        &["rewritten PromptArgument"],
    ),
    (
        "a base is copied instead of combined",
        |defs| {
            let parts = defs["HeaderMismatchError"]["properties"]["error"]["allOf"].take();
            let mut error = defs["Error"].clone();
            error["properties"]["code"] = parts[1]["properties"]["code"].clone();
            property(defs, "HeaderMismatchError", "error", error);
        },
        &["rewritten HeaderMismatchError"],
    ),
    (
        "a set of values as alternatives",
        |defs| defs["Role"] = json!({ "anyOf": [{ "const": "user" }, { "const": "assistant" }] }),
        &["rewritten Role"],
    ),
    (
        "kinds as alternatives",
        |defs| {
            defs["RequestId"] = json!({ "oneOf": [{ "type": "string" }, { "type": "integer" }] })
        },
        &["rewritten RequestId"],
    ),
    (
        "part of a union gets a name",
        |defs| {
            drop_member(&mut defs["ContentBlock"], "ImageContent");
            drop_member(&mut defs["ContentBlock"], "AudioContent");
            defs["MediaContent"] =
                json!({ "anyOf": [reference("ImageContent"), reference("AudioContent")] });
            member(&mut defs["ContentBlock"], "MediaContent");
        },
        &["named MediaContent at ContentBlock"],
    ),
];
