//! Two changes and more.

use serde_json::json;

use super::changes::{member, object, property, reference, rename, request, required};
use super::{Case, drop_definition};

/// Two changes and more.
pub const SEVERAL: &[Case] = &[
    (
        "renamed, with another field",
        |defs| {
            rename(defs, "ToolAnnotations", "ToolHints");
            property(defs, "ToolHints", "colour", json!({ "type": "string" }));
        },
        &[
            "type-renamed ToolHints (ToolAnnotations -> ToolHints): compatible",
            "field-added ToolHints colour (- -> string): compatible",
        ],
    ),
    (
        "two renamed, one of which holds the other",
        |defs| {
            rename(defs, "Annotations", "Marks");
            rename(defs, "TextContent", "TextBlock");
        },
        &[
            "type-renamed Marks (Annotations -> Marks): compatible",
            "type-renamed TextBlock (TextContent -> TextBlock): compatible",
        ],
    ),
    (
        "two of one shape renamed",
        |defs| {
            rename(defs, "ProgressToken", "ProgressKey");
            rename(defs, "RequestId", "RequestKey");
        },
        &[
            "type-renamed ProgressKey (ProgressToken -> ProgressKey): compatible",
            "type-renamed RequestKey (RequestId -> RequestKey): compatible",
        ],
    ),
    (
        "a message renamed and changed",
        |defs| {
            rename(defs, "CompleteRequest", "CompletionRequest");
            property(defs, "CompletionRequest", "hint", json!({ "type": "string" }));
        },
        &[
            "type-renamed completion/complete (CompleteRequest -> CompletionRequest): compatible",
            "field-added completion/complete hint (- -> string): compatible",
        ],
    ),
    (
        "parameters inline, and a new one",
        |defs| {
            let mut params = defs["CompleteRequestParams"].take();
            params["properties"]["depth"] = json!({ "type": "integer" });
            drop_definition(defs, "CompleteRequestParams");
            property(defs, "CompleteRequest", "params", params);
        },
        &["field-added CompleteRequestParams depth (- -> integer): compatible"],
    ),
    (
        "an inline object with a name, and a change",
        |defs| {
            let mut completion = defs["CompleteResult"]["properties"]["completion"].take();
            completion["required"] = json!(["hasMore", "values"]);
            defs["Completion"] = completion;
            property(defs, "CompleteResult", "completion", reference("Completion"));
        },
        &["field-required Completion hasMore: writers"],
    ),
    (
        "one for another",
        |defs| {
            drop_definition(defs, "Root");
            defs["Beverage"] = object(json!({ "cups": { "type": "integer" } }), &["cups"]);
            defs["ListRootsResult"]["properties"]["roots"]["items"] = reference("Beverage");
        },
        &[
            "type-added Beverage: compatible",
            "type-removed Root: compatible",
            "type-changed ListRootsResult roots[] (`Root` -> `Beverage`): both",
        ],
    ),
    (
        "a field, its requiredness and its type",
        |defs| {
            property(defs, "Tool", "title", json!({ "type": ["integer", "null"] }));
            *required(defs, "Tool") = json!(["inputSchema", "name", "title"]);
        },
        &[
            "field-required Tool title: writers",
            "type-changed Tool title (string -> integer or `null`): both",
        ],
    ),
    (
        "a request that an extension adds",
        |defs| {
            defs["PourRequest"] = json!({
                "allOf": [reference("JSONRPCRequest"), object(json!({
                    "method": { "const": "x.example/pour" },
                    "params": object(json!({ "cups": { "type": "integer" } }), &["cups"]),
                }), &["method", "params"])],
            });
        },
        &["method-added x.example/pour (- -> x.example/pour): compatible"],
    ),
    (
        "a method and a field",
        |defs| {
            defs["BrewRequest"] = request("brew/start", "RequestParams");
            member(&mut defs["ClientRequest"], "BrewRequest");
            property(defs, "ClientCapabilities", "brewing", json!({ "type": "object" }));
        },
        &[
            "method-added brew/start (- -> brew/start): compatible",
            "field-added ClientCapabilities brewing (- -> object): compatible",
        ],
    ),
];
