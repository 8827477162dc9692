//! Reading: from any serde format into the generated types.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Unexpected, Visitor};
use serde_json::{Number, Value};

use crate::{JsonObject, Map};

/// What the generated types are read with, instead of [`serde::Deserialize`] alone.
///
/// It differs in two things: an error names the field at which it happened (`at`), and integers are read leniently
/// (`1.0` is `1`), because JSON has one kind of number and some peers only know floats.
pub trait Decode<'de>: Sized {
    /// Reads a value. `at` is the wire name of the field that holds it, or the type's name at the top.
    fn decode<D: Deserializer<'de>>(from: D, at: &'static str) -> Result<Self, D::Error>;
}

/// [`Decode`] as a seed, for serde's containers.
pub struct Seed<T> {
    at: &'static str,
    target: PhantomData<T>,
}

impl<T> Seed<T> {
    /// A seed for the value at `at`.
    pub fn new(at: &'static str) -> Self {
        Self { at, target: PhantomData }
    }
}

impl<'de, T: Decode<'de>> DeserializeSeed<'de> for Seed<T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<T, D::Error> {
        T::decode(from, self.at)
    }
}

/// A visitor that only carries where it stands.
struct At<T> {
    at: &'static str,
    target: PhantomData<T>,
}

impl<T> At<T> {
    fn new(at: &'static str) -> Self {
        Self { at, target: PhantomData }
    }
}

impl<'de> Decode<'de> for String {
    fn decode<D: Deserializer<'de>>(from: D, at: &'static str) -> Result<Self, D::Error> {
        from.deserialize_string(At::<Self>::new(at))
    }
}

impl Visitor<'_> for At<String> {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a string for `{}`", self.at)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<String, E> {
        Ok(text.to_owned())
    }

    fn visit_string<E: Error>(self, text: String) -> Result<String, E> {
        Ok(text)
    }
}

impl<'de> Decode<'de> for bool {
    fn decode<D: Deserializer<'de>>(from: D, at: &'static str) -> Result<Self, D::Error> {
        from.deserialize_bool(At::<Self>::new(at))
    }
}

impl Visitor<'_> for At<bool> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "true or false for `{}`", self.at)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<bool, E> {
        Ok(value)
    }
}

/// The integer that a float is, if it is one and fits.
pub(crate) fn integral(value: f64) -> Option<i64> {
    // 2^63 itself does not fit, and is the first float above `i64::MAX`.
    let fits = value.fract() == 0.0 && value >= i64::MIN as f64 && value < i64::MAX as f64;
    fits.then_some(value as i64)
}

impl<'de> Decode<'de> for i64 {
    fn decode<D: Deserializer<'de>>(from: D, at: &'static str) -> Result<Self, D::Error> {
        from.deserialize_i64(At::<Self>::new(at))
    }
}

impl Visitor<'_> for At<i64> {
    type Value = i64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an integer for `{}`", self.at)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<i64, E> {
        Ok(value)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<i64, E> {
        i64::try_from(value).map_err(|_| E::invalid_value(Unexpected::Unsigned(value), &self))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<i64, E> {
        integral(value).ok_or_else(|| E::invalid_value(Unexpected::Float(value), &self))
    }
}

impl<'de> Decode<'de> for u64 {
    fn decode<D: Deserializer<'de>>(from: D, at: &'static str) -> Result<Self, D::Error> {
        from.deserialize_u64(At::<Self>::new(at))
    }
}

impl Visitor<'_> for At<u64> {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an integer of at least 0 for `{}`", self.at)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<u64, E> {
        u64::try_from(value).map_err(|_| E::invalid_value(Unexpected::Signed(value), &self))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<u64, E> {
        Ok(value)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<u64, E> {
        integral(value)
            .and_then(|value| u64::try_from(value).ok())
            .ok_or_else(|| E::invalid_value(Unexpected::Float(value), &self))
    }
}

/// An integer of at least 0, of which a negative one is read as 0.
pub struct NotNegative(pub u64);

