//! What the generator must refuse, and how: the place, the keyword and the words of each refusal. And what an override
//! does about it.

use std::error::Error as StdError;
use std::fmt::Write;

use mcp_codegen::{Builder, Error, Override, Problem};
use serde_json::{Value, json};

type Outcome = Result<(), Box<dyn StdError>>;

/// A schema, and one problem that must be among those found.
struct Refused {
    name: &'static str,
    definitions: Value,
    pointer: &'static str,
    keyword: Option<&'static str>,
    says: &'static str,
}

fn generate(schema: Value, overrides: &[&str]) -> Result<String, Error> {
    let mut builder = Builder::new();
    for text in overrides {
        builder = builder.with_override(text.parse()?);
    }
    builder.text_of("schema.json", schema).map(|generated| generated.text)
}

fn problems_of(schema: Value) -> Result<Vec<Problem>, String> {
    match generate(schema, &[]) {
        Err(Error::Schema { problems, .. }) => Ok(problems.iter().cloned().collect()),
        Err(other) => Err(format!("refused, but not as a schema: {other}")),
        Ok(text) => Err(format!("accepted:\n{text}")),
    }
}

fn document(definitions: &Value) -> Value {
    json!({ "$schema": "https://json-schema.org/draft/2020-12/schema", "$defs": definitions })
}

fn object(properties: Value) -> Value {
    json!({ "type": "object", "properties": properties })
}

fn nested(levels: usize) -> Value {
    let mut schema = json!({ "type": "string" });
    for _ in 0..levels {
        schema = json!({ "type": "array", "items": schema });
    }
    schema
}

