//! What a server says about its tools, prompts and resources: built once, when they are registered.

mod listed;
mod options;
mod schema;
#[cfg(not(feature = "validation"))]
mod unchecked;

use std::borrow::Cow;

use mcp_schema::JsonObject;
use mcp_schema::shared::{Icon, ToolAnnotations};
use schemars::generate::SchemaSettings;
use serde_json::Value;

pub use self::listed::{PromptDefinition, ResourceDefinition};
pub use self::options::{ClientFeature, Restart, Retry, RetryOn, TaskOptions, TaskSupport};
pub use self::schema::IntoSchema;
pub(crate) use self::schema::{SchemaOf, schema_of};
use self::schema::{generated, is_object, plain, property, without_number_formats};
use super::arguments::{ToolArgument, ToolArguments};
use super::completion::{Completer, CompletionFuture, Partial};
use super::inject::{Inject, Needs};
use super::output::IntoToolOutput;

/// One argument of a tool or prompt, or one variable of a resource's address.
pub struct Argument {
    pub(crate) name: &'static str,
    pub(crate) description: Option<&'static str>,
    pub(crate) header: Option<&'static str>,
    pub(crate) default: Option<Value>,
    /// More keywords of its schema.
    pub(crate) keywords: Vec<(&'static str, Value)>,
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
            keywords: Vec::new(),
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
    /// Places of the schema with bounds that nothing checks.
    #[cfg(not(feature = "validation"))]
    pub(crate) unchecked: Vec<String>,
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
            #[cfg(not(feature = "validation"))]
            unchecked: Vec::new(),
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
            let schema = self.schema_of_arguments(T::schema, argument.name);
            property(&mut self.input_schema, argument, optional, schema);
        }
        self
    }

    /// The arguments as one type.
    #[must_use]
    pub fn arguments_of<T: ToolArguments>(mut self) -> Self {
        if !self.by_hand {
            match self.schema_of_arguments(T::schema, "") {
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

    fn schema_of_arguments(&mut self, schema: SchemaOf, place: &str) -> Value {
        let mut schema = generated(schema, SchemaSettings::draft2020_12());
        #[cfg(not(feature = "validation"))]
        unchecked::find(&schema, place, &mut self.unchecked);
        #[cfg(feature = "validation")]
        let _ = place;
        without_number_formats(&mut schema);
        schema
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
