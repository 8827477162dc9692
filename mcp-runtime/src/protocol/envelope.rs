//! A JSON-RPC message, taken apart as far as everybody needs it: `params`, `result` and `error` stay text.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::error::RpcError;

/// The id of a request: an integer, or a string as JSON writes it, quotes included.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Id {
    Number(i64),
    Text(Box<str>),
}

/// The longest id, or progress token, in bytes of JSON: each is repeated in every message about its request.
const MAX_ID: usize = 1024;

impl Id {
    /// Reads an id from its JSON. A request's id is a string or an integer, never `null` (all revisions, Requests), and no
    /// longer than [`MAX_ID`].
    pub fn parse(raw: &str) -> Option<Self> {
        if raw.len() > MAX_ID {
            return None;
        }
        if raw.starts_with('"') {
            if !raw.contains('\\') {
                return Some(Self::Text(raw.into()));
            }
            // Written in one way only, so that an id which comes back with other escapes is still the same.
            let text: String = serde_json::from_str(raw).ok()?;
            return serde_json::to_string(&text).ok().map(|text| Self::Text(text.into()));
        }
        if let Ok(number) = raw.parse() {
            return Some(Self::Number(number));
        }
        let number: f64 = raw.parse().ok()?;
        // Integers up to here are exact in a double; `1.0` is an integer to JSON.
        (number.fract() == 0.0 && number.abs() <= 9_007_199_254_740_992.0)
            .then_some(Self::Number(number as i64))
    }

    /// Appends the id as JSON.
    pub fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Number(number) => out.extend_from_slice(itoa(*number, &mut [0; 20]).as_bytes()),
            Self::Text(text) => out.extend_from_slice(text.as_bytes()),
        }
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => f.write_str(text),
        }
    }
}

fn itoa(number: i64, buffer: &mut [u8; 20]) -> &str {
    let mut at = buffer.len();
    let mut rest = number.unsigned_abs();
    loop {
        at -= 1;
        buffer[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if number < 0 {
        at -= 1;
        buffer[at] = b'-';
    }
    std::str::from_utf8(&buffer[at..]).unwrap_or_default()
}

/// One message of a peer.
#[derive(Debug)]
pub(crate) enum Message<'a> {
    Request { id: Id, method: Cow<'a, str>, params: Option<&'a RawValue> },
    Notification { method: Cow<'a, str>, params: Option<&'a RawValue> },
    Response { id: Id, outcome: Result<&'a RawValue, &'a RawValue> },
}

/// A message that is none, with the id to answer to where it could be read.
#[derive(Debug)]
pub(crate) struct BadMessage {
    pub id: Option<Id>,
    pub error: RpcError,
}

impl<'a> Message<'a> {
    /// Takes one message apart. The text must be a JSON object: a batch is for [`batch`].
    pub fn parse(text: &'a [u8]) -> Result<Self, BadMessage> {
        let bad = |error| BadMessage { id: None, error };
        let raw: Parts<'a> = serde_json::from_slice(text).map_err(|error| {
            bad(match error.classify() {
                // Well-formed JSON of another shape: an array, a number, a method that is no string.
                serde_json::error::Category::Data => {
                    RpcError::invalid_request(format!("this is no JSON-RPC message: {error}"))
                }
                _ => RpcError::parse(format!("this is no JSON: {error}")),
            })
        })?;
        raw.message()
    }
}

/// The messages of a batch, or nothing if the text is no array. An empty one is no batch (JSON-RPC 2.0, section 6).
pub(crate) fn batch(text: &[u8]) -> Option<Result<Vec<&RawValue>, RpcError>> {
    let first = text.iter().find(|byte| !byte.is_ascii_whitespace())?;
    if *first != b'[' {
        return None;
    }
    Some(match serde_json::from_slice::<Vec<&RawValue>>(text) {
        Ok(messages) if messages.is_empty() => {
            Err(RpcError::invalid_request("an empty batch: leave it out"))
        }
        Ok(messages) => Ok(messages),
        Err(error) => Err(RpcError::parse(format!("this is no JSON: {error}"))),
    })
}

#[derive(Default)]
struct Parts<'a> {
    version: bool,
    id: Option<&'a RawValue>,
    method: Option<Cow<'a, str>>,
    params: Option<&'a RawValue>,
    result: Option<&'a RawValue>,
    error: Option<&'a RawValue>,
}

