//! What a server says about its tools, prompts and resources: built once, when they are registered.

use std::borrow::Cow;
use std::time::Duration;

use mcp_schema::JsonObject;
use mcp_schema::shared::{Icon, Role, ToolAnnotations};
use schemars::generate::SchemaSettings;
use schemars::{Schema, SchemaGenerator};
use serde_json::Value;

use super::arguments::{PromptArgument, ToolArgument, ToolArguments};
use super::completion::{Completer, CompletionFuture, Partial};
use super::inject::{Inject, Needs};
use super::output::{IntoPrompt, IntoResource, IntoToolOutput};

/// Something that a client may or may not be able to do for a handler.
///
/// A tool that `requires` one is refused before it runs when the client did not declare it: with -32021 and HTTP 400 since
/// 2026-07-28, which is impossible once the answer has begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ClientFeature {
    /// Forms: [`Context::elicit`](crate::Context::elicit).
    Elicitation,
    /// Pages to visit: [`Context::elicit_url`](crate::Context::elicit_url).
    ElicitationUrl,
    /// Messages written by the client's model: [`Context::sample`](crate::Context::sample).
    Sampling,
    /// The same, with tools for that model.
    SamplingTools,
    /// The folders that the client works on: [`Context::roots`](crate::Context::roots).
    Roots,
}

/// Whether a tool runs as a task.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TaskSupport {
    /// Never: every call is answered by its result.
    #[default]
    Forbidden,
    /// If the client wants it (2025-11-25) or the call takes long (the tasks extension); inline for everybody else.
    Optional,
    /// Always: clients that know no tasks are refused.
    Required,
}

impl TaskSupport {
    /// The word of revision 2025-11-25 (`execution.taskSupport`).
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Forbidden => "forbidden",
            Self::Optional => "optional",
            Self::Required => "required",
        }
    }
}

/// What becomes of a task whose process died.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Restart {
    /// It has failed, and says that it was interrupted.
    #[default]
    Fail,
    /// Another worker goes on from its journal.
    Replay,
}

/// How often a failed task is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Retry {
    /// All attempts, the first one included.
    pub attempts: u32,
    /// The pause before the second attempt; it doubles with each further one.
    pub backoff: Duration,
}

/// How a tool runs as a task: the task keys of `#[mcp_tool]`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TaskOptions {
    /// Whether it runs as one at all.
    pub support: TaskSupport,
    /// After a crash.
    pub restart: Restart,
    /// After an error.
    pub retry: Option<Retry>,
    /// How long one attempt may run. It holds for inline calls, too.
    pub timeout: Option<Duration>,
    /// How long a question waits for its answer.
    pub input_timeout: Option<Duration>,
    /// How long a finished task is kept.
    pub ttl: Option<Duration>,
    /// How long an `optional` tool may run before its call becomes a task.
    pub inline_budget: Option<Duration>,
    /// How many tasks of this tool run at the same time.
    pub max_concurrent: Option<u32>,
    /// Whether a second call with the same arguments by the same principal joins the task that is running.
    pub dedupe: bool,
    /// The version of the function: change it when its steps change.
    pub version: &'static str,
}

impl TaskOptions {
    /// No task.
    pub const DEFAULT: Self = Self {
        support: TaskSupport::Forbidden,
        restart: Restart::Fail,
        retry: None,
        timeout: None,
        input_timeout: None,
        ttl: None,
        inline_budget: None,
        max_concurrent: None,
        dedupe: false,
        version: "",
    };

    /// Options with this support, for the rest see [`DEFAULT`](Self::DEFAULT).
    pub const fn new(support: TaskSupport) -> Self {
        Self { support, ..Self::DEFAULT }
    }
}

impl Default for TaskOptions {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// One argument of a tool or prompt, or one variable of a resource's address.
pub struct Argument {
    pub(crate) name: &'static str,
    pub(crate) description: Option<&'static str>,
    pub(crate) header: Option<&'static str>,
    pub(crate) default: Option<Value>,
    pub(crate) optional: bool,
    pub(crate) complete: Option<Completer>,
}

impl Argument {
    /// An argument of this name.
    pub fn new(name: &'static str) -> Self {
        Self {
            name,
            description: None,
            header: None,
            default: None,
            optional: false,
            complete: None,
        }
    }

    /// What it means, for the model.
    #[must_use]
    pub fn description(mut self, text: &'static str) -> Self {
        self.description = Some(text);
        self
    }

    /// The header `Mcp-Param-{name}` repeats it (2026-07-28, Custom Headers from Tool Parameters).
    #[must_use]
    pub fn header(mut self, name: &'static str) -> Self {
        self.header = Some(name);
        self
    }

