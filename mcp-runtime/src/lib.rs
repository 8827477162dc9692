//! Model Context Protocol servers from annotated functions: one function, served to clients of every revision.

// Code that the macros emit names this crate by its name, here as everywhere.
extern crate self as mcp_runtime;

#[cfg(feature = "client")]
pub mod client;
pub mod content;
mod error;
#[cfg(feature = "kit")]
pub mod journal;
// Half of it is for tasks, whose engine comes next: until then only the kit uses it.
#[cfg(not(feature = "kit"))]
#[allow(dead_code, unused_imports)]
mod journal;
mod protocol;
mod serve;
mod server;
mod transport;

#[cfg(feature = "macros")]
pub use mcp_macros::{mcp_prompt, mcp_resource, mcp_tool, mcp_tools};
pub use mcp_schema as schema;
pub use schemars;

pub use self::error::{BuildError, RpcError, ServeError, code};
pub use self::journal::{Journaled, StepError, StepFailure, StepName};
pub use self::protocol::revision::Revision;
pub use self::protocol::seal::{KeyError, KeyRing};
pub use self::server::arguments::{Args, PromptArgument, ToolArgument, ToolArguments};
pub use self::server::ask::{Elicited, FormContent, Input, InputError};
pub use self::server::builder::{Server, ServerBuilder};
pub use self::server::call::{Call, Prompt, Resource, Tool, ToolService, Toolset};
pub use self::server::client_info::ClientInfo;
pub use self::server::completion::{Completion, CompletionFuture, Partial};
pub use self::server::context::{Cancellation, Context, Log, Progress, Reporter, TraceContext};
pub use self::server::definition::{
    Argument, ClientFeature, IntoSchema, PromptDefinition, ResourceDefinition, Restart, Retry,
    TaskOptions, TaskSupport, ToolDefinition,
};
pub use self::server::extension::MethodCall;
pub use self::server::inject::{Inject, State, States};
pub use self::server::limits::Limits;
pub use self::server::outcome::{Cache, Outcome, PromptOutput, ResourceOutput, ToolOutput};
pub use self::server::output::{IntoPrompt, IntoResource, IntoToolOutput, Json, ToolFailure};
pub use self::server::principal::Principal;
pub use self::server::typed::HeaderArgument;
#[cfg(feature = "http")]
pub use self::transport::http::{HttpServer, McpService, ResponseBody};

/// What the code of the macros rests on. It may change with any version.
#[doc(hidden)]
pub mod __private {
    pub use crate::content::Icon;
    pub use crate::schema::JsonObject;
    pub use crate::server::arguments::{Arguments, Variables};
    pub use crate::server::call::{
        Call, CallFuture, Method as Handler, Prompt, Resource, Tool, Toolset,
    };
    pub use crate::server::completion::{Completion, CompletionFuture, Partial};
    pub use crate::server::context::Context;
    pub use crate::server::definition::{
        Argument, ClientFeature, PromptDefinition, ResourceDefinition, Restart, Retry, TaskOptions,
        TaskSupport, ToolDefinition,
    };
    pub use crate::server::inject::{Inject, inject};
    pub use crate::server::outcome::Outcome;
    pub use crate::server::typed::{
        Injected, Parameter, Returns, Variable, Whole, future, icon, in_header, injected,
        json_object, parameter, parameter_by_hand, returns_prompt, returns_resource, returns_tool,
        variable, whole, whole_by_hand,
    };
    pub use std::sync::Arc;
    pub use std::time::Duration;
}
