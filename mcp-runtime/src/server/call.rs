//! One call, from its arguments to its outcome.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::ops::Deref;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};

use mcp_schema::JsonObject;
use tower_layer::Layer;
use tower_service::Service;

use super::arguments::{Arguments, Variables};
use super::context::{Context, Subject};
use super::definition::{PromptDefinition, ResourceDefinition, ToolDefinition};
use super::handler::Handler;
use super::outcome::Outcome;
use crate::error::RpcError;
use crate::protocol::revision::Revision;

/// An error of any kind.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// What a handler is to its server: a future with its outcome.
pub type CallFuture = Pin<Box<dyn Future<Output = Outcome> + Send>>;

/// A tool, made by `#[mcp_tool]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no tool",
    label = "no `#[mcp_tool]` stands over it",
    note = "write `#[mcp_tool]` over the function, and register it by its name: `.tool::<name>()`"
)]
pub trait Tool {
    /// What the server says about it.
    fn definition() -> ToolDefinition;
    /// Runs it.
    fn call(call: Call) -> CallFuture;
}

/// A prompt, made by `#[mcp_prompt]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no prompt",
    label = "no `#[mcp_prompt]` stands over it",
    note = "write `#[mcp_prompt]` over the function, and register it by its name: `.prompt::<name>()`"
)]
pub trait Prompt {
    /// What the server says about it.
    fn definition() -> PromptDefinition;
    /// Runs it.
    fn call(call: Call) -> CallFuture;
}

/// A resource, made by `#[mcp_resource]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no resource",
    label = "no `#[mcp_resource]` stands over it",
    note = "write `#[mcp_resource(\"scheme://address\")]` over the function, and register it by its name: `.resource::<name>()`"
)]
pub trait Resource {
    /// What the server says about it.
    fn definition() -> ResourceDefinition;
    /// Reads it.
    fn call(call: Call) -> CallFuture;
}

/// A type whose methods are tools, prompts and resources, made by `#[mcp_tools]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no tools",
    label = "no `#[mcp_tools]` stands over an `impl {Self}`",
    note = "write `#[mcp_tools]` over the `impl` block, and `#[mcp_tool]` over its methods"
)]
pub trait Toolset: Send + Sync + 'static {
    /// Its methods.
    fn handlers() -> Vec<Method<Self>>
    where
        Self: Sized;
}

/// A method of a [`Toolset`].
#[allow(clippy::large_enum_variant, reason = "made once for each method, and taken apart at once")]
pub enum Method<S> {
    /// With `#[mcp_tool]`.
    Tool(ToolDefinition, fn(Arc<S>, Call) -> CallFuture),
    /// With `#[mcp_prompt]`.
    Prompt(PromptDefinition, fn(Arc<S>, Call) -> CallFuture),
    /// With `#[mcp_resource]`.
    Resource(ResourceDefinition, fn(Arc<S>, Call) -> CallFuture),
}

/// One call as its handler gets it: the context, and the arguments as the client sent them.
///
/// Functions with an attribute never see it; handlers that are registered at run time, and tower layers, do.
#[derive(Clone)]
pub struct Call(pub(crate) Arc<Context>);

impl Call {
    /// The arguments, to be taken out by type.
    #[doc(hidden)]
    pub fn arguments(&self) -> Arguments<'_> {
        let names = match &self.0.subject {
            Subject::Tool(entry) => &entry.definition.arguments[..],
            _ => &[],
        };
        Arguments::new(self.0.params.arguments(), names, self.0.revision >= Revision::V2025_11_25)
    }

    /// The arguments of a prompt, or the variables of a resource's address.
    #[doc(hidden)]
    pub fn variables(&self) -> Variables<'_> {
        match &self.0.subject {
            Subject::Prompt(entry) => Variables::of_object(self.0.params.arguments(), &entry.names),
            Subject::Resource { variables, .. } => Variables::new(
                variables
                    .iter()
                    .map(|(name, value)| (name.as_str().into(), value.as_str().into()))
                    .collect(),
            ),
            Subject::Tool(_) => Variables::new(Vec::new()),
        }
    }

    /// The arguments as JSON text; `{}` where the client sent none.
    pub fn arguments_json(&self) -> &str {
        self.0.params.arguments().unwrap_or("{}")
    }

    /// The arguments as an object.
    ///
    /// # Errors
    ///
    /// What the client sent is no object.
    pub fn arguments_object(&self) -> Result<JsonObject, RpcError> {
        serde_json::from_str(self.arguments_json())
            .map_err(|error| RpcError::invalid_params(format!("`arguments`: {error}")))
    }

    /// The name of the tool or prompt, or the address of the resource.
    pub fn target(&self) -> &str {
        self.0.target()
    }

    /// The context.
    pub fn context(&self) -> &Context {
        &self.0
    }

    pub(crate) fn resource(&self) -> (&str, Option<&str>) {
        match &self.0.subject {
            Subject::Resource { entry, uri, .. } => (uri, entry.definition.mime_type.as_deref()),
            _ => ("", None),
        }
    }
}