impl<'de> Decode<'de> for NotNegative {
    fn decode<D: Deserializer<'de>>(from: D, at: &'static str) -> Result<Self, D::Error> {
        Number::decode(from, at).and_then(|number| match (number.as_u64(), number.as_f64()) {
            (Some(value), _) => Ok(Self(value)),
            (None, Some(value)) if value < 0.0 => Ok(Self(0)),
            _ => u64::decode(number, at).map(Self).map_err(D::Error::custom),
        })
    }
}

impl<'de> Decode<'de> for Number {
    fn decode<D: Deserializer<'de>>(from: D, at: &'static str) -> Result<Self, D::Error> {
        from.deserialize_any(At::<Self>::new(at))
    }
}

impl Visitor<'_> for At<Number> {
    type Value = Number;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a number for `{}`", self.at)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Number, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Number, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Number, E> {
        Number::from_f64(value).ok_or_else(|| E::invalid_value(Unexpected::Float(value), &self))
    }
}

impl<'de> Decode<'de> for Value {
    fn decode<D: Deserializer<'de>>(from: D, _at: &'static str) -> Result<Self, D::Error> {
        serde::Deserialize::deserialize(from)
    }
}

impl<'de> Decode<'de> for JsonObject {
    fn decode<D: Deserializer<'de>>(from: D, at: &'static str) -> Result<Self, D::Error> {
        from.deserialize_map(At::<Self>::new(at))
    }
}

impl<'de> Visitor<'de> for At<JsonObject> {
    type Value = JsonObject;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object for `{}`", self.at)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<JsonObject, A::Error> {
        let mut object = JsonObject::new();
        while let Some(key) = entries.next_key::<String>()? {
            if object.is_empty() {
                // Room for what most objects hold, had at once instead of by growing to it.
                object = JsonObject::with_capacity(4);
            }
            object.insert(key, entries.next_value()?);
        }
        Ok(object)
    }
}

impl<'de, T: Decode<'de>> Decode<'de> for Map<T> {
    fn decode<D: Deserializer<'de>>(from: D, at: &'static str) -> Result<Self, D::Error> {
        from.deserialize_map(At::<Self>::new(at))
    }
}

impl<'de, T: Decode<'de>> Visitor<'de> for At<Map<T>> {
    type Value = Map<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object for `{}`", self.at)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Map<T>, A::Error> {
        // Room for a few entries at once: the table's next size, without moving what is there.
        let mut map = Map::with_capacity(7);
        while let Some(key) = entries.next_key::<String>()? {
            map.insert(key, entries.next_value_seed(Seed::new(self.at))?);
        }
        Ok(map)
    }
}

impl<'de, T: Decode<'de>> Decode<'de> for Vec<T> {
    fn decode<D: Deserializer<'de>>(from: D, at: &'static str) -> Result<Self, D::Error> {
        from.deserialize_seq(At::<Self>::new(at))
    }
}

impl<'de, T: Decode<'de>> Visitor<'de> for At<Vec<T>> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an array for `{}`", self.at)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<T>, A::Error> {
        // Large items are moved when the vector grows: it begins at a few kilobytes, whatever a peer claims.
        let mut all = Vec::with_capacity(if size_of::<T>() > 256 { 8 } else { 0 });
        while let Some(item) = items.next_element_seed(Seed::new(self.at))? {
            all.push(item);
        }
        Ok(all)
    }
}

impl<'de, T: Decode<'de>> Decode<'de> for Box<T> {
    fn decode<D: Deserializer<'de>>(from: D, at: &'static str) -> Result<Self, D::Error> {
        T::decode(from, at).map(Box::new)
    }
}

impl<'de, T: Decode<'de>> Decode<'de> for Option<T> {
    fn decode<D: Deserializer<'de>>(from: D, at: &'static str) -> Result<Self, D::Error> {
        from.deserialize_option(At::<Self>::new(at))
    }
}

impl<'de, T: Decode<'de>> Visitor<'de> for At<Option<T>> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a value or null for `{}`", self.at)
    }

    fn visit_none<E: Error>(self) -> Result<Option<T>, E> {
        Ok(None)
    }

    fn visit_unit<E: Error>(self) -> Result<Option<T>, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, from: D) -> Result<Option<T>, D::Error> {
        T::decode(from, self.at).map(Some)
    }
}
