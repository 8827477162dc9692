//! Whatever a schema holds, the generator answers: with the same text each time, or with problems that name their places.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use mcp_codegen::{Builder, Error};
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use serde_json::{Map, Value, json};

/// What the generator says of a schema, as far as it may be said of any.
fn judge(schema: &Value) -> Result<(), String> {
    let answer = || Builder::new().text_of("schema.json", schema.clone());
    let (first, second) = (answer(), answer());
    match (first, second) {
        // That the text is Rust is checked where it is printed; what is not is a problem of the kind refused below.
        (Ok(first), Ok(second)) if first.text == second.text => Ok(()),
        (Err(Error::Schema { problems, .. }), Err(second)) => {
            if problems.iter().next().is_none() {
                return Err("refused without a reason".to_owned());
            }
            for problem in problems.iter() {
                let place = problem.pointer.is_empty() || problem.pointer.starts_with('/');
                if !place || problem.what.is_empty() || problem.help.is_empty() {
                    return Err(format!("of no help: {problem:?}"));
                }
                if problem.help.contains("defect of mcp-codegen") {
                    return Err(format!("a defect: {problem}"));
                }
            }
            let first = Error::Schema { name: "schema.json".to_owned(), problems };
            if first.to_string() == second.to_string() {
                return Ok(());
            }
            Err(format!("first {first}\nthen {second}"))
        }
        (first, second) => Err(format!("first {first:?}\nthen {second:?}")),
    }
}

const KEYWORDS: &[&str] = &[
    "$defs",
    "$ref",
    "additionalProperties",
    "allOf",
    "anyOf",
    "const",
    "default",
    "description",
    "enum",
    "exclusiveMinimum",
    "format",
    "if",
    "items",
    "maximum",
    "minimum",
    "not",
    "oneOf",
    "patternProperties",
    "prefixItems",
    "properties",
    "propertyNames",
    "required",
    "title",
    "type",
    "x-mcp-absent",
    "x-mcp-clamp",
    "x-mcp-name",
    "x-mcp-opaque",
    "x-mcp-open",
    "x-mcp-told-by",
    "x-mcp-type",
];
const TYPES: &[&str] = &["array", "boolean", "integer", "null", "number", "object", "string"];
/// Names of definitions and properties: keywords of Rust, names of its prelude and of ours, names that collide, no names.
const NAMES: &[&str] = &[
    "",
    "1",
    "A",
    "B",
    "CallToolRequest",
    "CallToolResult",
    "ClientRequest",
    "ErrorError",
    "FooBar",
    "InputRequiredResult",
    "JSONValue",
    "LoopError",
    "Option",
    "Result",
    "ResultType",
    "Self",
    "Value",
    "_",
    "_meta",
    "a/b",
    "a~b",
    "code",
    "crate",
    "error",
    "extra",
    "foo-bar",
    "foo_bar",
    "fooBar",
    "id",
    "io.modelcontextprotocol/x",
    "method",
    "params",
    "r#type",
    "result",
    "resultType",
    "self",
    "task",
    "ttlMs",
    "type",
    "ünïcödé",
    "\u{0}",
    "\n",
    "\"",
    "*/",
    "\r",
    "\\",
    "{}",
    "日本語",
];
const ODD: &[&str] = &[
    "a\nb",
    "a\rb",
    "[`A`](x",
    "{@link A | b}",
    "{@link ",
    "*/",
    "\"#",
    "// x",
    "\u{202e}",
    "#!",
    "`",
    "\u{0}",
    "1e999",
];

fn name() -> impl Strategy<Value = String> {
    prop_oneof![8 => prop::sample::select(NAMES).prop_map(str::to_owned), 1 => ".{0,8}"]
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        2 => name(),
        2 => prop::sample::select(TYPES).prop_map(str::to_owned),
        2 => name().prop_map(|name| format!("#/$defs/{name}")),
        1 => prop::sample::select(ODD).prop_map(str::to_owned),
        1 => prop::sample::select(KEYWORDS).prop_map(str::to_owned),
    ]
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        prop_oneof![Just(i64::MIN), Just(0), Just(-1), any::<i64>()].prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        text().prop_map(Value::from),
    ]
}

fn object_of(
    key: impl Strategy<Value = String>,
    value: impl Strategy<Value = Value>,
    most: usize,
) -> impl Strategy<Value = Value> {
    prop::collection::vec((key, value), 0..=most)
        .prop_map(|entries| Value::Object(entries.into_iter().collect()))
}

