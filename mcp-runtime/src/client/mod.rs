//! A client: for the tests of a server, for gateways, and for programs that use servers.
//!
//! It speaks both lifecycles with the types of the newest revision, answers what servers ask for through the handlers that
//! you register, drives tasks to their end, and cancels a call whose future is dropped.
//!
//! | the server | |
//! | --- | --- |
//! | in this process | [`Client::connect`] |
//! | a program that it starts | [`ClientBuilder::spawn`] |
//! | a stream of lines | [`ClientBuilder::connect_stream`] |
//! | an address, with feature `client-http` | `ClientBuilder::connect_http` |
//!
//! ```
//! use mcp_runtime::client::Client;
//! use mcp_runtime::mcp_tool;
//! use serde_json::json;
//!
//! /// Returns the text that it is given.
//! #[mcp_tool]
//! async fn echo(text: String) -> String {
//!     text
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let server = mcp_runtime::server!().tool::<echo>().build()?;
//! let client = Client::connect(&server).await?;
//! assert_eq!(client.call_tool("echo", json!({ "text": "hi" })).await?.text(), "hi");
//! # Ok(())
//! # }
//! ```
//!
//! The user, the model and the folders behind the client are closures:
//!
//! ```
//! use mcp_runtime::client::Client;
//! use mcp_runtime::{Elicited, Revision};
//! use serde_json::json;
//!
//! # async fn run(server: mcp_runtime::Server) -> Result<(), mcp_runtime::client::ClientError> {
//! let client = Client::builder()
//!     .legacy(Revision::V2025_11_25)
//!     .on_elicit(|_form| async { Elicited::Accepted(json!({ "approved": true })) })
//!     .on_sample(|_request| async { "Paris" })
//!     .connect(&server)
//!     .await?;
//! # drop(client);
//! # Ok(())
//! # }
//! ```
//!
//! # Tasks
//!
//! [`Client::call_tool`] makes a [`Calling`], which is awaited in one of three ways. By itself it gives the result, whether the
//! server made the call a task or not. [`stream`](Calling::stream) gives [`CallEvent`]s on the way.
//! [`task`](Calling::task) gives a [`RemoteTask`], whose [`TaskTicket`] another process can go on with:
//!
//! ```
//! use mcp_runtime::client::{Client, TaskHandles};
//! use serde_json::json;
//!
//! # async fn run(client: Client) -> Result<(), Box<dyn std::error::Error>> {
//! let task = client.call_tool("render", json!({ "scene": "dawn" })).task().await?;
//! if let Some(ticket) = task.ticket() {
//!     TaskHandles::open("tickets")?.save(&ticket).await?; // and later, elsewhere: client.resume(ticket)
//! }
//! println!("{}", task.result().await?.text());
//! # Ok(())
//! # }
//! ```
//!
//! What is dropped before its end is cancelled at the server: a call, a stream, the task that one of them has become; what an error
//! leaves of a task stands with [`Calling`]. A [`RemoteTask`] cancels nothing, and asks nothing while nothing is awaited.
//!
//! # Limits
//!
//! Messages of 64 MiB ([`ClientBuilder::max_message`]), 16 rounds of questions in a call ([`ClientBuilder::max_rounds`]), a day
//! for a task ([`ClientBuilder::task_deadline`]), 1024 answers and 32 MiB in the cache ([`ClientBuilder::cache`]); no limit of
//! time for a single answer ([`ClientBuilder::timeout`]): a server that stays silent is waited for, unless that says otherwise. One
//! that floods or breaks off is an error that says so, a [`ClientError`].

mod about;
mod builder;
mod cache;
mod calls;
mod connection;
mod definitions;
mod error;
mod handlers;
mod host;
mod known;
mod lifecycle;
mod memory;
mod methods;
mod output;
mod pages;
mod repeat;
mod rounds;
mod subscription;
mod task;
mod transport;
mod wire;

pub use self::about::Initialized;
pub use self::builder::ClientBuilder;
pub use self::calls::{Calling, Completing};
pub use self::error::ClientError;
pub use self::handlers::IntoAnswer;
pub use self::known::KnownServers;
pub use self::lifecycle::Lifecycle;
pub use self::methods::Client;
pub use self::output::ToolResult;
pub use self::pages::{Listed, Pages};
pub use self::subscription::{Change, Subscription};
pub use self::task::{
    CallEvent, CallStream, DamagedHandle, RemoteTask, TaskHandles, TaskInfo, TaskStatus,
    TaskTicket, TaskWish,
};
