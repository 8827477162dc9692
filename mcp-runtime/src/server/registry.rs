//! What the server has: tools, prompts and resources, in the order in which they were registered.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use mcp_schema::v2026_07_28::{
    Annotations, Prompt as WirePrompt, PromptArgument as WireArgument, Resource as WireResource,
    ResourceTemplate as WireTemplate,
};
use mcp_schema::{Map, Value};

use super::definition::{PromptDefinition, ResourceDefinition, TaskSupport, ToolDefinition};
use super::handler::Handler;
use crate::protocol::headers::ParamHeaders;
use crate::protocol::uri_template::Template;
#[cfg(feature = "validation")]
use crate::protocol::validate::Schema;

pub(crate) struct ToolEntry {
    pub definition: ToolDefinition,
    pub handler: Handler,
    pub headers: ParamHeaders,
    #[cfg(feature = "validation")]
    input: Schema,
    #[cfg(feature = "validation")]
    output: Option<Schema>,
    slow: AtomicBool,
}

impl ToolEntry {
    /// What is wrong with the arguments of a call, as far as it is checked before they are decoded.
    pub fn problems_of_input(&self, arguments: &str) -> Option<String> {
        #[cfg(feature = "validation")]
        return self.input.problems(arguments);
        #[cfg(not(feature = "validation"))]
        {
            let _ = arguments;
            None
        }
    }

    /// What is wrong with a result: a tool with an output schema keeps to it (2025-06-18 and later, Output Schema).
    pub fn problems_of_output(&self, structured: Option<&str>) -> Option<String> {
        self.definition.output_schema.as_ref()?;
        let Some(structured) = structured else {
            return Some("it has an output schema, and returned no structured output".to_owned());
        };
        #[cfg(feature = "validation")]
        return self.output.as_ref()?.problems(structured);
        #[cfg(not(feature = "validation"))]
        {
            let _ = structured;
            None
        }
    }

    /// Whether it was seen to work for long without waiting.
    pub fn is_slow(&self) -> bool {
        self.slow.load(Ordering::Relaxed)
    }

    pub fn mark_slow(&self) {
        self.slow.store(true, Ordering::Relaxed);
    }
}

pub(crate) struct PromptEntry {
    pub definition: PromptDefinition,
    pub handler: Handler,
    pub names: Vec<Cow<'static, str>>,
}

pub(crate) struct ResourceEntry {
    pub definition: ResourceDefinition,
    pub handler: Handler,
    pub template: Template,
}

pub(crate) struct Listed<T> {
    pub entry: Arc<T>,
    pub enabled: bool,
}

impl<T> Clone for Listed<T> {
    fn clone(&self) -> Self {
        Self { entry: self.entry.clone(), enabled: self.enabled }
    }
}

/// The variables of an address: names and values.
pub(crate) type Variables = Vec<(String, String)>;

/// A copy is made for each change, so that a call reads it without waiting.
#[derive(Clone, Default)]
pub(crate) struct Registry {
    pub tools: Map<Listed<ToolEntry>>,
    pub prompts: Map<Listed<PromptEntry>>,
    /// By address.
    pub resources: Map<Listed<ResourceEntry>>,
    /// By template, in the order in which they are tried.
    pub templates: Map<Listed<ResourceEntry>>,
    /// Whether some tool can be a task, or could: what there is of the tasks of one that was taken away is still read.
    pub has_tasks: bool,
}

impl Registry {
    pub fn tool(&self, name: &str) -> Option<&Arc<ToolEntry>> {
        self.tools.get(name).filter(|listed| listed.enabled).map(|listed| &listed.entry)
    }

    pub fn prompt(&self, name: &str) -> Option<&Arc<PromptEntry>> {
        self.prompts.get(name).filter(|listed| listed.enabled).map(|listed| &listed.entry)
    }

    /// The resource at this address, and the variables of its template.
    pub fn resource(&self, uri: &str) -> Option<(&Arc<ResourceEntry>, Variables)> {
        if let Some(listed) = self.resources.get(uri).filter(|listed| listed.enabled) {
            return Some((&listed.entry, Vec::new()));
        }
        self.templates.values().filter(|listed| listed.enabled).find_map(|listed| {
            let variables = listed.entry.template.matches(uri)?;
            let variables =
                variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
            Some((&listed.entry, variables))
        })
    }