    /// It may be left out.
    #[must_use]
    pub fn optional(mut self) -> Self {
        self.optional = true;
        self
    }

    /// It may be left out, and then has this value.
    #[must_use]
    pub fn default_value(mut self, value: impl serde::Serialize) -> Self {
        self.optional = true;
        // A default that JSON cannot say is left out of the schema; the function gets it all the same.
        self.default = serde_json::to_value(value).ok();
        self
    }

    /// Suggests values while somebody types (`completion/complete`).
    #[must_use]
    pub fn complete(
        mut self,
        complete: impl Fn(Partial) -> CompletionFuture + Send + Sync + 'static,
    ) -> Self {
        self.complete = Some(Completer::new(complete));
        self
    }
}

/// A tool as its server knows it. `#[mcp_tool]` makes one; for a tool that is only known at run time, build it and give
/// it to [`ServerBuilder::add_tool`](crate::ServerBuilder::add_tool).
#[derive(Clone)]
pub struct ToolDefinition {
    pub(crate) name: Cow<'static, str>,
    pub(crate) title: Option<Cow<'static, str>>,
    pub(crate) description: Option<Cow<'static, str>>,
    pub(crate) annotations: ToolAnnotations,
    pub(crate) icons: Vec<Icon>,
    pub(crate) meta: Option<JsonObject>,
    pub(crate) input_schema: JsonObject,
    pub(crate) output_schema: Option<JsonObject>,
    pub(crate) requires: Vec<ClientFeature>,
    pub(crate) task: TaskOptions,
    pub(crate) arguments: Vec<Cow<'static, str>>,
    pub(crate) needs: Vec<Needs>,
    pub(crate) problems: Vec<String>,
    by_hand: bool,
}

impl ToolDefinition {
    /// A tool that takes any arguments, until it is told which.
    pub fn new(name: impl Into<Cow<'static, str>>) -> Self {
        let mut input_schema = JsonObject::new();
        input_schema.insert("type".into(), "object".into());
        Self {
            name: name.into(),
            title: None,
            description: None,
            annotations: ToolAnnotations::new(),
            icons: Vec::new(),
            meta: None,
            input_schema,
            output_schema: None,
            requires: Vec::new(),
            task: TaskOptions::DEFAULT,
            arguments: Vec::new(),
            needs: Vec::new(),
            problems: Vec::new(),
            by_hand: false,
        }
    }

    /// All its parameters are known: one without any says so (2025-11-25, Tools, Data Types).
    pub(crate) fn closed(mut self) -> Self {
        if self.arguments.is_empty() && self.input_schema.len() == 1 {
            self.input_schema.insert("additionalProperties".into(), false.into());
        }
        self
    }

    /// The name under which it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its options as a task.
    pub fn task_options(&self) -> &TaskOptions {
        &self.task
    }

    /// The JSON Schema of its arguments.
    pub fn schema_of_input(&self) -> &JsonObject {
        &self.input_schema
    }

    /// The JSON Schema of its structured output, if it has any.
    pub fn schema_of_output(&self) -> Option<&JsonObject> {
        self.output_schema.as_ref()
    }

