//! Model Context Protocol servers from annotated functions: one function, served to clients of every revision.
//!
//! ```no_run
//! use mcp_runtime::{ServeError, mcp_tool};
//!
//! /// Adds two numbers.
//! #[mcp_tool(read_only)]
//! async fn add(a: i64, b: i64) -> String {
//!     (a + b).to_string()
//! }
//!
//! #[tokio::main]
//! async fn main() -> Result<(), ServeError> {
//!     mcp_runtime::server!().tool::<add>().serve_stdio().await
//! }
//! ```
//!
//! The tool's name, description, arguments with their schema, annotations and the server's capabilities are derived; clients
//! from 2024-11-05 to 2026-07-28 can use it. `serve_http("127.0.0.1:8000")` (feature `http`) instead of `serve_stdio()` puts
//! the same server on the network. Types of your own derive `serde::Deserialize`, `serde::Serialize` and `schemars::JsonSchema`.
//!
//! # What a function may take and return
//!
//! | parameter | it is |
//! | --- | --- |
//! | `name: T` | one argument that the client sends; `///` above it is its description, `Option<T>` or `#[arg(default)]` makes it optional |
//! | `Args(all): Args<T>` | all arguments as one struct |
//! | `cx: &Context` | lent by the server: progress, logs, questions to the user, steps, who is calling |
//! | `state: &State<T>` | lent by the server: what was given to [`ServerBuilder::state`] |
//!
//! It returns text, content ([`content`]), [`Json`] for structured output with a schema, [`ToolOutput`] for all of it, or a
//! `Result` of one of these. An error with `Display` becomes a result that the model can read and learn from; an [`RpcError`]
//! refuses the call.
//!
//! # Asking in the middle of a call
//!
//! [`Context::elicit`] asks the user, [`Context::sample`] the client's model, and the function simply waits. On a legacy
//! connection the client is asked at once. A modern call is answered with `input_required`, and the client's retry runs the
//! function again from its beginning, with all that it has learned: so what has an effect, or may come out differently the
//! next time, belongs into a [`step`](Context::step).
//!
//! # Calls that take long
//!
//! `#[mcp_tool(task_support = "optional")]` makes a tool a *task* for clients that know tasks: they get an id, ask how far it
//! is, answer its questions, and read its result later; for all others it stays an ordinary call. With a store on disk and
//! `restart = "replay"` a task survives its process: see [`task`] and [`store`].
//!
//! # Beside tools
//!
//! [`#[mcp_prompt]`](macro@mcp_prompt) makes a prompt of a function and [`#[mcp_resource]`](macro@mcp_resource) a resource, or a
//! template of them; [`#[mcp_tools]`](macro@mcp_tools) takes an `impl` block whose methods share `self`. What is only known at
//! run time is added with [`ServerBuilder::add_tool`] and its sisters.
//!
//! # Testing
//!
//! A function stays what it was: call it, with [`State::new`] for what it borrows. One that takes a `&Context` is called by a
//! client in memory, as is everything that a client gets to see: `mcp_runtime::client` (feature `client`) has one for each
//! lifecycle.
//!
//! # How it is built
//!
//! Transports turn bytes into messages, `protocol` decides era and revision, `server` finds the handler and polls it where
//! the request arrived. `ARCHITECTURE.md` in the repository has the picture and its invariants.
//!
//! # Features
//!
//! | feature | default | what it adds |
//! | --- | --- | --- |
//! | `macros` | yes | `#[mcp_tool]`, `#[mcp_tools]`, `#[mcp_prompt]`, `#[mcp_resource]` |
//! | `stdio` | yes | [`ServerBuilder::serve_stdio`] |
//! | `http` | no | Streamable HTTP: `serve_http`, and a tower service to mount in an application of yours |
//! | `console` | no | a page of the server itself to look at it and try it out: [`ServerBuilder::console`] |
//! | `validation` | no | arguments are checked against the whole of their JSON Schema before a tool runs, structured output after it in debug builds |
//! | `client` | no | [`client`]: a client of both lifecycles, in memory, over streams of lines, with a child process |
//! | `client-http` | no | the same over Streamable HTTP, with TLS |
//! | `call` | no | the command `mcp-call`, which uses servers from a terminal and in scripts |
//! | `sqlite` | no | [`store::SqliteStore`]: tasks that survive their process |
//! | `cli` | no | the command `mcp-tasks`, for whoever looks after a store of tasks |
//! | `metrics` | no | counters and gauges of tasks through the facade of that name |
//! | `kit` | no | the journal as a module, with the check that a rerun changes no history; the contract kit for stores of your own |

