//! The entries of a JSON object, read once, in whatever order they come.
//!
//! A union is told by a tag that need not stand first. [`Entries`] keeps aside what came before the tag and replays it,
//! so that the chosen type goes on reading from the stream: nothing is parsed twice, and nothing is tried.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use super::decode::{Decode, NotNegative, Seed};
use super::kept::{Kept, KeptEntries, Key};
use crate::{Extra, JsonObject};
use serde::de::{DeserializeSeed, Deserializer, Error, IntoDeserializer, MapAccess, Visitor};
use serde_json::Value;

/// A type that is read from the entries of an object: every generated struct, and the unions of structs.
pub trait Object<'de>: Sized {
    /// The schema's name of the type, for messages.
    const NAME: &'static str;

    /// Reads the rest of `entries`.
    fn read<A: MapAccess<'de>>(entries: Entries<'de, A>) -> Result<Self, A::Error>;
}

impl<'de, T: Object<'de>> Object<'de> for Box<T> {
    const NAME: &'static str = T::NAME;

    fn read<A: MapAccess<'de>>(entries: Entries<'de, A>) -> Result<Self, A::Error> {
        T::read(entries).map(Box::new)
    }
}

/// Reads an [`Object`] at `at`.
pub fn object<'de, T: Object<'de>, D: Deserializer<'de>>(
    from: D,
    at: &'static str,
) -> Result<T, D::Error> {
    from.deserialize_map(ObjectVisitor { at, target: PhantomData })
}

struct ObjectVisitor<T> {
    at: &'static str,
    target: PhantomData<T>,
}

impl<'de, T: Object<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object for `{}`", self.at)?;
        if self.at == T::NAME { Ok(()) } else { write!(f, " ({})", T::NAME) }
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::read(Entries::new(map))
    }
}

/// One of a list of known names, by its place in the list, or another.
pub enum Name<'de> {
    /// The name at this index of the list.
    Known(usize),
    /// A name that is not in the list.
    Other(Key<'de>),
}

/// Reads a string and looks it up.
struct NameSeed {
    known: &'static [&'static str],
    at: &'static str,
}

impl<'de> DeserializeSeed<'de> for NameSeed {
    type Value = Name<'de>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Name<'de>, D::Error> {
        from.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for NameSeed {
    type Value = Name<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a string for `{}`", self.at)
    }

    fn visit_borrowed_str<E: Error>(self, name: &'de str) -> Result<Name<'de>, E> {
        Ok(self.find(name).unwrap_or(Name::Other(Cow::Borrowed(name))))
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Name<'de>, E> {
        Ok(self.find(name).unwrap_or_else(|| Name::Other(Cow::Owned(name.to_owned()))))
    }

    fn visit_string<E: Error>(self, name: String) -> Result<Name<'de>, E> {
        Ok(self.find(&name).unwrap_or(Name::Other(Cow::Owned(name))))
    }
}

impl NameSeed {
    fn find<'de>(&self, name: &str) -> Option<Name<'de>> {
        // The first byte tells most of them apart, without a call to compare the rest.
        let first = name.as_bytes().first();
        let same = |known: &&str| known.as_bytes().first() == first && *known == name;
        self.known.iter().position(same).map(Name::Known)
    }

    fn look_up(self, name: Key<'_>) -> Name<'_> {
        self.find(&name).unwrap_or(Name::Other(name))
    }
}

/// Reads a string that is looked up in `known`.
pub fn name<'de, D: Deserializer<'de>>(
    from: D,
    known: &'static [&'static str],
    at: &'static str,
) -> Result<Name<'de>, D::Error> {
    NameSeed { known, at }.deserialize(from)
}

/// The entries of one object: those that were kept aside, then those that are still to come.
pub struct Entries<'de, A> {
    kept: KeptEntries<'de>,
    value: Option<Kept<'de>>,
    /// A key that was read from the stream to choose a type, and that the type has yet to see.
    peeked: Option<&'static str>,
    /// The stream, until it has ended.
    rest: Option<A>,
    /// The tag that a union has read already; its type need not see it again.
    tag: Option<&'static str>,
    /// The optional fields that were `null`, as bits: a slot that stays empty does not tell that it was read.
    nulls: u64,
}

