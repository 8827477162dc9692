//! Values, members of unions, bounds and defaults.

use serde_json::{Value, json};

use super::changes::{member, property, reference};
use super::{Case, drop_definition, drop_member};

/// What happens to values and members of unions.
pub const VALUES: &[Case] = &[
    (
        "value added",
        |defs| defs["Icon"]["properties"]["theme"]["enum"] = json!(["dark", "light", "sepia"]),
        &["value-added Icon theme (- -> \"sepia\"): readers"],
    ),
    (
        "value removed",
        |defs| defs["Icon"]["properties"]["theme"]["enum"] = json!(["dark"]),
        &["value-removed Icon theme (\"light\" -> -): writers"],
    ),
    (
        "value renamed",
        |defs| defs["Icon"]["properties"]["theme"]["enum"] = json!(["bright", "dark"]),
        &["value-replaced Icon theme (\"light\" -> \"bright\"): both"],
    ),
    (
        "set to any string",
        |defs| defs["Role"] = json!({ "type": "string" }),
        &["type-changed Role (`\"assistant\"` or `\"user\"` -> string): readers"],
    ),
    (
        "any string to a set",
        |defs| property(defs, "Tool", "title", json!({ "enum": ["a", "b"] })),
        &["type-changed Tool title (string -> `\"a\"` or `\"b\"`): writers"],
    ),
    (
        "constant changed",
        |defs| defs["TextContent"]["properties"]["type"]["const"] = json!("plain"),
        &["constant-changed TextContent type (\"text\" -> \"plain\"): both"],
    ),
    (
        "constant to any string",
        |defs| property(defs, "TextContent", "type", json!({ "type": "string" })),
        &["type-changed TextContent type (`\"text\"` -> string): readers"],
    ),
    (
        "constant to a set",
        |defs| property(defs, "TextContent", "type", json!({ "enum": ["text", "markdown"] })),
        &["value-added TextContent type (- -> \"markdown\"): readers"],
    ),
    (
        "member removed",
        |defs| drop_member(&mut defs["ContentBlock"], "AudioContent"),
        &["member-removed ContentBlock (`AudioContent` -> -): writers"],
    ),
    (
        "member added",
        |defs| member(&mut defs["ContentBlock"], "ToolUseContent"),
        &["member-added ContentBlock (- -> `ToolUseContent`): readers"],
    ),
    (
        "a kind of value added",
        |defs| defs["RequestId"]["type"] = json!(["integer", "number", "string"]),
        &["member-added RequestId (- -> number): readers"],
    ),
    (
        "a kind of value removed",
        |defs| defs["RequestId"]["type"] = json!("string"),
        &["member-removed RequestId (integer -> -): writers"],
    ),
    (
        "one type becomes one of two",
        |defs| {
            property(
                defs,
                "PromptMessage",
                "content",
                json!({ "anyOf": [reference("ContentBlock"), reference("Root")] }),
            );
        },
        &["member-added PromptMessage content (- -> `Root`): readers"],
    ),
    (
        "of two types one is left",
        |defs| property(defs, "EmbeddedResource", "resource", reference("TextResourceContents")),
        &["member-removed EmbeddedResource resource (`BlobResourceContents` -> -): writers"],
    ),
    (
        "a type that nothing refers to is removed",
        |defs| drop_definition(defs, "BaseMetadata"),
        &["type-removed BaseMetadata: compatible"],
    ),
    (
        "a type is removed with its use",
        |defs| {
            drop_member(&mut defs["ContentBlock"], "AudioContent");
            drop_member(&mut defs["SamplingMessageContentBlock"], "AudioContent");
            for definition in ["CreateMessageResult", "SamplingMessage"] {
                drop_member(&mut defs[definition]["properties"]["content"], "AudioContent");
            }
            drop_definition(defs, "AudioContent");
        },
        &[
            "type-removed AudioContent: compatible",
            "member-removed ContentBlock (`AudioContent` -> -): writers",
            "member-removed CreateMessageResult content (`AudioContent` -> -): writers",
            "member-removed SamplingMessage content (`AudioContent` -> -): writers",
            "member-removed SamplingMessageContentBlock (`AudioContent` -> -): writers",
        ],
    ),
];