/// Any JSON, with the words of schemas in it.
fn json_value() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(5, 48, 6, |inner| {
        let key = prop_oneof![prop::sample::select(KEYWORDS).prop_map(str::to_owned), name()];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            object_of(key, inner, 5),
        ]
    })
}

fn reference() -> impl Strategy<Value = Value> {
    name().prop_map(
        |name| json!({ "$ref": format!("#/$defs/{}", name.replace('~', "~0").replace('/', "~1")) }),
    )
}

/// What is a schema, as a rule.
fn schema() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        4 => prop::sample::select(TYPES).prop_map(|kind| json!({ "type": kind })),
        3 => reference(),
        2 => text().prop_map(|text| json!({ "const": text })),
        1 => scalar().prop_map(|value| json!({ "const": value })),
        2 => prop::collection::vec(text(), 1..4).prop_map(|values| json!({ "enum": values })),
        1 => prop::sample::subsequence(TYPES, 1..3).prop_map(|kinds| json!({ "type": kinds })),
        1 => Just(json!({})),
        1 => (0..3_i64).prop_map(|least| json!({ "type": "integer", "minimum": least - 1 })),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        let several = || prop::collection::vec(inner.clone(), 1..4);
        let properties = || prop::collection::vec((name(), inner.clone(), any::<bool>()), 0..5);
        let object = properties().prop_map(|properties| {
            let required: Vec<_> =
                properties.iter().filter(|(.., required)| *required).map(|(name, ..)| name.clone()).collect();
            let properties: Map<String, Value> =
                properties.into_iter().map(|(name, schema, _)| (name, schema)).collect();
            json!({ "type": "object", "properties": properties, "required": required })
        })
.boxed();
        prop_oneof![
            6 => object.clone(),
            1 => (object.clone(), any::<bool>()).prop_map(|(mut object, open)| {
                object["additionalProperties"] = open.into();
                object
            }),
            2 => several().prop_map(|members| json!({ "anyOf": members })),
            2 => several().prop_map(|members| json!({ "allOf": members })),
            1 => (object, several()).prop_map(|(mut object, members)| {
                object["anyOf"] = members.into();
                object
            }),
            1 => inner.clone().prop_map(|items| json!({ "type": "array", "items": items })),
            1 => inner.clone().prop_map(|values| json!({ "type": "object", "additionalProperties": values })),
            1 => (inner.clone(), text()).prop_map(|(mut schema, text)| {
                schema["description"] = text.into();
                schema
            }),
            1 => (inner.clone(), prop::sample::select(KEYWORDS), scalar()).prop_map(|(mut schema, keyword, value)| {
                schema[keyword] = value;
                schema
            }),
        ]
    })
}

fn document() -> impl Strategy<Value = Value> {
    object_of(name(), schema(), 6).prop_map(|definitions| json!({ "$defs": definitions }))
}

/// The project's schemas, each as its definitions.
static REAL: LazyLock<Vec<Map<String, Value>>> = LazyLock::new(|| {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../mcp-schema/schemas");
    let names = ["2025-11-25", "2026-07-28", "draft", "tasks"];
    let read = names.iter().map(|name| {
        let text = fs::read_to_string(folder.join(format!("{name}.json")))
            .expect("the file is in the repository");
        let mut schema: Value = serde_json::from_str(&text).expect("the file is JSON");
        match schema["$defs"].take() {
            Value::Object(definitions) => definitions,
            other => panic!("{name}: no definitions, but {other}"),
        }
    });
    read.collect()
});

/// One definition of a schema with all that it refers to: a whole schema would take seconds a case in a debug build.
fn part(of: &Map<String, Value>, first: usize) -> Map<String, Value> {
    fn references(schema: &Value, into: &mut Vec<String>) {
        match schema {
            Value::Object(members) => {
                let name = members.get("$ref").and_then(Value::as_str);
                into.extend(name.and_then(|name| name.rsplit('/').next()).map(str::to_owned));
                members.values().for_each(|value| references(value, into));
            }
            Value::Array(items) => items.iter().for_each(|value| references(value, into)),
            _ => {}
        }
    }
    let mut wanted: Vec<String> = of.keys().nth(first % of.len()).cloned().into_iter().collect();
    let mut names = BTreeSet::new();
    while let Some(name) = wanted.pop() {
        if let Some(schema) = of.get(&name)
            && names.insert(name)
        {
            references(schema, &mut wanted);
        }
    }
    of.iter()
        .filter(|(name, _)| names.contains(*name))
        .map(|(name, schema)| (name.clone(), schema.clone()))
        .collect()
}

