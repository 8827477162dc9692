//! A client: for the tests of a server, for gateways, and for programs that use servers.
//!
//! It speaks both lifecycles with the types of the newest revision, answers what servers ask for through the handlers that
//! you register, and cancels a call whose future is dropped.
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
