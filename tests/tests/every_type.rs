//! What holds for every type of every revision, shown on values that are made from the schemas.

use mcpwright_tests::compare::differences;
use mcpwright_tests::registry::{Revision, revisions, v2026_07_28};
use mcpwright_tests::samples::{Schema, objects};
use serde_json::{Value, json};

/// Unions of all results: responses are decoded by their request, so these have no type.
const BY_REQUEST: &[&str] = &["ClientResult", "ServerResult"];

/// Definitions of the extension that are published without what every request must have; the fixups add it.
fn is_completed(revision: &Revision, definition: &str) -> bool {
    revision.name == "tasks" && definition.ends_with("TaskRequest")
}

/// Each definition's samples, as text.
fn samples(revision: &Revision) -> Vec<(String, Value)> {
    let schema = Schema::of(revision.name);
    let mut samples = Vec::new();
    for name in schema.names().filter(|name| !BY_REQUEST.contains(&name.as_str())) {
        if !is_completed(revision, name) {
            samples.extend(schema.samples(name).into_iter().map(|sample| (name.clone(), sample)));
        }
    }
    assert!(samples.len() > 250, "{}: only {} samples", revision.name, samples.len());
    samples
}

/// What no type was generated for the extension is taken from the core that it stands on, which has the same shape.
fn round_trip(revision: &Revision, definition: &str, value: &Value) -> Result<Value, String> {
    let core = || v2026_07_28().round_trip(definition);
    let round_trip = revision.round_trip(definition).or_else(core);
    let round_trip = round_trip.unwrap_or_else(|| panic!("no type for {definition}"));
    round_trip(&value.to_string())
}

#[test]
fn a_round_trip_changes_nothing() {
    for revision in revisions() {
        for (definition, sample) in samples(&revision) {
            let after = round_trip(&revision, &definition, &sample).unwrap_or_else(|error| {
                panic!("{} {definition}: {error}\n{sample}", revision.name)
            });
            let found = differences(&sample, &after);
            assert!(found.is_empty(), "{} {definition}: {found:?}\n{sample}", revision.name);
        }
    }
}

#[test]
fn a_value_lands_in_its_own_variant() {
    let mut checked = 0;
    for revision in revisions() {
        let schema = Schema::of(revision.name);
        for alternative in &revision.alternatives {
            if !schema.names().any(|name| name == alternative.holds)
                || is_completed(&revision, alternative.holds)
            {
                continue;
            }
            for sample in schema.samples(alternative.holds) {
                // Without the names that set it apart, it means the same as the newer one, and is read as that.
                if alternative.holds == "LegacyTitledEnumSchema"
                    && sample.get("enumNames").is_none()
                {
                    continue;
                }
                let variant = alternative.variant;
                let (after, chosen) = (alternative.round_trip)(&sample.to_string())
                    .unwrap_or_else(|error| panic!("{variant}: {error}\n{sample}"));
                assert!(
                    chosen,
                    "{} {variant}: another variant was chosen\n{sample}",
                    revision.name
                );
                assert_eq!(differences(&sample, &after), [], "{variant}");
                checked += 1;
            }
        }
    }
    assert!(checked > 300, "only {checked}");
}

#[test]
fn unknown_fields_survive_at_every_depth() {
    let mut checked = 0;
    for revision in revisions() {
        for (definition, sample) in samples(&revision) {
            let mut places = Vec::new();
            objects(&sample, "", &mut |at| places.push(at.to_owned()));
            for place in places {
                let mut extended = sample.clone();
                let Some(Value::Object(object)) = extended.pointer_mut(&place) else { continue };
                // Objects whose values have one shape would refuse a value of another, rightly.
                if object.keys().any(|key| key == "alpha") {
                    continue;
                }
                object.insert("x-not-in-the-schema".to_owned(), json!({ "z": 1, "a": [] }));
                match round_trip(&revision, &definition, &extended) {
                    Ok(after) => {
                        assert_eq!(differences(&extended, &after), [], "{definition} at {place}");
                        checked += 1;
                    }
                    Err(error) => assert!(
                        is_typed_map(&error) || error.contains("allows no other"),
                        "{} {definition} at {place}: {error}\n{extended}",
                        revision.name
                    ),
                }
            }
        }
    }
    assert!(checked > 2_000, "only {checked}");
}

/// A map whose values have a shape refuses an object that is none of them.
fn is_typed_map(error: &str) -> bool {
    ["is none of the types", "missing field", "invalid type"]
        .iter()
        .any(|part| error.contains(part))
}

