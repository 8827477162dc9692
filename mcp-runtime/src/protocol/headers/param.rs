//! Tool parameters that are mirrored into `Mcp-Param-*` headers (2026-07-28, Streamable HTTP, Custom Headers from Tool
//! Parameters).

use serde_json::{Map, Number, Value};

use super::{Mismatch, decoded};

const ANNOTATION: &str = "x-mcp-header";

/// The largest integer that JavaScript holds exactly, 2^53 - 1 (Schema Extension).
const SAFE_INTEGER: i64 = 9_007_199_254_740_991;

/// Keywords whose value is data, in which the annotation's name means nothing.
const DATA: [&str; 4] = ["const", "default", "enum", "examples"];

/// Keywords whose value maps names of the author's choice to schemas.
const NAMED: [&str; 5] =
    ["properties", "patternProperties", "$defs", "definitions", "dependentSchemas"];

/// The annotated parameters of one tool, collected from its input schema when the tool is registered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ParamHeaders {
    headers: Vec<ParamHeader>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct ParamHeader {
    /// With the prefix: `Mcp-Param-Region`.
    name: String,
    /// The `properties` keys that lead to the parameter; a value is found at the same path of the arguments.
    path: Vec<String>,
}

impl ParamHeaders {
    /// Collects every `x-mcp-header` of an input schema.
    ///
    /// # Errors
    ///
    /// Every violation of the constraints on the annotation, each naming the place in the schema: a client must leave a
    /// tool with a single one out of its list.
    pub(crate) fn from_schema(schema: &Map<String, Value>) -> Result<Self, Vec<String>> {
        let mut problems = Vec::new();
        let mut headers: Vec<ParamHeader> = Vec::new();
        if schema.contains_key(ANNOTATION) {
            problems.push(format!(
                "`{ANNOTATION}` at the root of the schema: annotate a property instead"
            ));
        }

        // A stack in place of recursion: the schema may come from anywhere. Reversed, to report in the order of the text.
        let mut objects = vec![(schema, Vec::<String>::new())];
        while let Some((object, path)) = objects.pop() {
            let properties = object.get("properties").and_then(Value::as_object);
            for (name, property) in properties.into_iter().flatten() {
                let Some(annotation) = property.get(ANNOTATION) else {
                    continue;
                };
                let mut path = path.clone();
                path.push(name.clone());
                match header_name(annotation, property) {
                    Ok(name) if headers.iter().any(|h| h.name.eq_ignore_ascii_case(&name)) => {
                        problems.push(format!(
                            "`{ANNOTATION}` at {}: {annotation} is already taken, and header names are compared without \
                             case: choose another name",
                            path.join(".")
                        ));
                    }
                    Ok(name) => headers.push(ParamHeader { name, path }),
                    Err(problem) => {
                        problems.push(format!("`{ANNOTATION}` at {}: {problem}", path.join(".")));
                    }
                }
            }
            strays(object, &path, &mut problems);
            for (name, property) in properties.into_iter().flatten().rev() {
                if let Value::Object(property) = property {
                    let mut path = path.clone();
                    path.push(name.clone());
                    objects.push((property, path));
                }
            }
        }
        if problems.is_empty() { Ok(Self { headers }) } else { Err(problems) }
    }

    /// Whether no parameter is mirrored; then the arguments need not be looked at.
    pub(crate) fn is_empty(&self) -> bool {
        self.headers.is_empty()
    }

    /// Whether the headers say the same as `arguments`, the JSON text of the call's arguments (Server Behavior for Custom
    /// Headers). `lookup` finds the value of a header and must compare its name without case.
    ///
    /// # Errors
    ///
    /// The first [`Mismatch`], to be answered with 400 and -32020 `HeaderMismatch`.
    pub(crate) fn check<'h>(
        &self,
        arguments: Option<&str>,
        lookup: impl Fn(&str) -> Option<&'h [u8]>,
    ) -> Result<(), Mismatch> {
        if self.is_empty() {
            return Ok(());
        }
        let arguments: Value = serde_json::from_str(arguments.unwrap_or("null"))
            .map_err(|error| Mismatch::Arguments { reason: error.to_string() })?;
        self.headers
            .iter()
            .try_for_each(|header| header.check(header.find(&arguments), lookup(&header.name)))
    }

    /// The headers of a call with these arguments: names, and values as they are sent (Client Behavior). What is absent or null
    /// has none.
    ///
    /// # Errors
    ///
    /// The [`Mismatch`] of an argument that no header can mirror.
    #[cfg(feature = "client")]
    pub(crate) fn values(&self, arguments: &Value) -> Result<Vec<(String, String)>, Mismatch> {
        let mut values = Vec::new();
        for header in &self.headers {
            let found = header.find(arguments);
            header.mirrorable(found)?;
            let text = match found {
                Value::String(text) => text.clone(),
                Value::Bool(flag) => flag.to_string(),
                Value::Number(number) => decimal(number),
                _ => continue,
            };
            values.push((header.name.clone(), super::encode_value(&text).into_owned()));
        }
        Ok(values)
    }
}

