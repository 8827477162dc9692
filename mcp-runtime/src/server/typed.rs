//! What the attributes' code holds on to of a type: constants, each bounded by one trait in one place, so that a type that
//! does not fit is one message; and pointers to functions of the type, so that they are compiled once for each type and
//! not once for each tool.

use std::borrow::Cow;
use std::marker::PhantomData;

use mcp_schema::JsonObject;
use mcp_schema::shared::{Icon, IconTheme};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::arguments::{Arguments, PromptArgument, ToolArgument, ToolArguments, Variables};
use super::bounds::{self, Bounds, LengthArgument, Lengths, NumberArgument, Rule};
use super::call::{Call, CallFuture};
use super::completion::{CompletionFuture, Partial};
use super::definition::{Argument, PromptDefinition, ResourceDefinition, ToolDefinition};
use super::inject::{Inject, inject};
use super::outcome::Outcome;
use super::output::{
    IntoPrompt, IntoResource, IntoToolOutput, prompt_outcome, resource_outcome, tool_outcome,
};

/// What is known of an argument beside its type.
struct About {
    name: &'static str,
    description: Option<&'static str>,
    header: Option<&'static str>,
    optional: bool,
    default_json: Option<&'static str>,
    complete: Option<fn(Partial) -> CompletionFuture>,
}

impl About {
    const fn new(name: &'static str) -> Self {
        Self {
            name,
            description: None,
            header: None,
            optional: false,
            default_json: None,
            complete: None,
        }
    }

    fn argument(&self) -> Argument {
        let mut argument = Argument::new(self.name);
        if let Some(text) = self.description {
            argument = argument.description(text);
        }
        if let Some(header) = self.header {
            argument = argument.header(header);
        }
        if self.optional {
            argument = argument.optional();
        }
        // Written by the macro from a literal.
        if let Some(default) =
            self.default_json.and_then(|json| serde_json::from_str::<Value>(json).ok())
        {
            argument = argument.default_value(default);
        }
        if let Some(complete) = self.complete {
            argument = argument.complete(complete);
        }
        argument
    }
}

/// Takes an argument by its name, or by its default.
type TakeArgument<T> = fn(&mut Arguments<'_>, &'static str, Option<fn() -> T>) -> Option<T>;
type TakeVariable<T> = fn(&mut Variables<'_>, &'static str, Option<fn() -> T>) -> Option<T>;

/// One argument of a tool.
pub struct Parameter<T: 'static> {
    about: About,
    default: Option<fn() -> T>,
    shown: Option<ToJson<T>>,
    rule: Option<&'static dyn Rule<T>>,
    take: TakeArgument<T>,
    describe: fn(ToolDefinition, Argument) -> ToolDefinition,
}

/// An argument with the schema of its type.
pub const fn parameter<T: ToolArgument + 'static>(name: &'static str) -> Parameter<T> {
    Parameter {
        about: About::new(name),
        default: None,
        shown: None,
        rule: None,
        take: |arguments, name, default| match default {
            Some(default) => arguments.take_or(name, default),
            None => arguments.take(name),
        },
        describe: |definition, argument| definition.argument::<T>(argument),
    }
}

/// An argument of a tool whose schema is written by hand.
pub const fn parameter_by_hand<T: DeserializeOwned + Send + 'static>(
    name: &'static str,
) -> Parameter<T> {
    Parameter {
        about: About::new(name),
        default: None,
        shown: None,
        rule: None,
        take: |arguments, name, default| {
            match default {
                Some(default) => arguments.take_or(name, || ByHand(default())),
                None => arguments.take(name),
            }
            .map(|ByHand(value)| value)
        },
        describe: |definition, argument| definition.argument::<ByHand<T>>(argument),
    }
}

/// A type whose own schema is of no interest, so that it need not have one.
struct ByHand<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for ByHand<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self)
    }
}

impl<T> JsonSchema for ByHand<T> {
    fn schema_name() -> Cow<'static, str> {
        "ByHand".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        true.into()
    }
}

