//! The revisions of the protocol, and what differs between them where one message is answered.

use mcp_schema::ProtocolVersion;

/// A released revision that this crate serves.
///
/// The order is the order of release, so `revision >= Revision::V2025_06_18` reads as "since 2025-06-18".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Revision {
    /// 2024-11-05, the first.
    V2024_11_05,
    /// 2025-03-26: batches, tool annotations, audio.
    V2025_03_26,
    /// 2025-06-18: elicitation, structured output, resource links; no batches.
    V2025_06_18,
    /// 2025-11-25: icons, elicitation by URL, sampling with tools, tasks in the core.
    V2025_11_25,
    /// 2026-07-28: stateless; requests for input inside results.
    V2026_07_28,
}

impl Revision {
    /// All revisions, oldest first.
    pub const ALL: [Self; 5] = [
        Self::V2024_11_05,
        Self::V2025_03_26,
        Self::V2025_06_18,
        Self::V2025_11_25,
        Self::V2026_07_28,
    ];
    /// The newest revision whose connections begin with `initialize`.
    pub const LATEST_LEGACY: Self = Self::V2025_11_25;
    /// The revisions whose requests carry their own metadata, newest first.
    pub const MODERN: [Self; 1] = [Self::V2026_07_28];

    /// The revision with this date, if it is one that this crate serves.
    pub fn from_version(version: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|revision| revision.as_str() == version)
    }

    /// The date, as it stands on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V2024_11_05 => "2024-11-05",
            Self::V2025_03_26 => "2025-03-26",
            Self::V2025_06_18 => "2025-06-18",
            Self::V2025_11_25 => "2025-11-25",
            Self::V2026_07_28 => "2026-07-28",
        }
    }

    /// Whether a request carries version and capabilities itself, and no `initialize` comes before it.
    pub const fn is_modern(self) -> bool {
        matches!(self, Self::V2026_07_28)
    }

    /// Batches were introduced with 2025-03-26, which demands that they are received, and removed with the next.
    pub(crate) const fn has_batches(self) -> bool {
        matches!(self, Self::V2024_11_05 | Self::V2025_03_26)
    }
}

impl std::fmt::Display for Revision {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<Revision> for ProtocolVersion {
    fn from(revision: Revision) -> Self {
        Self::from(revision.as_str())
    }
}
