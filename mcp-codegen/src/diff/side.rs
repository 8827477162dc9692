//! One of the two schemas: its definitions, and what they are for.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::facts::{Definitions, Member, Node, Object, Others, Property, kind_of, kinds_in};

/// The unions of the messages that a side sends, and what being in one means.
pub const DIRECTIONS: &[(&str, &str)] = &[
    ("ClientRequest", "client → server request"),
    ("ClientNotification", "client → server notification"),
    ("ServerRequest", "server → client request"),
    ("ServerNotification", "server → client notification"),
    ("InputRequest", "server → client request inside a result"),
];

/// A schema, read.
#[derive(Debug)]
pub struct Side {
    /// Its definitions.
    pub definitions: Definitions,
    /// Of the definitions that are messages: the method.
    pub methods: BTreeMap<String, String>,
    /// Of the definitions that are errors: the code.
    pub codes: BTreeMap<String, String>,
}

impl Side {
    /// Looks over definitions.
    pub fn new(definitions: Definitions) -> Self {
        let mut side = Self { definitions, methods: BTreeMap::new(), codes: BTreeMap::new() };
        side.refer_to_messages();
        for (name, node) in &side.definitions {
            // Another name of a message is no message.
            let Some(object) =
                side.object(node).filter(|_| !matches!(node.only(), Some(Member::Ref(_))))
            else {
                continue;
            };
            let constant = |object: &Object, key: &str| {
                let text = object.properties.get(key)?.node.constant()?;
                serde_json::from_str::<Value>(text).ok()
            };
            if let Some(method) =
                constant(&object, "method").and_then(|m| m.as_str().map(str::to_owned))
            {
                side.methods.insert(name.clone(), method);
            }
            let inner = object.properties.get("error").and_then(|error| side.object(&error.node));
            let code = inner.as_ref().and_then(|inner| constant(inner, "code"));
            let code = code.or_else(|| {
                object.properties.contains_key("message").then(|| constant(&object, "code"))?
            });
            if let Some(code) = code.filter(Value::is_i64) {
                side.codes.insert(name.clone(), code.to_string());
            }
        }
        side
    }

    /// A union of messages with one member may be written as a copy of that member.
    fn refer_to_messages(&mut self) {
        for (union, _) in DIRECTIONS {
            let Some(node) = self.definitions.get(*union) else { continue };
            if !matches!(node.only(), Some(Member::Object(_))) {
                continue;
            }
            let copied = self
                .definitions
                .iter()
                .find(|(name, other)| name != union && node.members == other.members);
            if let Some(name) = copied.map(|(name, _)| name.clone()) {
                self.definitions.insert((*union).to_owned(), Node::of(Member::Ref(name)));
            }
        }
    }

    /// What a reference leads to.
    pub fn target(&self, name: &str) -> Option<&Node> {
        self.definitions.get(name)
    }

    /// A node that is an object, whatever it is combined from.
    pub fn object(&self, node: &Node) -> Option<Object> {
        self.object_within(node, &mut BTreeSet::new())
    }

    fn object_within(&self, node: &Node, seen: &mut BTreeSet<String>) -> Option<Object> {
        match node.only()? {
            Member::Ref(name) if seen.insert(name.clone()) => {
                let object = self.object_within(self.target(name)?, seen);
                seen.remove(name);
                object
            }
            Member::Object(object) => Some(self.flat_within(object, seen)),
            _ => None,
        }
    }

    /// An object with all that it has from others.
    pub fn flat(&self, object: &Object) -> Object {
        self.flat_within(object, &mut BTreeSet::new())
    }

    fn flat_within(&self, object: &Object, seen: &mut BTreeSet<String>) -> Object {
        let mut whole = Object::default();
        for base in &object.bases {
            let node = Node::of(Member::Ref(base.clone()));
            match self.object_within(&node, seen) {
                Some(base) => whole.merge(base, Node::refine),
                // A union, or nothing that is known.
                None if self.target(base).is_none_or(|node| !node.is_any()) => {
                    whole.alternatives.push(node);
                }
                None => {}
            }
        }
        let own = Object { bases: BTreeSet::new(), ..object.clone() };
        whole.merge(own, Node::refine);
        whole
    }

    /// Whether all that a node allows is sure to be of the kinds that a `type` names.
    pub fn is_of(&self, node: &Node, kinds: &Value) -> bool {
        self.is_of_within(node, &kinds_in(kinds), &mut BTreeSet::new())
    }

