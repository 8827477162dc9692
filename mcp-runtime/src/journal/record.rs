//! What the journal holds, and the form in which it travels.

use std::fmt;
use std::sync::Arc;

use serde::de::{self, Deserializer};
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

use super::key::Key;

/// JSON text that is known to be valid and is never taken apart here. Clones share the text.
#[derive(Clone)]
pub struct Json(Arc<RawValue>);

impl Json {
    /// The text.
    pub fn as_str(&self) -> &str {
        self.0.get()
    }
}

impl From<Box<RawValue>> for Json {
    fn from(raw: Box<RawValue>) -> Self {
        Json(raw.into())
    }
}

impl PartialEq for Json {
    /// Equal to the letter: the same value in another spelling is another text.
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Box::<RawValue>::deserialize(deserializer).map(Self::from)
    }
}

/// One thing that a call has learned from outside.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Learned {
    /// A step or a value, as JSON.
    Value(Json),
    /// A step that failed, or a question that the client refused, and why.
    Error(Arc<str>),
    /// The answer to a question, as JSON, after its check.
    Answer(Json),
    /// A timer that fired, or the time of a question that ran out.
    Fired,
    /// The function saw that its call is cancelled.
    Cancelled,
}

impl Learned {
    /// For the messages of a divergence.
    pub(super) fn what(&self) -> &'static str {
        match self {
            Learned::Value(_) | Learned::Error(_) => "a step",
            Learned::Answer(_) => "an answer",
            Learned::Fired => "a timer",
            Learned::Cancelled => "a cancellation",
        }
    }
}

/// One line of the journal. As JSON: `["quote","v",42]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Which operation learned it.
    pub key: Key,
    /// What it learned.
    pub learned: Learned,
}

impl Record {
    /// Its share of a serialised [`Saved`], in bytes; close, as it leaves escapes out.
    pub(crate) fn size(&self) -> usize {
        let payload = match &self.learned {
            Learned::Value(json) | Learned::Answer(json) => json.as_str().len(),
            Learned::Error(text) => text.len() + 2,
            Learned::Fired | Learned::Cancelled => 4,
        };
        self.key.len() + payload + "[\"\",\"v\",],".len()
    }
}

impl Serialize for Record {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.learned {
            Learned::Value(json) => (&self.key, "v", json).serialize(serializer),
            Learned::Error(text) => (&self.key, "e", &**text).serialize(serializer),
            Learned::Answer(json) => (&self.key, "a", json).serialize(serializer),
            Learned::Fired => (&self.key, "f", ()).serialize(serializer),
            Learned::Cancelled => (&self.key, "c", ()).serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Record {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (key, kind, payload) = <(Key, char, Json)>::deserialize(deserializer)?;
        let learned = match kind {
            'v' => Learned::Value(payload),
            'e' => Learned::Error(
                serde_json::from_str::<String>(payload.as_str()).map_err(de::Error::custom)?.into(),
            ),
            'a' => Learned::Answer(payload),
            'f' => Learned::Fired,
            'c' => Learned::Cancelled,
            other => return Err(de::Error::custom(format_args!("no kind of record: `{other}`"))),
        };
        Ok(Record { key, learned })
    }
}

/// A question to the client in its neutral form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    body: Arc<str>,
}

impl Question {
    /// A question with this body: the JSON of its method and parameters, the same for every
    /// revision of the protocol and the same in every attempt (its digest binds the answer).
    pub fn new(body: impl Into<Arc<str>>) -> Self {
        Question { body: body.into() }
    }

    /// The JSON of method and parameters.
    pub fn body(&self) -> &str {
        &self.body
    }

    /// What an answer is bound to: the SHA-256 of the body.
    pub fn digest(&self) -> Digest {
        Digest(Sha256::digest(self.body.as_bytes()).into())
    }
}

/// The SHA-256 of a question's body. As JSON: 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Digest([u8; 32]);

/// Tells one call from all others, over all its attempts. As JSON: 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct CallId(pub [u8; 16]);

impl CallId {
    /// The same for every attempt of this call, and for nothing else: for services that
    /// deduplicate what a step asks of them. It gives nothing of the call's id away.
    pub(super) fn idempotency_key(self, name: &str) -> String {
        let mut hash = Sha256::new();
        hash.update(self.0);
        hash.update(name.as_bytes());
        hex(&hash.finalize()[..16])
    }
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble & 15)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]).collect()
}

fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    let digits = text.as_bytes();
    if digits.len() != 2 * N {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let nibble = |digit: u8| char::from(digit).to_digit(16);
        *byte = u8::try_from(nibble(pair[0])? << 4 | nibble(pair[1])?).ok()?;
    }
    Some(bytes)
}

/// Both are bytes of a fixed length that travel as hexadecimal text.
macro_rules! hexadecimal {
    ($type:ident, $what:literal) => {
        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&hex(&self.0))
            }
        }

        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&hex(&self.0))
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                unhex(&text).map($type).ok_or_else(|| de::Error::custom($what))
            }
        }
    };
}

hexadecimal!(Digest, "not the digest of a question");
hexadecimal!(CallId, "not the id of a call");