impl<'de, A: MapAccess<'de>> Entries<'de, A> {
    /// The entries of `map`.
    pub fn new(map: A) -> Self {
        Self { rest: Some(map), ..Self::of(Vec::new()) }
    }

    /// Whether the constant at `key` has been read, as a union's tag.
    pub fn settled(&self, key: &'static str) -> bool {
        self.tag == Some(key)
    }

    /// The next key, looked up in `known`.
    pub fn key(&mut self, known: &'static [&'static str]) -> Result<Option<Name<'de>>, A::Error> {
        if let Some((key, value)) = self.kept.next() {
            self.value = Some(value);
            return Ok(Some(NameSeed { known, at: "" }.look_up(key)));
        }
        if let Some(key) = self.peeked.take() {
            return Ok(Some(NameSeed { known, at: "" }.look_up(Cow::Borrowed(key))));
        }
        let Some(rest) = &mut self.rest else { return Ok(None) };
        let key = rest.next_key_seed(NameSeed { known, at: "an object's key" })?;
        if key.is_none() {
            self.rest = None;
        }
        Ok(key)
    }

    /// The value of the key that was read last.
    pub fn value<T: Decode<'de>>(&mut self, at: &'static str) -> Result<T, A::Error> {
        self.seed(Seed::new(at))
    }

    /// The value of the key that was read last, put aside.
    fn kept_value(&mut self) -> Result<Kept<'de>, A::Error> {
        self.seed(PhantomData)
    }

    fn seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        match (self.value.take(), &mut self.rest) {
            (Some(value), _) => seed.deserialize(value.into_deserializer()),
            (None, Some(rest)) => rest.next_value_seed(seed),
            (None, None) => Err(A::Error::custom("a value was read without its key")),
        }
    }

    /// The value of the key that was read last, into `slot`. A field that comes twice is an error: whoever reads the
    /// message after us might believe the other one.
    pub fn field<T: Decode<'de>>(
        &mut self,
        slot: &mut Option<T>,
        at: &'static str,
    ) -> Result<(), A::Error> {
        if slot.is_some() {
            return Err(A::Error::duplicate_field(at));
        }
        *slot = Some(self.value(at)?);
        Ok(())
    }

    /// Like [`Entries::field`], with `null` read as absent; `bit` is the field's own among those of its type.
    pub fn optional<T: Decode<'de>>(
        &mut self,
        slot: &mut Option<T>,
        at: &'static str,
        bit: u64,
    ) -> Result<(), A::Error> {
        if slot.is_some() || self.nulls & bit != 0 {
            return Err(A::Error::duplicate_field(at));
        }
        *slot = self.value::<Option<T>>(at)?;
        if slot.is_none() {
            self.nulls |= bit;
        }
        Ok(())
    }

    /// Like [`Entries::field`], with a negative integer read as 0.
    pub fn not_negative(
        &mut self,
        slot: &mut Option<u64>,
        at: &'static str,
    ) -> Result<(), A::Error> {
        let mut read = slot.take().map(NotNegative);
        self.field(&mut read, at)?;
        *slot = read.map(|NotNegative(value)| value);
        Ok(())
    }

    /// A string that must be the one in `expected`.
    pub fn constant(
        &mut self,
        expected: &'static [&'static str; 1],
        at: &'static str,
    ) -> Result<(), A::Error> {
        match self.seed(NameSeed { known: expected, at })? {
            Name::Known(_) => Ok(()),
            Name::Other(text) => Err(unexpected(&text, expected, at)),
        }
    }

    /// An integer or truth value that must be the one in `expected`.
    pub fn constant_value<T>(&mut self, expected: &[T; 1], at: &'static str) -> Result<(), A::Error>
    where
        T: Decode<'de> + PartialEq + fmt::Display,
    {
        let [expected] = expected;
        let value: T = self.value(at)?;
        if value == *expected {
            return Ok(());
        }
        Err(A::Error::custom(format_args!("`{at}` is {value}, but must be {expected}")))
    }

    /// Checks that the constants in the bit set `needed` are among those `seen`, or were the union's tag.
    pub fn require_constants(
        &self,
        seen: u32,
        needed: u32,
        keys: &'static [&'static str],
        of: &'static str,
    ) -> Result<(), A::Error> {
        let absent = needed & !seen;
        if absent == 0 {
            return Ok(());
        }
        let mut absent = keys.iter().enumerate().filter(|(index, _)| absent >> index & 1 == 1);
        match absent.find(|(_, key)| !self.settled(key)) {
            Some((_, key)) => Err(missing(key, of)),
            None => Ok(()),
        }
    }

    /// Reads up to the key in `tag` and looks its value up in `known`; what comes before it is kept for the type that
    /// the tag names. `None`: the object has no such key.
    pub fn tag(
        &mut self,
        tag: &'static [&'static str; 1],
        known: &'static [&'static str],
    ) -> Result<Option<Name<'de>>, A::Error> {
        let mut kept = Vec::new();
        while let Some(key) = self.key(tag)? {
            match key {
                Name::Known(_) => {
                    let name = self.seed(NameSeed { known, at: tag[0] })?;
                    self.keep(kept);
                    self.tag = Some(tag[0]);
                    return Ok(Some(name));
                }
                Name::Other(key) => kept.push((key, self.kept_value()?)),
            }
        }
        self.keep(kept);
        Ok(None)
    }

    /// Puts a tag back, for a type that has a field for it.
    pub fn again(&mut self, tag: &'static str, value: &'static str) {
        self.keep(vec![(Cow::Borrowed(tag), Kept::String(Cow::Borrowed(value)))]);
    }

    /// Reads up to the first key of `known`; what comes before it is kept, and so is the key. `None`: there is none of them.
    pub fn first_of(&mut self, known: &'static [&'static str]) -> Result<Option<usize>, A::Error> {
        let mut kept = Vec::new();
        let mut found = None;
        while let Some(key) = self.key(known)? {
            match key {
                Name::Known(index) => {
                    // From the stream, the value need not be read yet: it may be large.
                    match self.value.take() {
                        Some(value) => kept.push((Cow::Borrowed(known[index]), value)),
                        None => self.peeked = Some(known[index]),
                    }
                    found = Some(index);
                    break;
                }
                Name::Other(key) => kept.push((key, self.kept_value()?)),
            }
        }
        self.keep(kept);
        Ok(found)
    }

    /// Reads all entries and keeps them, to be looked at before a type is chosen.
    pub fn look_ahead(&mut self) -> Result<&[(Key<'de>, Kept<'de>)], A::Error> {
        self.first_of(&[])?;
        Ok(self.kept.as_slice())
    }

    /// Keeps the entry whose key has just been read among those that the schema does not name.
    pub fn keep_extra(&mut self, extra: &mut Extra, key: Key<'de>) -> Result<(), A::Error> {
        let value: Value = self.value("")?;
        extra.insert(key, value);
        Ok(())
    }

    /// Keeps the entry whose key has just been read for a type whose fields stand among those of another.
    pub fn keep_embedded(
        &mut self,
        kept: &mut Vec<(Key<'de>, Kept<'de>)>,
        key: Key<'de>,
    ) -> Result<(), A::Error> {
        kept.push((key, self.kept_value()?));
        Ok(())
    }

    /// Entries that were taken out of an object, in their order.
    pub fn of(kept: Vec<(Key<'de>, Kept<'de>)>) -> Self {
        Self { kept: kept.into_iter(), value: None, peeked: None, rest: None, tag: None, nulls: 0 }
    }

    fn keep(&mut self, mut kept: Vec<(Key<'de>, Kept<'de>)>) {
        if !kept.is_empty() {
            kept.extend(self.kept.by_ref());
            self.kept = kept.into_iter();
        }
    }

    /// All that is left, as a JSON object. A tag that has been read is put back in front.
    pub fn into_object(mut self, tag: &'static str, value: &str) -> Result<JsonObject, A::Error> {
        let mut object = JsonObject::new();
        object.insert(tag.to_owned(), Value::String(value.to_owned()));
        while let Some(key) = self.key(&[])? {
            if let Name::Other(key) = key {
                let value = self.value("")?;
                object.insert(key.into_owned(), value);
            }
        }
        Ok(object)
    }
}