impl Deref for Call {
    type Target = Context;

    fn deref(&self) -> &Context {
        &self.0
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("target", &self.target()).finish_non_exhaustive()
    }
}

/// A tool as a tower service, for layers to stand in front of.
#[derive(Clone)]
pub struct ToolService(Handler);

impl Service<Call> for ToolService {
    type Response = Outcome;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Outcome, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut TaskContext<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, call: Call) -> Self::Future {
        let future = self.0.call(call);
        Box::pin(async move { Ok(future.await) })
    }
}

/// What stands behind a [`layer_fn`]: the next layer, or the tool.
pub struct Next(ToolService);

impl Next {
    /// Goes on.
    pub async fn run(mut self, call: Call) -> Outcome {
        match self.0.call(call).await {
            Ok(outcome) => outcome,
            Err(never) => match never {},
        }
    }
}

/// A layer made of a function, for [`ServerBuilder::layer`](crate::ServerBuilder::layer) and
/// [`tool_with`](crate::ServerBuilder::tool_with).
///
/// ```
/// use mcp_runtime::{Call, Next, Outcome, layer_fn};
///
/// async fn deny_strangers(call: Call, next: Next) -> Outcome {
///     match call.principal() {
///         Some(_) => next.run(call).await,
///         None => Outcome::failed("log in first"),
///     }
/// }
///
/// let builder = mcp_runtime::server!().layer(layer_fn(deny_strangers));
/// ```
pub fn layer_fn<F, Fut>(function: F) -> FnLayer<F>
where
    F: Fn(Call, Next) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = Outcome> + Send + 'static,
{
    FnLayer(function)
}

/// See [`layer_fn`].
#[derive(Clone, Debug)]
pub struct FnLayer<F>(F);

impl<F: Clone> Layer<ToolService> for FnLayer<F> {
    type Service = FnService<F>;

    fn layer(&self, inner: ToolService) -> FnService<F> {
        FnService { function: self.0.clone(), inner }
    }
}

/// See [`layer_fn`].
#[derive(Clone)]
pub struct FnService<F> {
    function: F,
    inner: ToolService,
}

impl<F, Fut> Service<Call> for FnService<F>
where
    F: Fn(Call, Next) -> Fut,
    Fut: Future<Output = Outcome> + Send + 'static,
{
    type Response = Outcome;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Outcome, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut TaskContext<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, call: Call) -> Self::Future {
        let future = (self.function)(call, Next(self.inner.clone()));
        Box::pin(async move { Ok(future.await) })
    }
}

/// The handler behind a layer.
pub(crate) fn layered<L>(layer: &L, handler: Handler) -> Handler
where
    L: Layer<ToolService>,
    L::Service: Service<Call, Response = Outcome> + Clone + Send + Sync + 'static,
    <L::Service as Service<Call>>::Error: Into<BoxError>,
    <L::Service as Service<Call>>::Future: Send,
{
    let service = layer.layer(ToolService(handler));
    Handler::Shared(Arc::new(move |call| {
        let mut service = service.clone();
        Box::pin(async move {
            // An error of the layer's own type need not be `Send`: it must not be alive over an await.
            let ready = std::future::poll_fn(|cx| service.poll_ready(cx).map_err(Into::into)).await;
            if let Err(error) = ready {
                return failure(error);
            }
            let future = service.call(call);
            future.await.unwrap_or_else(|error| failure(error.into()))
        })
    }))
}

fn failure(error: BoxError) -> Outcome {
    match error.downcast::<RpcError>() {
        Ok(error) => Outcome::error(*error),
        Err(error) => Outcome::failed(error.to_string()),
    }
}