    /// The name that people see.
    #[must_use]
    pub fn title(mut self, title: impl Into<Cow<'static, str>>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// What it does and when to use it, for the model.
    #[must_use]
    pub fn description(mut self, text: impl Into<Cow<'static, str>>) -> Self {
        self.description = Some(text.into());
        self
    }

    /// Hint: it changes nothing.
    #[must_use]
    pub fn read_only(mut self, hint: bool) -> Self {
        self.annotations.read_only_hint = Some(hint);
        self
    }

    /// Hint: it may destroy something.
    #[must_use]
    pub fn destructive(mut self, hint: bool) -> Self {
        self.annotations.destructive_hint = Some(hint);
        self
    }

    /// Hint: a second call with the same arguments changes nothing more.
    #[must_use]
    pub fn idempotent(mut self, hint: bool) -> Self {
        self.annotations.idempotent_hint = Some(hint);
        self
    }

    /// Hint: it deals with the world outside.
    #[must_use]
    pub fn open_world(mut self, hint: bool) -> Self {
        self.annotations.open_world_hint = Some(hint);
        self
    }

    /// A picture to show beside its name.
    #[must_use]
    pub fn icon(mut self, icon: Icon) -> Self {
        self.icons.push(icon);
        self
    }

    /// Metadata of your own.
    #[must_use]
    pub fn meta(mut self, meta: JsonObject) -> Self {
        self.meta = Some(meta);
        self
    }

    /// It cannot do without this.
    #[must_use]
    pub fn requires(mut self, feature: ClientFeature) -> Self {
        self.requires.push(feature);
        self
    }

    /// It runs as a task.
    #[must_use]
    pub fn task(mut self, options: TaskOptions) -> Self {
        self.task = options;
        self
    }

    /// The JSON Schema of its arguments, written by hand.
    ///
    /// It is given to clients as it is. It must describe an object; the server cannot be built otherwise.
    #[must_use]
    pub fn input_schema(mut self, schema: impl IntoSchema) -> Self {
        self.by_hand = true;
        match schema.into_schema() {
            Ok(schema) => self.input_schema = schema,
            Err(problem) => {
                self.problems.push(format!("tool `{}`: input schema: {problem}", self.name));
            }
        }
        self
    }

    /// The JSON Schema of its structured output, written by hand.
    #[must_use]
    pub fn output_schema(mut self, schema: impl IntoSchema) -> Self {
        match schema.into_schema() {
            Ok(schema) => self.output_schema = Some(schema),
            Err(problem) => {
                self.problems.push(format!("tool `{}`: output schema: {problem}", self.name));
            }
        }
        self
    }

    /// One property of the arguments, with the schema of its type.
    #[must_use]
    pub fn argument<T: ToolArgument>(mut self, argument: Argument) -> Self {
        self.arguments.push(argument.name.into());
        if !self.by_hand {
            let optional = argument.optional || T::may_be_absent();
            property(&mut self.input_schema, argument, optional, T::schema);
        }
        self
    }

    /// The arguments as one type.
    #[must_use]
    pub fn arguments_of<T: ToolArguments>(mut self) -> Self {
        if !self.by_hand {
            match schema_of(T::schema, SchemaSettings::draft2020_12()) {
                Value::Object(schema) if is_object(&schema) => self.input_schema = schema,
                _ => self.problems.push(format!(
                    "tool `{}`: `{}` is no object in JSON: let the whole-argument type be a struct with named fields",
                    self.name,
                    std::any::type_name::<T>(),
                )),
            }
        }
        self
    }

    /// What it returns.
    #[must_use]
    pub fn returns<R: IntoToolOutput>(mut self) -> Self {
        if self.output_schema.is_none() {
            self.output_schema = R::output_schema().and_then(|schema| {
                match plain(schema, SchemaSettings::draft2020_12().for_serialize()) {
                    Value::Object(schema) => Some(schema),
                    _ => None,
                }
            });
        }
        self
    }

    /// A borrowed parameter: the server cannot be built without it.
    #[must_use]
    pub fn needs<T: Inject + ?Sized>(mut self) -> Self {
        self.needs.push(Needs::of::<T>());
        self
    }
}

/// A schema that somebody wrote by hand: an object, a `serde_json::Value`, a `schemars::Schema`, a function that returns
/// one, or JSON text.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no JSON Schema",
    label = "expected a schema",
    note = "give a `serde_json::Value` that is an object, a `schemars::Schema`, a function that returns one, or JSON text"
)]
pub trait IntoSchema {
    /// The schema as an object, or what is wrong with it.
    ///
    /// # Errors
    ///
    /// When it is no JSON object.
    fn into_schema(self) -> Result<JsonObject, String>;
}

impl IntoSchema for JsonObject {
    fn into_schema(self) -> Result<JsonObject, String> {
        Ok(self)
    }
}

impl IntoSchema for Value {
    fn into_schema(self) -> Result<JsonObject, String> {
        match self {
            Value::Object(schema) => Ok(schema),
            other => Err(format!("expected a JSON object, found {other}")),
        }
    }
}

impl IntoSchema for Schema {
    fn into_schema(self) -> Result<JsonObject, String> {
        Value::from(self).into_schema()
    }
}

impl IntoSchema for &str {
    fn into_schema(self) -> Result<JsonObject, String> {
        serde_json::from_str::<Value>(self).map_err(|error| error.to_string())?.into_schema()
    }
}

#[diagnostic::do_not_recommend]
impl<S: IntoSchema, F: FnOnce() -> S> IntoSchema for F {
    fn into_schema(self) -> Result<JsonObject, String> {
        self().into_schema()
    }
}

/// A prompt as its server knows it.
pub struct PromptDefinition {
    pub(crate) name: Cow<'static, str>,
    pub(crate) title: Option<Cow<'static, str>>,
    pub(crate) description: Option<Cow<'static, str>>,
    pub(crate) icons: Vec<Icon>,
    pub(crate) meta: Option<JsonObject>,
    pub(crate) requires: Vec<ClientFeature>,
    pub(crate) arguments: Vec<Variable>,
    pub(crate) needs: Vec<Needs>,
}