fn member<'a, 'de>(entries: &'a [(Key<'de>, Kept<'de>)], key: &str) -> Option<&'a Kept<'de>> {
    entries.iter().find(|(name, _)| name == key).map(|(_, value)| value)
}

/// One condition of a union's rules, on the entries of the object.
pub enum Condition {
    /// Nothing is asked for: what is left when no other rule applies.
    Any(),
    /// The key is there.
    Has(&'static str),
    /// The key holds one of these strings.
    Is(&'static str, &'static [&'static str]),
    /// The key holds an object that has this key.
    Within(&'static str, &'static str),
}

impl Condition {
    /// Whether it holds.
    pub fn holds(&self, entries: &[(Key<'_>, Kept<'_>)]) -> bool {
        match self {
            Self::Any() => true,
            Self::Has(key) => member(entries, key).is_some(),
            Self::Is(key, values) => member(entries, key)
                .and_then(Kept::as_str)
                .is_some_and(|value| values.contains(&value)),
            Self::Within(key, inner) => member(entries, key).is_some_and(|value| value.has(inner)),
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any() => f.write_str("nothing"),
            Self::Has(key) => write!(f, "`{key}`"),
            Self::Is(key, values) => write!(f, "`{key}`: {}", OneOf(values)),
            Self::Within(key, inner) => write!(f, "`{key}.{inner}`"),
        }
    }
}

/// The error for a required field that is not there.
#[cold]
pub fn missing<E: Error>(field: &'static str, of: &'static str) -> E {
    E::custom(format_args!("missing field `{field}` of {of}"))
}

/// The error for a field that a closed object does not have.
#[cold]
pub fn unknown_field<E: Error>(field: &str, of: &'static str) -> E {
    E::custom(format_args!("{of} has no field `{field}`, and allows no other than its own"))
}

/// The error for a value outside a closed set.
#[cold]
pub fn unexpected<E: Error>(value: &str, known: &[&str], at: &'static str) -> E {
    // A peer can send a value of any length; the message must not grow with it.
    let shown: String = value.chars().take(80).collect();
    E::custom(format_args!("`{at}` is \"{shown}\", but must be {}", OneOf(known)))
}

/// The error for an object that is none of a union's types.
#[cold]
pub fn no_variant<E: Error>(of: &'static str, known: &[&str]) -> E {
    E::custom(format_args!("the object is none of the types of {of}: it needs {}", OneOf(known)))
}

/// The error for an object to which none of a union's rules applies.
#[cold]
pub fn no_rule<E: Error>(of: &'static str, rules: &[(&str, &[Condition])]) -> E {
    let rules = rules.iter().map(|(variant, conditions)| {
        let conditions: Vec<_> = conditions.iter().map(Condition::to_string).collect();
        format!("{variant} needs {}", conditions.join(" and "))
    });
    let rules: Vec<_> = rules.collect();
    E::custom(format_args!("the object is none of the types of {of}: {}", rules.join("; ")))
}

/// What a union that is told by the kind of value expects.
pub fn kinds(kinds: &[&str]) -> String {
    kinds.join(" or ").replace("name", "string")
}

/// Lists names as prose.
struct OneOf<'a>(&'a [&'a str]);

impl fmt::Display for OneOf<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, name) in self.0.iter().enumerate() {
            let before = match index {
                0 => "",
                _ if index + 1 == self.0.len() => " or ",
                _ => ", ",
            };
            write!(f, "{before}\"{name}\"")?;
        }
        Ok(())
    }
}