impl<'a> Parts<'a> {
    fn message(self) -> Result<Message<'a>, BadMessage> {
        let id = match self.id {
            None => None,
            Some(raw) => match Id::parse(raw.get()) {
                Some(id) => Some(id),
                // An error response may lack the id, or have `null` there; nobody waits for such a one.
                None => {
                    return Err(BadMessage {
                        id: None,
                        error: RpcError::invalid_request(
                            "`id` must be a string of at most 1 KiB, or an integer",
                        ),
                    });
                }
            },
        };
        let refuse = |id, why: &str| Err(BadMessage { id, error: RpcError::invalid_request(why) });
        if !self.version {
            return refuse(id, "`jsonrpc` must be \"2.0\"");
        }
        // `null` for `params` is read as absent, like every optional field.
        let params = self.params.filter(|raw| raw.get() != "null");
        if params.is_some_and(|raw| !raw.get().starts_with('{')) {
            return refuse(id, "`params` must be an object");
        }
        match (self.method, id, self.result, self.error) {
            (Some(method), Some(id), None, None) => Ok(Message::Request { id, method, params }),
            (Some(method), None, None, None) => Ok(Message::Notification { method, params }),
            (None, Some(id), Some(result), None) => {
                Ok(Message::Response { id, outcome: Ok(result) })
            }
            (None, Some(id), None, Some(error)) => {
                Ok(Message::Response { id, outcome: Err(error) })
            }
            (_, id, _, _) => refuse(
                id,
                "a message has `method` (a request with `id`, a notification without), or `id` with one of `result` and `error`",
            ),
        }
    }
}

impl<'de: 'a, 'a> serde::Deserialize<'de> for Parts<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Parts<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Parts<'de>, A::Error> {
                let mut parts = Parts::default();
                const KEYS: [&str; 6] = ["jsonrpc", "id", "method", "params", "result", "error"];
                let mut seen = [false; KEYS.len()];
                while let Some(key) = map.next_key_seed(OneOf(&KEYS))? {
                    if let Some(index) = key
                        && std::mem::replace(&mut seen[index], true)
                    {
                        // Two readers could take two different ones.
                        return Err(A::Error::custom(format_args!(
                            "`{}` stands twice",
                            KEYS[index]
                        )));
                    }
                    match key {
                        Some(0) => parts.version = map.next_value_seed(Text)? == "2.0",
                        Some(1) => parts.id = Some(map.next_value()?),
                        Some(2) => parts.method = Some(map.next_value_seed(Text)?),
                        Some(3) => parts.params = Some(map.next_value()?),
                        Some(4) => parts.result = Some(map.next_value()?),
                        Some(5) => parts.error = Some(map.next_value()?),
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                Ok(parts)
            }
        }
        from.deserialize_map(Object)
    }
}

/// A key as its index in a list, without allocating.
#[derive(Clone, Copy)]
struct OneOf<'n>(&'n [&'static str]);

impl<'de> DeserializeSeed<'de> for OneOf<'_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Option<usize>, D::Error> {
        from.deserialize_str(self)
    }
}

impl Visitor<'_> for OneOf<'_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Option<usize>, E> {
        Ok(self.0.iter().position(|name| *name == key))
    }
}

/// A string, borrowed where it has no escapes.
struct Text;

impl<'de> DeserializeSeed<'de> for Text {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Cow<'de, str>, D::Error> {
        from.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Text {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}

/// Reads a JSON string, borrowed where it has no escapes.
pub(crate) fn text(raw: &RawValue) -> Option<Cow<'_, str>> {
    let raw = raw.get();
    let inner = raw.strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') {
        return serde_json::from_str(raw).ok().map(Cow::Owned);
    }
    Some(Cow::Borrowed(inner))
}

/// The values of some fields of an object, as text; others are passed over, and `null` is read as absent.
pub(crate) fn fields<'a, const N: usize>(
    raw: &'a str,
    names: &[&'static str; N],
) -> Result<[Option<&'a RawValue>; N], serde_json::Error> {
    struct Fields<'n, const N: usize>(&'n [&'static str; N]);
    impl<'de, const N: usize> Visitor<'de> for Fields<'_, N> {
        type Value = [Option<&'de RawValue>; N];

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut found = [None; N];
            while let Some(key) = map.next_key_seed(OneOf(self.0))? {
                let Some(index) = key else {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                };
                let value: &RawValue = map.next_value()?;
                if found[index].is_some() {
                    return Err(A::Error::custom(format_args!("`{}` stands twice", self.0[index])));
                }
                found[index] = (value.get() != "null").then_some(value);
            }
            Ok(found)
        }
    }
    serde_json::Deserializer::from_str(raw).deserialize_map(Fields(names))
}