    fn is_of_within(&self, node: &Node, kinds: &[&str], seen: &mut BTreeSet<String>) -> bool {
        let integer = |kind: &str| kind == "integer" && kinds.contains(&"number");
        (!node.null || kinds.contains(&"null"))
            && node
                .values
                .iter()
                .map(|value| kind_of(value))
                .all(|kind| kinds.contains(&kind) || integer(kind))
            && node.members.iter().all(|member| match member {
                Member::Ref(name) => {
                    let first = seen.insert(name.clone());
                    let target = self.target(name).filter(|_| first);
                    target.is_some_and(|target| self.is_of_within(target, kinds, seen))
                }
                member => member.is_of(kinds),
            })
    }

    /// Who sends a message.
    pub fn directions(&self, definition: &str) -> BTreeSet<&'static str> {
        let sent = |union: &str| {
            let mut next = vec![union];
            let mut seen = BTreeSet::new();
            while let Some(name) = next.pop() {
                for member in self.target(name).into_iter().flat_map(|node| &node.members) {
                    match member {
                        Member::Ref(target) if target == definition => return true,
                        Member::Ref(target) if seen.insert(target) => next.push(target),
                        _ => {}
                    }
                }
            }
            false
        };
        DIRECTIONS.iter().filter(|(union, _)| sent(union)).map(|(_, meaning)| *meaning).collect()
    }

    /// Whether a definition is a list of results, from which nothing is chosen by trial.
    pub fn lists_results(&self, definition: &str) -> bool {
        let Some(node) = self.target(definition) else { return false };
        let result =
            |member: &&Member| matches!(member, Member::Ref(name) if name.ends_with("Result"));
        node.members.len() > 3
            && node.members.iter().filter(result).count() * 2 > node.members.len()
            && !self.uses().iter().any(|(_, _, target)| target == definition)
    }

    /// Whether no message has the envelope written out: older schemas leave it to `JSONRPCRequest`.
    pub fn leaves_out_envelopes(&self) -> bool {
        let bare = |name: &String| {
            let object = self.target(name).and_then(|node| self.object(node));
            object.is_some_and(|object| !object.properties.contains_key("jsonrpc"))
        };
        !self.methods.is_empty()
            && self.methods.keys().all(bare)
            && self.definitions.contains_key("JSONRPCRequest")
    }

    /// Writes the envelope into each message, and into what messages are made from where the other schema does so, too.
    pub fn write_envelopes(&mut self, full: &Self) -> BTreeSet<String> {
        let mut written = BTreeSet::new();
        let field = |name: &str, field: &str| -> Option<Property> {
            self.object(self.target(name)?)?.properties.get(field).cloned()
        };
        let envelope =
            ["jsonrpc", "id"].map(|name| (name, field("JSONRPCRequest", name).unwrap_or_default()));
        for (name, node) in &mut self.definitions {
            let [Member::Object(object)] = node.members.as_mut_slice() else { continue };
            let other = full.target(name).and_then(|node| full.object(node));
            let method = self.methods.get(name);
            if !object.properties.contains_key("method") || name.starts_with("JSONRPC") {
                continue;
            }
            for (field, property) in &envelope {
                let has = match method {
                    Some(method) => {
                        let notifies =
                            name.ends_with("Notification") || method.starts_with("notifications/");
                        *field == "jsonrpc" || !notifies
                    }
                    None => {
                        other.as_ref().is_some_and(|other| other.properties.contains_key(*field))
                    }
                };
                if has {
                    object.properties.insert((*field).to_owned(), property.clone());
                    written.extend(other.as_ref().map(|_| name.clone()));
                }
            }
        }
        written
    }

    /// All references: from which definition, where in it, to which.
    pub fn uses(&self) -> BTreeSet<(String, String, String)> {
        let mut uses = BTreeSet::new();
        for (user, node) in &self.definitions {
            walk(node, "", &mut |path, target| {
                uses.insert((user.clone(), path.to_owned(), target.to_owned()));
            });
        }
        uses
    }
}

/// Goes through all references below a node.
fn walk(node: &Node, path: &str, found: &mut dyn FnMut(&str, &str)) {
    for member in &node.members {
        match member {
            Member::Ref(target) => found(path, target),
            Member::Array(items, _) => walk(items, &format!("{path}[]"), found),
            Member::Object(object) => {
                for (name, property) in &object.properties {
                    walk(&property.node, &join(path, name), found);
                }
                if let Others::Shaped(values) = &object.others {
                    walk(values, &join(path, "*"), found);
                }
                object.bases.iter().for_each(|base| found(path, base));
                object.alternatives.iter().for_each(|node| walk(node, path, found));
            }
            Member::Any | Member::Simple(..) => {}
        }
    }
}

/// A path and a property.
pub fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}
