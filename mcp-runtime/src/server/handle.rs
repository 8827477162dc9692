//! A server that is put together: what is done with it while it runs.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use mcp_schema::shared::Implementation;
use mcp_schema::v2026_07_28::{
    ServerCapabilities, ServerCapabilitiesPrompts, ServerCapabilitiesResources,
    ServerCapabilitiesTools,
};
use mcp_schema::{JsonObject, Map};

use super::builder::ServerBuilder;
use super::call::Call;
use super::definition::{PromptDefinition, ResourceDefinition, ToolDefinition};
use super::extension::ExtensionMethod;
use super::handler::{Wrap, prompt_handler, resource_handler, tool_handler, wrapped};
use super::inject::States;
use super::limits::Limits;
use super::listen::{Change, Listeners};
use super::lists::Pages;
use super::outcome::Cache;
use super::output::{IntoPrompt, IntoResource, IntoToolOutput};
use super::registry::Registry;
use crate::error::BuildError;
use crate::journal::Clock;
use crate::protocol::modern::tasks::EXTENSION;
use crate::protocol::seal::KeyRing;
use crate::task::TaskStore;
use crate::task::engine::Engine;

/// A server: cheap to clone, all clones are the same server.
#[derive(Clone)]
pub struct Server(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub info: Implementation,
    /// `_meta` of every modern result, as JSON.
    pub server_info: Vec<u8>,
    pub instructions: Option<String>,
    pub registry: RwLock<Arc<Registry>>,
    pub pages: Mutex<Pages>,
    pub states: States,
    pub limits: Limits,
    pub keys: KeyRing,
    /// The keys are this process's own: what it sealed, no other replica can open.
    #[cfg_attr(
        not(feature = "http"),
        allow(dead_code, reason = "a single client has one process")
    )]
    pub random_keys: bool,
    pub cache: Cache,
    pub extensions: Map<JsonObject>,
    pub methods: HashMap<String, ExtensionMethod>,
    pub listeners: Listeners,
    pub clock: Clock,
    pub tasks: Arc<Engine>,
    pub allowed: Allowed,
    pub layers: Vec<Wrap>,
    #[cfg(feature = "console")]
    pub console: Option<crate::Console>,
}

/// Who may talk to the server over HTTP.
#[derive(Clone, Debug, Default)]
pub(crate) struct Allowed {
    pub hosts: Vec<String>,
    pub origins: Vec<String>,
    pub any_host: bool,
}

impl Server {
    /// Begins a server. [`server!`](crate::server) fills in the name and version of your crate.
    pub fn builder(name: impl Into<String>, version: impl Into<String>) -> ServerBuilder {
        ServerBuilder::new(name.into(), version.into())
    }

    pub(crate) fn inner(&self) -> &Inner {
        &self.0
    }

    /// Begins to work on tasks that an earlier process left behind. [`serve_http`](Self::serve_http) and its sisters do this;
    /// a server that is mounted elsewhere does it with its first request for a task, or with this; so does one that gets its
    /// first tool with tasks while it serves. Must be called within a tokio runtime, in which its tasks then run; a second
    /// call does nothing.
    pub fn start_tasks(&self) {
        if self.registry().has_tasks {
            self.0.tasks.start(self);
        }
    }

    /// Where its tasks are kept.
    pub fn task_store(&self) -> &Arc<dyn TaskStore> {
        self.0.tasks.store()
    }

    /// Ends the work on tasks: none is begun any more; what runs may end within [`Limits::drain`], and is then handed back,
    /// for this server to go on with after its next start, or for another one that shares the store.
    /// [`serve_http`](Self::serve_http) and [`serve_stdio`](Self::serve_stdio) do this when they end.
    pub async fn stop_tasks(&self) {
        self.0.tasks.drain(self.0.limits.drain).await;
    }

