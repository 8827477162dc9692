//! Values made from a schema: an independent reading of it, against which the generated types are held.

use serde_json::{Map, Value, json};

/// A schema's definitions.
pub struct Schema {
    definitions: Map<String, Value>,
}

/// How much a sample holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fill {
    /// Required members only.
    Least,
    /// All members.
    Most,
}

/// Definitions that refer to themselves end at this depth.
const DEPTH: usize = 7;

impl Schema {
    /// The distilled schema of a revision.
    ///
    /// # Panics
    ///
    /// If the workspace lacks it: nothing can be tested then.
    pub fn of(revision: &str) -> Self {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../mcp-schema/schemas");
        let text = std::fs::read_to_string(format!("{folder}/{revision}.json"));
        let text = text.expect("the workspace holds its schemas");
        let schema: Value = serde_json::from_str(&text).expect("a distilled schema is JSON");
        let definitions =
            ["$defs", "definitions"].into_iter().find_map(|keyword| schema[keyword].as_object());
        let definitions = definitions.expect("a schema has definitions").clone();
        Self { definitions }
    }

    /// The names of all definitions.
    pub fn names(&self) -> impl Iterator<Item = &String> {
        self.definitions.keys()
    }

    /// A definition.
    pub fn definition(&self, name: &str) -> &Value {
        &self.definitions[name]
    }

    /// Values of a definition: least and most, with each alternative that a seed reaches.
    pub fn samples(&self, name: &str) -> Vec<Value> {
        let mut samples = Vec::new();
        for fill in [Fill::Least, Fill::Most] {
            for seed in 0..12 {
                let mut seed = seed;
                let sample = self.sample(&self.definitions[name], name, fill, &mut seed, 0);
                if !samples.contains(&sample) {
                    samples.push(sample);
                }
            }
        }
        samples
    }

    /// The schema that a reference leads to, and the name of the definition that it stands in.
    pub fn resolve<'a>(&'a self, schema: &'a Value, name: &'a str) -> (&'a Value, &'a str) {
        match schema["$ref"].as_str().and_then(|reference| reference.rsplit('/').next()) {
            Some(name) => self.resolve(&self.definitions[name], name),
            None => (schema, name),
        }
    }

    fn sample(
        &self,
        schema: &Value,
        name: &str,
        fill: Fill,
        seed: &mut usize,
        depth: usize,
    ) -> Value {
        let (schema, name) = self.resolve(schema, name);
        let fill = if depth > DEPTH { Fill::Least } else { fill };
        // Alternatives are taken in turn; deep down the first, which ends.
        let mut pick = |count: usize| {
            let picked = if depth > DEPTH { 0 } else { *seed % count };
            *seed = *seed / count.max(2) + depth;
            picked
        };
        if let Some(members) = schema["anyOf"].as_array() {
            let member = &members[pick(members.len())];
            return self.sample(member, name, fill, seed, depth + 1);
        }
        if let Some(parts) = schema["allOf"].as_array() {
            let mut whole = Map::new();
            for part in parts {
                if let Value::Object(part) = self.sample(part, name, fill, seed, depth) {
                    whole.extend(part);
                }
            }
            return Value::Object(whole);
        }
        if let Some(value) = schema.get("const") {
            return value.clone();
        }
        if let Some(values) = schema["enum"].as_array() {
            return values[pick(values.len())].clone();
        }
        let kind = match &schema["type"] {
            Value::Array(kinds) => kinds[pick(kinds.len())].clone(),
            kind => kind.clone(),
        };
        match kind.as_str() {
            Some("string") => json!(format!("text {depth}")),
            // Beyond what a float holds exactly, where that is no number of its own kind.
            Some("integer") => json!(9_007_199_254_740_993_i64 - depth as i64),
            Some("number") => [json!(50), json!(0.25), json!(1.0)][pick(3)].clone(),
            Some("boolean") => json!(depth.is_multiple_of(2)),
            Some("null") => Value::Null,
            Some("array") => match (fill, schema.get("items")) {
                (Fill::Most, Some(items)) => {
                    json!([
                        self.sample(items, name, fill, seed, depth + 1),
                        self.sample(items, name, fill, seed, depth + 1)
                    ])
                }
                _ => json!([]),
            },
            Some("object") => self.object(schema, name, fill, seed, depth),
            _ => json!({ "z": [1, null, 2.5], "a": { "any": true } }),
        }
    }

    fn object(
        &self,
        schema: &Value,
        name: &str,
        fill: Fill,
        seed: &mut usize,
        depth: usize,
    ) -> Value {
        let mut object = Map::new();
        let required: Vec<&str> =
            schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        for (key, property) in schema["properties"].as_object().into_iter().flatten() {
            if fill == Fill::Least && !required.contains(&key.as_str()) {
                continue;
            }
            let mut value = self.sample(property, name, fill, seed, depth + 1);
            // The schema has it as a string; its values are in the prose (2026-07-28, Basic).
            if key == "resultType" && property.get("const").is_none() {
                value = json!(if name == "InputRequiredResult" {
                    "input_required"
                } else {
                    "complete"
                });
            }
            object.insert(key.clone(), value);
        }
        match schema.get("additionalProperties") {
            Some(values) if fill == Fill::Most && values.get("not").is_none() => {
                for key in ["zulu", "alpha"] {
                    object.insert(key.to_owned(), self.sample(values, name, fill, seed, depth + 1));
                }
            }
            _ => {}
        }
        Value::Object(object)
    }
}

/// Calls `visit` with the pointer of every object in `value`.
pub fn objects(value: &Value, at: &str, visit: &mut impl FnMut(&str)) {
    match value {
        Value::Object(members) => {
            visit(at);
            for (key, value) in members {
                let key = key.replace('~', "~0").replace('/', "~1");
                objects(value, &format!("{at}/{key}"), visit);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                objects(value, &format!("{at}/{index}"), visit);
            }
        }
        _ => {}
    }
}
