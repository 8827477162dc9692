//! What generated code rests on: reading, writing and the macros that tie both to a type.
//!
//! It is public because code that `mcp-codegen` generates in other crates needs it, and hidden because nobody else does:
//! it may change with any version, together with the generator.

mod decode;
mod encode;
mod entries;
mod kept;
mod macros;
mod schema;

pub use self::decode::{Decode, NotNegative, Seed};
pub use self::encode::{WriteEntries, object as write_object, optional, write_raw};
pub use self::entries::{
    Condition, Entries, Name, Object, kinds, missing, name, no_rule, no_variant,
    object as read_object, unexpected, unknown_field,
};
#[cfg(feature = "schemars")]
pub use self::schema::{ObjectSchema, schemars};
pub use crate::convert::{
    read_value, unname, unname_constant, unname_field, unname_not_negative, write_value,
};
pub use serde;
pub use serde_json;
