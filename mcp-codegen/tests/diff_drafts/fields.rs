//! Fields.

use serde_json::json;

use super::changes::{object, property, reference, required};
use super::{Case, remove};

/// What happens to fields.
pub const FIELDS: &[Case] = &[
    (
        "optional field added",
        |defs| property(defs, "Tool", "colour", json!({ "type": "string" })),
        &["field-added Tool colour (- -> string): compatible"],
    ),
    (
        "required field added",
        |defs| {
            property(defs, "Root", "colour", json!({ "type": "string" }));
            *required(defs, "Root") = json!(["colour", "uri"]);
        },
        &["field-added Root colour (- -> string): writers"],
    ),
    (
        "optional field removed",
        |defs| remove(defs, "Tool", "annotations"),
        &["field-removed Tool annotations (`ToolAnnotations` -> -): compatible"],
    ),
    (
        "required field removed",
        |defs| remove(defs, "TextContent", "text"),
        &["field-removed TextContent text (string -> -): readers"],
    ),
    (
        "field renamed",
        |defs| {
            let schema = defs["Icon"]["properties"]["sizes"].take();
            remove(defs, "Icon", "sizes");
            property(defs, "Icon", "dimensions", schema);
        },
        &["field-renamed Icon sizes (sizes -> dimensions): both"],
    ),
    (
        "required field renamed",
        |defs| {
            let schema = defs["Icon"]["properties"]["src"].take();
            remove(defs, "Icon", "src");
            property(defs, "Icon", "uri", schema);
            *required(defs, "Icon") = json!(["uri"]);
        },
        &["field-renamed Icon src (src -> uri): both"],
    ),
    (
        "one of two alike renamed is told apart by the others",
        |defs| {
            remove(defs, "PromptArgument", "title");
            remove(defs, "PromptArgument", "description");
            property(defs, "PromptArgument", "label", json!({ "type": "string" }));
        },
        &[
            "field-added PromptArgument label (- -> string): compatible",
            "field-removed PromptArgument description (string -> -): compatible",
            "field-removed PromptArgument title (string -> -): compatible",
        ],
    ),
    (
        "nullable",
        |defs| property(defs, "Tool", "title", json!({ "type": ["string", "null"] })),
        &["null-allowed Tool title (- -> null): readers"],
    ),
    (
        "a nullable reference",
        |defs| {
            property(
                defs,
                "Tool",
                "annotations",
                json!({ "anyOf": [reference("ToolAnnotations"), { "type": "null" }] }),
            );
        },
        &["null-allowed Tool annotations (- -> null): readers"],
    ),
    (
        "string to integer",
        |defs| property(defs, "Implementation", "version", json!({ "type": "integer" })),
        &["type-changed Implementation version (string -> integer): both"],
    ),
    (
        "integer to number",
        |defs| {
            defs["CompleteResult"]["properties"]["completion"]["properties"]["total"] =
                json!({ "type": "number" })
        },
        &["type-changed CompleteResult completion.total (integer -> number): readers"],
    ),
    (
        "number to integer",
        |defs| property(defs, "NumberSchema", "maximum", json!({ "type": "integer" })),
        &["type-changed NumberSchema maximum (number -> integer): writers"],
    ),
    (
        "string to any JSON",
        |defs| property(defs, "Tool", "title", json!({})),
        &["type-changed Tool title (string -> any JSON): readers"],
    ),
    (
        "one to many",
        |defs| {
            property(
                defs,
                "Tool",
                "title",
                json!({ "type": "array", "items": { "type": "string" } }),
            )
        },
        &["type-changed Tool title (string -> array of string): both"],
    ),
    (
        "items of an array",
        |defs| defs["Icon"]["properties"]["sizes"]["items"] = json!({ "type": "integer" }),
        &["type-changed Icon sizes[] (string -> integer): both"],
    ),
    (
        "items of another type",
        |defs| defs["Tool"]["properties"]["icons"]["items"] = reference("Root"),
        &["type-changed Tool icons[] (`Icon` -> `Root`): both"],
    ),
    (
        "a field of an inline object",
        |defs| {
            defs["CompleteResult"]["properties"]["completion"]["properties"]["hasMore"] =
                json!({ "type": "string" });
        },
        &["type-changed CompleteResult completion.hasMore (boolean -> string): both"],
    ),
    (
        "a field of an inline object, required",
        |defs| {
            defs["CompleteResult"]["properties"]["completion"]["required"] =
                json!(["total", "values"]);
        },
        &["field-required CompleteResult completion.total: writers"],
    ),
    (
        "values of a map",
        |defs| {
            defs["ClientCapabilities"]["properties"]["extensions"]["additionalProperties"] =
                json!({ "type": "string" });
        },
        &["type-changed ClientCapabilities extensions.* (`JSONObject` -> string): both"],
    ),
    (
        "closed",
        |defs| defs["Root"]["additionalProperties"] = json!(false),
        &["others-changed Root * (any -> none): writers"],
    ),
    (
        "closed by a schema that nothing fits",
        |defs| defs["Root"]["additionalProperties"] = json!({ "not": {} }),
        &["others-changed Root * (any -> none): writers"],
    ),
    (
        "further fields of one shape",
        |defs| defs["Root"]["additionalProperties"] = json!({ "type": "string" }),
        &["others-changed Root * (any -> string): writers"],
    ),
    ("further fields as before", |defs| defs["Root"]["additionalProperties"] = json!(true), &[]),
    (
        "reference to another type",
        |defs| property(defs, "Tool", "annotations", reference("Annotations")),
        &["type-changed Tool annotations (`ToolAnnotations` -> `Annotations`): compatible"],
    ),
    (
        "a required field moves into a base",
        |defs| {
            defs["Badge"] = object(json!({ "badge": { "type": "string" } }), &["badge"]);
            let own = defs["Root"].take();
            defs["Root"] = json!({ "allOf": [reference("Badge"), own] });
        },
        &["type-added Badge: compatible", "field-added Root badge (- -> string): writers"],
    ),
    (
        "a base that others have is told once",
        |defs| property(defs, "Error", "hint", json!({ "type": "string" })),
        &["field-added Error hint (- -> string): compatible"],
    ),
];
