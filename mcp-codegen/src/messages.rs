//! Methods: which messages there are, who sends them, and what answers them.

use indexmap::IndexMap;

use crate::model::{Const, Node, Shape};
use crate::names;
use crate::normalize::{DIRECTIONS, resolve};
use crate::parse::Definitions;

/// A method.
#[derive(Clone, Debug)]
pub struct Method {
    /// The definition of its message.
    pub definition: String,
    /// The name of its unit type.
    pub name: String,
    /// The method's name on the wire.
    pub method: String,
    /// `ClientToServer`, `ServerToClient` or `Both`.
    pub direction: &'static str,
    /// The parameters: none, or a shape and whether it is required.
    pub params: Option<(Node, bool)>,
    /// What answers it; a notification is not answered.
    pub result: Option<String>,
}

/// All methods of a schema, in the order of its definitions.
pub fn methods(known: &Definitions) -> IndexMap<String, Method> {
    let mut methods = IndexMap::new();
    for (definition, node) in known {
        let Shape::Object(object) = &node.shape else { continue };
        let Some(Shape::Const(Const::String(method))) =
            object.properties.get("method").map(|node| &node.shape)
        else {
            continue;
        };
        let (base, request) = match definition.strip_suffix("Notification") {
            Some(base) => (base, false),
            None => (definition.strip_suffix("Request").unwrap_or(definition), true),
        };
        // A request and a notification can share a base; then the second goes by its whole name.
        let short = names::type_name(base);
        let taken = methods.values().any(|method: &Method| method.name == short);
        let params = object
            .properties
            .get("params")
            .map(|node| (node.clone(), object.required.contains("params")));
        methods.insert(
            definition.clone(),
            Method {
                definition: definition.clone(),
                name: if taken { names::type_name(definition) } else { short },
                method: method.clone(),
                direction: direction(definition, known),
                params,
                result: request.then(|| result(base, known)).flatten(),
            },
        );
    }
    methods
}

fn direction(definition: &str, known: &Definitions) -> &'static str {
    let is_in = |union: &str| {
        known.get(union).is_some_and(|node| match &resolve(node, known).shape {
            Shape::Union(members) => members
                .iter()
                .any(|member| matches!(&member.shape, Shape::Ref(name) if name == definition)),
            _ => false,
        })
    };
    let [client_request, client_notification, server_request, server_notification] =
        DIRECTIONS.map(is_in);
    // Since 2026-07-28 the server asks inside its results.
    let server = server_request || server_notification || is_in("InputRequest");
    match (client_request || client_notification, server) {
        (true, false) => "ClientToServer",
        (false, true) => "ServerToClient",
        _ => "Both",
    }
}

/// The definition of what answers a request: the most telling one that there is.
fn result(base: &str, known: &Definitions) -> Option<String> {
    let response = known.get(&format!("{base}ResultResponse")).and_then(|node| match &node.shape {
        Shape::Object(object) => match object.properties.get("result").map(|node| &node.shape) {
            Some(Shape::Ref(result)) => Some(result.clone()),
            _ => None,
        },
        _ => None,
    });
    let by_name = [format!("{base}Outcome"), format!("{base}Result")];
    let fallback = ["EmptyResult", "Result"].map(str::to_owned);
    response.or_else(|| by_name.into_iter().chain(fallback).find(|name| known.contains_key(name)))
}