/// The entries of an object that have one of these names, as text.
///
/// Others are passed over, so that what is kept is bounded by what is asked for.
pub(crate) fn entries<'a>(
    raw: &'a str,
    names: &[Cow<'static, str>],
) -> Result<Vec<(Cow<'a, str>, &'a RawValue)>, serde_json::Error> {
    struct Entries<'n>(&'n [Cow<'static, str>]);
    impl<'de> Visitor<'de> for Entries<'_> {
        type Value = Vec<(Cow<'de, str>, &'de RawValue)>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut entries: Vec<(Cow<'de, str>, &'de RawValue)> = Vec::with_capacity(self.0.len());
            while let Some(key) = map.next_key_seed(Text)? {
                if !self.0.contains(&key) {
                    // A type that takes all arguments says itself which it knows.
                    if !self.0.is_empty() {
                        unknown(&key, self.0);
                    }
                    map.next_value::<IgnoredAny>()?;
                } else if entries.iter().any(|(known, _)| *known == key) {
                    return Err(A::Error::custom(format_args!("`{key}` stands twice")));
                } else {
                    entries.push((key, map.next_value()?));
                }
            }
            Ok(entries)
        }
    }
    serde_json::Deserializer::from_str(raw).deserialize_map(Entries(names))
}

/// Out of the way of those that are known.
#[cold]
fn unknown(key: &str, names: &[Cow<'static, str>]) {
    let start = &key[..key.floor_char_boundary(64)];
    tracing::debug!(target: "mcp", "argument {start:?} is passed over: there are {}", names.join(", "));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Message<'_>, BadMessage> {
        Message::parse(text.as_bytes())
    }

    #[test]
    fn messages_are_told_apart() {
        assert!(matches!(
            parse(r#"{"params":{"a":1},"method":"x","id":"a","jsonrpc":"2.0"}"#),
            Ok(Message::Request { id: Id::Text(id), method, params: Some(params) })
                if &*id == "\"a\"" && method == "x" && params.get() == r#"{"a":1}"#
        ));
        assert!(matches!(
            parse(r#"{"jsonrpc":"2.0","method":"x","params":null,"more":[{}]}"#),
            Ok(Message::Notification { params: None, .. })
        ));
        assert!(matches!(
            parse(r#"{"jsonrpc":"2.0","id":1.0,"result":{}}"#),
            Ok(Message::Response { id: Id::Number(1), outcome: Ok(_) })
        ));
    }

    #[test]
    fn what_is_no_message_is_refused_with_the_right_code() {
        for (text, code, id) in [
            ("{", -32700, None),
            ("\u{fffd}", -32700, None),
            ("[]", -32600, None),
            ("3", -32600, None),
            (r#"{"jsonrpc":"2.0","id":null,"method":"x"}"#, -32600, None),
            (r#"{"jsonrpc":"2.0","id":1.5,"method":"x"}"#, -32600, None),
            (r#"{"jsonrpc":"1.0","id":1,"method":"x"}"#, -32600, Some(1)),
            (r#"{"jsonrpc":"2.0","id":1}"#, -32600, Some(1)),
            (r#"{"jsonrpc":"2.0","id":1,"method":"x","params":[]}"#, -32600, Some(1)),
            (r#"{"jsonrpc":"2.0","id":1,"method":"x","method":"y"}"#, -32600, None),
            (r#"{"jsonrpc":"2.0","id":1,"result":{},"error":{}}"#, -32600, Some(1)),
        ] {
            let bad = parse(text).expect_err(text);
            assert_eq!((bad.error.code, bad.id), (code, id.map(Id::Number)), "{text}");
        }
    }

    #[test]
    fn ids_are_written_as_they_came() {
        for id in ["0", "-1", "9223372036854775807", "-9223372036854775808", "\"a b\""] {
            let mut out = Vec::new();
            Id::parse(id).expect("an id").write(&mut out);
            assert_eq!(String::from_utf8_lossy(&out), id);
        }
        assert_eq!(Id::parse("\"\\u0061\""), Id::parse("\"a\""));
    }

    #[test]
    fn fields_are_found_and_nulls_are_absent() {
        let [a, b] =
            fields(r#"{"b":null,"c":{"a":2},"a":[1 , 2]}"#, &["a", "b"]).expect("an object");
        assert_eq!((a.map(RawValue::get), b.map(RawValue::get)), (Some("[1 , 2]"), None));
        assert!(fields(r#"{"a":1,"a":2}"#, &["a"]).is_err());
    }
}
