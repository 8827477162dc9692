//! What the revisions have in common about messages.

use std::fmt;

use serde::de::{DeserializeOwned, Deserializer, Error as _, MapAccess};
use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Serialize};

use crate::Extra;
use crate::codec::{self, Decode, Entries, Name, Object, WriteEntries};
use crate::shared::{Error, RequestId};

/// Who may send a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// The client sends it to the server.
    ClientToServer,
    /// The server sends it to the client.
    ServerToClient,
    /// Either side sends it.
    Both,
}

/// A method that is answered.
///
/// Each revision's module `method` holds one unit type for each method, which ties parameters and result together: a
/// handler for `tools/call` cannot return the result of `tools/list`.
pub trait Request {
    /// The method's name on the wire.
    const METHOD: &'static str;
    /// Who may send it.
    const DIRECTION: Direction;
    /// The parameters: an `Option` where they may be left out.
    type Params: Serialize + DeserializeOwned + Clone + fmt::Debug + Send + Sync + 'static;
    /// The result: an enum where there are several kinds of it.
    type Result: Serialize + DeserializeOwned + Clone + fmt::Debug + Send + Sync + 'static;
}

/// A method that is not answered.
pub trait Notification {
    /// The method's name on the wire.
    const METHOD: &'static str;
    /// Who may send it.
    const DIRECTION: Direction;
    /// The parameters: an `Option` where they may be left out.
    type Params: Serialize + DeserializeOwned + Clone + fmt::Debug + Send + Sync + 'static;
}

/// The answer to a request, with the result's type chosen by the request that is pending.
///
/// JSON-RPC answers do not say what they answer but for their id, so nothing is guessed from their shape: decode into
/// `Response<<M as Request>::Result>` for the method `M` that was sent.
///
/// ```
/// use mcp_schema::{Request, Response};
/// use mcp_schema::v2025_11_25::{ListToolsResult, method::ListTools};
///
/// let text = r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[]}}"#;
/// let response: Response<<ListTools as Request>::Result> = serde_json::from_str(text)?;
/// assert_eq!(response.outcome, Ok(ListToolsResult::new([])));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Response<T> {
    /// The id of the request. Only an error may lack it, when the request's id could not be read.
    pub id: Option<RequestId>,
    /// The result, or the error that stands in its place.
    pub outcome: Result<T, Error>,
    /// Members that JSON-RPC does not name.
    pub extra: Extra,
}

impl<T> Response<T> {
    /// A successful response.
    pub fn result(id: impl Into<RequestId>, result: T) -> Self {
        Self { id: Some(id.into()), outcome: Ok(result), extra: Extra::new() }
    }

    /// An error. `id` is absent when the request's could not be read.
    pub fn error(id: Option<RequestId>, error: Error) -> Self {
        Self { id, outcome: Err(error), extra: Extra::new() }
    }
}

impl<'de, T: Decode<'de>> Object<'de> for Response<T> {
    const NAME: &'static str = "Response";

    fn read<A: MapAccess<'de>>(mut entries: Entries<'de, A>) -> Result<Self, A::Error> {
        const KEYS: &[&str] = &["jsonrpc", "id", "result", "error"];
        let (mut version, mut id, mut result, mut error) = (false, None, None, None);
        let mut extra = Extra::new();
        while let Some(key) = entries.key(KEYS)? {
            match key {
                Name::Known(0) => {
                    entries.constant(&["2.0"], "jsonrpc")?;
                    version = true;
                }
                Name::Known(1) => entries.optional(&mut id, "id", 1)?,
                Name::Known(2) => entries.field(&mut result, "result")?,
                Name::Known(_) => entries.optional(&mut error, "error", 2)?,
                Name::Other(key) => entries.keep_extra(&mut extra, key)?,
            }
        }
        if !version {
            return Err(codec::missing("jsonrpc", Self::NAME));
        }
        match (result, error) {
            (Some(_), None) if id.is_none() => Err(codec::missing("id", Self::NAME)),
            (Some(result), None) => Ok(Self { id, outcome: Ok(result), extra }),
            (None, Some(error)) => Ok(Self { id, outcome: Err(error), extra }),
            (None, None) => Err(A::Error::custom("a response needs `result` or `error`")),
            (Some(_), Some(_)) => Err(A::Error::custom("a response has both `result` and `error`")),
        }
    }
}

impl<'de, T: Decode<'de>> Deserialize<'de> for Response<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        codec::read_object(from, Self::NAME)
    }
}

impl<T: Serialize> Serialize for Response<T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.serialize_entry("jsonrpc", "2.0")?;
        codec::optional(&mut map, "id", &self.id)?;
        match &self.outcome {
            Ok(result) => map.serialize_entry("result", result)?,
            Err(error) => map.serialize_entry("error", error)?,
        }
        self.extra.write_entries(&mut map)?;
        map.end()
    }
}
