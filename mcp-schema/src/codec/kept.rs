//! Values that are put aside until a union knows its type: what JSON has, without hashing and without copying strings that
//! the input lends.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::vec;

use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error, IntoDeserializer, MapAccess, SeqAccess,
    Visitor,
};
use serde::forward_to_deserialize_any;

/// A key of an object.
pub type Key<'de> = Cow<'de, str>;

/// A value that is put aside.
#[derive(Clone, Debug)]
pub enum Kept<'de> {
    /// `null`.
    Null,
    /// A truth value.
    Boolean(bool),
    /// A negative integer.
    Negative(i64),
    /// An integer of at least 0.
    Integer(u64),
    /// Any other number.
    Float(f64),
    /// A string.
    String(Key<'de>),
    /// An array.
    Array(Vec<Kept<'de>>),
    /// An object.
    Object(Vec<(Key<'de>, Kept<'de>)>),
}

impl Kept<'_> {
    /// The text of a string.
    pub(super) fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// Whether this is an object with that key.
    pub(super) fn has(&self, key: &str) -> bool {
        match self {
            Self::Object(entries) => entries.iter().any(|(name, _)| name == key),
            _ => false,
        }
    }
}

/// Reads a key or a string, lent if the input lends it.
pub(super) struct KeySeed;

impl<'de> DeserializeSeed<'de> for KeySeed {
    type Value = Key<'de>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Key<'de>, D::Error> {
        from.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for KeySeed {
    type Value = Key<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Key<'de>, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Key<'de>, E> {
        Ok(Cow::Owned(text.to_owned()))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Key<'de>, E> {
        Ok(Cow::Owned(text))
    }
}

impl<'de> Deserialize<'de> for Kept<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(KeptVisitor)
    }
}

struct KeptVisitor;

impl<'de> Visitor<'de> for KeptVisitor {
    type Value = Kept<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Kept<'de>, E> {
        Ok(Kept::Null)
    }

    fn visit_none<E: Error>(self) -> Result<Kept<'de>, E> {
        Ok(Kept::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, from: D) -> Result<Kept<'de>, D::Error> {
        Kept::deserialize(from)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Kept<'de>, E> {
        Ok(Kept::Boolean(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Kept<'de>, E> {
        Ok(Kept::Negative(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Kept<'de>, E> {
        Ok(Kept::Integer(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Kept<'de>, E> {
        Ok(Kept::Float(value))
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Kept<'de>, E> {
        KeySeed.visit_borrowed_str(text).map(Kept::String)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Kept<'de>, E> {
        KeySeed.visit_str(text).map(Kept::String)
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Kept<'de>, E> {
        KeySeed.visit_string(text).map(Kept::String)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Kept<'de>, A::Error> {
        let mut all = Vec::new();
        while let Some(item) = items.next_element()? {
            all.push(item);
        }
        Ok(Kept::Array(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Kept<'de>, A::Error> {
        let mut all = Vec::new();
        while let Some(key) = entries.next_key_seed(KeySeed)? {
            all.push((key, entries.next_value()?));
        }
        Ok(Kept::Object(all))
    }
}

impl<'de, E: Error> IntoDeserializer<'de, E> for Kept<'de> {
    type Deserializer = KeptDeserializer<'de, E>;

    fn into_deserializer(self) -> Self::Deserializer {
        KeptDeserializer { value: self, error: PhantomData }
    }
}

/// Reads from a value that was put aside, with the errors of the format that it came from.
pub struct KeptDeserializer<'de, E> {
    value: Kept<'de>,
    error: PhantomData<E>,
}

impl<'de, E: Error> Deserializer<'de> for KeptDeserializer<'de, E> {
    type Error = E;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, E> {
        match self.value {
            Kept::Null => visitor.visit_unit(),
            Kept::Boolean(value) => visitor.visit_bool(value),
            Kept::Negative(value) => visitor.visit_i64(value),
            Kept::Integer(value) => visitor.visit_u64(value),
            Kept::Float(value) => visitor.visit_f64(value),
            Kept::String(Cow::Borrowed(text)) => visitor.visit_borrowed_str(text),
            Kept::String(Cow::Owned(text)) => visitor.visit_string(text),
            Kept::Array(items) => visitor.visit_seq(SeqDeserializer::new(items.into_iter())),
            Kept::Object(entries) => visitor.visit_map(MapDeserializer::new(entries.into_iter())),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, E> {
        match self.value {
            Kept::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, E> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, E> {
        match self.value {
            Kept::String(text) => visitor.visit_enum(text.into_deserializer()),
            _ => Err(E::custom("expected a string for an enum")),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}

/// What was put aside, in the order in which it came.
pub(super) type KeptEntries<'de> = vec::IntoIter<(Key<'de>, Kept<'de>)>;
