//! What a maintainer may do to a draft, by hand.

use serde_json::{Value, json};

/// A named change of the draft's definitions.
pub struct Change(pub &'static str, pub fn(&mut Value));

pub const CHANGES: &[Change] = &[
    Change("unchanged", |_| {}),
    Change("new_type", |defs| {
        defs["Receipt"] = object(
            json!({
                "id": { "type": "string" },
                "total": { "type": "number" },
                "lines": { "type": "array", "items": object(json!({ "text": { "type": "string" } }), &["text"]) },
            }),
            &["id", "lines"],
        );
        property(defs, "CallToolResult", "receipt", reference("Receipt"));
    }),
    Change("new_method", |defs| {
        defs["BrewRequestParams"] = json!({
            "allOf": [reference("RequestParams"), object(json!({ "cups": { "type": "integer", "minimum": 1 } }), &["cups"])],
        });
        defs["BrewRequest"] = request("brew/start", "BrewRequestParams");
        defs["BrewResult"] = object(
            json!({
                "_meta": reference("ResultMetaObject"), "resultType": { "type": "string" }, "minutes": { "type": "integer" },
            }),
            &["resultType", "minutes"],
        );
        defs["BrewResultResponse"] = object(
            json!({
                "id": reference("RequestId"), "jsonrpc": { "type": "string", "const": "2.0" }, "result": reference("BrewResult"),
            }),
            &["id", "jsonrpc", "result"],
        );
        member(&mut defs["ClientRequest"], "BrewRequest");
        member(&mut defs["ServerResult"], "BrewResult");
    }),
    Change("new_notification", |defs| {
        defs["BrewedNotification"] = object(
            json!({
                "jsonrpc": { "type": "string", "const": "2.0" },
                "method": { "type": "string", "const": "notifications/brewed" },
                "params": object(json!({ "_meta": reference("MetaObject"), "cups": { "type": "integer" } }), &["cups"]),
            }),
            &["jsonrpc", "method", "params"],
        );
        member(&mut defs["ServerNotification"], "BrewedNotification");
    }),
    Change("field_made_optional", |defs| {
        *required(defs, "Tool") = json!(["name"]);
        *required(defs, "TextContent") = json!(["type"]);
    }),
    Change("field_made_required", |defs| {
        *required(defs, "Tool") = json!(["name", "inputSchema", "description"]);
        *required(defs, "Root") = json!(["uri", "name"]);
    }),
    Change("enum_value_added", |defs| {
        defs["Role"]["enum"] = json!(["assistant", "system", "user"]);
    }),
    Change("enum_value_removed", |defs| {
        defs["ElicitResult"]["properties"]["action"]["enum"] = json!(["accept", "decline"]);
    }),
    Change("new_kind_of_content", |defs| {
        defs["VideoContent"] = object(
            json!({
                "_meta": reference("MetaObject"),
                "annotations": reference("Annotations"),
                "data": { "type": "string", "format": "byte" },
                "mimeType": { "type": "string" },
                "type": { "type": "string", "const": "video" },
            }),
            &["data", "mimeType", "type"],
        );
        member(&mut defs["ContentBlock"], "VideoContent");
    }),
    Change("new_kind_of_resource", |defs| {
        defs["LinkedResourceContents"] = object(
            json!({
                "_meta": reference("MetaObject"),
                "href": { "type": "string", "format": "uri" },
                "mimeType": { "type": "string" },
                "uri": { "type": "string", "format": "uri" },
            }),
            &["href", "uri"],
        );
        member(&mut defs["EmbeddedResource"]["properties"]["resource"], "LinkedResourceContents");
    }),
    Change("new_kind_of_input", |defs| {
        defs["ConfirmRequest"] = object(
            json!({
                "method": { "type": "string", "const": "confirmation/create" },
                "params": object(json!({ "question": { "type": "string" } }), &["question"]),
            }),
            &["method", "params"],
        );
        defs["ConfirmResult"] =
            object(json!({ "confirmed": { "type": "boolean" } }), &["confirmed"]);
        member(&mut defs["InputRequest"], "ConfirmRequest");
        member(&mut defs["InputResponse"], "ConfirmResult");
    }),
    Change("renamed_result_of_a_call", |defs| rename(defs, "CallToolResult", "ToolOutput")),
    Change("renamed_union_of_results", |defs| rename(defs, "ServerResult", "AnyAnswer")),
    Change("renamed_result", |defs| rename(defs, "Result", "Answer")),
    Change("renamed_json", |defs| rename(defs, "JSONValue", "Json")),
    Change("renamed_input", |defs| rename(defs, "InputRequiredResult", "QuestionsResult")),
    Change("type_of_a_field", |defs| {
        property(defs, "Implementation", "version", json!({ "type": "integer" }));
        property(defs, "Tool", "title", json!({ "type": "array", "items": { "type": "string" } }));
        property(defs, "Tool", "description", json!({ "type": ["string", "null"] }));
        property(defs, "TextContent", "text", json!({ "type": ["integer", "string"] }));
        property(defs, "Root", "name", json!({ "anyOf": [reference("Icon"), { "type": "null" }] }));
    }),
    Change("new_inline_object", |defs| {
        property(
            defs,
            "Tool",
            "limits",
            object(
                json!({
                    "seconds": { "type": "number" },
                    "memory": object(json!({ "bytes": { "type": "integer", "minimum": 0 } }), &["bytes"]),
                }),
                &["memory"],
            ),
        );
    }),
    Change("new_constants", |defs| {
        property(defs, "Tool", "kind", json!({ "type": "string", "const": "tool" }));
        property(defs, "Tool", "generation", json!({ "const": 2 }));
        property(defs, "Tool", "stable", json!({ "type": "boolean", "const": true }));
        *required(defs, "Tool") = json!(["name", "inputSchema", "kind", "generation", "stable"]);
    }),
    Change("new_nullable_field", |defs| {
        property(defs, "Tool", "owner", json!({ "type": ["string", "null"] }));
        property(
            defs,
            "Tool",
            "parent",
            json!({ "anyOf": [reference("Tool"), { "type": "null" }] }),
        );
        *required(defs, "Tool") = json!(["name", "inputSchema", "owner", "parent"]);
    }),
    Change("closed_type", |defs| {
        defs["Root"]["additionalProperties"] = json!(false);
        property(
            defs,
            "Tool",
            "limits",
            json!({
                "type": "object", "properties": { "seconds": { "type": "number" } }, "additionalProperties": false,
            }),
        );
    }),
    Change("awkward_names", |defs| {
        let names = [
            "self",
            "Self",
            "super",
            "crate",
            "extra",
            "new",
            "type",
            "match",
            "async",
            "gen",
            "r#type",
            "2fa",
            "with-dash",
            "fooBar",
            "foo_bar",
            "FooBar",
            "_",
            "",
            "ünïcödé",
            "日本",
            "a b",
            "a\"b",
            "a\\b",
            "line\nbreak",
            "value",
            "map",
            "entries",
            "key",
            "seen",
            "with_self",
        ];
        let properties = names.map(|name| (name.to_owned(), json!({ "type": "string" })));
        let properties: Value = Value::Object(properties.into_iter().collect());
        defs["Awkward"] = object(properties.clone(), &[]);
        defs["AwkwardRequired"] = object(properties, &names);
        defs["AwkwardValues"] = json!({ "enum": names.iter().chain(&["A", "a", "a1", "a_1", "other", "unknown"]).collect::<Vec<_>>() });
        let constant = |name: &str| {
            object(
                json!({ "type": { "const": name }, "held": reference("AwkwardValues") }),
                &["type"],
            )
        };
        for name in [
            "A",
            "D",
            "E",
            "M",
            "S",
            "T",
            "Kinds",
            "Option",
            "Vec",
            "Ok",
            "Error",
            "Deserialize",
            "Value",
            "Extra",
            "Map",
        ] {
            if defs.get(name).is_none() {
                defs[name] = constant(name);
                defs["AwkwardUnion"]["anyOf"] = defs["AwkwardUnion"]["anyOf"].take();
                member(&mut defs["AwkwardUnion"], name);
                property(defs, "Letters", name, reference(name));
            }
        }
        defs["Letters"]["type"] = json!("object");
        *required(defs, "Letters") = json!(["A", "D", "E", "M", "S"]);
        defs["LetterOrText"] = json!({ "anyOf": [reference("A"), { "type": "string" }, { "type": "array", "items": reference("E") }] });
    }),
];

/// A reference to a definition.
pub fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/$defs/{name}") })
}

