//! What checking a value against a peer's schema may cost (2026-07-28, Composition-Keyword Resource Use).
//!
//! A schema of a few lines can make a validator work for ever: references that double with each step, or with each level of the
//! value. So what the validator is about to do is walked through first, schema by schema and value by value, with a budget in
//! place of results. The walk is never shorter than the work, since it follows all branches and matches no patterns.

use std::collections::HashMap;

use mcp_schema::{JsonObject, Value};

/// How many objects a schema may have.
const OBJECTS: usize = 10_000;

/// How many schemas may stand or refer within each other, with the levels of the value.
const DEPTH: usize = 400;

/// How often a schema is applied to a part of the value: at least this often, and so often for each of its parts.
const STEPS: usize = 50_000;
const STEPS_EACH: usize = 50;

const REFERENCES: [&str; 3] = ["$ref", "$dynamicRef", "$recursiveRef"];

/// Keywords that apply a schema, or a list of them, to the value itself.
const HERE: [&str; 8] =
    ["allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas"];

/// Keywords that apply one to the parts of the value.
const PARTS: [&str; 7] = [
    "additionalProperties",
    "unevaluatedProperties",
    "items",
    "prefixItems",
    "additionalItems",
    "unevaluatedItems",
    "contains",
];

/// A schema whose cost can be told.
pub(super) struct Bounded {
    root: Value,
    /// Places of `$anchor` and `$dynamicAnchor`, as JSON pointers.
    anchors: HashMap<String, String>,
}

impl Bounded {
    /// # Errors
    ///
    /// That it is too large.
    pub fn new(schema: &JsonObject) -> Result<Self, String> {
        let root = Value::Object(schema.clone());
        let (mut anchors, mut objects) = (HashMap::new(), 0);
        let mut pending = vec![(String::new(), &root)];
        while let Some((place, value)) = pending.pop() {
            match value {
                Value::Object(object) => {
                    objects += 1;
                    if objects > OBJECTS {
                        return Err(format!("it has more than {OBJECTS} objects"));
                    }
                    for keyword in ["$anchor", "$dynamicAnchor"] {
                        if let Some(name) = object.get(keyword).and_then(Value::as_str) {
                            anchors.insert(name.to_owned(), place.clone());
                        }
                    }
                    let escaped = |key: &str| key.replace('~', "~0").replace('/', "~1");
                    let below = object
                        .iter()
                        .map(|(key, value)| (format!("{place}/{}", escaped(key)), value));
                    pending.extend(below);
                }
                Value::Array(items) => {
                    let below = items.iter().enumerate();
                    pending.extend(below.map(|(at, item)| (format!("{place}/{at}"), item)));
                }
                _ => {}
            }
        }
        let bounded = Self { root, anchors };
        bounded.is_shallow()?;
        Ok(bounded)
    }

