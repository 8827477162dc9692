//! Turns a Model Context Protocol `schema.json` into typed Rust.
//!
//! In a build script:
//!
//! ```no_run
//! // build.rs, in `main`
//! let generated = mcp_codegen::Builder::new()
//!     .schema("schema.json")
//!     .docs("docs") // optional: Markdown, merged into the types' documentation
//!     .out("protocol.rs") // in OUT_DIR
//!     .generate();
//! if let Err(error) = generated {
//!     mcp_codegen::fail(&error);
//! }
//! ```
//!
//! ```ignore
//! // src/lib.rs, with `mcp_schema` among the dependencies: the generated code rests on it.
//! pub mod protocol {
//!     include!(concat!(env!("OUT_DIR"), "/protocol.rs"));
//! }
//! ```
//!
//! On the command line: `mcp-codegen generate --schema schema.json --out src/protocol.rs`.
//!
//! # How it works
//!
//! A pipeline of phases, each a function from one plain data structure to the next: `load` (a file to definitions),
//! `fixups` and `overrides` (corrections, by name), `parse` (JSON Schema to a small model of shapes, refusing every keyword
//! that it does not understand), `normalize` (`allOf` merged, copies recognized, inline types named), `lower` (shapes to
//! structs, enums and unions; `discriminate` decides how a union is told apart), `emit` and `print`.
//!
//! # What it refuses
//!
//! A schema that it cannot lower faithfully is an [`Error::Schema`] that names every place by its JSON pointer, the keyword,
//! and what to do. It never panics on a schema, whatever it holds, and never falls back to "any JSON" silently: that takes
//! an [`Override`], which is an error itself once it is no longer needed. All problems of a schema come together, without those
//! that only follow from another. docs/generator.md has a crate with a build script, and the kinds of overrides.
//!
//! # Features
//!
//! | feature | default | what it adds |
//! | --- | --- | --- |
//! | `generator` | yes | this library; a build script needs nothing else: `default-features = false, features = ["generator"]` |
//! | `cli` | yes | the commands `mcp-codegen diff`, `generate` and `import`, with `generator` |
//! | `new` | yes | the command `mcp-codegen new`, which makes servers from templates and does without `generator` |

// The command `new` needs none of it.
#![cfg(feature = "generator")]

mod builder;
mod conversions;
mod diff;
mod discriminate;
mod distill;
mod docs;
mod emit;
mod error;
mod fixups;
mod inline;
mod load;
mod lower;
mod messages;
mod model;
mod modules;
mod names;
mod normalize;
mod overrides;
mod parse;
mod pipeline;
mod print;
mod sharing;
mod workspace;

pub use self::builder::{Builder, Generated, fail};
pub use self::diff::{
    Change, Class, Diff, Group, Hits, Kind, Mechanical, Rewriting, Touch, touches,
};
pub use self::distill::{Origin, distill};
pub use self::error::{Error, Problem, Problems};
pub use self::load::json;
pub use self::overrides::Override;
pub use self::workspace::{Workspace, Written};
