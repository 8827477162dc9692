//! Protocol versions.

use std::borrow::Cow;
use std::fmt;

use serde::de::Deserializer;
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};

use crate::codec::Decode;

/// A protocol version: the date of a revision, such as `2025-11-25`.
///
/// Versions are ordered by date. One that this crate does not know is kept as it came, so that whoever receives it can
/// answer with the versions that it supports.
///
/// ```
/// use mcp_schema::ProtocolVersion;
///
/// assert!(ProtocolVersion::V2025_11_25 < ProtocolVersion::V2026_07_28);
/// assert!(ProtocolVersion::from("2031-01-01") > ProtocolVersion::LATEST);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProtocolVersion(Cow<'static, str>);

impl ProtocolVersion {
    /// The first release.
    pub const V2024_11_05: Self = Self(Cow::Borrowed("2024-11-05"));
    /// Streamable HTTP, batches, tool annotations.
    pub const V2025_03_26: Self = Self(Cow::Borrowed("2025-03-26"));
    /// Elicitation, structured output; batches are gone.
    pub const V2025_06_18: Self = Self(Cow::Borrowed("2025-06-18"));
    /// Tasks in the core, sampling with tools, elicitation by URL.
    pub const V2025_11_25: Self = Self(Cow::Borrowed("2025-11-25"));
    /// Stateless: no `initialize`, requests for input inside results, tasks as an extension.
    pub const V2026_07_28: Self = Self(Cow::Borrowed("2026-07-28"));
    /// The newest released revision.
    pub const LATEST: Self = Self::V2026_07_28;
    /// All released revisions, oldest first.
    pub const RELEASED: [Self; 5] = [
        Self::V2024_11_05,
        Self::V2025_03_26,
        Self::V2025_06_18,
        Self::V2025_11_25,
        Self::V2026_07_28,
    ];

    /// The version as it stands on the wire.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is a released revision that this crate knows.
    pub fn is_released(&self) -> bool {
        Self::RELEASED.contains(self)
    }
}

impl fmt::Display for ProtocolVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<String> for ProtocolVersion {
    fn from(version: String) -> Self {
        // Known versions are by far the most frequent, and need no allocation of their own.
        match Self::RELEASED.into_iter().find(|known| known.0 == version) {
            Some(known) => known,
            None => Self(Cow::Owned(version)),
        }
    }
}

impl From<&str> for ProtocolVersion {
    fn from(version: &str) -> Self {
        Self::from(version.to_owned())
    }
}

impl<'de> Decode<'de> for ProtocolVersion {
    fn decode<D: Deserializer<'de>>(from: D, at: &'static str) -> Result<Self, D::Error> {
        String::decode(from, at).map(Self::from)
    }
}

impl<'de> Deserialize<'de> for ProtocolVersion {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Self::decode(from, "ProtocolVersion")
    }
}

impl Serialize for ProtocolVersion {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.0)
    }
}

#[cfg(feature = "schemars")]
impl schemars::JsonSchema for ProtocolVersion {
    fn schema_name() -> Cow<'static, str> {
        "ProtocolVersion".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "examples": Self::RELEASED.map(|version| version.to_string()) })
    }
}