    pub fn add_tool(
        &mut self,
        definition: ToolDefinition,
        handler: Handler,
    ) -> Result<(), Vec<String>> {
        let name = definition.name.to_string();
        let mut problems = definition.problems.clone();
        if !is_name(&name) {
            problems.push(format!(
                "tool `{name}`: a name has 1 to 128 of the characters A-Z, a-z, 0-9, `_`, `-` and `.`"
            ));
        }
        if definition.input_schema.get("type").and_then(Value::as_str) != Some("object") {
            problems
                .push(format!("tool `{name}`: its input schema must have `\"type\": \"object\"`"));
        }
        let headers = match ParamHeaders::from_schema(&definition.input_schema) {
            Ok(headers) => Some(headers),
            Err(found) => {
                problems
                    .extend(found.into_iter().map(|problem| format!("tool `{name}`: {problem}")));
                None
            }
        };
        if self.tools.contains_key(&name) {
            problems
                .push(format!("two tools are called `{name}`: give one of them another `name`"));
        }
        #[cfg(feature = "validation")]
        let (input, output) = {
            let input = Schema::new(&definition.input_schema).map_err(|problem| {
                problems.push(format!("tool `{name}`: input schema: {problem}"))
            });
            let output =
                definition.output_schema.as_ref().map(Schema::new).transpose().map_err(|problem| {
                    problems.push(format!("tool `{name}`: output schema: {problem}"));
                });
            let (Ok(input), Ok(output)) = (input, output) else { return Err(problems) };
            (input, output)
        };
        match headers {
            Some(headers) if problems.is_empty() => {
                self.has_tasks |= definition.task.support != TaskSupport::Forbidden;
                let entry = Arc::new(ToolEntry {
                    definition,
                    handler,
                    headers,
                    #[cfg(feature = "validation")]
                    input,
                    #[cfg(feature = "validation")]
                    output,
                    slow: AtomicBool::new(false),
                });
                self.tools.insert(name, Listed { entry, enabled: true });
                Ok(())
            }
            _ => Err(problems),
        }
    }

    pub fn add_prompt(
        &mut self,
        definition: PromptDefinition,
        handler: Handler,
    ) -> Result<(), Vec<String>> {
        let name = definition.name.to_string();
        if name.is_empty() {
            return Err(vec!["a prompt needs a name".to_owned()]);
        }
        if self.prompts.contains_key(&name) {
            return Err(vec![format!(
                "two prompts are called `{name}`: give one of them another `name`"
            )]);
        }
        let names = definition.arguments.iter().map(|argument| argument.name.into()).collect();
        let entry = Arc::new(PromptEntry { definition, handler, names });
        self.prompts.insert(name, Listed { entry, enabled: true });
        Ok(())
    }

    pub fn add_resource(
        &mut self,
        definition: ResourceDefinition,
        handler: Handler,
    ) -> Result<(), Vec<String>> {
        let uri = definition.uri.to_string();
        let template =
            Template::parse(&uri).map_err(|error| vec![format!("resource `{uri}`: {error}")])?;
        let is_template = template.variables().next().is_some();
        let list = if is_template { &mut self.templates } else { &mut self.resources };
        if list.contains_key(&uri) {
            return Err(vec![format!("two resources have the address `{uri}`")]);
        }
        let entry = Arc::new(ResourceEntry { definition, handler, template });
        list.insert(uri, Listed { entry, enabled: true });
        Ok(())
    }
}

fn is_name(name: &str) -> bool {
    (1..=128).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
}

pub(crate) fn prompt_value(definition: &PromptDefinition) -> Value {
    let mut prompt = WirePrompt::new(definition.name.clone());
    prompt.title = definition.title.as_ref().map(ToString::to_string);
    prompt.description = definition.description.as_ref().map(ToString::to_string);
    prompt.icons = (!definition.icons.is_empty()).then(|| definition.icons.clone());
    prompt.meta = definition.meta.clone();
    let arguments: Vec<WireArgument> = definition
        .arguments
        .iter()
        .map(|argument| {
            let mut wire = WireArgument::new(argument.name);
            wire.description = argument.description.map(str::to_owned);
            wire.required = Some(argument.required);
            wire
        })
        .collect();
    prompt.arguments = (!arguments.is_empty()).then_some(arguments);
    serde_json::to_value(prompt).unwrap_or_default()
}

fn annotations(definition: &ResourceDefinition) -> Option<Annotations> {
    let mut annotations = Annotations::new();
    annotations.audience = (!definition.audience.is_empty()).then(|| definition.audience.clone());
    annotations.priority = definition.priority.and_then(mcp_schema::Number::from_f64);
    (annotations != Annotations::new()).then_some(annotations)
}

pub(crate) fn resource_value(definition: &ResourceDefinition) -> Value {
    let mut resource = WireResource::new(definition.name.clone(), definition.uri.clone());
    resource.title = definition.title.as_ref().map(ToString::to_string);
    resource.description = definition.description.as_ref().map(ToString::to_string);
    resource.mime_type = definition.mime_type.as_ref().map(ToString::to_string);
    resource.size = definition.size;
    resource.annotations = annotations(definition);
    resource.icons = (!definition.icons.is_empty()).then(|| definition.icons.clone());
    resource.meta = definition.meta.clone();
    serde_json::to_value(resource).unwrap_or_default()
}

pub(crate) fn template_value(definition: &ResourceDefinition) -> Value {
    let mut template = WireTemplate::new(definition.name.clone(), definition.uri.clone());
    template.title = definition.title.as_ref().map(ToString::to_string);
    template.description = definition.description.as_ref().map(ToString::to_string);
    template.mime_type = definition.mime_type.as_ref().map(ToString::to_string);
    template.annotations = annotations(definition);
    template.icons = (!definition.icons.is_empty()).then(|| definition.icons.clone());
    template.meta = definition.meta.clone();
    serde_json::to_value(template).unwrap_or_default()
}
