//! Prompts and resources as their server knows them.

use std::borrow::Cow;

use mcp_schema::JsonObject;
use mcp_schema::shared::{Icon, Role};

use super::{Argument, ClientFeature};
use crate::server::arguments::PromptArgument;
use crate::server::completion::Completer;
use crate::server::inject::{Inject, Needs};
use crate::server::output::{IntoPrompt, IntoResource};

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