    /// Refuses what nests or refers too deep, before anything recursive touches it: the longest way through the schema that
    /// does not come back to itself is measured, with each object visited once.
    fn is_shallow(&self) -> Result<(), String> {
        enum Visit<'a> {
            Enter(&'a Value),
            Leave(&'a Value),
        }
        // By address, each value with how deep it is; none while it is being visited, which ends circles.
        let mut depths: HashMap<*const Value, Option<usize>> = HashMap::new();
        let mut pending = vec![Visit::Enter(&self.root)];
        while let Some(visit) = pending.pop() {
            match visit {
                Visit::Enter(value) if depths.contains_key(&std::ptr::from_ref(value)) => {}
                Visit::Enter(value) => {
                    depths.insert(value, None);
                    pending.push(Visit::Leave(value));
                    pending.extend(self.below(value).map(Visit::Enter));
                }
                Visit::Leave(value) => {
                    let known = |below: &Value| depths.get(&std::ptr::from_ref(below)).copied();
                    let below = self.below(value).filter_map(known).flatten().max();
                    let depth = below.map_or(1, |below| below + 1);
                    if depth > DEPTH {
                        return Err(format!("it nests, or refers, more than {DEPTH} levels deep"));
                    }
                    depths.insert(value, Some(depth));
                }
            }
        }
        Ok(())
    }

    /// What stands in a value, and what it refers to.
    fn below<'a>(&'a self, value: &'a Value) -> impl Iterator<Item = &'a Value> {
        let references = REFERENCES.iter().filter_map(|keyword| value.get(keyword)?.as_str());
        let targets = references.filter_map(|target| self.find(target).ok());
        parts(value).filter(|part| part.is_object() || part.is_array()).chain(targets)
    }

    /// Whether a value can be checked at a price that goes with its size.
    ///
    /// # Errors
    ///
    /// Why not.
    pub fn affords(&self, value: &Value) -> Result<(), String> {
        let budget = STEPS + STEPS_EACH * size(value);
        let mut walk = Walk { pending: vec![(&self.root, value, 0)], pushed: 0, budget };
        while let Some((schema, value, depth)) = walk.pending.pop() {
            let is_root = std::ptr::eq(schema, &raw const self.root);
            let Value::Object(schema) = schema else {
                continue;
            };
            if schema.get("$id").is_some_and(Value::is_string) && !is_root {
                return Err("it holds another schema with an `$id` of its own".to_owned());
            }
            for keyword in REFERENCES {
                if let Some(Value::String(target)) = schema.get(keyword) {
                    walk.push(self.find(target)?, value, depth)?;
                }
            }
            for keyword in HERE {
                match schema.get(keyword) {
                    Some(Value::Array(schemas)) => {
                        schemas.iter().try_for_each(|schema| walk.push(schema, value, depth))?;
                    }
                    Some(Value::Object(named)) if keyword == "dependentSchemas" => {
                        named.values().try_for_each(|schema| walk.push(schema, value, depth))?;
                    }
                    Some(schema) => walk.push(schema, value, depth)?,
                    None => {}
                }
            }
            for part in parts(value) {
                for keyword in PARTS {
                    match schema.get(keyword) {
                        Some(Value::Array(schemas)) => {
                            schemas.iter().try_for_each(|schema| walk.push(schema, part, depth))?;
                        }
                        Some(schema) => walk.push(schema, part, depth)?,
                        None => {}
                    }
                }
                if let Some(Value::Object(patterns)) = schema.get("patternProperties") {
                    patterns.values().try_for_each(|schema| walk.push(schema, part, depth))?;
                }
            }
            if let (Value::Object(members), Some(Value::Object(properties))) =
                (value, schema.get("properties"))
            {
                for (name, member) in members {
                    if let Some(schema) = properties.get(name) {
                        walk.push(schema, member, depth)?;
                    }
                }
            }
            if let (Value::Object(members), Some(names)) = (value, schema.get("propertyNames")) {
                members.keys().try_for_each(|_| walk.push(names, &Value::Null, depth))?;
            }
        }
        Ok(())
    }

    /// Where a reference leads. It does not lead out of the schema.
    fn find(&self, reference: &str) -> Result<&Value, String> {
        let own = self.root.get("$id").and_then(Value::as_str);
        let outside = || format!("it refers to `{reference}`, which is not in it");
        let fragment = match reference.split_once('#') {
            Some(("", fragment)) => fragment,
            Some((base, fragment)) if Some(base) == own => fragment,
            None if Some(reference) == own => "",
            _ => return Err(outside()),
        };
        let fragment = decoded(fragment).ok_or_else(outside)?;
        let pointer = match self.anchors.get(&fragment) {
            Some(pointer) => pointer,
            None => &fragment,
        };
        self.root.pointer(pointer).ok_or_else(outside)
    }
}

struct Walk<'a> {
    pending: Vec<(&'a Value, &'a Value, usize)>,
    pushed: usize,
    budget: usize,
}

impl<'a> Walk<'a> {
    fn push(&mut self, schema: &'a Value, value: &'a Value, depth: usize) -> Result<(), String> {
        // Steps are counted where they are planned, so that plans are bounded, too.
        self.pushed += 1;
        if self.pushed > self.budget {
            return Err("to check it would take too long".to_owned());
        }
        if depth >= DEPTH {
            return Err(format!(
                "it nests more than {DEPTH} schemas, or refers to itself for ever"
            ));
        }
        self.pending.push((schema, value, depth + 1));
        Ok(())
    }
}

fn parts(value: &Value) -> Box<dyn Iterator<Item = &Value> + '_> {
    match value {
        Value::Object(members) => Box::new(members.values()),
        Value::Array(items) => Box::new(items.iter()),
        _ => Box::new(std::iter::empty()),
    }
}

