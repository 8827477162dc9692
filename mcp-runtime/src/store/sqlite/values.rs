//! Our types as SQLite's values, and back.

use std::fmt;

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, Value, ValueRef};
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde_json::value::RawValue;

use crate::journal::{CallId, Digest, Json, Key, Learned, Question, Standing};
use crate::server::definition::Restart;
use crate::task::{NodeId, Owner, TaskId, TaskState};

/// A time, or a number that goes up. SQLite's integers end at 2^63: what is later than that is never.
#[derive(Clone, Copy)]
pub(super) struct Int(pub u64);

impl ToSql for Int {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(i64::try_from(self.0).unwrap_or(i64::MAX).into())
    }
}

impl FromSql for Int {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        // Nothing that is written here is negative.
        value.as_i64().map(|int| Self(u64::try_from(int).unwrap_or(0)))
    }
}

#[derive(Debug)]
struct Unknown(String);

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is unknown there", self.0)
    }
}

impl std::error::Error for Unknown {}

fn unknown(word: &str) -> FromSqlError {
    FromSqlError::Other(Unknown(word.to_owned()).into())
}

/// Types that are kept as text, by reference where they can be.
macro_rules! text {
    ($($type:ty: |$this:ident| $text:expr, |$word:ident| $from:expr;)*) => {$(
        impl ToSql for $type {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                let $this = self;
                Ok($text.into())
            }
        }

        impl FromSql for $type {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                let $word = value.as_str()?;
                $from
            }
        }
    )*};
}

text! {
    TaskId: |id| id.as_str(), |text| Ok(text.into());
    Owner: |owner| owner.as_str(), |text| Ok(Owner::from_text(text));
    Key: |key| key.as_str(), |text| Ok(text.into());
    Question: |question| question.body(), |text| Ok(Question::new(text));
    Json: |json| json.as_str(), |text| {
        let raw = serde_json::from_str::<Box<RawValue>>(text);
        raw.map(Json::from).map_err(|error| FromSqlError::Other(error.into()))
    };
    TaskState: |state| state.as_str(), |word| {
        TaskState::ALL.into_iter().find(|state| state.as_str() == word).ok_or_else(|| unknown(word))
    };
    Restart: |restart| match restart { Restart::Fail => "fail", Restart::Replay => "replay" },
        |word| match word {
            "fail" => Ok(Restart::Fail),
            "replay" => Ok(Restart::Replay),
            _ => Err(unknown(word)),
        };
    Standing: |standing| match standing {
            Standing::Open => "open",
            Standing::Withdrawn => "withdrawn",
            Standing::Settled => "settled",
        },
        |word| match word {
            "open" => Ok(Standing::Open),
            "withdrawn" => Ok(Standing::Withdrawn),
            "settled" => Ok(Standing::Settled),
            _ => Err(unknown(word)),
        };
}

/// As hexadecimal digits.
impl ToSql for Digest {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Owned(Value::Text(format!("{self:?}"))))
    }
}

impl FromSql for Digest {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let text: serde::de::value::StrDeserializer<'_, serde::de::value::Error> =
            value.as_str()?.into_deserializer();
        Digest::deserialize(text).map_err(|error| FromSqlError::Other(error.into()))
    }
}

impl ToSql for NodeId {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.0.as_slice().into())
    }
}

impl FromSql for NodeId {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        <[u8; 16]>::column_result(value).map(Self)
    }
}

impl ToSql for CallId {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.0.as_slice().into())
    }
}

impl FromSql for CallId {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        <[u8; 16]>::column_result(value).map(Self)
    }
}

/// What a record has learned: a word for its kind, and text.
pub(super) fn parts(learned: &Learned) -> (&'static str, Option<&str>) {
    match learned {
        Learned::Value(json) => ("value", Some(json.as_str())),
        Learned::Error(text) => ("error", Some(text)),
        Learned::Answer(json) => ("answer", Some(json.as_str())),
        Learned::Fired => ("fired", None),
        Learned::Cancelled => ("cancelled", None),
    }
}

/// The same of a row that has them at these places.
pub(super) fn learned(
    row: &rusqlite::Row<'_>,
    kind: usize,
    body: usize,
) -> rusqlite::Result<Learned> {
    Ok(match row.get_ref(kind)?.as_str()? {
        "value" => Learned::Value(row.get(body)?),
        "error" => Learned::Error(row.get_ref(body)?.as_str()?.into()),
        "answer" => Learned::Answer(row.get(body)?),
        "fired" => Learned::Fired,
        "cancelled" => Learned::Cancelled,
        word => return Err(unknown(word).into()),
    })
}
