//! How a server is put together.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use mcp_schema::shared::{Icon, Implementation};
use mcp_schema::v2026_07_28::{
    CacheScope, ServerCapabilities, ServerCapabilitiesPrompts, ServerCapabilitiesResources,
    ServerCapabilitiesTools,
};
use mcp_schema::{JsonObject, Map};
use serde_json::json;
use tower_layer::Layer;
use tower_service::Service;

use super::call::{
    BoxError, Call, CallFuture, Method, Prompt, Resource, Tool, ToolService, layered,
};
use super::definition::{PromptDefinition, ResourceDefinition, ToolDefinition};
use super::extension::{ExtensionMethod, MethodCall};
use super::inject::States;
use super::limits::Limits;
use super::listen::{Change, Listeners};
use super::lists::Pages;
use super::outcome::{Cache, Outcome};
use super::output::{
    IntoPrompt, IntoResource, IntoToolOutput, prompt_outcome, resource_outcome, tool_outcome,
};
use super::registry::{Handler, Registry};
use crate::error::{BuildError, RpcError};
use crate::journal::Clock;
use crate::protocol::seal::KeyRing;

/// Begins a server with the name of the program that calls it (in a library: of the package), and its version.
///
/// ```
/// use mcp_runtime::mcp_tool;
///
/// /// Says hello.
/// #[mcp_tool(read_only)]
/// async fn hello(name: String) -> String {
///     format!("Hello, {name}!")
/// }
///
/// let server = mcp_runtime::server!().tool::<hello>().build()?;
/// # Ok::<(), mcp_runtime::BuildError>(())
/// ```
#[macro_export]
macro_rules! server {
    () => {
        $crate::Server::builder(
            // A package with several programs has several servers.
            match option_env!("CARGO_BIN_NAME") {
                Some(program) => program,
                None => env!("CARGO_PKG_NAME"),
            },
            env!("CARGO_PKG_VERSION"),
        )
    };
}

/// A server: cheap to clone, all clones are the same server.
#[derive(Clone)]
pub struct Server(Arc<Inner>);

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
    pub allowed: Allowed,
    layers: Vec<Wrap>,
}

/// A layer, whatever its type is.
type Wrap = Box<dyn Fn(Handler) -> Handler + Send + Sync>;

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
        let mut result = Ok(());
        self.change(Change::Tools, |registry| {
            if replace {
                // Checked by itself first, then put where the old one stood.
                let mut scratch = Registry::default();
                result = scratch.add_tool(definition, handler);
                let (name, new) = scratch.tools.pop()?;
                registry.tools.insert(name, new);
            } else {
                result = registry.add_tool(definition, handler);
            }
            result.is_ok().then_some(true)
        });
        result.map_err(|problems| BuildError { problems })
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
        let mut result = Ok(());
        self.change(Change::Resources, |registry| {
            result = registry.add_resource(definition, resource_handler(handler));
            result.is_ok().then_some(true)
        });
        result.map_err(|problems| BuildError { problems })
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
        let mut result = Ok(());
        self.change(Change::Prompts, |registry| {
            result = registry.add_prompt(definition, prompt_handler(handler));
            result.is_ok().then_some(true)
        });
        result.map_err(|problems| BuildError { problems })
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
        if !self.0.extensions.is_empty() {
            all.extensions = Some(self.0.extensions.clone());
        }
        all
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("name", &self.0.info.name).finish_non_exhaustive()
    }
}

/// A server in the making. Mistakes are collected, and told by [`build`](Self::build) all at once.
#[must_use = "a builder does nothing until it is built"]
pub struct ServerBuilder {
    info: Implementation,
    instructions: Option<String>,
    registry: Registry,
    states: States,
    limits: Limits,
    keys: Option<KeyRing>,
    cache: Cache,
    extensions: Map<JsonObject>,
    methods: HashMap<String, ExtensionMethod>,
    problems: Vec<String>,
    allowed: Allowed,
    layers: Vec<Wrap>,
}

fn tool_handler<F, Fut, R>(handler: F) -> Handler
where
    F: Fn(Call) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = R> + Send + 'static,
    R: IntoToolOutput,
{
    Handler::Shared(Arc::new(move |call| {
        let future = handler(call);
        Box::pin(async move { tool_outcome(future.await) })
    }))
}

fn prompt_handler<F, Fut, R>(handler: F) -> Handler
where
    F: Fn(Call) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = R> + Send + 'static,
    R: IntoPrompt,
{
    Handler::Shared(Arc::new(move |call| {
        let future = handler(call);
        Box::pin(async move { prompt_outcome(future.await) })
    }))
}

fn resource_handler<F, Fut, R>(handler: F) -> Handler
where
    F: Fn(Call) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = R> + Send + 'static,
    R: IntoResource + Send,
{
    Handler::Shared(Arc::new(move |call| {
        let future = handler(call.clone());
        Box::pin(async move { resource_outcome(&call, future.await) })
    }))
}