fn table() -> Vec<Refused> {
    let mut table = Vec::new();
    let mut add = |name, definitions, pointer, keyword, says| {
        table.push(Refused { name, definitions, pointer, keyword, says });
    };

    // Keywords, types and formats.
    for (keyword, value) in [
        ("patternProperties", json!({ "^x-": {} })),
        ("unevaluatedProperties", json!(false)),
        ("dependentRequired", json!({ "a": ["b"] })),
        ("dependentSchemas", json!({ "a": {} })),
        ("if", json!({})),
        ("then", json!({})),
        ("else", json!({})),
        ("not", json!({ "required": ["a"] })),
        ("nullable", json!(true)),
        ("discriminator", json!({ "propertyName": "a" })),
    ] {
        let mut schema = object(json!({ "a": { "type": "string" } }));
        schema[keyword] = value;
        add(
            "a keyword of objects",
            json!({ "A": schema }),
            "/$defs/A",
            Some(keyword),
            "not understood",
        );
    }
    for (keyword, value) in [
        ("prefixItems", json!([{ "type": "string" }])),
        ("contains", json!({})),
        ("additionalItems", json!(false)),
        ("unevaluatedItems", json!(false)),
    ] {
        let mut schema = json!({ "type": "array" });
        schema[keyword] = value;
        add(
            "a keyword of arrays",
            json!({ "A": schema }),
            "/$defs/A",
            Some(keyword),
            "not understood",
        );
    }
    let alone = json!({ "A": { "if": {}, "then": {} } });
    add("a keyword alone", alone, "/$defs/A", Some("if"), "not understood here");
    let beside =
        json!({ "A": { "$ref": "#/$defs/B", "required": ["a"] }, "B": { "type": "string" } });
    add("a keyword beside $ref", beside, "/$defs/A", Some("required"), "beside `$ref`");
    let beside = json!({ "A": { "const": "a", "minLength": 1 } });
    add("a keyword beside const", beside, "/$defs/A", Some("minLength"), "beside `const`");
    let beside = json!({ "A": { "enum": ["a"], "items": {} } });
    add("a keyword beside enum", beside, "/$defs/A", Some("items"), "beside `enum`");
    let wrong = json!({ "A": { "type": "string", "items": {} } });
    add("a keyword of another type", wrong, "/$defs/A", Some("items"), "for type `string`");
    let nested_place = json!({ "A": object(json!({ "a/b~c": { "type": "array", "items": { "$anchor": "x" } } })) });
    let pointer = "/$defs/A/properties/a~1b~0c/items";
    add("a pointer with escapes", nested_place, pointer, Some("$anchor"), "not understood");
    let note = json!({ "A": { "type": "string", "x-mcp-nonsense": 1 } });
    add("an unknown annotation", note, "/$defs/A", Some("x-mcp-nonsense"), "no such annotation");
    add(
        "an unknown type",
        json!({ "A": { "type": "text" } }),
        "/$defs/A",
        Some("type"),
        "no type `text`",
    );
    add(
        "a type that is no string",
        json!({ "A": { "type": 7 } }),
        "/$defs/A",
        Some("type"),
        "must be a string",
    );
    add(
        "an empty list of types",
        json!({ "A": { "type": [] } }),
        "/$defs/A",
        Some("type"),
        "names no type",
    );
    let format = json!({ "A": { "type": "string", "format": "isbn" } });
    add("an unknown format", format, "/$defs/A", Some("format"), "\"isbn\" is not known");
    add(
        "a schema that is `false`",
        json!({ "A": object(json!({ "a": false })) }),
        "/$defs/A/properties/a",
        None,
        "a schema must be",
    );
    add("a schema that is a list", json!({ "A": [] }), "/$defs/A", None, "a schema must be");
    let null = json!({ "A": object(json!({ "a": { "type": "null" } })) });
    add("a value that is always null", null, "/$defs/A/properties/a", Some("type"), "only be null");

    // Keywords with values that make no sense.
    for (keyword, value, says) in [
        ("properties", json!([]), "must be an object"),
        ("required", json!("a"), "array of strings"),
        ("required", json!([1]), "array of strings"),
        ("anyOf", json!([]), "at least one"),
        ("allOf", json!({}), "at least one"),
        ("enum", json!([]), "at least one"),
        ("$ref", json!(7), "does not name a definition"),
    ] {
        let mut schema = json!({});
        schema[keyword] = value;
        add("a value of a keyword", json!({ "A": schema }), "/$defs/A", Some(keyword), says);
    }

    // References.
    let dangling = json!({ "A": object(json!({ "a": { "$ref": "#/$defs/Gone" } })) });
    add(
        "a dangling reference",
        dangling,
        "/$defs/A/properties/a",
        Some("$ref"),
        "no definition `Gone`",
    );
    for external in [
        "other.json#/$defs/B",
        "https://example.com/schema.json",
        "#",
        "#anchor",
        "#/$defs/A/properties/a",
    ] {
        let schema = json!({ "A": object(json!({ "a": { "$ref": external } })) });
        add(
            "an external reference",
            schema,
            "/$defs/A/properties/a",
            Some("$ref"),
            "does not name a definition",
        );
    }
    let circle = json!({ "A": { "$ref": "#/$defs/B" }, "B": { "$ref": "#/$defs/A" } });
    add("a circle", circle, "/$defs/A", Some("$ref"), "without ever reaching a shape");
    let circle = json!({ "A": { "$ref": "#/$defs/A" } });
    add("the smallest circle", circle, "/$defs/A", Some("$ref"), "without ever reaching a shape");
    let circle = json!({
        "A": { "anyOf": [{ "$ref": "#/$defs/B" }, { "type": "string" }] },
        "B": { "anyOf": [{ "$ref": "#/$defs/A" }, { "type": "null" }] },
    });
    add(
        "a circle through anyOf",
        circle,
        "/$defs/B",
        Some("$ref"),
        "without ever reaching a shape",
    );
    let circle = json!({ "A": { "allOf": [{ "$ref": "#/$defs/A" }, { "type": "object" }] } });
    add(
        "a circle through allOf",
        circle,
        "/$defs/A",
        Some("$ref"),
        "without ever reaching a shape",
    );
    let circle = json!({ "A": { "type": "array", "items": { "$ref": "#/$defs/A" } } });
    add("an array of nothing but itself", circle, "/$defs/A", Some("$ref"), "only of itself");
    let circle = json!({
        "A": { "type": "object", "additionalProperties": { "$ref": "#/$defs/B" } },
        "B": { "type": ["array", "null"], "items": { "$ref": "#/$defs/A" } },
    });
    add("a map of arrays of itself", circle, "/$defs/A", Some("$ref"), "only of itself");
    // Each is an object, but to say what both are takes what both of their properties are, and so on for ever.
    let circle = json!({
        "A": object(json!({ "a": { "$ref": "#/$defs/A" } })),
        "B": object(json!({ "a": { "$ref": "#/$defs/B" } })),
        "C": { "allOf": [{ "$ref": "#/$defs/A" }, { "$ref": "#/$defs/B" }] },
    });
    add("an allOf without end", circle, "/$defs/A/properties/a", Some("allOf"), "without end");

    // Unions.
    let twins = json!({
        "A": object(json!({ "a": { "type": "string" } })),
        "B": object(json!({ "a": { "type": "integer" } })),
        "U": { "anyOf": [{ "$ref": "#/$defs/A" }, { "$ref": "#/$defs/B" }] },
    });
    add("members alike", twins, "/$defs/U", Some("anyOf"), "`A` and `B` cannot be told apart");
    let arrays = json!({ "U": { "anyOf": [
        { "type": "array", "items": { "type": "string" } },
        { "type": "array", "items": { "type": "integer" } },
    ] } });
    add(
        "two arrays",
        arrays,
        "/$defs/U/anyOf/1",
        Some("anyOf"),
        "cannot be told from the one at /$defs/U/anyOf/0",
    );
    let anything = json!({ "U": { "anyOf": [{ "type": "string" }, {}] } });
    add("a member that is anything", anything, "/$defs/U/anyOf/1", Some("anyOf"), "several kinds");
    let map = json!({
        "A": object(json!({ "a": { "type": "string" } })),
        "U": { "anyOf": [{ "$ref": "#/$defs/A" }, { "type": "object", "additionalProperties": { "type": "string" } }] },
    });
    let place = "/$defs/U/anyOf/1";
    add("a map among objects", map, place, Some("anyOf"), "no object with named properties");
    let any = json!({
        "A": object(json!({ "a": { "type": "string" } })),
        "B": { "type": "object" },
        "U": { "anyOf": [{ "$ref": "#/$defs/A" }, { "$ref": "#/$defs/B" }] },
    });
    add("any object among objects", any, "/$defs/U", Some("anyOf"), "`B` is no object with named");

    // allOf.
    let both = |one: Value, other: Value| {
        json!({ "A": { "allOf": [
        object(json!({ "a": one })), object(json!({ "a": other })),
    ] } })
    };
    for (one, other) in [
        (json!({ "type": "string" }), json!({ "type": "integer" })),
        (json!({ "const": "a" }), json!({ "const": "b" })),
        (json!({ "enum": ["a", "b"] }), json!({ "enum": ["b", "c"] })),
        (json!({ "type": "array", "items": { "type": "string" } }), json!({ "type": "array" })),
    ] {
        let place = "/$defs/A/allOf/1/properties/a";
        add("conflicting properties", both(one, other), place, Some("allOf"), "cannot be combined");
    }
    let strings =
        json!({ "A": { "allOf": [{ "type": "string" }, { "minLength": 1, "type": "string" }] } });
    add("allOf of strings", strings, "/$defs/A/allOf/0", Some("allOf"), "only objects");
    let pair = |kind: &str| {
        json!({ "anyOf": [
        { "type": "object", "properties": { kind: { "const": "a" } }, "required": [kind] },
        { "type": "object", "properties": { kind: { "const": "b" } }, "required": [kind] },
    ] })
    };
    let two = json!({ "A": { "allOf": [pair("one"), pair("other")] } });
    add("two unions in one allOf", two, "/$defs/A/allOf/1", Some("allOf"), "a second union");
    let scalars = json!({ "A": { "allOf": [
        object(json!({ "a": { "type": "string" } })),
        { "anyOf": [{ "type": "string" }, { "type": "integer" }] },
    ] } });
    add(
        "an object that is also a string",
        scalars,
        "/$defs/A/allOf/1",
        Some("allOf"),
        "only objects",
    );

    // Objects.
    let mixed = json!({ "A": {
        "type": "object",
        "properties": { "a": { "type": "string" } },
        "additionalProperties": { "type": "integer" },
    } });
    let place = "/$defs/A/additionalProperties";
    add(
        "further properties of a shape",
        mixed,
        place,
        Some("additionalProperties"),
        "beside named ones",
    );
    let names = json!({ "A": { "type": "object", "propertyNames": { "pattern": "^a" } } });
    add("propertyNames", names, "/$defs/A", Some("propertyNames"), "conditions on names");

    // Constants and enumerations.
    for values in [json!(["a", 1]), json!([1, 2]), json!(["a", {}]), json!(["a", null, true])] {
        add(
            "an enum of mixed values",
            json!({ "A": { "enum": values } }),
            "/$defs/A",
            Some("enum"),
            "only strings",
        );
    }
    for value in [json!({}), json!([1]), json!(0.5), json!(u64::MAX)] {
        add("a constant", json!({ "A": { "const": value } }), "/$defs/A", Some("const"), "");
    }
    let optional = json!({ "A": object(json!({ "a": { "const": 5 } })) });
    add(
        "an optional integer constant",
        optional,
        "/$defs/A/properties/a",
        Some("const"),
        "required property",
    );
    let several = json!({ "A": {
        "type": "object",
        "properties": { "a": { "anyOf": [{ "const": 1 }, { "const": 2 }] } },
        "required": ["a"],
    } });
    add(
        "integer constants to choose from",
        several,
        "/$defs/A/properties/a/anyOf/1",
        Some("anyOf"),
        "constant",
    );
    let contradiction = json!({ "A": { "type": "integer", "const": "a" } });
    add("a constant of another type", contradiction, "/$defs/A", Some("const"), "is not of type");
    let contradiction = json!({ "A": { "type": ["string", "null"], "enum": ["a", null, 1] } });
    add("an enum of another type", contradiction, "/$defs/A", Some("enum"), "is not of type");

    // Names.
    let clash = json!({ "FooBar": { "type": "string" }, "foo_bar": { "type": "string" } });
    add("names alike in Rust", clash, "/$defs/foo_bar", None, "same name in Rust");
    let clash = json!({ "Result": { "type": "string" }, "ResultObject": { "type": "string" } });
    add("a name that gives way", clash, "/$defs/ResultObject", None, "same name in Rust");
    let clash = json!({
        "A": object(json!({ "b": object(json!({ "c": { "type": "string" } })) })),
        "AB": { "type": "string" },
        "ABInline": { "type": "string" },
    });
    add("no name left for an inline type", clash, "/$defs/A/properties/b", None, "no name is free");

    // Size.
    let items = "/items".repeat(65);
    let deep: &'static str = Box::leak(format!("/$defs/A{items}").into_boxed_str());
    add("nesting without end", json!({ "A": nested(70) }), deep, None, "nested deeper than 64");
    table
}

