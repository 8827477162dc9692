//! Methods that are not the protocol's: those of extensions (2026-07-28, Extension Negotiation).

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use mcp_schema::JsonObject;

use super::client_info::ClientInfo;
use super::handle::Server;
use super::principal::Principal;
use crate::error::RpcError;

/// A call of an extension's method.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct MethodCall {
    /// The parameters, without `_meta`.
    pub params: JsonObject,
    /// The metadata.
    pub meta: JsonObject,
    /// The client.
    pub client: ClientInfo,
    /// Who is calling.
    pub principal: Option<Principal>,
    /// The server.
    pub server: Server,
}

type MethodFuture = Pin<Box<dyn Future<Output = Result<JsonObject, RpcError>> + Send>>;

#[derive(Clone)]
pub(crate) struct ExtensionMethod {
    pub extension: String,
    handler: Arc<dyn Fn(MethodCall) -> MethodFuture + Send + Sync>,
}

impl ExtensionMethod {
    pub fn new<F, Fut>(extension: String, handler: F) -> Self
    where
        F: Fn(MethodCall) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<JsonObject, RpcError>> + Send + 'static,
    {
        Self { extension, handler: Arc::new(move |call| Box::pin(handler(call))) }
    }

    pub fn call(&self, call: MethodCall) -> MethodFuture {
        (self.handler)(call)
    }
}

impl fmt::Debug for ExtensionMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExtensionMethod")
            .field("extension", &self.extension)
            .finish_non_exhaustive()
    }
}