/// An argument of a prompt, or a variable of a resource's address.
pub(crate) struct Variable {
    pub name: &'static str,
    pub description: Option<&'static str>,
    pub required: bool,
    pub complete: Option<Completer>,
}

impl Variable {
    fn of<T: PromptArgument>(argument: Argument) -> Self {
        Self {
            name: argument.name,
            description: argument.description,
            required: !(argument.optional || T::may_be_absent()),
            // Types that list their values need no function to suggest them.
            complete: argument.complete.or_else(|| {
                let values = T::values();
                (!values.is_empty()).then(|| Completer::of_values(values))
            }),
        }
    }
}

impl PromptDefinition {
    /// A prompt without arguments.
    pub fn new(name: impl Into<Cow<'static, str>>) -> Self {
        Self {
            name: name.into(),
            title: None,
            description: None,
            icons: Vec::new(),
            meta: None,
            requires: Vec::new(),
            arguments: Vec::new(),
            needs: Vec::new(),
        }
    }

    /// The name that people see.
    #[must_use]
    pub fn title(mut self, title: impl Into<Cow<'static, str>>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// What it is good for.
    #[must_use]
    pub fn description(mut self, text: impl Into<Cow<'static, str>>) -> Self {
        self.description = Some(text.into());
        self
    }

    /// A picture to show beside its name.
    #[must_use]
    pub fn icon(mut self, icon: Icon) -> Self {
        self.icons.push(icon);
        self
    }

    /// Metadata of your own.
    #[must_use]
    pub fn meta(mut self, meta: JsonObject) -> Self {
        self.meta = Some(meta);
        self
    }

    /// It cannot do without this.
    #[must_use]
    pub fn requires(mut self, feature: ClientFeature) -> Self {
        self.requires.push(feature);
        self
    }

    /// One argument.
    #[must_use]
    pub fn argument<T: PromptArgument>(mut self, argument: Argument) -> Self {
        self.arguments.push(Variable::of::<T>(argument));
        self
    }

    /// What it returns.
    #[must_use]
    pub fn returns<R: IntoPrompt>(self) -> Self {
        self
    }

    /// A borrowed parameter: the server cannot be built without it.
    #[must_use]
    pub fn needs<T: Inject + ?Sized>(mut self) -> Self {
        self.needs.push(Needs::of::<T>());
        self
    }
}

/// A resource, or a family of them behind one template of addresses, as its server knows it.
pub struct ResourceDefinition {
    pub(crate) uri: Cow<'static, str>,
    pub(crate) name: Cow<'static, str>,
    pub(crate) title: Option<Cow<'static, str>>,
    pub(crate) description: Option<Cow<'static, str>>,
    pub(crate) mime_type: Option<Cow<'static, str>>,
    pub(crate) size: Option<i64>,
    pub(crate) audience: Vec<Role>,
    pub(crate) priority: Option<f64>,
    pub(crate) icons: Vec<Icon>,
    pub(crate) meta: Option<JsonObject>,
    pub(crate) requires: Vec<ClientFeature>,
    pub(crate) variables: Vec<Variable>,
    pub(crate) needs: Vec<Needs>,
}

impl ResourceDefinition {
    /// A resource at this address; with `{variable}` or `{+variable}` in it, a template.
    pub fn new(uri: impl Into<Cow<'static, str>>, name: impl Into<Cow<'static, str>>) -> Self {
        Self {
            uri: uri.into(),
            name: name.into(),
            title: None,
            description: None,
            mime_type: None,
            size: None,
            audience: Vec::new(),
            priority: None,
            icons: Vec::new(),
            meta: None,
            requires: Vec::new(),
            variables: Vec::new(),
            needs: Vec::new(),
        }
    }