#[test]
fn empty_containers_survive() {
    let mut checked = 0;
    for revision in revisions() {
        for (definition, sample) in samples(&revision) {
            let mut places = Vec::new();
            objects(&sample, "", &mut |at| places.push(at.to_owned()));
            for place in places {
                let members = sample.pointer(&place).and_then(Value::as_object);
                for (key, value) in members.into_iter().flatten() {
                    let empty = match value {
                        Value::Array(_) => json!([]),
                        Value::Object(_) => json!({}),
                        _ => continue,
                    };
                    let mut emptied = sample.clone();
                    if let Some(Value::Object(object)) = emptied.pointer_mut(&place) {
                        object.insert(key.clone(), empty);
                    }
                    // What has required members cannot be empty; all else must come back as it went.
                    if let Ok(after) = round_trip(&revision, &definition, &emptied) {
                        let lost = differences(&emptied, &after);
                        let lost: Vec<_> = lost
                            .iter()
                            .filter(|lost| {
                                !matches!(lost, mcpwright_tests::compare::Difference::Added(_))
                            })
                            .collect();
                        assert!(lost.is_empty(), "{definition} at {place}/{key}: {lost:?}");
                        checked += 1;
                    }
                }
            }
        }
    }
    assert!(checked > 1_000, "only {checked}");
}

/// Every constant and every value of a closed set, replaced by another one.
#[test]
fn wrong_constants_are_refused() {
    let mut refused = 0;
    for revision in revisions() {
        let schema = Schema::of(revision.name);
        for name in schema.names() {
            if BY_REQUEST.contains(&name.as_str()) || is_completed(&revision, name) {
                continue;
            }
            for sample in schema.samples(name) {
                let mut places = Vec::new();
                constants(
                    &schema,
                    schema.definition(name),
                    name,
                    &sample,
                    String::new(),
                    &mut places,
                );
                for place in places {
                    let mut wrong = sample.clone();
                    let Some(value) = wrong.pointer_mut(&place) else { continue };
                    *value = if value.is_string() { json!("wrong!") } else { json!(4_711) };
                    let after = match round_trip(&revision, name, &wrong) {
                        Err(_) => {
                            refused += 1;
                            continue;
                        }
                        Ok(after) => after,
                    };
                    // Open sets keep it, and say so by their type.
                    let key = place.rsplit('/').next().unwrap_or_default();
                    let open = ["type", "level", "io.modelcontextprotocol~1logLevel", "resultType"];
                    assert!(
                        open.contains(&key) || name == "LoggingLevel",
                        "{} {name}: accepted a wrong value at {place}\n{wrong}",
                        revision.name
                    );
                    assert_eq!(differences(&wrong, &after), [], "{name} at {place}");
                }
            }
        }
    }
    assert!(refused > 1_000, "only {refused}");
}

/// Where `value` holds what `schema` gives as a constant or as one of a set.
fn constants(
    schema: &Schema,
    node: &Value,
    name: &str,
    value: &Value,
    at: String,
    places: &mut Vec<String>,
) {
    let (node, name) = schema.resolve(node, name);
    if node.get("const").is_some() || node.get("enum").is_some() {
        places.push(at);
        return;
    }
    for part in node["allOf"].as_array().into_iter().flatten() {
        constants(schema, part, name, value, at.clone(), places);
    }
    for (key, property) in node["properties"].as_object().into_iter().flatten() {
        if let Some(value) = value.get(key) {
            let key = key.replace('~', "~0").replace('/', "~1");
            constants(schema, property, name, value, format!("{at}/{key}"), places);
        }
    }
    if let (Some(items), Some(values)) = (node.get("items"), value.as_array()) {
        for (index, value) in values.iter().enumerate() {
            constants(schema, items, name, value, format!("{at}/{index}"), places);
        }
    }
}

#[test]
fn what_is_required_is_missed_by_its_name() {
    for revision in revisions() {
        let schema = Schema::of(revision.name);
        for name in schema.names() {
            let required = schema.definition(name)["required"].as_array();
            if BY_REQUEST.contains(&name.as_str()) {
                continue;
            }
            for key in required.into_iter().flatten().filter_map(Value::as_str) {
                let Some(mut sample) = schema.samples(name).pop() else { continue };
                sample
                    .as_object_mut()
                    .expect("what requires fields is an object")
                    .shift_remove(key);
                match round_trip(&revision, name, &sample) {
                    Err(error) => assert!(error.contains(&format!("`{key}`")), "{name}: {error}"),
                    // Each of these is said by a named fixup.
                    Ok(_) => assert!(
                        ["resultType", "ttlMs", "cacheScope"].contains(&key)
                            || (name, key) == (&"CallToolResult".to_owned(), "content"),
                        "{} {name}: `{key}` is not missed",
                        revision.name
                    ),
                }
            }
        }
    }
}