#[derive(Clone, Debug)]
enum Mutation {
    Delete,
    Replace(Value),
    Keyword(String, Value),
    Rename(String),
    Duplicate(String),
    /// The subtree of another node stands here, too.
    Copy(usize),
    /// The two nodes change places.
    Swap(usize),
}

fn mutation() -> impl Strategy<Value = (usize, Mutation)> {
    let mutation = prop_oneof![
        3 => Just(Mutation::Delete),
        2 => schema().prop_map(Mutation::Replace),
        1 => json_value().prop_map(Mutation::Replace),
        2 => (prop::sample::select(KEYWORDS), json_value())
            .prop_map(|(keyword, value)| Mutation::Keyword(keyword.to_owned(), value)),
        2 => name().prop_map(Mutation::Rename),
        2 => name().prop_map(Mutation::Duplicate),
        2 => any::<usize>().prop_map(Mutation::Copy),
        2 => any::<usize>().prop_map(Mutation::Swap),
    ];
    (any::<usize>(), mutation)
}

/// JSON pointers of all nodes below the root.
fn places(value: &Value, at: &str, into: &mut Vec<String>) {
    let mut child = |segment: String, child: &Value| {
        let at = format!("{at}/{segment}");
        into.push(at.clone());
        places(child, &at, into);
    };
    match value {
        Value::Object(members) => members
            .iter()
            .for_each(|(name, value)| child(name.replace('~', "~0").replace('/', "~1"), value)),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, value)| child(index.to_string(), value));
        }
        _ => {}
    }
}

fn mutate(definitions: &mut Value, (place, mutation): (usize, Mutation)) {
    let mut all = Vec::new();
    places(definitions, "", &mut all);
    if all.is_empty() {
        return;
    }
    let at = |index: usize| &all[index % all.len()];
    let pointer = at(place);
    let Some((parent, segment)) = pointer.rsplit_once('/') else { return };
    let segment = segment.replace("~1", "/").replace("~0", "~");
    match mutation {
        Mutation::Delete => match definitions.pointer_mut(parent) {
            Some(Value::Object(members)) => {
                members.shift_remove(&segment);
            }
            Some(Value::Array(items)) => {
                let _ = segment.parse().map(|index: usize| items.remove(index));
            }
            _ => {}
        },
        Mutation::Replace(value) => {
            if let Some(node) = definitions.pointer_mut(pointer) {
                *node = value;
            }
        }
        Mutation::Keyword(keyword, value) => {
            if let Some(Value::Object(members)) = definitions.pointer_mut(pointer) {
                members.insert(keyword, value);
            }
        }
        Mutation::Rename(name) => {
            if let Some(Value::Object(members)) = definitions.pointer_mut(parent)
                && let Some(value) = members.shift_remove(&segment)
            {
                members.insert(name, value);
            }
        }
        Mutation::Duplicate(name) => match definitions.pointer_mut(parent) {
            Some(Value::Object(members)) => {
                let value = members.get(&segment).cloned().unwrap_or_default();
                members.insert(name, value);
            }
            Some(Value::Array(items)) => {
                let value = segment.parse().ok().and_then(|index: usize| items.get(index).cloned());
                items.extend(value);
            }
            _ => {}
        },
        Mutation::Copy(other) => {
            let value = definitions.pointer(at(other)).cloned().unwrap_or_default();
            if let Some(node) = definitions.pointer_mut(pointer) {
                *node = value;
            }
        }
        Mutation::Swap(other) => {
            let other = at(other);
            // One of them must not hold the other.
            if !other.starts_with(pointer.as_str()) && !pointer.starts_with(other.as_str()) {
                let value = definitions.pointer_mut(other).map(Value::take).unwrap_or_default();
                let here =
                    definitions.pointer_mut(pointer).map(|node| std::mem::replace(node, value));
                if let Some(node) = definitions.pointer_mut(other) {
                    *node = here.unwrap_or_default();
                }
            }
        }
    }
}

