//! Every generated type of a revision, by the schema's name of it.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Decodes text and encodes it again, or says why it was refused.
pub type RoundTrip = fn(&str) -> Result<Value, String>;

/// A union's way to hold a definition: the round trip also gives whether that variant was chosen.
pub struct Alternative {
    /// The union's name in Rust, and the variant's.
    pub variant: &'static str,
    /// The definition that it holds.
    pub holds: &'static str,
    /// Decodes as the union.
    pub round_trip: fn(&str) -> Result<(Value, bool), String>,
}

/// The types of one revision.
pub struct Revision {
    /// Its name: a date, `tasks` or `draft`.
    pub name: &'static str,
    /// Each definition's type.
    pub types: Vec<(&'static str, RoundTrip)>,
    /// Each alternative of each union.
    pub alternatives: Vec<Alternative>,
}

impl Revision {
    /// The type of a definition.
    pub fn round_trip(&self, definition: &str) -> Option<RoundTrip> {
        self.types.iter().find(|(name, _)| *name == definition).map(|(_, round_trip)| *round_trip)
    }
}

fn round_trip<T: Serialize + DeserializeOwned>(text: &str) -> Result<Value, String> {
    let value: T = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let written = serde_json::to_string(&value).map_err(|error| error.to_string())?;
    serde_json::from_str(&written).map_err(|error| error.to_string())
}

macro_rules! collect {
    (
        types { $( $name:ident = $wire:literal; )* }
        variants { $( $union:ident::$variant:ident = $holds:literal; )* }
    ) => {
        fn fill(revision: &mut Revision) {
            $( revision.types.push(($wire, round_trip::<$name>)); )*
            $( revision.alternatives.push(Alternative {
                variant: concat!(stringify!($union), "::", stringify!($variant)),
                holds: $holds,
                round_trip: |text| {
                    let value: $union = serde_json::from_str(text).map_err(|error| error.to_string())?;
                    let chosen = matches!(value, $union::$variant(_));
                    let written = serde_json::to_value(&value).map_err(|error| error.to_string())?;
                    Ok((written, chosen))
                },
            }); )*
        }
    };
}

macro_rules! revision {
    ($function:ident, $name:literal, $module:ident, $definitions:ident) => {
        /// The types of this revision.
        pub fn $function() -> Revision {
            #[allow(unused_imports)]
            use mcp_schema::$module::*;
            mcp_schema::$definitions! { collect }
            let mut revision =
                Revision { name: $name, types: Vec::new(), alternatives: Vec::new() };
            fill(&mut revision);
            revision
        }
    };
}

revision!(v2024_11_05, "2024-11-05", v2024_11_05, __definitions_of_v2024_11_05);
revision!(v2025_03_26, "2025-03-26", v2025_03_26, __definitions_of_v2025_03_26);
revision!(v2025_06_18, "2025-06-18", v2025_06_18, __definitions_of_v2025_06_18);
revision!(v2025_11_25, "2025-11-25", v2025_11_25, __definitions_of_v2025_11_25);
revision!(v2026_07_28, "2026-07-28", v2026_07_28, __definitions_of_v2026_07_28);
revision!(tasks, "tasks", tasks, __definitions_of_tasks);

/// All revisions.
pub fn revisions() -> Vec<Revision> {
    vec![v2024_11_05(), v2025_03_26(), v2025_06_18(), v2025_11_25(), v2026_07_28(), tasks()]
}
