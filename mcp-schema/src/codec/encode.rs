//! Writing the generated types.

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use crate::{Extra, JsonObject};

/// A type that writes its fields as entries of an object, which may hold others.
pub trait WriteEntries {
    /// Writes all entries, constants first.
    fn write_entries<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error>;
}

impl<T: WriteEntries> WriteEntries for Box<T> {
    fn write_entries<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        (**self).write_entries(map)
    }
}

/// Writes `value` as an object of its own.
pub fn object<T: WriteEntries, S: Serializer>(value: &T, to: S) -> Result<S::Ok, S::Error> {
    let mut map = to.serialize_map(None)?;
    value.write_entries(&mut map)?;
    map.end()
}

/// Writes one entry, unless it is absent.
pub fn optional<T: Serialize, M: SerializeMap>(
    map: &mut M,
    key: &'static str,
    value: &Option<T>,
) -> Result<(), M::Error> {
    match value {
        Some(value) => map.serialize_entry(key, value),
        None => Ok(()),
    }
}

/// Writes the entries of an object that was kept as it came.
pub fn write_raw<M: SerializeMap>(raw: &JsonObject, map: &mut M) -> Result<(), M::Error> {
    raw.iter().try_for_each(|(key, value)| map.serialize_entry(key, value))
}

impl WriteEntries for Extra {
    fn write_entries<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        self.iter().try_for_each(|(key, value)| map.serialize_entry(key, value))
    }
}