    /// The name that people see.
    #[must_use]
    pub fn title(mut self, title: impl Into<Cow<'static, str>>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// What is in it.
    #[must_use]
    pub fn description(mut self, text: impl Into<Cow<'static, str>>) -> Self {
        self.description = Some(text.into());
        self
    }

    /// The type of its contents, where the function does not say another.
    #[must_use]
    pub fn mime_type(mut self, mime_type: impl Into<Cow<'static, str>>) -> Self {
        self.mime_type = Some(mime_type.into());
        self
    }

    /// Its size in bytes, before any encoding.
    #[must_use]
    pub fn size(mut self, bytes: i64) -> Self {
        self.size = Some(bytes);
        self
    }

    /// Hint: whom it is for.
    #[must_use]
    pub fn audience(mut self, role: Role) -> Self {
        self.audience.push(role);
        self
    }

    /// Hint: how much it matters, from 0 to 1.
    #[must_use]
    pub fn priority(mut self, priority: f64) -> Self {
        self.priority = Some(priority);
        self
    }

    /// A picture to show beside its name.
    #[must_use]
    pub fn icon(mut self, icon: Icon) -> Self {
        self.icons.push(icon);
        self
    }

    /// Metadata of your own.
    #[must_use]
    pub fn meta(mut self, meta: JsonObject) -> Self {
        self.meta = Some(meta);
        self
    }

    /// It cannot do without this.
    #[must_use]
    pub fn requires(mut self, feature: ClientFeature) -> Self {
        self.requires.push(feature);
        self
    }

    /// One variable of its address.
    #[must_use]
    pub fn variable<T: PromptArgument>(mut self, argument: Argument) -> Self {
        self.variables.push(Variable::of::<T>(argument));
        self
    }

    /// What it returns.
    #[must_use]
    pub fn returns<R: IntoResource>(self) -> Self {
        self
    }

    /// A borrowed parameter: the server cannot be built without it.
    #[must_use]
    pub fn needs<T: Inject + ?Sized>(mut self) -> Self {
        self.needs.push(Needs::of::<T>());
        self
    }
}

/// How a type says its schema.
pub(crate) type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

fn property(root: &mut JsonObject, argument: Argument, optional: bool, schema: SchemaOf) {
    let mut value = match schema_of(schema, SchemaSettings::draft2020_12()) {
        Value::Object(schema) => schema,
        // `true`: any value.
        _ => JsonObject::new(),
    };
    if let Some(text) = argument.description {
        value.insert("description".into(), text.into());
    }
    if let Some(default) = argument.default {
        value.insert("default".into(), default);
    }
    if let Some(header) = argument.header {
        value.insert("x-mcp-header".into(), header.into());
    }
    // Recursive types refer to definitions, which stand at the root.
    if let Some(Value::Object(definitions)) = value.shift_remove("$defs")
        && let Value::Object(all) =
            root.entry("$defs").or_insert_with(|| Value::Object(JsonObject::new()))
    {
        all.extend(definitions);
    }
    if let Value::Object(properties) =
        root.entry("properties").or_insert_with(|| Value::Object(JsonObject::new()))
    {
        properties.insert(argument.name.to_owned(), Value::Object(value));
    }
    if !optional
        && let Value::Array(required) =
            root.entry("required").or_insert_with(|| Value::Array(vec![]))
    {
        required.push(argument.name.into());
    }
}

/// The schema of a type, without what only schemars or Rust care about.
pub(crate) fn schema_of(schema: SchemaOf, settings: SchemaSettings) -> Value {
    plain(schema, settings)
}

fn plain(schema: SchemaOf, mut settings: SchemaSettings) -> Value {
    // Most clients hand schemas on to models that do not follow references; recursive types keep theirs.
    settings.inline_subschemas = true;
    settings.meta_schema = None;
    let mut generator = settings.into_generator();
    let mut root = Value::from(schema(&mut generator));
    let definitions = generator.take_definitions(true);
    if let Value::Object(root) = &mut root {
        root.shift_remove("$schema");
        root.shift_remove("title");
        if !definitions.is_empty() {
            root.insert("$defs".into(), Value::Object(definitions));
        }
    }
    without_number_formats(&mut root);
    root
}

/// `uint32` and the like are no formats of JSON Schema; validators warn about them.
fn without_number_formats(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            let of_a_number = object.get("format").and_then(Value::as_str).is_some_and(|format| {
                format == "float"
                    || format == "double"
                    || format
                        .trim_start_matches("uint")
                        .trim_start_matches("int")
                        .parse::<u32>()
                        .is_ok()
                    || format == "uint"
                    || format == "int"
            });
            if of_a_number && object.contains_key("type") {
                object.shift_remove("format");
            }
            for (key, value) in object.iter_mut() {
                // Examples and defaults are data, not schemas.
                if !matches!(key.as_str(), "default" | "const" | "enum" | "examples") {
                    without_number_formats(value);
                }
            }
        }
        Value::Array(array) => array.iter_mut().for_each(without_number_formats),
        _ => {}
    }
}

fn is_object(schema: &JsonObject) -> bool {
    schema.get("type").and_then(Value::as_str) == Some("object")
}
