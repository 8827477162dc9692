//! Methods and errors.

use serde_json::json;

use super::changes::{member, object, reference, rename, required};
use super::{Case, drop_definition, drop_member, remove};

/// What happens to methods and errors.
pub const METHODS: &[Case] = &[
    (
        "method removed",
        |defs| {
            drop_member(&mut defs["ClientRequest"], "CompleteRequest");
            drop_definition(defs, "CompleteRequest");
        },
        &["method-removed completion/complete (completion/complete -> -): writers"],
    ),
    (
        "method renamed",
        |defs| defs["CompleteRequest"]["properties"]["method"]["const"] = json!("completion/run"),
        &[
            "method-renamed completion/run method (\"completion/complete\" -> \"completion/run\"): both",
        ],
    ),
    (
        "method renamed with its types",
        |defs| {
            defs["CompleteRequest"]["properties"]["method"]["const"] = json!("completion/run");
            rename(defs, "CompleteRequest", "RunRequest");
            rename(defs, "CompleteRequestParams", "RunRequestParams");
        },
        &[
            "method-renamed completion/run method (\"completion/complete\" -> \"completion/run\"): both",
            "type-renamed completion/run (CompleteRequest -> RunRequest): compatible",
            "type-renamed RunRequestParams (CompleteRequestParams -> RunRequestParams): compatible",
        ],
    ),
    (
        "one method for another",
        |defs| {
            drop_member(&mut defs["ServerNotification"], "ToolListChangedNotification");
            drop_definition(defs, "ToolListChangedNotification");
            defs["TeapotNotification"] = object(
                json!({
                    "jsonrpc": { "type": "string", "const": "2.0" },
                    "method": { "type": "string", "const": "notifications/teapot" },
                    "params": reference("NotificationParams"),
                }),
                &["jsonrpc", "method"],
            );
            member(&mut defs["ServerNotification"], "TeapotNotification");
        },
        &[
            "method-added notifications/teapot (- -> notifications/teapot): compatible",
            "method-removed notifications/tools/list_changed (notifications/tools/list_changed -> -): writers",
        ],
    ),
    (
        "direction turned round",
        |defs| {
            drop_member(&mut defs["ClientRequest"], "CompleteRequest");
            defs["ServerRequest"] = json!({ "anyOf": [reference("CompleteRequest")] });
        },
        &[
            "type-added ServerRequest: compatible",
            "direction-changed completion/complete (client → server request -> server → client request): both",
        ],
    ),
    (
        "both directions",
        |defs| {
            defs["ClientNotification"] = json!({ "anyOf": [reference("CancelledNotification"), reference("ProgressNotification")] });
        },
        &[
            "direction-changed notifications/progress (server → client notification -> client → server notification and server → client notification): readers",
        ],
    ),
    (
        "a parameter becomes required",
        |defs| *required(defs, "CallToolRequestParams") = json!(["_meta", "arguments", "name"]),
        &["field-required CallToolRequestParams arguments: writers"],
    ),
    (
        "the envelope of one request",
        |defs| remove(defs, "CompleteRequest", "id"),
        &["field-removed completion/complete id (`RequestId` -> -): readers"],
    ),
    (
        "the version of JSON-RPC in one message",
        |defs| defs["CompleteRequest"]["properties"]["jsonrpc"]["const"] = json!("3.0"),
        &["constant-changed completion/complete jsonrpc (\"2.0\" -> \"3.0\"): both"],
    ),
    (
        "a question that a server can ask is gone",
        |defs| {
            drop_member(&mut defs["InputRequest"], "ListRootsRequest");
            drop_definition(defs, "ListRootsRequest");
        },
        &["method-removed roots/list (roots/list -> -): writers"],
    ),
    (
        "error code added",
        |defs| {
            let mut error = defs["HeaderMismatchError"].clone();
            error["properties"]["error"]["allOf"][1]["properties"]["code"]["const"] = json!(-32099);
            defs["TeapotError"] = error;
        },
        &["error-added TeapotError (- -> -32099): compatible"],
    ),
    (
        "error code changed",
        |defs| defs["ParseError"]["properties"]["code"]["const"] = json!(-32701),
        &["error-code-changed ParseError code (-32700 -> -32701): both"],
    ),
    (
        "error code changed inside",
        |defs| {
            defs["HeaderMismatchError"]["properties"]["error"]["allOf"][1]["properties"]["code"]
                ["const"] = json!(-32030);
        },
        &["error-code-changed HeaderMismatchError error.code (-32020 -> -32030): both"],
    ),
    (
        "error removed",
        |defs| drop_definition(defs, "HeaderMismatchError"),
        &["error-removed HeaderMismatchError (-32020 -> -): compatible"],
    ),
    (
        "data of an error",
        |defs| {
            let data = "/properties/error/allOf/1/properties/data/properties/supported";
            *defs["UnsupportedProtocolVersionError"]
                .pointer_mut(data)
                .expect("it lists versions") = json!({ "type": "string" });
        },
        &[
            "type-changed UnsupportedProtocolVersionError error.data.supported (array of string -> string): both",
        ],
    ),
];
