//! Owned parameters: what the client sends, decoded straight into the handler's types.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::value::StrDeserializer;
use serde::de::{DeserializeOwned, Deserializer, IntoDeserializer, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use super::definition::schema_of;
use super::outcome::Outcome;
use crate::error::RpcError;
use crate::protocol::envelope;
use crate::protocol::json_path::path_at;

/// A type that a tool takes as one argument: anything with `serde::Deserialize` and `schemars::JsonSchema`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an argument of a tool",
    label = "clients cannot send a `{Self}`",
    note = "derive `serde::Deserialize` and `schemars::JsonSchema` for it",
    note = "what the server lends is borrowed: `&Context`, `&State<T>`"
)]
pub trait ToolArgument: Sized + Send {
    /// Reads a value; nothing when it is absent.
    #[doc(hidden)]
    fn decode(raw: Option<&RawValue>) -> Result<Self, serde_json::Error>;
    /// Its schema.
    #[doc(hidden)]
    fn schema(generator: &mut SchemaGenerator) -> Schema;
    /// Whether it has a value when it is absent.
    #[doc(hidden)]
    fn may_be_absent() -> bool {
        Self::decode(None).is_ok()
    }
}

#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned + JsonSchema + Send> ToolArgument for T {
    fn decode(raw: Option<&RawValue>) -> Result<Self, serde_json::Error> {
        match raw {
            Some(raw) => serde_json::from_str(raw.get()),
            None => T::deserialize(Absent),
        }
    }

    fn schema(generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<T>()
    }
}

/// A type that a tool takes as all its arguments: a struct with `serde::Deserialize` and `schemars::JsonSchema`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot hold the arguments of a tool",
    label = "no type for a whole argument object",
    note = "write `Args(arguments): Args<T>`, where `T` derives `serde::Deserialize` and `schemars::JsonSchema`"
)]
pub trait ToolArguments: Sized + Send {
    /// Reads the arguments.
    #[doc(hidden)]
    fn decode(raw: &str) -> Result<Self, serde_json::Error>;
    /// Their schema.
    #[doc(hidden)]
    fn schema(generator: &mut SchemaGenerator) -> Schema;
}

/// All arguments of a call as one value.
///
/// ```
/// use mcp_runtime::{Args, mcp_tool};
/// use schemars::JsonSchema;
/// use serde::Deserialize;
///
/// #[derive(Deserialize, JsonSchema)]
/// struct Order { item: String, #[serde(default)] express: bool }
///
/// /// Orders an item.
/// #[mcp_tool]
/// async fn order(Args(order): Args<Order>) -> String {
///     format!("{}{}", order.item, if order.express { ", express" } else { "" })
/// }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Args<T>(pub T);

impl<T: ArgumentObject> ToolArguments for Args<T> {
    fn decode(raw: &str) -> Result<Self, serde_json::Error> {
        T::decode(raw).map(Args)
    }

    fn schema(generator: &mut SchemaGenerator) -> Schema {
        T::schema(generator)
    }
}

/// What [`Args`] can hold: a struct with `serde::Deserialize` and `schemars::JsonSchema`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot hold the arguments of a tool",
    label = "clients cannot send a `{Self}`",
    note = "derive `serde::Deserialize` and `schemars::JsonSchema` for it"
)]
pub trait ArgumentObject: Sized + Send {
    /// Reads the arguments.
    #[doc(hidden)]
    fn decode(raw: &str) -> Result<Self, serde_json::Error>;
    /// Their schema.
    #[doc(hidden)]
    fn schema(generator: &mut SchemaGenerator) -> Schema;
}

#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned + JsonSchema + Send> ArgumentObject for T {
    fn decode(raw: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(raw)
    }

    fn schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

/// The value of a field that is not there: an error for every type that needs one.
struct Absent;

impl<'de> Deserializer<'de> for Absent {
    type Error = serde_json::Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Self::Error> {
        Err(serde::de::Error::custom("it is missing"))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_none()
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// The arguments of one call of a tool, while they are taken out.
pub struct Arguments<'a> {
    raw: &'a str,
    entries: Vec<(Cow<'a, str>, &'a RawValue)>,
    mistakes: Vec<String>,
    /// Up to 2025-06-18 a mismatch is an error of the protocol; later it is a result that the model can learn from
    /// (2025-11-25, Tools, Error Handling).
    as_result: bool,
}

impl<'a> Arguments<'a> {
    pub(crate) fn new(raw: Option<&'a str>, names: &[Cow<'static, str>], as_result: bool) -> Self {
        let raw = raw.unwrap_or("{}");
        let (entries, mistakes) = match envelope::entries(raw, names) {
            Ok(entries) => (entries, Vec::new()),
            Err(error) => (Vec::new(), vec![format!("`arguments`: {}", plain(&error))]),
        };
        Self { raw, entries, mistakes, as_result }
    }