#[test]
fn each_is_refused_at_its_place() {
    let mut wrong = String::new();
    for Refused { name, definitions, pointer, keyword, says } in table() {
        let problems = match problems_of(document(&definitions)) {
            Ok(problems) => problems,
            Err(what) => {
                let _ = writeln!(wrong, "{name}: {definitions}\n  {what}");
                continue;
            }
        };
        let found = problems.iter().any(|problem| {
            problem.pointer == pointer
                && problem.keyword.as_deref() == keyword
                && problem.what.contains(says)
        });
        if !found {
            let _ = writeln!(
                wrong,
                "{name}: {definitions}\n  wanted {pointer} {keyword:?} {says:?}\n  got {problems:#?}"
            );
        }
        for problem in problems {
            if problem.help.is_empty() || !problem.pointer.starts_with("/$defs/") {
                let _ = writeln!(wrong, "{name}: of no help: {problem:?}");
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn what_is_no_schema_document_is_refused() {
    for (schema, pointer, says) in [
        (json!([]), "", "is no JSON object"),
        (json!(null), "", "is no JSON object"),
        (json!("schema"), "", "is no JSON object"),
        (json!({}), "", "no definitions"),
        (json!({ "definitions": [] }), "/definitions", "are no JSON object"),
        (json!({ "$defs": [] }), "/$defs", "are no JSON object"),
        (json!({ "$defs": true }), "/$defs", "are no JSON object"),
    ] {
        let problems =
            problems_of(schema.clone()).unwrap_or_else(|what| panic!("{schema}: {what}"));
        let [problem] = problems.as_slice() else { panic!("{schema}: {problems:?}") };
        assert_eq!(problem.pointer, pointer, "{schema}");
        assert!(problem.what.contains(says), "{schema}: {problem:?}");
        assert!(!problem.help.is_empty(), "{schema}");
    }
}

#[test]
fn all_problems_of_a_document_come_together() -> Outcome {
    let schema = document(&json!({
        "A": { "type": "text" },
        "B": object(json!({ "b": { "type": "string", "format": "isbn" }, "c": { "contains": {} } })),
        "C": { "$ref": "elsewhere.json" },
    }));
    let problems = problems_of(schema)?;
    let pointers: Vec<_> = problems.iter().map(|problem| problem.pointer.as_str()).collect();
    let in_order = ["/$defs/A", "/$defs/B/properties/b", "/$defs/B/properties/c", "/$defs/C"];
    assert_eq!(pointers, in_order);

    let problems = problems_of(document(&json!({
        "A": object(json!({ "a": { "$ref": "#/$defs/Gone" }, "b": { "$ref": "#/$defs/Lost" } })),
        "B": { "$ref": "#/$defs/Away" },
    })))?;
    assert_eq!(problems.len(), 3, "{problems:?}");

    let twins =
        |name: &str| json!({ "anyOf": [object(json!({ name: {} })), object(json!({ "x": {} }))] });
    let problems = problems_of(document(&json!({ "A": twins("a"), "B": twins("b") })))?;
    assert_eq!(problems.len(), 2, "{problems:?}");
    Ok(())
}

#[test]
fn a_problem_reads_well() {
    let schema = document(&json!({ "A": { "type": "string", "format": "isbn" } }));
    let error = generate(schema, &[]).map(|_| ()).expect_err("the format is unknown");
    let text = error.to_string();
    let first = "schema.json: 1 problem\n  at /$defs/A, keyword `format`: the format \"isbn\" is not known\n    help: ";
    assert!(text.starts_with(first), "{text}");
}

#[test]
fn recursive_types_are_fine_and_boxed() -> Outcome {
    let text = generate(
        document(&json!({
            "Tree": object(json!({ "parent": { "$ref": "#/$defs/Tree" }, "name": { "type": "string" } })),
            "Forest": object(json!({ "trees": { "type": "array", "items": { "$ref": "#/$defs/Forest" } } })),
            "Egg": object(json!({ "from": { "$ref": "#/$defs/Hen" } })),
            "Hen": object(json!({ "from": { "$ref": "#/$defs/Egg" } })),
            "Leaf": { "type": "object", "properties": { "type": { "const": "leaf" } }, "required": ["type"] },
            "Not": {
                "type": "object",
                "properties": { "type": { "const": "not" }, "of": { "$ref": "#/$defs/Expression" } },
                "required": ["type", "of"],
            },
            "Expression": { "anyOf": [{ "$ref": "#/$defs/Leaf" }, { "$ref": "#/$defs/Not" }] },
            "JSONObject": { "type": "object", "additionalProperties": { "$ref": "#/$defs/JSONValue" } },
            "JSONValue": { "anyOf": [
                { "$ref": "#/$defs/JSONObject" },
                { "type": "array", "items": { "$ref": "#/$defs/JSONValue" } },
                { "type": ["boolean", "integer", "string"] },
            ] },
        })),
        &[],
    )?;
    for line in [
        "pub parent: Option<Box<Tree>>,",
        "pub trees: Option<Vec<Forest>>,",
        "pub from: Option<Box<Hen>>,",
        "pub from: Option<Box<Egg>>,",
        "Leaf(Leaf),",
        "Not(Box<Not>),",
        "pub of: Box<Expression>,",
        "pub type JsonObject = ::mcp_schema::Map<JsonValue>;",
        "Array(Vec<JsonValue>),",
    ] {
        assert!(text.contains(line), "no `{line}` in\n{text}");
    }
    Ok(())
}

/// A union with a free string among its sets is any string, and two ranges of integers are the wider of them.
#[test]
fn members_of_one_kind_become_the_widest() -> Outcome {
    for (members, ty) in [
        (json!([{ "enum": ["a", "b"] }, { "type": "string" }]), "String"),
        (json!([{ "const": "a" }, { "const": "b" }, { "type": "string" }]), "String"),
        (json!([{ "type": "integer", "minimum": 0 }, { "type": "integer" }]), "i64"),
        (json!([{ "type": "integer" }, { "const": 5 }]), "i64"),
        (json!([{ "const": true }, { "type": "boolean" }]), "bool"),
        (json!([{ "const": true }, { "const": false }]), "bool"),
        (json!([{ "type": "integer" }, { "type": "number" }]), "::mcp_schema::Number"),
    ] {
        let text = generate(document(&json!({ "A": { "anyOf": members.clone() } })), &[])?;
        assert!(text.contains(&format!("pub type AObject = {ty};")), "{members}:\n{text}");
    }
    Ok(())
}

/// One case for each kind of override: refused without it, accepted with it, with a text that shows its effect.
#[test]
fn each_override_makes_its_case_work() -> Outcome {
    let twins = json!({
        "A": object(json!({ "a": { "type": "string" }, "x": {} })),
        "B": object(json!({ "a": { "type": "integer" } })),
        "U": { "anyOf": [{ "$ref": "#/$defs/A" }, { "$ref": "#/$defs/B" }] },
    });
    let isbn = json!({ "A": object(json!({ "a": { "type": "string", "format": "isbn" } })) });
    let clash = json!({
        "FooBar": { "type": "string" },
        "foo_bar": { "type": "integer" },
        "User": object(json!({ "foo": { "$ref": "#/$defs/foo_bar" } })),
    });
    let nameless = json!({
        "A": object(json!({ "b": object(json!({ "c": { "type": "string" } })) })),
        "AB": { "type": "string" },
        "ABInline": { "type": "string" },
    });
    for (definitions, text, effect) in [
        (&isbn, "/$defs/A/properties/a=opaque", "pub a: Option<::mcp_schema::Value>,"),
        (&isbn, "/$defs/A=opaque", "pub type AObject = ::mcp_schema::Value;"),
        (&twins, "/$defs/U=opaque", "pub type U = ::mcp_schema::Value;"),
        (&twins, "/$defs/U=skip", "pub struct B"),
        (&twins, "/$defs/A=told-by:x", "A(AObject) if Has(\"x\");"),
        (&clash, "/$defs/foo_bar=rename:Other", "pub foo: Option<Other>,"),
        (&nameless, "/$defs/A/properties/b=name:Inner", "pub b: Option<Inner>,"),
    ] {
        assert!(problems_of(document(definitions)).is_ok(), "{text}: not needed");
        let generated =
            generate(document(definitions), &[text]).map_err(|error| format!("{text}: {error}"))?;
        assert!(generated.contains(effect), "{text}: no `{effect}` in\n{generated}");
    }
    let skipped = generate(document(&twins), &["/$defs/U=skip"])?;
    assert!(!skipped.contains("pub enum U"), "{skipped}");

    // The two that change what is generated without being needed for it.
    let set = json!({ "A": object(json!({ "level": { "enum": ["low", "high"] } })) });
    let open = generate(document(&set), &["/$defs/A/properties/level=open"])?;
    assert!(open.contains("Other(Box<str>)"), "{open}");
    let named = generate(document(&set), &["/$defs/A/properties/level=name:Level"])?;
    assert!(named.contains("pub enum Level"), "{named}");

    let tagged = |tag: &str| {
        json!({
            "type": "object", "properties": { "type": { "const": tag } }, "required": ["type"],
        })
    };
    let union = json!({ "A": tagged("a"), "B": tagged("b"), "U": { "anyOf": [
        { "$ref": "#/$defs/A" }, { "$ref": "#/$defs/B" },
    ] } });
    let open = generate(document(&union), &["/$defs/U=open"])?;
    assert!(open.contains("Unknown {") && open.contains("open Unknown;"), "{open}");
    Ok(())
}

#[test]
fn several_overrides_work_together() -> Outcome {
    let schema = document(&json!({
        "A": { "type": "string", "format": "isbn" },
        "B": { "type": "string", "format": "issn" },
    }));
    let text = generate(schema.clone(), &["/$defs/A=opaque", "/$defs/B=opaque"])?;
    assert!(text.contains("pub type AObject = ::mcp_schema::Value;"), "{text}");
    let error = generate(schema, &["/$defs/A=opaque"]).map(|_| ()).expect_err("B is still wrong");
    assert!(
        matches!(&error, Error::Schema { problems, .. } if problems.iter().count() == 1),
        "{error}"
    );
    Ok(())
}

#[test]
fn an_override_that_no_longer_applies_is_an_error() {
    let sound = json!({
        "A": object(json!({ "a": { "type": "string" } })),
        "B": object(json!({ "b": { "type": "string" } })),
    });
    for text in [
        "/$defs/A=opaque",
        "/$defs/A/properties/a=opaque",
        "/$defs/A=skip",
        "/$defs/A=rename:C",
        "/$defs/A=told-by:a",
    ] {
        let error = generate(document(&sound), &[text]).map(|_| ()).expect_err(text);
        let said = error.to_string();
        assert!(matches!(error, Error::Usage(_)), "{text}: {said}");
        assert!(
            said.contains("no longer applies") && said.contains("without it"),
            "{text}: {said}"
        );
    }
    for text in [
        "/$defs/C=opaque",
        "/$defs/A/properties/z=opaque",
        "/$defs/A/type=opaque",
        "/$defs/A/properties/a/type/x=open",
        "/$defs/C=skip",
        "/$defs/C=rename:D",
        "/definitions/A=opaque",
        "/=opaque",
    ] {
        let error = generate(document(&sound), &[text]).map(|_| ()).expect_err(text);
        let said = error.to_string();
        assert!(matches!(error, Error::Usage(_)), "{text}: {said}");
        assert!(
            said.contains("no longer applies") && said.contains("no such place"),
            "{text}: {said}"
        );
    }
}

#[test]
fn a_malformed_override_is_an_error() {
    for text in [
        "",
        "=",
        "/$defs/A",
        "/$defs/A=",
        "$defs/A=opaque",
        "#/$defs/A=opaque",
        "/$defs/A=transparent",
        "/$defs/A=opaque:yes",
        "/$defs/A=name",
        "/$defs/A=name:",
        "/$defs/A=rename:",
        "/$defs/A=told-by:",
        "/$defs/A=Opaque",
    ] {
        let error = text.parse::<Override>().expect_err(text);
        let said = error.to_string();
        assert!(matches!(error, Error::Usage(_)), "{text}: {said}");
        assert!(
            said.contains("is no override: ") && said.contains("write POINTER=KIND"),
            "{text}: {said}"
        );
    }
    for (text, why) in [
        ("/$defs/A", "it has no `=`"),
        ("=opaque", "it names no place"),
        ("$defs/A=opaque", "a pointer begins with a slash, like `/$defs/A`"),
        ("#/$defs/A=opaque", "a pointer begins with a slash, like `/$defs/A`"),
        ("/$defs/A=transparent", "there is no kind `transparent`"),
    ] {
        let said = text.parse::<Override>().expect_err(text).to_string();
        assert!(said.contains(why), "{text}: {said}");
    }
}

/// A definition goes by its name, whatever the keyword that holds it.
#[test]
fn an_override_can_name_a_definition() -> Outcome {
    let isbn = json!({ "a/b": { "type": "string", "format": "isbn" }, "C": { "type": "text" } });
    for keyword in ["$defs", "definitions"] {
        let schema = json!({ keyword: isbn });
        let text = generate(schema, &[&format!("/{keyword}/a~1b=opaque"), "C=opaque"])?;
        assert!(text.contains("pub type C = ::mcp_schema::Value;"), "{text}");
    }
    let error = generate(json!({ "$defs": isbn }), &["C=rename:a/b"]).map(|_| ());
    let said = error.expect_err("the name is taken").to_string();
    assert!(said.contains("there is a definition `a/b` already"), "{said}");
    let error = generate(json!({ "$defs": isbn }), &["Shape=opaque"]).map(|_| ());
    let said = error.expect_err("there is no `Shape`").to_string();
    assert!(said.contains("override of Shape") && said.contains("no such place"), "{said}");
    Ok(())
}

/// What a refusal proposes can be done: it is Rust, it has the place, and it makes the problem go.
#[test]
fn the_help_names_an_override_that_helps() {
    let mut wrong = String::new();
    let mut tried = 0;
    for Refused { name, definitions, .. } in table() {
        let Ok(problems) = problems_of(document(&definitions)) else { continue };
        for problem in &problems {
            for part in problem.help.split("`.with_override(\"").skip(1) {
                let Some((text, _)) = part.split_once("\".parse()?)`") else {
                    let _ = writeln!(wrong, "{name}: {problem:?}");
                    continue;
                };
                if text.ends_with(":KEY") {
                    continue;
                }
                tried += 1;
                let left = match generate(document(&definitions), &[text]) {
                    Err(Error::Schema { problems, .. }) => problems.iter().cloned().collect(),
                    Err(other) => {
                        let _ = writeln!(wrong, "{name}: {text}: {other}");
                        continue;
                    }
                    Ok(_) => Vec::new(),
                };
                if left.contains(problem) {
                    let _ = writeln!(wrong, "{name}: {text} does not help: {problem:?}");
                }
            }
            if problem.help.contains("--override") {
                let _ = writeln!(wrong, "{name}: no such flag here: {problem:?}");
            }
        }
    }
    assert!(wrong.is_empty() && tried > 50, "{tried} tried\n{wrong}");
}

/// Problems of all phases come together, and none that only follows from another.
#[test]
fn problems_of_all_phases_come_together() -> Outcome {
    let alike = |one: &str, other: &str| {
        json!({ "anyOf": [
        { "$ref": format!("#/$defs/{one}") }, { "$ref": format!("#/$defs/{other}") },
    ] })
    };
    let shape = || object(json!({ "radius": { "type": "number" } }));
    let definitions = json!({
        "Shape": alike("Circle", "Disc"),
        "Circle": shape(),
        "Disc": shape(),
        "Dangling": object(json!({ "a": { "$ref": "#/$defs/Gone" } })),
        "Odd": { "type": "object", "patternProperties": {} },
        "Loop": { "$ref": "#/$defs/Loop" },
        "Both": { "allOf": [{ "type": "string" }, shape()] },
        "Null": object(json!({ "a": { "type": "null" } })),
        "foo_bar": { "type": "string" },
        "FooBar": { "type": "string" },
        // What these rest on is wrong; about themselves there is nothing to be said.
        "Typo": { "type": "strng" },
        "Members": { "anyOf": [{ "$ref": "#/$defs/Typo" }, { "type": "integer" }] },
        "Objects": alike("Typo", "Circle"),
        "OfDangling": { "anyOf": [{ "$ref": "#/$defs/Lost" }, { "$ref": "#/$defs/Circle" }] },
        "Parts": { "allOf": [{ "$ref": "#/$defs/Loop" }, shape()] },
        "AfterBoth": alike("Both", "Circle"),
    });
    let problems = problems_of(document(&definitions))?;
    let found: Vec<_> =
        problems.iter().map(|problem| problem.pointer.trim_start_matches("/$defs/")).collect();
    // In the order of the document.
    let wanted = [
        "Shape",
        "Dangling/properties/a",
        "Odd",
        "Loop",
        "Both/allOf/0",
        "Null/properties/a",
        "FooBar",
        "Typo",
        "OfDangling/anyOf/0",
    ];
    assert_eq!(found, wanted, "{problems:#?}");
    Ok(())
}