/// An object's schema.
pub fn object(properties: Value, required: &[&str]) -> Value {
    json!({ "type": "object", "properties": properties, "required": required })
}

/// A request's schema.
pub fn request(method: &str, params: &str) -> Value {
    object(
        json!({
            "id": reference("RequestId"),
            "jsonrpc": { "type": "string", "const": "2.0" },
            "method": { "type": "string", "const": method },
            "params": reference(params),
        }),
        &["id", "jsonrpc", "method", "params"],
    )
}

/// Gives a definition a property.
pub fn property(defs: &mut Value, definition: &str, name: &str, schema: Value) {
    defs[definition]["properties"][name] = schema;
}

/// A definition's required properties.
pub fn required<'a>(defs: &'a mut Value, definition: &str) -> &'a mut Value {
    &mut defs[definition]["required"]
}

/// Gives a union a member.
pub fn member(union: &mut Value, definition: &str) {
    let mut members = union["anyOf"].take();
    if members.is_null() {
        members = json!([]);
    }
    if let Some(members) = members.as_array_mut() {
        members.push(reference(definition));
    }
    union["anyOf"] = members;
}

/// Gives a definition another name, everywhere.
pub fn rename(defs: &mut Value, old: &str, new: &str) {
    fn visit(value: &mut Value, old: &Value, new: &Value) {
        match value {
            Value::Object(members) => members.values_mut().for_each(|value| visit(value, old, new)),
            Value::Array(items) => items.iter_mut().for_each(|value| visit(value, old, new)),
            value if value == old => *value = new.clone(),
            _ => {}
        }
    }
    visit(defs, &reference(old)["$ref"], &reference(new)["$ref"]);
    let definition = defs.as_object_mut().and_then(|defs| defs.shift_remove(old));
    defs[new] = definition.unwrap_or_else(|| panic!("the draft has no {old}"));
}