impl<T: 'static> Parameter<T> {
    /// What it means, for the model.
    #[must_use]
    pub const fn description(mut self, text: &'static str) -> Self {
        self.about.description = Some(text);
        self
    }

    /// What stands in for it.
    #[must_use]
    pub const fn default(mut self, default: fn() -> T) -> Self {
        self.about.optional = true;
        self.default = Some(default);
        self
    }

    /// The same as JSON text.
    #[must_use]
    pub const fn default_json(mut self, json: &'static str) -> Self {
        self.about.default_json = Some(json);
        self
    }

    /// How to write the default as JSON, where its type can be: see [`Shown`].
    #[must_use]
    pub const fn default_shown(mut self, shown: Option<ToJson<T>>) -> Self {
        self.shown = shown;
        self
    }

    /// What its value is held to.
    #[must_use]
    pub const fn rule(mut self, rule: &'static dyn Rule<T>) -> Self {
        self.rule = Some(rule);
        self
    }

    /// Tells the definition about it.
    pub fn tool(&self, mut definition: ToolDefinition) -> ToolDefinition {
        let mut argument = self.about.argument();
        let asked = self.shown.is_some() || self.rule.is_some();
        let default = self.default.filter(|_| asked).map(|default| default());
        if let Some((shown, value)) = self.shown.zip(default.as_ref())
            && let Some(json) = shown(value)
        {
            argument = argument.default_value(json);
        }
        if let Some(rule) = self.rule {
            argument.keywords = rule.keywords();
            let wrong = rule.contradiction().or_else(|| {
                let why = rule.refuse(default.as_ref()?)?;
                Some(format!("its default does not fit: {why}"))
            });
            if let Some(wrong) = wrong {
                let problem =
                    format!("tool `{}`: argument `{}`: {wrong}", definition.name, self.about.name);
                definition.problems.push(problem);
            }
        }
        (self.describe)(definition, argument)
    }

    /// Its value in one call.
    pub fn take(&self, arguments: &mut Arguments<'_>) -> Option<T> {
        let value = (self.take)(arguments, self.about.name, self.default)?;
        match self.rule.and_then(|rule| rule.refuse(&value)) {
            None => Some(value),
            Some(why) => {
                arguments.mistaken(self.about.name, &why);
                None
            }
        }
    }
}

/// Writes a value as JSON.
pub type ToJson<T> = fn(&T) -> Option<Value>;

/// Whether a type can be shown: `Shown::<T>::JSON` is this type's own constant where `T` has `Serialize`, and otherwise that
/// of [`NotShown`], which has to be in scope.
pub struct Shown<T>(PhantomData<T>);

impl<T: Serialize> Shown<T> {
    /// How.
    pub const JSON: Option<ToJson<T>> = Some(bounds::json::<T>);
}

/// See [`Shown`].
pub trait NotShown<T> {
    /// Not at all.
    const JSON: Option<ToJson<T>> = None;
}

impl<T> NotShown<T> for Shown<T> {}

/// Holds a number to its bounds.
pub const fn in_range<T: NumberArgument + 'static>(
    bounds: &'static Bounds<T::Number>,
) -> &'static dyn Rule<T> {
    bounds
}

/// Holds a text or a list to its length.
pub const fn of_length<T: LengthArgument + 'static>(
    lengths: &'static Lengths,
) -> &'static dyn Rule<T> {
    lengths
}

/// Puts an argument into a header as well. A function, so that a type that cannot be there is reported at that type.
pub const fn in_header<T: HeaderArgument>(
    mut parameter: Parameter<T>,
    name: &'static str,
) -> Parameter<T> {
    parameter.about.header = Some(name);
    parameter
}

/// A type that can travel in a header (2026-07-28, Custom Headers from Tool Parameters): strings, numbers and booleans, and
/// `Option`s of them.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot travel in a header",
    label = "only strings, numbers and booleans can stand in a header",
    note = "remove `header`, or implement `mcp_runtime::HeaderArgument` for `{Self}` if its JSON is a string, a number or a boolean"
)]
pub trait HeaderArgument {}

macro_rules! header_arguments {
    ($($ty:ty),*) => { $(impl HeaderArgument for $ty {})* };
}
header_arguments!(String, bool, char, i8, i16, i32, i64, isize, u8, u16, u32, u64, usize, f32, f64);

impl<T: HeaderArgument> HeaderArgument for Option<T> {}

/// One argument of a prompt, or one variable of a resource's address.
pub struct Variable<T> {
    about: About,
    default: Option<fn() -> T>,
    take: TakeVariable<T>,
    prompt: fn(PromptDefinition, Argument) -> PromptDefinition,
    resource: fn(ResourceDefinition, Argument) -> ResourceDefinition,
}

/// Text that becomes a `T`.
pub const fn variable<T: PromptArgument>(name: &'static str) -> Variable<T> {
    Variable {
        about: About::new(name),
        default: None,
        take: |variables, name, default| match default {
            Some(default) => variables.take_or(name, default),
            None => variables.take(name),
        },
        prompt: |definition, argument| definition.argument::<T>(argument),
        resource: |definition, argument| definition.variable::<T>(argument),
    }
}

impl<T> Variable<T> {
    /// What it means.
    #[must_use]
    pub const fn description(mut self, text: &'static str) -> Self {
        self.about.description = Some(text);
        self
    }

    /// What stands in for it.
    #[must_use]
    pub const fn default(mut self, default: fn() -> T) -> Self {
        self.about.optional = true;
        self.default = Some(default);
        self
    }

    /// The same as JSON text: nowhere shown for prompts.
    #[must_use]
    pub const fn default_json(self, _: &'static str) -> Self {
        self
    }

    /// Suggests values.
    #[must_use]
    pub const fn complete(mut self, complete: fn(Partial) -> CompletionFuture) -> Self {
        self.about.complete = Some(complete);
        self
    }

