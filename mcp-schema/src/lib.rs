//! The types of the Model Context Protocol, generated from its schema: one module for each revision.
//!
//! ```
//! use mcp_schema::v2025_11_25::{ClientRequest, ContentBlock, TextContent};
//!
//! // `params` may stand before `method`, as JSON allows: the type is chosen by the method all the same.
//! let text = r#"{"jsonrpc":"2.0","id":7,"params":{"name":"add","arguments":{"a":1}},"method":"tools/call"}"#;
//! let request: ClientRequest = serde_json::from_str(text)?;
//! let ClientRequest::CallTool(call) = request else { panic!("decoded by its method") };
//! assert_eq!(call.params.name, "add");
//!
//! // Content of a kind that this revision does not know is kept, never mistaken for another.
//! let block: ContentBlock = serde_json::from_str(r#"{"type":"hologram","depth":3}"#)?;
//! assert!(matches!(block, ContentBlock::Unknown { tag, .. } if tag == "hologram"));
//!
//! // Building takes what is required, and cannot leave it out.
//! let block = ContentBlock::from(TextContent::new("4 °C"));
//! assert_eq!(serde_json::to_string(&block)?, r#"{"type":"text","text":"4 °C"}"#);
//! # Ok::<(), serde_json::Error>(())
//! ```
//!
//! # What the types promise
//!
//! - **Strict out.** A message that lacks a required field cannot be built. Constants (`jsonrpc`, `method`, `type`) are no
//!   fields: they are written, and checked when read.
//! - **Lenient in.** Unknown fields are kept in `extra`, in their order, and written again. `null` for an optional field is
//!   read as absent, and `1.0` as the integer `1`.
//! - **Unions are told by their discriminator,** never by trial: `method`, `type`, `resultType`, `mode`, or the keys that an
//!   alternative requires. Closed sets refuse what they do not know, and say what they know; open sets keep it as `Unknown`.
//! - **What the schema leaves open survives** a round trip: unknown fields, the order of an object's keys, integers as
//!   integers, `null` where it is a value, empty containers.
//!
//! # How it is made
//!
//! `mcp-codegen` reads `schemas/*.json` (the protocol's facts, without prose) and `docs/*.md` (our documentation) and
//! writes `src/generated/`. Released revisions are committed, so nobody pays for a generator; only the feature `draft`
//! runs it, in the build step.
//!
//! # Features
//!
//! | feature | default | what it adds |
//! | --- | --- | --- |
//! | `v2024_11_05` | no | `v2024_11_05`: the first revision |
//! | `v2025_03_26` | no | `v2025_03_26`: tool annotations, sound, batches of messages |
//! | `v2025_06_18` | no | `v2025_06_18`: elicitation, structured output, links to resources; batches are gone |
//! | `v2025_11_25` | yes | `v2025_11_25`: the revision with `initialize` and tasks in the core |
//! | `v2026_07_28` | yes | `v2026_07_28`: the stateless revision |
//! | `tasks` | yes | `tasks`: the extension `io.modelcontextprotocol/tasks`, on top of 2026-07-28 |
//! | `draft` | no | `draft`: the moving draft, generated in the build step from `schemas/draft.json`, or from the file that the environment variable `MCP_DRAFT_SCHEMA` names |
//! | `schemars` | no | `schemars::JsonSchema` for all types |
//!
//! A shape is one type, in however many revisions it stands: [`shared`] holds what the newest revision has in common with
//! older ones, and what only older ones share is named by their modules. A feature compiles what its revision needs, and
//! nothing of any other. With two neighbouring revisions enabled there are conversions between their types, as far as
//! nothing is lost: `From` where that is certain, `TryFrom` with a [`ConversionError`] where it depends on the value.

#[doc(hidden)]
pub mod codec;
mod convert;
mod extra;
mod generated;
mod message;
mod version;

use indexmap::IndexMap;

pub use self::convert::ConversionError;
pub use self::extra::Extra;
pub use self::generated::*;
pub use self::message::{Direction, Notification, Request, Response};
pub use self::version::ProtocolVersion;
pub use serde_json::{Number, Value};

/// A JSON object whose keys keep their order.
pub type JsonObject = serde_json::Map<String, Value>;

/// An object with values of one type, whose keys keep their order.
pub type Map<T> = IndexMap<String, T>;

/// The types of the moving draft, as the build step found it.
#[cfg(feature = "draft")]
pub mod draft {
    include!(concat!(env!("OUT_DIR"), "/draft.rs"));
}