/// How many parts a value has, with itself.
fn size(value: &Value) -> usize {
    let (mut size, mut pending) = (0, vec![value]);
    while let Some(value) = pending.pop() {
        size += 1;
        pending.extend(parts(value));
    }
    size
}

/// A fragment without its percent signs.
fn decoded(fragment: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(fragment.len());
    let mut rest = fragment.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digits = [rest.next()?, rest.next()?];
                u8::from_str_radix(str::from_utf8(&digits).ok()?, 16).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn bounded(schema: Value) -> Bounded {
        let Value::Object(schema) = schema else { panic!("an object") };
        Bounded::new(&schema).expect("small enough")
    }

    /// `a0` refers to `a1` twice, and so on.
    fn doubling(times: usize, keyword: &str) -> Value {
        let mut definitions = JsonObject::new();
        for at in 0..times {
            let next = json!({ "$ref": format!("#/$defs/a{}", at + 1) });
            definitions.insert(format!("a{at}"), json!({ keyword: [next, next] }));
        }
        definitions.insert(format!("a{times}"), json!({ "type": "string" }));
        json!({ "$defs": definitions, "$ref": "#/$defs/a0" })
    }

    #[test]
    fn what_doubles_with_each_reference_is_refused() {
        for keyword in ["allOf", "anyOf", "oneOf"] {
            assert_eq!(bounded(doubling(8, keyword)).affords(&json!({})), Ok(()));
            assert!(bounded(doubling(40, keyword)).affords(&json!({})).is_err(), "{keyword}");
        }
    }

    #[test]
    fn what_doubles_with_each_level_of_the_value_is_refused() {
        let one = json!({ "properties": { "x": { "$ref": "#/$defs/node" } } });
        let schema =
            json!({ "$defs": { "node": { "allOf": [one, one] } }, "$ref": "#/$defs/node" });
        let deep = |levels| (0..levels).fold(json!({}), |inner, _| json!({ "x": inner }));
        assert_eq!(bounded(schema.clone()).affords(&deep(5)), Ok(()));
        assert!(bounded(schema).affords(&deep(60)).is_err());
    }

    #[test]
    fn what_refers_to_itself_or_through_thousands_is_refused() {
        for schema in [json!({ "$ref": "#" }), json!({ "allOf": [{ "$ref": "#" }] })] {
            assert!(bounded(schema).affords(&json!({})).is_err());
        }
        let definitions: JsonObject = (0..3000)
            .map(|at| (format!("a{at}"), json!({ "$ref": format!("#/$defs/a{}", at + 1) })))
            .collect();
        let Value::Object(chain) = json!({ "$defs": definitions, "$ref": "#/$defs/a0" }) else {
            panic!("an object")
        };
        assert!(Bounded::new(&chain).is_err());
        let many: Vec<Value> = (0..OBJECTS).map(|_| json!({})).collect();
        let Value::Object(many) = json!({ "allOf": many }) else { panic!("an object") };
        assert!(Bounded::new(&many).is_err());
    }

    #[test]
    fn trees_and_long_lists_are_affordable() {
        let tree = bounded(json!({
            "$id": "https://example.com/tree",
            "$defs": { "a b": { "$anchor": "node", "properties": {
                "left": { "$ref": "#/$defs/a%20b" },
                "right": { "$ref": "https://example.com/tree#node" },
            } } },
            "$ref": "#node",
        }));
        let full = (0..10).fold(json!({}), |below, _| json!({ "left": below, "right": below }));
        assert_eq!(tree.affords(&full), Ok(()));
        let list =
            bounded(json!({ "items": { "anyOf": [{ "type": "string" }, { "type": "null" }] } }));
        assert_eq!(list.affords(&Value::Array(vec![Value::Null; 100_000])), Ok(()));
    }

    #[test]
    fn references_stay_inside() {
        for reference in ["http://127.0.0.1:9/x", "file:///etc/passwd", "other.json", "#/$defs/no"]
        {
            let problem = bounded(json!({ "$ref": reference })).affords(&json!(1));
            assert!(problem.expect_err("refused").contains(reference));
        }
    }
}
