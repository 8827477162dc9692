//! The functions behind definitions, whatever their types are.

use std::future::Future;
use std::sync::Arc;

use super::call::{Call, CallFuture};
use super::output::{
    IntoPrompt, IntoResource, IntoToolOutput, prompt_outcome, resource_outcome, tool_outcome,
};

/// The function behind a definition.
#[derive(Clone)]
pub(crate) enum Handler {
    Plain(fn(Call) -> CallFuture),
    Shared(Arc<dyn Fn(Call) -> CallFuture + Send + Sync>),
}

impl Handler {
    pub fn call(&self, call: Call) -> CallFuture {
        match self {
            Self::Plain(function) => function(call),
            Self::Shared(function) => function(call),
        }
    }
}

/// A layer, whatever its type is.
pub(crate) type Wrap = Box<dyn Fn(Handler) -> Handler + Send + Sync>;

pub(super) fn tool_handler<F, Fut, R>(handler: F) -> Handler
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

pub(super) fn prompt_handler<F, Fut, R>(handler: F) -> Handler
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

pub(super) fn resource_handler<F, Fut, R>(handler: F) -> Handler
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

pub(super) fn bound<S: Send + Sync + 'static>(
    set: &Arc<S>,
    call: fn(Arc<S>, Call) -> CallFuture,
) -> Handler {
    let set = set.clone();
    Handler::Shared(Arc::new(move |it| call(set.clone(), it)))
}

pub(super) fn wrapped(layers: &[Wrap], handler: Handler) -> Handler {
    layers.iter().fold(handler, |handler, wrap| wrap(handler))
}