/// What has overflowed the stack, panicked, taken for ever or become text that is no Rust.
#[test]
fn on_what_went_wrong_before() {
    let chain = |keyword: &str, length: usize| {
        let link = |index: usize| {
            let next = json!({ "$ref": format!("#/$defs/D{}", index + 1) });
            (format!("D{index}"), json!({ keyword: [next.clone(), next] }))
        };
        let mut definitions: Map<String, Value> = (0..length).map(link).collect();
        let last = json!({ "type": "object", "properties": { "a": { "type": "string" } } });
        definitions.insert(format!("D{length}"), last);
        Value::Object(definitions)
    };
    let mut typed = json!({});
    for _ in 0..20 {
        typed = json!({ "type": ["array", "array", "null"], "items": typed });
    }
    let references: Map<String, Value> = (0..1_000)
        .map(|index| (format!("D{index}"), json!({ "$ref": format!("#/$defs/D{}", index + 1) })))
        .chain([("D1000".to_owned(), json!({ "type": "string" }))])
        .collect();
    let itself = |name: &str| json!({ "type": "object", "properties": { "a": { "$ref": format!("#/$defs/{name}") } } });
    let both = json!({ "allOf": [{ "$ref": "#/$defs/A" }, { "$ref": "#/$defs/B" }] });
    let holder = json!({ "type": "object", "properties": { "x": { "allOf": [{ "$ref": "#/$defs/A" }, {}] } } });
    let tagged = |key: &str, tag: &str| json!({ "type": "object", "properties": { key: { "const": tag } }, "required": [key] });
    for definitions in [
        chain("anyOf", 40),
        chain("allOf", 40),
        json!({ "A": typed }),
        Value::Object(references),
        json!({ "A": itself("A"), "B": itself("B"), "C": both }),
        json!({ "A": { "allOf": [{ "$ref": "#/$defs/B" }, {}] }, "B": holder }),
        json!({ "LoopError": { "type": "object", "properties": { "error": { "$ref": "#/$defs/LoopError" } } } }),
        json!({ "ClientRequest": { "$ref": "#/$defs/Any" }, "Any": {} }),
        json!({
            "A": tagged("type", "a\nb"),
            "B": tagged("type", "a\rb"),
            "U": { "anyOf": [{ "$ref": "#/$defs/A" }, { "$ref": "#/$defs/B" }] },
        }),
        json!({ "BrewRequest": tagged("method", "brew\n}") }),
        json!({ "Odd": { "type": "string", "description": "bare\rreturn" }, "\r": { "type": "string" } }),
    ] {
        let schema = json!({ "$defs": definitions });
        if let Err(what) = judge(&schema) {
            let shown: String = schema.to_string().chars().take(200).collect();
            panic!("{shown}: {what}");
        }
    }
}

fn config(cases: u32) -> ProptestConfig {
    const SEEDS: &str =
        concat!(env!("CARGO_MANIFEST_DIR"), "/proptest-regressions/never_panics.txt");
    ProptestConfig {
        cases,
        max_shrink_iters: 4_000,
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(SEEDS))),
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config(2048))]

    #[test]
    fn on_any_json(value in json_value()) {
        prop_assert_eq!(judge(&value), Ok(()));
        prop_assert_eq!(judge(&json!({ "$defs": { "A": value.clone() } })), Ok(()));
        prop_assert_eq!(judge(&json!({ "$defs": value })), Ok(()));
    }

    #[test]
    fn on_any_schema(schema in document()) {
        prop_assert_eq!(judge(&schema), Ok(()));
    }
}

proptest! {
    #![proptest_config(config(512))]

    #[test]
    fn on_mutations_of_the_real_schemas(
        which in any::<usize>(),
        first in any::<usize>(),
        mutations in prop::collection::vec(mutation(), 1..6),
    ) {
        let mut definitions = Value::Object(part(&REAL[which % REAL.len()], first));
        for mutation in mutations {
            mutate(&mut definitions, mutation);
        }
        prop_assert_eq!(judge(&json!({ "$defs": definitions })), Ok(()));
    }
}

proptest! {
    #![proptest_config(config(8))]

    #[test]
    fn on_one_mutation_of_a_whole_schema(which in any::<usize>(), mutation in mutation()) {
        let mut definitions = Value::Object(REAL[which % REAL.len()].clone());
        mutate(&mut definitions, mutation);
        prop_assert_eq!(judge(&json!({ "$defs": definitions })), Ok(()));
    }
}