impl ParamHeader {
    /// The argument that it mirrors; null if there is none.
    fn find<'a>(&self, arguments: &'a Value) -> &'a Value {
        let found = self.path.iter().try_fold(arguments, |value, key| value.get(key));
        found.unwrap_or(&Value::Null)
    }

    fn mirrorable(&self, body: &Value) -> Result<(), Mismatch> {
        let reason = match body {
            Value::Number(number) if !is_safe(number) => "integers are limited to ±(2^53 - 1)",
            // Not left to the tool: a gateway that looks for the header would be led past.
            Value::Array(_) | Value::Object(_) => "it is no string, integer or boolean",
            _ => return Ok(()),
        };
        let (header, member) = (self.name.clone(), self.path.join("."));
        Err(Mismatch::Unmirrorable { header, member, reason })
    }

    /// Goes by the type that the value has, not by the annotated one: that an argument has a wrong type is for the tool to
    /// say, in words from which a model learns.
    fn check(&self, body: &Value, value: Option<&[u8]>) -> Result<(), Mismatch> {
        self.mirrorable(body)?;
        let value = match (value, body) {
            (None, Value::Null) => return Ok(()),
            (None, _) => return Err(Mismatch::missing(&self.name)),
            (Some(value), _) => decoded(&self.name, value)?,
        };
        let (equal, shown) = match body {
            Value::String(text) => (*text == value, text.clone()),
            Value::Number(number) => (equals(number, &value), number.to_string()),
            Value::Bool(flag) => (value == if *flag { "true" } else { "false" }, flag.to_string()),
            // Null; the others have returned.
            _ => {
                return Err(Mismatch::not_in_body(&self.name, &value, &self.path.join(".")));
            }
        };
        if equal { Ok(()) } else { Err(Mismatch::differs(&self.name, &value, &shown)) }
    }
}

/// The name of the header, if annotation and type of the property are what they must be.
fn header_name(annotation: &Value, property: &Value) -> Result<String, String> {
    let Value::String(name) = annotation else {
        return Err(format!(
            "{annotation} is no string: give the part of the name after `Mcp-Param-`"
        ));
    };
    if name.is_empty() {
        return Err("the name is empty: give the part after `Mcp-Param-`".to_owned());
    }
    if let Some(bad) = name.chars().find(|c| !is_token(*c)) {
        return Err(format!(
            "{annotation} holds {bad:?}: a header's name has letters, digits and any of !#$%&'*+-.^_`|~ only"
        ));
    }
    match property.get("type") {
        Some(Value::String(kind)) if matches!(kind.as_str(), "string" | "integer" | "boolean") => {
            Ok(format!("Mcp-Param-{name}"))
        }
        Some(Value::Array(_)) => Err("the type is a list, which clients refuse: use one type, and leave an optional \
                                      parameter out of `required` instead of allowing null"
            .to_owned()),
        Some(kind) => {
            Err(format!("the type is {kind}: only string, integer and boolean can be mirrored"))
        }
        None => Err("the property has no `type` of its own: write string, integer or boolean in its place, without \
                     `$ref` or composition"
            .to_owned()),
    }
}

/// RFC 9110, 5.6.2: tchar.
fn is_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c)
}

/// Reports annotations below every keyword of `object` other than `properties`: not reachable by `properties` alone.
fn strays(object: &Map<String, Value>, path: &[String], problems: &mut Vec<String>) {
    let mut pending: Vec<(String, &Value)> = Vec::new();
    push_keywords(object, &path.join("."), false, &mut pending);
    while let Some((place, value)) = pending.pop() {
        match value {
            Value::Array(items) => {
                let items = items.iter().enumerate().rev();
                pending.extend(items.map(|(index, item)| (format!("{place}[{index}]"), item)));
            }
            Value::Object(schema) => {
                if schema.contains_key(ANNOTATION) {
                    problems.push(format!(
                        "`{ANNOTATION}` at {place}: only a property that is reached from the root by `properties` alone can \
                         be mirrored"
                    ));
                }
                push_keywords(schema, &place, true, &mut pending);
            }
            _ => {}
        }
    }
}

/// The subschemas of a schema, with their places; those of `properties` only where they are strays, too.
fn push_keywords<'a>(
    schema: &'a Map<String, Value>,
    place: &str,
    properties: bool,
    pending: &mut Vec<(String, &'a Value)>,
) {
    let below = |key: &str| {
        if place.is_empty() { key.to_owned() } else { format!("{place}.{key}") }
    };
    for (keyword, value) in schema.iter().rev() {
        match value {
            _ if DATA.contains(&keyword.as_str()) || (keyword == "properties" && !properties) => {}
            Value::Object(named) if NAMED.contains(&keyword.as_str()) => {
                let named = named.iter().rev();
                pending.extend(named.map(|(name, v)| (below(&format!("{keyword}.{name}")), v)));
            }
            _ => pending.push((below(keyword), value)),
        }
    }
}

/// `42` for `42.0`: servers may read an integer.
#[cfg(feature = "client")]
fn decimal(number: &Number) -> String {
    match number.as_f64() {
        // It is in the safe range, so the conversion is exact.
        Some(float) if float.fract() == 0.0 => (float as i64).to_string(),
        _ => number.to_string(),
    }
}

fn is_safe(number: &Number) -> bool {
    match (number.as_i64(), number.as_f64()) {
        (Some(integer), _) => (-SAFE_INTEGER..=SAFE_INTEGER).contains(&integer),
        (None, Some(float)) => float.fract() != 0.0 || float.abs() <= SAFE_INTEGER as f64,
        (None, None) => false,
    }
}

/// Server Validation: integers compare as numbers, `42.0` equals `42`. The body's number is in the safe range, where an
/// `f64` is exact.
fn equals(body: &Number, header: &str) -> bool {
    let Ok(header) = serde_json::from_str::<Number>(header) else {
        return false;
    };
    is_safe(&header) && body.as_f64() == header.as_f64()
}