    /// Takes one argument; on a mistake nothing, and the mistake is kept.
    pub fn take<T: ToolArgument>(&mut self, name: &'static str) -> Option<T> {
        let raw = self.find(name);
        let result = T::decode(raw);
        self.note(name, raw, result)
    }

    /// Takes one argument that has a value when it is absent.
    pub fn take_or<T: ToolArgument>(
        &mut self,
        name: &'static str,
        default: impl FnOnce() -> T,
    ) -> Option<T> {
        match self.find(name) {
            None => Some(default()),
            Some(_) => self.take(name),
        }
    }

    /// Takes all arguments.
    pub fn whole<T: ToolArguments>(&mut self) -> Option<T> {
        let result = T::decode(self.raw);
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                self.mistakes.push(mistake("", self.raw, &error));
                None
            }
        }
    }

    fn find(&self, name: &str) -> Option<&'a RawValue> {
        self.entries.iter().find(|(key, _)| key == name).map(|(_, raw)| *raw)
    }

    /// Keeps a mistake that only the decoded value shows.
    pub(crate) fn mistaken(&mut self, name: &str, why: &str) {
        self.mistakes.push(format!("`{name}`: {why}"));
    }

    // Not generic over what was read more than it must be: each type that is an argument somewhere instantiates this once.
    fn note<T>(
        &mut self,
        name: &str,
        raw: Option<&RawValue>,
        result: Result<T, serde_json::Error>,
    ) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                self.mistakes.push(match raw {
                    Some(raw) => mistake(name, raw.get(), &error),
                    None => format!("`{name}` is missing"),
                });
                None
            }
        }
    }

    /// The answer to a call whose arguments do not fit: all mistakes at once.
    pub fn refuse(self) -> Outcome {
        let message = match &self.mistakes[..] {
            [one] => format!("the arguments do not fit: {one}"),
            many => many
                .iter()
                .fold("the arguments do not fit:".to_owned(), |all, one| all + "\n- " + one),
        };
        mismatch(message, self.as_result)
    }
}

/// The answer to a call whose arguments do not fit.
pub(crate) fn mismatch(message: String, as_result: bool) -> Outcome {
    if as_result {
        Outcome::failed(message)
    } else {
        Outcome::error(RpcError::invalid_params(message))
    }
}

/// One mistake: where, what, and what stands there.
fn mistake(name: &str, raw: &str, error: &serde_json::Error) -> String {
    let inside = path_at(raw, error.line(), error.column());
    let path = match (name.is_empty(), inside.is_empty()) {
        (true, true) => return plain(error),
        (true, false) => inside,
        (false, true) => name.to_owned(),
        (false, false) if inside.starts_with('[') => format!("{name}{inside}"),
        (false, false) => format!("{name}.{inside}"),
    };
    format!("`{path}`: {}", plain(error))
}

/// The message without the position, which means nothing to who never saw the text, and without Rust's names of types.
fn plain(error: &serde_json::Error) -> String {
    let mut text = error.to_string();
    if let Some(end) = text.rfind(" at line ") {
        text.truncate(end);
    }
    if let Some(start) = text.rfind("expected ") {
        let kind = &text[start + "expected ".len()..];
        let named = match kind {
            "f32" | "f64" => Some("a number".to_owned()),
            "u8" => Some(integer(u8::MIN, u8::MAX)),
            "u16" => Some(integer(u16::MIN, u16::MAX)),
            "u32" => Some(integer(u32::MIN, u32::MAX)),
            "i8" => Some(integer(i8::MIN, i8::MAX)),
            "i16" => Some(integer(i16::MIN, i16::MAX)),
            "i32" => Some(integer(i32::MIN, i32::MAX)),
            "u64" | "u128" | "usize" => Some("an integer of at least 0".to_owned()),
            "i64" | "i128" | "isize" => Some("an integer".to_owned()),
            _ => None,
        };
        if let Some(named) = named {
            text.replace_range(start + "expected ".len().., &named);
        }
    }
    text
}

fn integer<T: std::fmt::Display>(min: T, max: T) -> String {
    format!("an integer from {min} to {max}")
}

