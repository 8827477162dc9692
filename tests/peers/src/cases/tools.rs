//! Fifty tools such as a server in front of a few services lists them.

use serde_json::{Map, Value, json};

const SERVICES: [(&str, &str); 10] = [
    ("issue", "issue of the tracker"),
    ("pull_request", "pull request of the repository"),
    ("calendar_event", "event in the user's calendar"),
    ("document", "document of the knowledge base"),
    ("database_row", "row of a table of the warehouse"),
    ("customer", "customer of the billing system"),
    ("invoice", "invoice of the billing system"),
    ("deployment", "deployment of a service"),
    ("alert", "alert of the monitoring"),
    ("message", "message of a channel"),
];

/// The action, what it does, whether it only reads and whether it destroys.
const ACTIONS: [(&str, &str, bool, bool); 5] = [
    ("search", "Finds every matching", true, false),
    ("get", "Returns, with all its fields, one", true, false),
    ("create", "Creates and returns one", false, false),
    ("update", "Changes the given fields of one", false, false),
    ("delete", "Removes for good one", false, true),
];

/// The result of `tools/list`.
pub fn list() -> Value {
    let pairs = SERVICES.iter().flat_map(|service| ACTIONS.iter().map(move |act| (service, act)));
    let tools: Vec<Value> = pairs
        .enumerate()
        .map(|(number, (service, action))| tool(number, *service, *action))
        .collect();
    json!({ "tools": tools, "nextCursor": "eyJvZmZzZXQiOjUwfQ==" })
}

fn tool(number: usize, service: (&str, &str), action: (&str, &str, bool, bool)) -> Value {
    let (noun, what) = service;
    let (verb, does, reads, destroys) = action;
    let mut tool = json!({
        "name": format!("{noun}_{verb}"),
        "title": format!("{} {}", verb.to_uppercase(), noun.replace('_', " ")),
        "description": format!(
            "{does} {what}.\n\nThe caller needs the scope \"{noun}:{verb}\"; times are UTC, and a \
             list that does not fit in one answer goes on at the cursor that comes with it."
        ),
        "inputSchema": input_schema(number, what),
    });
    // Servers written with different SDKs differ in what they add, so not every tool has it all.
    if number.is_multiple_of(3) {
        tool["outputSchema"] = output_schema(what);
    }
    tool["annotations"] = json!({
        "title": format!("{verb} {noun}"),
        "readOnlyHint": reads,
        "destructiveHint": destroys,
        "idempotentHint": verb != "create",
        "openWorldHint": number.is_multiple_of(7),
    });
    if number.is_multiple_of(10) {
        tool["execution"] = json!({ "taskSupport": "optional" });
        tool["_meta"] = json!({ "example.com/owner": format!("team-{}", number % 4) });
    }
    tool
}

fn input_schema(number: usize, what: &str) -> Value {
    let all = [
        (
            "id",
            json!({ "type": "string", "description": format!("Which {what}."), "minLength": 1 }),
        ),
        (
            "fields",
            json!({
                "type": "array",
                "description": "The fields to return; all of them when left out.",
                "items": { "type": "string", "enum": ["id", "title", "body", "author", "created"] },
                "uniqueItems": true,
            }),
        ),
        (
            "limit",
            json!({ "type": "integer", "description": "At most this many.", "minimum": 1, "maximum": 200, "default": 50 }),
        ),
        (
            "filter",
            json!({
                "type": "object",
                "description": "Only what matches all of this.",
                "properties": {
                    "text": { "type": "string" },
                    "after": { "type": "string", "format": "date-time" },
                    "labels": { "type": "array", "items": { "type": "string" } },
                },
                "additionalProperties": false,
            }),
        ),
        (
            "order",
            json!({ "type": "string", "enum": ["newest", "oldest", "relevance"], "default": "newest" }),
        ),
        ("dryRun", json!({ "type": "boolean", "description": "Only tell what would happen." })),
        ("weight", json!({ "type": ["number", "null"], "exclusiveMinimum": 0, "maximum": 1.5 })),
    ];
    let count = 3 + number % 5;
    let properties: Map<String, Value> =
        all.into_iter().take(count).map(|(name, schema)| (name.to_owned(), schema)).collect();
    let mut schema = json!({
        "type": "object",
        "properties": properties,
        "required": ["id"],
    });
    // Common in the wild (zod and pydantic write both), though the revision's own type names
    // neither the one nor forbids the other.
    if number.is_multiple_of(2) {
        schema["additionalProperties"] = json!(false);
        schema["$schema"] = json!("http://json-schema.org/draft-07/schema#");
    }
    schema
}

fn output_schema(what: &str) -> Value {
    json!({
        "type": "object",
        "properties": {
            "items": {
                "type": "array",
                "description": format!("Each {what}."),
                "items": { "type": "object", "properties": { "id": { "type": "string" } } },
            },
            "total": { "type": "integer", "minimum": 0 },
        },
        "required": ["items"],
    })
}
