//! A schema as a set of facts.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// One thing that a schema says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fact {
    /// The definition, by its new name.
    pub definition: String,
    /// The place in it.
    pub path: String,
    /// What is said.
    pub text: String,
}

impl Fact {
    /// Definition and path.
    pub fn place(&self) -> String {
        at(&self.definition, &self.path)
    }
}

fn at(definition: &str, path: &str) -> String {
    if path.is_empty() { definition.to_owned() } else { format!("{definition}.{path}") }
}

/// Unions of the messages that a side sends.
pub const LISTS: &[&str] =
    &["ClientRequest", "ClientNotification", "ServerRequest", "ServerNotification", "InputRequest"];

/// A schema, beside the one that it is compared with.
pub struct Schema<'a> {
    definitions: &'a Value,
    /// New names of its definitions that are in both.
    lasting: BTreeMap<String, String>,
    /// Places at which a reference is followed all the same.
    expand: &'a BTreeSet<(String, String)>,
}

fn definitions(schema: &Value) -> &Value {
    schema.get("$defs").unwrap_or(&schema["definitions"])
}

fn names(schema: &Value) -> BTreeSet<String> {
    definitions(schema).as_object().into_iter().flat_map(|all| all.keys().cloned()).collect()
}

impl<'a> Schema<'a> {
    /// The old one of two.
    pub fn new(
        old: &'a Value,
        new: &Value,
        renames: &BTreeMap<String, String>,
        expand: &'a BTreeSet<(String, String)>,
    ) -> Self {
        let mut lasting: BTreeMap<String, String> =
            names(old).intersection(&names(new)).map(|name| (name.clone(), name.clone())).collect();
        lasting.extend(renames.clone());
        Self { definitions: definitions(old), lasting, expand }
    }

    /// The new one of two.
    pub fn reversed(
        new: &'a Value,
        old: &Value,
        renames: &BTreeMap<String, String>,
        expand: &'a BTreeSet<(String, String)>,
    ) -> Self {
        let mut lasting: BTreeMap<String, String> =
            names(old).intersection(&names(new)).map(|name| (name.clone(), name.clone())).collect();
        lasting.extend(renames.values().map(|name| (name.clone(), name.clone())));
        Self { definitions: definitions(new), lasting, expand }
    }

    /// All that it says.
    pub fn facts(&self) -> BTreeSet<Fact> {
        let mut facts = BTreeSet::new();
        for (name, schema) in self.definitions.as_object().into_iter().flatten() {
            let definition = self.lasting.get(name).unwrap_or(name);
            if LISTS.contains(&name.as_str()) {
                self.list(schema, name, &mut facts);
                continue;
            }
            self.walk(schema, definition, "", &mut Vec::new(), &mut facts);
        }
        facts
    }

    /// Which methods a union names, by reference or as a copy of its only message.
    fn list(&self, schema: &Value, definition: &str, facts: &mut BTreeSet<Fact>) {
        for member in schema["anyOf"].as_array().unwrap_or(&vec![schema.clone()]) {
            let target = member["$ref"].as_str().and_then(|target| target.rsplit('/').next());
            let message = target.map_or(member, |name| &self.definitions[name]);
            let text = format!("lists {}", message["properties"]["method"]["const"]);
            facts.insert(Fact { definition: definition.to_owned(), path: String::new(), text });
        }
    }

    fn walk<'s>(
        &'s self,
        schema: &'s Value,
        definition: &str,
        path: &str,
        within: &mut Vec<&'s str>,
        facts: &mut BTreeSet<Fact>,
    ) {
        let mut say = |path: &str, text: String| {
            facts.insert(Fact { definition: definition.to_owned(), path: path.to_owned(), text });
        };
        let Some(schema) = schema.as_object() else { return };
        if schema.is_empty() {
            return say(path, "anything".to_owned());
        }
        let values: Vec<&Value> = match (schema.get("const"), schema.get("enum")) {
            (Some(value), _) => vec![value],
            (None, Some(values)) => values.as_array().into_iter().flatten().collect(),
            _ => Vec::new(),
        };
        for value in &values {
            say(path, format!("value {value}"));
        }
        let kinds = match &schema.get("type") {
            Some(Value::Array(kinds)) => kinds.clone(),
            Some(kind) => vec![(*kind).clone()],
            None => Vec::new(),
        };
        if values.is_empty() {
            for kind in kinds.iter().filter_map(Value::as_str) {
                say(path, format!("kind {kind}"));
            }
        }
        for name in schema.get("required").and_then(Value::as_array).into_iter().flatten() {
            let name = name.as_str().unwrap_or_default();
            say(&below(path, name), "required".to_owned());
        }
        for (keyword, value) in schema {
            match keyword.as_str() {
                "const"
                | "enum"
                | "type"
                | "required"
                | "$ref"
                | "allOf"
                | "anyOf"
                | "oneOf"
                | "properties"
                | "items"
                | "additionalProperties" => {}
                keyword => say(path, format!("{keyword}: {value}")),
            }
        }
        match schema.get("additionalProperties") {
            Some(Value::Bool(false)) => say(&below(path, "*"), "nothing".to_owned()),
            Some(values) if values.as_object().is_some_and(|values| !values.is_empty()) => {
                self.walk(values, definition, &below(path, "*"), within, facts);
            }
            _ => {}
        }
        for (name, property) in
            schema.get("properties").and_then(Value::as_object).into_iter().flatten()
        {
            self.walk(property, definition, &below(path, name), within, facts);
        }
        if let Some(items) = schema.get("items") {
            self.walk(items, definition, &format!("{path}[]"), within, facts);
        }
        for keyword in ["allOf", "anyOf", "oneOf"] {
            for part in schema.get(keyword).and_then(Value::as_array).into_iter().flatten() {
                match part.get("$ref").and_then(Value::as_str) {
                    // What holds as well is a part of the definition, whatever it is called.
                    Some(target) if keyword == "allOf" => {
                        self.follow(target, definition, path, within, facts);
                    }
                    _ => self.walk(part, definition, path, within, facts),
                }
            }
        }
        if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
            let name = target.rsplit('/').next().unwrap_or(target);
            match self.lasting.get(name) {
                Some(lasting)
                    if !self.expand.contains(&(at(definition, path), name.to_owned())) =>
                {
                    let text = format!("ref {lasting}");
                    facts.insert(Fact {
                        definition: definition.to_owned(),
                        path: path.to_owned(),
                        text,
                    });
                }
                _ => self.follow(target, definition, path, within, facts),
            }
        }
    }

    fn follow<'s>(
        &'s self,
        target: &'s str,
        definition: &str,
        path: &str,
        within: &mut Vec<&'s str>,
        facts: &mut BTreeSet<Fact>,
    ) {
        let name = target.rsplit('/').next().unwrap_or(target);
        if within.contains(&name) {
            let text = format!("ref {name}, again");
            facts.insert(Fact { definition: definition.to_owned(), path: path.to_owned(), text });
            return;
        }
        within.push(name);
        self.walk(&self.definitions[name], definition, path, within, facts);
        within.pop();
    }
}

fn below(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}