/// A type that a prompt takes as an argument, or a resource as a variable of its address: always text on the wire.
///
/// A string is tried first; where the type is a number or a truth value, its text is read as one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an argument of a prompt or a variable of a resource",
    label = "clients cannot send a `{Self}` as text",
    note = "take `String`, a number, `bool`, or derive `serde::Deserialize` and `schemars::JsonSchema` for an enum of your own"
)]
pub trait PromptArgument: Sized + Send {
    /// Reads the text; nothing when it is absent.
    #[doc(hidden)]
    fn decode(text: Option<&str>) -> Result<Self, String>;
    /// Whether it has a value when it is absent.
    #[doc(hidden)]
    fn may_be_absent() -> bool {
        Self::decode(None).is_ok()
    }
    /// All its values, where its type lists them.
    #[doc(hidden)]
    fn values() -> Vec<String>;
}

#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned + JsonSchema + Send> PromptArgument for T {
    fn decode(text: Option<&str>) -> Result<Self, String> {
        let Some(text) = text else {
            return T::deserialize(Absent).map_err(|_| "it is missing".to_owned());
        };
        let as_text: StrDeserializer<'_, serde_json::Error> = text.into_deserializer();
        let as_text = WithOption(as_text);
        T::deserialize(as_text).or_else(|error| {
            // Only scalars: text that happens to be JSON must not become an object.
            match serde_json::from_str::<Value>(text) {
                Ok(scalar @ (Value::Number(_) | Value::Bool(_))) => {
                    T::deserialize(scalar).map_err(|error| plain(&error))
                }
                _ => Err(plain(&error)),
            }
        })
    }

    fn values() -> Vec<String> {
        let schema = schema_of(
            |generator| generator.subschema_for::<T>(),
            schemars::generate::SchemaSettings::draft2020_12(),
        );
        let strings = |values: &Vec<Value>| {
            values.iter().filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>()
        };
        if let Some(values) = schema.get("enum").and_then(Value::as_array) {
            return strings(values);
        }
        // Enums whose variants have descriptions: `oneOf` constants.
        let variants = schema.get("oneOf").and_then(Value::as_array);
        let constants =
            variants.map(|all| all.iter().filter_map(|one| one.get("const")).cloned().collect());
        constants.map(|all: Vec<Value>| strings(&all)).unwrap_or_default()
    }
}

/// Text that also fills an `Option`.
struct WithOption<'a>(StrDeserializer<'a, serde_json::Error>);

impl<'de> Deserializer<'de> for WithOption<'_> {
    type Error = serde_json::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        self.0.deserialize_any(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        self.0.deserialize_enum(name, variants, visitor)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        seq tuple tuple_struct map struct identifier ignored_any
    }
}

/// The arguments of one call of a prompt, or the variables of one address, while they are taken out.
pub struct Variables<'a> {
    entries: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    mistakes: Vec<String>,
}

impl<'a> Variables<'a> {
    pub(crate) fn new(entries: Vec<(Cow<'a, str>, Cow<'a, str>)>) -> Self {
        Self { entries, mistakes: Vec::new() }
    }

    pub(crate) fn of_object(raw: Option<&'a str>, names: &[Cow<'static, str>]) -> Self {
        let mut variables = Self::new(Vec::new());
        match raw.map(|raw| envelope::entries(raw, names)).transpose() {
            Ok(entries) => {
                for (name, raw) in entries.unwrap_or_default() {
                    match envelope::text(raw) {
                        Some(text) => variables.entries.push((name, text)),
                        None => variables.mistakes.push(format!("`{name}` must be a string")),
                    }
                }
            }
            Err(error) => variables.mistakes.push(format!("`arguments`: {}", plain(&error))),
        }
        variables
    }

    /// Takes one; on a mistake nothing, and the mistake is kept.
    pub fn take<T: PromptArgument>(&mut self, name: &'static str) -> Option<T> {
        let text = self.entries.iter().find(|(key, _)| key == name).map(|(_, text)| &**text);
        match T::decode(text) {
            Ok(value) => Some(value),
            Err(error) => {
                self.mistakes.push(format!("`{name}`: {error}"));
                None
            }
        }
    }

    /// Takes one that has a value when it is absent.
    pub fn take_or<T: PromptArgument>(
        &mut self,
        name: &'static str,
        default: impl FnOnce() -> T,
    ) -> Option<T> {
        if self.entries.iter().any(|(key, _)| key == name) {
            return self.take(name);
        }
        Some(default())
    }

    /// The answer to a call whose arguments do not fit (-32602).
    pub fn refuse(self) -> Outcome {
        Outcome::error(RpcError::invalid_params(format!(
            "the arguments do not fit: {}",
            self.mistakes.join("; ")
        )))
    }
}