impl ServerBuilder {
    fn new(name: String, version: String) -> Self {
        Self {
            info: Implementation::new(name, version),
            instructions: None,
            registry: Registry::default(),
            states: States::default(),
            limits: Limits::default(),
            keys: None,
            cache: Cache { ttl: std::time::Duration::ZERO, scope: CacheScope::Private },
            extensions: Map::new(),
            methods: HashMap::new(),
            problems: Vec::new(),
            allowed: Allowed::default(),
            layers: Vec::new(),
        }
    }

    fn keep(&mut self, result: Result<(), Vec<String>>) {
        if let Err(problems) = result {
            self.problems.extend(problems);
        }
    }

    /// Another name than that of your crate.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.info.name = name.into();
        self
    }

    /// Another version than that of your crate.
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.info.version = version.into();
        self
    }

    /// The name that people see.
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.info.title = Some(title.into());
        self
    }

    /// What the server is, for people.
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.info.description = Some(text.into());
        self
    }

    /// Its home page.
    pub fn website(mut self, url: impl Into<String>) -> Self {
        self.info.website_url = Some(url.into());
        self
    }

    /// A picture to show beside its name.
    pub fn icon(mut self, icon: Icon) -> Self {
        self.info.icons.get_or_insert_default().push(icon);
        self
    }

    /// How to use the server, for the model.
    pub fn instructions(mut self, text: impl Into<String>) -> Self {
        self.instructions = Some(text.into());
        self
    }

    /// A function with `#[mcp_tool]`.
    pub fn tool<T: Tool>(mut self) -> Self {
        let result = self.registry.add_tool(T::definition().closed(), Handler::Plain(T::call));
        self.keep(result);
        self
    }

    /// A function with `#[mcp_tool]`, behind a [`tower_layer::Layer`]: a timeout, a limit, a span, a check of your own.
    /// `.tool_with::<wait>(layer)`; [`layer_fn`](crate::layer_fn) makes a layer of a function.
    ///
    /// An error of the layer becomes a result with `isError`, unless it is an [`RpcError`].
    pub fn tool_with<T: Tool>(
        mut self,
        layer: impl Layer<
            ToolService,
            Service: Service<Call, Response = Outcome, Error: Into<BoxError>, Future: Send>
                         + Clone
                         + Send
                         + Sync
                         + 'static,
        >,
    ) -> Self {
        let handler = layered(&layer, Handler::Plain(T::call));
        let result = self.registry.add_tool(T::definition().closed(), handler);
        self.keep(result);
        self
    }

    /// Puts all tools behind a layer, those that are added later among them. The first layer is the innermost.
    pub fn layer<L>(mut self, layer: L) -> Self
    where
        L: Layer<ToolService> + Send + Sync + 'static,
        L::Service: Service<Call, Response = Outcome> + Clone + Send + Sync + 'static,
        <L::Service as Service<Call>>::Error: Into<BoxError>,
        <L::Service as Service<Call>>::Future: Send,
    {
        self.layers.push(Box::new(move |handler| layered(&layer, handler)));
        self
    }

    /// A value whose `impl` block has `#[mcp_tools]`: all its tools, prompts and resources.
    pub fn tools<S: super::call::Toolset>(mut self, set: S) -> Self {
        let set = Arc::new(set);
        for handler in S::handlers() {
            let result = match handler {
                Method::Tool(definition, call) => {
                    self.registry.add_tool(definition.closed(), bound(&set, call))
                }
                Method::Prompt(definition, call) => {
                    self.registry.add_prompt(definition, bound(&set, call))
                }
                Method::Resource(definition, call) => {
                    self.registry.add_resource(definition, bound(&set, call))
                }
            };
            self.keep(result);
        }
        self
    }

    /// A tool that is only known at run time.
    pub fn add_tool<F, Fut, R>(mut self, definition: ToolDefinition, handler: F) -> Self
    where
        F: Fn(Call) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = R> + Send + 'static,
        R: IntoToolOutput,
    {
        let result = self.registry.add_tool(definition, tool_handler(handler));
        self.keep(result);
        self
    }

    /// A function with `#[mcp_prompt]`.
    pub fn prompt<P: Prompt>(mut self) -> Self {
        let result = self.registry.add_prompt(P::definition(), Handler::Plain(P::call));
        self.keep(result);
        self
    }

    /// A prompt that is only known at run time.
    pub fn add_prompt<F, Fut, R>(mut self, definition: PromptDefinition, handler: F) -> Self
    where
        F: Fn(Call) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = R> + Send + 'static,
        R: IntoPrompt,
    {
        let result = self.registry.add_prompt(definition, prompt_handler(handler));
        self.keep(result);
        self
    }

    /// A function with `#[mcp_resource]`.
    pub fn resource<R: Resource>(mut self) -> Self {
        let result = self.registry.add_resource(R::definition(), Handler::Plain(R::call));
        self.keep(result);
        self
    }

    /// A resource that is only known at run time.
    pub fn add_resource<F, Fut, R>(mut self, definition: ResourceDefinition, handler: F) -> Self
    where
        F: Fn(Call) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = R> + Send + 'static,
        R: IntoResource + Send,
    {
        let result = self.registry.add_resource(definition, resource_handler(handler));
        self.keep(result);
        self
    }

    /// A value that handlers borrow as [`&State<T>`](crate::State): one of each type.
    pub fn state<T: Send + Sync + 'static>(mut self, state: T) -> Self {
        if !self.states.insert(state) {
            self.problems.push(format!(
                "there are two states of type `{}`: wrap one of them in a type of its own",
                std::any::type_name::<T>()
            ));
        }
        self
    }

    /// An extension that the server supports, with its settings, under its identifier (`com.example/feature`).
    pub fn extension(mut self, identifier: impl Into<String>, settings: JsonObject) -> Self {
        self.extensions.insert(identifier.into(), settings);
        self
    }

    /// A method of an extension. It is served to modern clients that declare the extension, and to nobody else.
    pub fn method<F, Fut>(
        mut self,
        extension: impl Into<String>,
        method: impl Into<String>,
        handler: F,
    ) -> Self
    where
        F: Fn(MethodCall) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<JsonObject, RpcError>> + Send + 'static,
    {
        let (extension, method) = (extension.into(), method.into());
        self.extensions.entry(extension.clone()).or_default();
        if super::dispatch::is_own(&method) {
            self.problems
                .push(format!("method `{method}` belongs to the protocol: choose another name"));
        }
        self.methods.insert(method, ExtensionMethod::new(extension, handler));
        self
    }

    /// Other bounds.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The keys that protect what travels through clients. All replicas need the same; without, each process makes its own,
    /// and what one sealed no other can open.
    pub fn keys(mut self, keys: KeyRing) -> Self {
        self.keys = Some(keys);
        self
    }

    /// How long clients may keep lists and resources, and whether they are the same for everybody. Not at all, by default.
    pub fn cache(mut self, cache: Cache) -> Self {
        self.cache = cache;
        self
    }

    /// A name under which the server is reached over HTTP, beside the loopback ones: `mcp.example.com`, with `:port` where
    /// only that port will do.
    pub fn allow_host(mut self, host: impl Into<String>) -> Self {
        self.allowed.hosts.push(host.into());
        self
    }

    /// Any name: where something in front of the server checks the `Host` header. Origins are still checked.
    pub fn allow_any_host(mut self) -> Self {
        self.allowed.any_host = true;
        self
    }

    /// A page that may call the server from a browser: `https://app.example.com`.
    pub fn allow_origin(mut self, origin: impl Into<String>) -> Self {
        self.allowed.origins.push(origin.into());
        self
    }

    /// The server.
    ///
    /// # Errors
    ///
    /// All mistakes: names that occur twice, schemas that are none, states that are missing.
    pub fn build(mut self) -> Result<Server, BuildError> {
        let mut needs = Vec::new();
        for (name, listed) in &self.registry.tools {
            needs.push((format!("tool `{name}`"), &listed.entry.definition.needs));
        }
        for (name, listed) in &self.registry.prompts {
            needs.push((format!("prompt `{name}`"), &listed.entry.definition.needs));
        }
        for (uri, listed) in self.registry.resources.iter().chain(&self.registry.templates) {
            needs.push((format!("resource `{uri}`"), &listed.entry.definition.needs));
        }
        for (who, needs) in needs {
            for need in needs {
                if let Err(problem) = need.check(&self.states) {
                    self.problems.push(format!("{who} {problem}"));
                }
            }
        }
        if self.limits.page == 0 {
            self.problems.push("`limits.page` is 0: a page needs at least one entry".to_owned());
        }
        let random_keys = self.keys.is_none();
        let keys = match self.keys {
            Some(keys) => Some(keys),
            None => KeyRing::random().map_err(|error| self.problems.push(error.to_string())).ok(),
        };
        let (Some(keys), true) = (keys, self.problems.is_empty()) else {
            return Err(BuildError { problems: self.problems });
        };
        for listed in self.registry.tools.values_mut() {
            if let Some(entry) = Arc::get_mut(&mut listed.entry) {
                entry.handler = wrapped(&self.layers, entry.handler.clone());
            }
        }
        let server_info = serde_json::to_vec(&json!({
            mcp_schema::v2026_07_28::meta_key::SERVER_INFO: self.info,
        }))
        .unwrap_or_else(|_| b"{}".to_vec());
        Ok(Server(Arc::new(Inner {
            info: self.info,
            server_info,
            instructions: self.instructions,
            registry: RwLock::new(Arc::new(self.registry)),
            pages: Mutex::default(),
            states: self.states,
            limits: self.limits,
            keys,
            random_keys,
            cache: self.cache,
            extensions: self.extensions,
            methods: self.methods,
            listeners: Listeners::default(),
            clock: Clock::System,
            allowed: self.allowed,
            layers: self.layers,
        })))
    }
}

fn bound<S: Send + Sync + 'static>(set: &Arc<S>, call: fn(Arc<S>, Call) -> CallFuture) -> Handler {
    let set = set.clone();
    Handler::Shared(Arc::new(move |it| call(set.clone(), it)))
}

fn wrapped(layers: &[Wrap], handler: Handler) -> Handler {
    layers.iter().fold(handler, |handler, wrap| wrap(handler))
}
