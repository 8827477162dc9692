//! How a server is put together.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, RwLock};

use mcp_schema::shared::{Icon, Implementation};
use mcp_schema::v2026_07_28::CacheScope;
use mcp_schema::{JsonObject, Map};
use serde_json::json;
use tower_layer::Layer;
use tower_service::Service;

use super::call::{BoxError, Call, Method, Prompt, Resource, Tool, ToolService, layered};
use super::definition::{PromptDefinition, ResourceDefinition, ToolDefinition};
use super::extension::{ExtensionMethod, MethodCall};
use super::handle::{Allowed, Inner, Server};
use super::handler::{
    Handler, Wrap, bound, prompt_handler, resource_handler, tool_handler, wrapped,
};
use super::inject::States;
use super::limits::Limits;
use super::listen::Listeners;
use super::outcome::{Cache, Outcome};
use super::output::{IntoPrompt, IntoResource, IntoToolOutput};
use super::registry::Registry;
use crate::error::{BuildError, RpcError};
use crate::journal::Clock;
use crate::protocol::seal::KeyRing;
use crate::store::MemoryStore;
use crate::task::engine::Engine;
use crate::task::{TaskSettings, TaskStore};

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
    tasks: TaskSettings,
    task_store: Option<Arc<dyn TaskStore>>,
    #[cfg(feature = "console")]
    pub(crate) console: Option<crate::Console>,
}

impl ServerBuilder {
    pub(super) fn new(name: String, version: String) -> Self {
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
            tasks: TaskSettings::default(),
            task_store: None,
            #[cfg(feature = "console")]
            console: None,
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

    /// A function that makes its outcome itself.
    #[cfg(feature = "client")]
    pub(crate) fn add_handler(mut self, definition: ToolDefinition, handler: Handler) -> Self {
        let result = self.registry.add_tool(definition, handler);
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

    /// Other bounds for tasks.
    pub fn tasks(mut self, settings: TaskSettings) -> Self {
        self.tasks = settings;
        self
    }

    /// Where tasks are kept. In memory if this is not said: they are gone with the process then.
    pub fn task_store(mut self, store: impl TaskStore) -> Self {
        self.task_store = Some(Arc::new(store));
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
        self.problems.extend(self.tasks.problems());
        let random_keys = self.keys.is_none();
        let keys = match self.keys {
            Some(keys) => Some(keys),
            None => KeyRing::random().map_err(|error| self.problems.push(error.to_string())).ok(),
        };
        let (Some(keys), true) = (keys, self.problems.is_empty()) else {
            return Err(BuildError { problems: self.problems });
        };
        #[cfg(not(feature = "validation"))]
        for (name, listed) in &self.registry.tools {
            let places = &listed.entry.definition.unchecked;
            if !places.is_empty() {
                tracing::warn!(
                    target: "mcp",
                    "tool `{name}`: beyond their types, nothing checks arguments for what its schema says of {}: switch on \
                     the feature `validation` of mcpwright-runtime",
                    places.join(", ")
                );
            }
        }
        for listed in self.registry.tools.values_mut() {
            if let Some(entry) = Arc::get_mut(&mut listed.entry) {
                entry.handler = wrapped(&self.layers, entry.handler.clone());
            }
        }
        let server_info = serde_json::to_vec(&json!({
            mcp_schema::v2026_07_28::meta_key::SERVER_INFO: self.info,
        }))
        .unwrap_or_else(|_| b"{}".to_vec());
        let clock = Clock::System;
        let store = self.task_store.unwrap_or_else(|| Arc::new(MemoryStore::new()));
        let tasks = Engine::new(self.tasks, store, clock.clone());
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
            clock,
            tasks,
            allowed: self.allowed,
            layers: self.layers,
            #[cfg(feature = "console")]
            console: self.console,
        })))
    }
}