    /// Tells the definition about it.
    pub fn prompt(&self, definition: PromptDefinition) -> PromptDefinition {
        (self.prompt)(definition, self.about.argument())
    }

    /// Tells the definition about it.
    pub fn resource(&self, definition: ResourceDefinition) -> ResourceDefinition {
        (self.resource)(definition, self.about.argument())
    }

    /// Its value in one call.
    pub fn take(&self, variables: &mut Variables<'_>) -> Option<T> {
        (self.take)(variables, self.about.name, self.default)
    }
}

/// All arguments of a tool as one value.
pub struct Whole<T> {
    take: fn(&mut Arguments<'_>) -> Option<T>,
    describe: fn(ToolDefinition) -> ToolDefinition,
}

/// With the schema of the type.
pub const fn whole<T: ToolArguments>() -> Whole<T> {
    Whole {
        take: |arguments| arguments.whole(),
        describe: |definition| definition.arguments_of::<T>(),
    }
}

/// With a schema that is written by hand.
pub const fn whole_by_hand<T: ToolArguments>() -> Whole<T> {
    Whole { take: |arguments| arguments.whole(), describe: |definition| definition }
}

impl<T> Whole<T> {
    /// Tells the definition about it.
    pub fn tool(&self, definition: ToolDefinition) -> ToolDefinition {
        (self.describe)(definition)
    }

    /// The value in one call.
    pub fn take(&self, arguments: &mut Arguments<'_>) -> Option<T> {
        (self.take)(arguments)
    }
}

/// A borrowed parameter.
pub struct Injected<T: ?Sized> {
    find: for<'a> fn(&'a Call) -> Result<&'a T, Outcome>,
    tool: fn(ToolDefinition) -> ToolDefinition,
    prompt: fn(PromptDefinition) -> PromptDefinition,
    resource: fn(ResourceDefinition) -> ResourceDefinition,
}

/// What the server lends.
pub const fn injected<T: Inject + ?Sized>() -> Injected<T> {
    Injected {
        find: |call| inject(call),
        tool: ToolDefinition::needs::<T>,
        prompt: PromptDefinition::needs::<T>,
        resource: ResourceDefinition::needs::<T>,
    }
}

impl<T: ?Sized> Injected<T> {
    /// Tells the definition about it.
    pub fn tool(&self, definition: ToolDefinition) -> ToolDefinition {
        (self.tool)(definition)
    }

    /// Tells the definition about it.
    pub fn prompt(&self, definition: PromptDefinition) -> PromptDefinition {
        (self.prompt)(definition)
    }

    /// Tells the definition about it.
    pub fn resource(&self, definition: ResourceDefinition) -> ResourceDefinition {
        (self.resource)(definition)
    }

    /// Finds it for one call.
    ///
    /// # Errors
    ///
    /// The outcome of the call, when it is not there.
    pub fn of<'a>(&self, call: &'a Call) -> Result<&'a T, Outcome> {
        (self.find)(call)
    }
}

/// What a handler returns.
pub struct Returns<R> {
    outcome: fn(R, &Call) -> Outcome,
    describe: fn(ToolDefinition) -> ToolDefinition,
}

/// What a tool returns.
pub const fn returns_tool<R: IntoToolOutput>() -> Returns<R> {
    Returns { outcome: |value, _| tool_outcome(value), describe: ToolDefinition::returns::<R> }
}

/// What a prompt returns.
pub const fn returns_prompt<R: IntoPrompt>() -> Returns<R> {
    Returns { outcome: |value, _| prompt_outcome(value), describe: |definition| definition }
}

/// What a resource returns.
pub const fn returns_resource<R: IntoResource>() -> Returns<R> {
    Returns {
        outcome: |value, call| resource_outcome(call, value),
        describe: |definition| definition,
    }
}

impl<R> Returns<R> {
    /// Tells the definition about it.
    pub fn tool(&self, definition: ToolDefinition) -> ToolDefinition {
        (self.describe)(definition)
    }

    /// What becomes of the value.
    pub fn outcome(&self, value: R, call: &Call) -> Outcome {
        (self.outcome)(value, call)
    }
}

/// An icon as the attributes write it; the macro has checked the theme.
pub fn icon(src: &str, mime_type: Option<&str>, sizes: &[&str], theme: Option<&str>) -> Icon {
    let mut icon = Icon::new(src);
    icon.mime_type = mime_type.map(str::to_owned);
    icon.sizes = (!sizes.is_empty()).then(|| sizes.iter().map(|size| (*size).to_owned()).collect());
    icon.theme =
        theme.map(|theme| if theme == "dark" { IconTheme::Dark } else { IconTheme::Light });
    icon
}

/// The object that `meta = { .. }` is: JSON text, written by the macro.
pub fn json_object(text: &str) -> JsonObject {
    serde_json::from_str(text).unwrap_or_default()
}

/// The future of one call.
pub fn future(future: impl Future<Output = Outcome> + Send + 'static) -> CallFuture {
    Box::pin(future)
}