fn tool_title(defs: &mut Value, schema: Value) {
    property(defs, "Tool", "title", schema);
}

/// What happens to bounds, defaults and keywords.
pub const BOUNDS: &[Case] = &[
    (
        "minimum added",
        |defs| {
            defs["CompleteResult"]["properties"]["completion"]["properties"]["total"]["minimum"] =
                json!(0);
        },
        &["bound-changed CompleteResult completion.total (- -> minimum: 0): writers"],
    ),
    (
        "minimum removed",
        |defs| property(defs, "CacheableResult", "ttlMs", json!({ "type": "integer" })),
        &["bound-changed CacheableResult ttlMs (minimum: 0 -> -): readers"],
    ),
    (
        "minimum raised",
        |defs| defs["CacheableResult"]["properties"]["ttlMs"]["minimum"] = json!(1),
        &["bound-changed CacheableResult ttlMs (minimum: 0 -> minimum: 1): writers"],
    ),
    (
        "maximum raised",
        |defs| defs["Annotations"]["properties"]["priority"]["maximum"] = json!(10),
        &["bound-changed Annotations priority (maximum: 1 -> maximum: 10): readers"],
    ),
    (
        "the same number",
        |defs| defs["Annotations"]["properties"]["priority"]["maximum"] = json!(1.0),
        &[],
    ),
    (
        "maxItems lowered",
        |defs| {
            defs["CompleteResult"]["properties"]["completion"]["properties"]["values"]["maxItems"] =
                json!(10);
        },
        &[
            "bound-changed CompleteResult completion.values (maxItems: 100 -> maxItems: 10): writers",
        ],
    ),
    (
        "maxLength added",
        |defs| tool_title(defs, json!({ "type": "string", "maxLength": 80 })),
        &["bound-changed Tool title (- -> maxLength: 80): writers"],
    ),
    (
        "pattern added",
        |defs| tool_title(defs, json!({ "type": "string", "pattern": "^a" })),
        &["bound-changed Tool title (- -> pattern: \"^a\"): writers"],
    ),
    (
        "format added",
        |defs| tool_title(defs, json!({ "type": "string", "format": "uri" })),
        &["bound-changed Tool title (- -> format: \"uri\"): writers"],
    ),
    (
        "format removed",
        |defs| property(defs, "Root", "uri", json!({ "type": "string" })),
        &["bound-changed Root uri (format: \"uri\" -> -): readers"],
    ),
    (
        "format changed",
        |defs| defs["Root"]["properties"]["uri"]["format"] = json!("uri-reference"),
        &["bound-changed Root uri (format: \"uri\" -> format: \"uri-reference\"): both"],
    ),
    (
        "default added",
        |defs| tool_title(defs, json!({ "type": "string", "default": "a" })),
        &["default-changed Tool title (- -> default: \"a\"): compatible"],
    ),
    (
        "deprecated",
        |defs| tool_title(defs, json!({ "type": "string", "deprecated": true })),
        &["keyword-changed Tool title (- -> deprecated: true): compatible"],
    ),
    (
        "a keyword that is not understood",
        |defs| defs["Root"]["if"] = json!({ "required": ["name"] }),
        &["keyword-changed Root (- -> if: {\"required\":[\"name\"]}): both"],
    ),
    (
        "names of fields bounded",
        |defs| defs["MetaObject"]["propertyNames"] = json!({ "pattern": "^[a-z]" }),
        &["bound-changed MetaObject (- -> propertyNames: {\"pattern\":\"^[a-z]\"}): writers"],
    ),
    (
        "names of fields are strings",
        |defs| defs["MetaObject"]["propertyNames"] = json!({ "type": "string" }),
        &[],
    ),
];