    pub(crate) fn registry(&self) -> Arc<Registry> {
        self.0.registry.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Its name, version and what else it says of itself.
    pub fn info(&self) -> &Implementation {
        &self.0.info
    }

    /// Its bounds.
    pub fn limits(&self) -> &Limits {
        &self.0.limits
    }

    /// Switches a tool on or off, for everybody, and tells clients. `false` if there is none of this name.
    pub fn enable_tool(&self, name: &str, enabled: bool) -> bool {
        self.change(Change::Tools, |registry| {
            let listed = registry.tools.get_mut(name)?;
            Some(std::mem::replace(&mut listed.enabled, enabled) != enabled)
        })
    }

    /// Switches a prompt on or off, for everybody, and tells clients. `false` if there is none of this name.
    pub fn enable_prompt(&self, name: &str, enabled: bool) -> bool {
        self.change(Change::Prompts, |registry| {
            let listed = registry.prompts.get_mut(name)?;
            Some(std::mem::replace(&mut listed.enabled, enabled) != enabled)
        })
    }

    /// Switches a resource, or a template, on or off, for everybody, and tells clients. `false` if there is none with this
    /// address.
    pub fn enable_resource(&self, uri: &str, enabled: bool) -> bool {
        self.change(Change::Resources, |registry| {
            let listed = match registry.resources.get_mut(uri) {
                Some(listed) => listed,
                None => registry.templates.get_mut(uri)?,
            };
            Some(std::mem::replace(&mut listed.enabled, enabled) != enabled)
        })
    }

    /// Adds a tool that is only known now, and tells clients.
    ///
    /// # Errors
    ///
    /// What is wrong with its definition; the server goes on without it.
    pub fn add_tool<F, Fut, R>(
        &self,
        definition: ToolDefinition,
        handler: F,
    ) -> Result<(), BuildError>
    where
        F: Fn(Call) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = R> + Send + 'static,
        R: IntoToolOutput,
    {
        self.set_tool(definition, handler, false)
    }

    /// Puts a tool in the place of the one of the same name, or adds it, and tells clients once. Calls of the old one that
    /// run go on.
    ///
    /// # Errors
    ///
    /// What is wrong with its definition; nothing changes.
    pub fn replace_tool<F, Fut, R>(
        &self,
        definition: ToolDefinition,
        handler: F,
    ) -> Result<(), BuildError>
    where
        F: Fn(Call) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = R> + Send + 'static,
        R: IntoToolOutput,
    {
        self.set_tool(definition, handler, true)
    }

    fn set_tool<F, Fut, R>(
        &self,
        definition: ToolDefinition,
        handler: F,
        replace: bool,
    ) -> Result<(), BuildError>
    where
        F: Fn(Call) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = R> + Send + 'static,
        R: IntoToolOutput,
    {
        let handler = wrapped(&self.0.layers, tool_handler(handler));
        self.add(Change::Tools, |registry| {
            if !replace {
                return registry.add_tool(definition, handler);
            }
            // Checked by itself first, then put where the old one stood.
            let mut scratch = Registry::default();
            scratch.add_tool(definition, handler)?;
            registry.tools.extend(scratch.tools);
            registry.has_tasks |= scratch.has_tasks;
            Ok(())
        })
    }

    /// Removes a tool, and tells clients. Calls of it that run go on. `false` if there is none of this name.
    pub fn remove_tool(&self, name: &str) -> bool {
        self.change(Change::Tools, |registry| registry.tools.shift_remove(name).map(|_| true))
    }

    /// Adds a resource that is only known now, and tells clients.
    ///
    /// # Errors
    ///
    /// What is wrong with its definition; the server goes on without it.
    pub fn add_resource<F, Fut, R>(
        &self,
        definition: ResourceDefinition,
        handler: F,
    ) -> Result<(), BuildError>
    where
        F: Fn(Call) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = R> + Send + 'static,
        R: IntoResource + Send,
    {
        self.add(Change::Resources, |registry| {
            registry.add_resource(definition, resource_handler(handler))
        })
    }

    /// Removes a resource, and tells clients. `false` if there is none with this address.
    pub fn remove_resource(&self, uri: &str) -> bool {
        self.change(Change::Resources, |registry| {
            registry
                .resources
                .shift_remove(uri)
                .or_else(|| registry.templates.shift_remove(uri))
                .map(|_| true)
        })
    }

    /// Adds a prompt that is only known now, and tells clients.
    ///
    /// # Errors
    ///
    /// What is wrong with its definition; the server goes on without it.
    pub fn add_prompt<F, Fut, R>(
        &self,
        definition: PromptDefinition,
        handler: F,
    ) -> Result<(), BuildError>
    where
        F: Fn(Call) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = R> + Send + 'static,
        R: IntoPrompt,
    {
        self.add(Change::Prompts, |registry| {
            registry.add_prompt(definition, prompt_handler(handler))
        })
    }

    /// Removes a prompt, and tells clients. `false` if there is none of this name.
    pub fn remove_prompt(&self, name: &str) -> bool {
        self.change(Change::Prompts, |registry| registry.prompts.shift_remove(name).map(|_| true))
    }

    /// Ends the streams of changes with a word, before the server that carries them shuts down. The server's own ways to
    /// serve do so by themselves; an application that mounts it calls this where it begins to shut down.
    pub fn end_subscriptions(&self) {
        self.0.listeners.end();
    }

    /// Tells those who watch a resource that its contents are others now.
    pub fn resource_updated(&self, uri: &str) {
        self.0.listeners.tell(Change::Resource(uri));
    }

    fn add(
        &self,
        what: Change<'_>,
        add: impl FnOnce(&mut Registry) -> Result<(), Vec<String>>,
    ) -> Result<(), BuildError> {
        let mut result = Ok(());
        self.change(what, |registry| {
            result = add(registry);
            result.is_ok().then_some(true)
        });
        result.map_err(|problems| BuildError { problems })
    }

    /// `None` from `change`: there was nothing to change; `Some(false)`: it was so already.
    fn change(&self, what: Change<'_>, change: impl FnOnce(&mut Registry) -> Option<bool>) -> bool {
        let changed = {
            let mut current = self.0.registry.write().unwrap_or_else(PoisonError::into_inner);
            let changed = change(Arc::make_mut(&mut current));
            if changed == Some(true) {
                // Under the lock, so that no page of the old list is kept after the change.
                self.0.pages.lock().unwrap_or_else(PoisonError::into_inner).clear();
            }
            changed
        };
        if changed == Some(true) {
            self.0.listeners.tell(what);
        }
        changed.is_some()
    }

    /// What it can do, as both eras say it.
    pub(crate) fn capabilities(&self) -> ServerCapabilities {
        let registry = self.registry();
        let mut all = ServerCapabilities::new();
        // Messages of handlers, wherever the client wants them.
        all.logging = Some(JsonObject::new());
        if !registry.tools.is_empty() {
            let mut tools = ServerCapabilitiesTools::new();
            tools.list_changed = Some(true);
            all.tools = Some(tools);
        }
        if !registry.prompts.is_empty() {
            let mut prompts = ServerCapabilitiesPrompts::new();
            prompts.list_changed = Some(true);
            all.prompts = Some(prompts);
        }
        if !(registry.resources.is_empty() && registry.templates.is_empty()) {
            let mut resources = ServerCapabilitiesResources::new();
            resources.list_changed = Some(true);
            resources.subscribe = Some(true);
            all.resources = Some(resources);
        }
        let completes = registry
            .prompts
            .values()
            .flat_map(|it| &it.entry.definition.arguments)
            .chain(registry.templates.values().flat_map(|it| &it.entry.definition.variables));
        if completes.into_iter().any(|variable| variable.complete.is_some()) {
            all.completions = Some(JsonObject::new());
        }
        let mut extensions = self.0.extensions.clone();
        if registry.has_tasks {
            // No settings are defined (X1).
            extensions.insert(EXTENSION.to_owned(), JsonObject::new());
        }
        if !extensions.is_empty() {
            all.extensions = Some(extensions);
        }
        all
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("name", &self.0.info.name).finish_non_exhaustive()
    }
}