#![allow(
    clippy::result_large_err,
    reason = "errors carry what the protocol lets them carry; they are rare, and a box for each would be everybody's burden"
)]
// What a call carries is for both transports: without one of them, parts of it are never read.
#![cfg_attr(not(all(feature = "http", feature = "stdio")), allow(dead_code))]

// Code that the macros emit names this crate by its name, here as everywhere.
extern crate self as mcp_runtime;

// Parts of the wire are there for HTTP alone.
#[cfg(feature = "client")]
#[cfg_attr(not(feature = "client-http"), allow(dead_code))]
pub mod client;
#[cfg(feature = "console")]
mod console;
pub mod content;
mod error;
#[cfg(feature = "kit")]
pub mod journal;
#[cfg(not(feature = "kit"))]
#[allow(dead_code, unused_imports, reason = "the kit uses parts of it that nothing else does")]
mod journal;
#[cfg(not(all(feature = "stdio", feature = "console")))]
mod missing;
mod protocol;
mod serve;
mod server;
pub mod store;
pub mod task;
mod telemetry;
mod transport;

#[cfg(feature = "macros")]
pub use mcp_macros::{mcp_prompt, mcp_resource, mcp_tool, mcp_tools};
pub use mcp_schema as schema;
pub use mcp_schema::JsonObject;
pub use mcp_schema::shared::LoggingLevel;
pub use schemars;

#[cfg(feature = "console")]
pub use self::console::Console;
pub use self::error::{BuildError, RpcError, ServeError, code};
pub use self::journal::{Journaled, StepError, StepFailure, StepName};
pub use self::protocol::revision::Revision;
pub use self::protocol::seal::{KeyError, KeyRing};
pub use self::server::arguments::{
    Args, ArgumentObject, PromptArgument, ToolArgument, ToolArguments,
};
pub use self::server::ask::{AskAsTask, Elicited, Input, InputError, Sampled};
pub use self::server::builder::ServerBuilder;
pub use self::server::call::{
    BoxError, Call, FnLayer, FnService, Next, Prompt, Resource, Tool, ToolService, Toolset,
    layer_fn,
};
pub use self::server::client_info::ClientInfo;
pub use self::server::completion::{Completion, CompletionFuture, Partial};
pub use self::server::context::{Cancellation, Context, Log, Progress, Reporter, TraceContext};
pub use self::server::definition::{
    Argument, ClientFeature, IntoSchema, PromptDefinition, ResourceDefinition, Restart, Retry,
    RetryOn, TaskOptions, TaskSupport, ToolDefinition,
};
pub use self::server::extension::MethodCall;
pub use self::server::handle::Server;
pub use self::server::inject::{Inject, State, States};
pub use self::server::limits::Limits;
pub use self::server::outcome::{Cache, Outcome, PromptOutput, ResourceOutput, ToolOutput};
pub use self::server::output::{
    IntoPrompt, IntoResource, IntoToolOutput, Json, OutputJson, OutputSchema, ToolFailure,
};
pub use self::server::principal::Principal;
pub use self::server::typed::HeaderArgument;
pub use self::task::TaskSettings;
#[cfg(feature = "http")]
pub use self::transport::http::{HttpServer, McpService, ResponseBody};

/// What the code of the macros rests on. It may change with any version.
#[doc(hidden)]
pub mod __private {
    pub use crate::content::Icon;
    pub use crate::schema::JsonObject;
    pub use crate::server::arguments::{Arguments, Variables};
    pub use crate::server::bounds::{Bounds, LengthArgument, Lengths, NumberArgument};
    pub use crate::server::call::{
        Call, CallFuture, Method as Handler, Prompt, Resource, Tool, Toolset,
    };
    pub use crate::server::completion::{Completion, CompletionFuture, Partial};
    pub use crate::server::context::Context;
    pub use crate::server::definition::{
        Argument, ClientFeature, PromptDefinition, ResourceDefinition, Restart, Retry, RetryOn,
        TaskOptions, TaskSupport, ToolDefinition,
    };
    pub use crate::server::inject::{Inject, inject};
    pub use crate::server::outcome::Outcome;
    pub use crate::server::typed::{
        Injected, NotShown, Parameter, Returns, Shown, Variable, Whole, future, icon, in_header,
        in_range, injected, json_object, of_length, parameter, parameter_by_hand, returns_prompt,
        returns_resource, returns_tool, variable, whole, whole_by_hand,
    };
    pub use std::sync::Arc;
    pub use std::time::Duration;
}
