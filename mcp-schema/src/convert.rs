//! Conversions between revisions.

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::Extra;
use crate::codec::{Decode, NotNegative};

/// Why a value of one revision has no counterpart in another.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConversionError {
    /// The field is set, and the other revision's type has none like it.
    FieldHasNoPlace {
        /// The schema's name of the type.
        ty: &'static str,
        /// The field's wire name.
        field: &'static str,
    },
    /// The other revision requires the field, and it is not set.
    FieldIsRequired {
        /// The schema's name of the type.
        ty: &'static str,
        /// The field's wire name.
        field: &'static str,
    },
    /// The other revision does not know this alternative or value.
    NoSuchVariant {
        /// The schema's name of the type.
        ty: &'static str,
        /// The alternative's name in Rust.
        variant: &'static str,
    },
    /// What one revision leaves open is not what the other says about it.
    DoesNotFit {
        /// The schema's name of the type.
        ty: &'static str,
        /// The field's wire name; empty for the value as a whole.
        field: &'static str,
        /// Why it was refused.
        reason: String,
    },
}

impl fmt::Display for ConversionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FieldHasNoPlace { ty, field } => write!(
                f,
                "`{field}` of {ty} is set, but the other revision's {ty} has no such field: \
                 unset it first if it may be lost"
            ),
            Self::FieldIsRequired { ty, field } => {
                write!(f, "the other revision's {ty} requires `{field}`: set it first")
            }
            Self::NoSuchVariant { ty, variant } => {
                write!(f, "the other revision's {ty} has no `{variant}`")
            }
            Self::DoesNotFit { ty, field: "", reason } => {
                write!(f, "this is no {ty} of the other revision: {reason}")
            }
            Self::DoesNotFit { ty, field, reason } => {
                write!(f, "`{field}` is not what the other revision's {ty} holds there: {reason}")
            }
        }
    }
}

impl std::error::Error for ConversionError {}

/// Reads what one revision leaves open as the type that it has in the other.
pub fn read_value<T: DeserializeOwned>(
    value: Value,
    ty: &'static str,
    field: &'static str,
) -> Result<T, ConversionError> {
    serde_json::from_value(value).map_err(|error| does_not_fit(ty, field, &error))
}

/// Writes a type of one revision as the open object that it is in the other.
pub fn write_value<T: Serialize, U: DeserializeOwned>(
    value: &T,
    ty: &'static str,
    field: &'static str,
) -> Result<U, ConversionError> {
    let value = serde_json::to_value(value).map_err(|error| does_not_fit(ty, field, &error))?;
    read_value(value, ty, field)
}

/// Takes an optional field that one revision does not name from where it kept it, and reads it as a message of the other
/// would be read: `null` is absent.
pub fn unname<T: for<'de> Decode<'de>>(
    extra: &mut Extra,
    ty: &'static str,
    field: &'static str,
) -> Result<Option<T>, ConversionError> {
    Ok(unname_field::<Option<T>>(extra, ty, field)?.flatten())
}

/// Like [`unname`], for a field that `null` does not stand for the absence of.
pub fn unname_field<T: for<'de> Decode<'de>>(
    extra: &mut Extra,
    ty: &'static str,
    field: &'static str,
) -> Result<Option<T>, ConversionError> {
    let read = |value| T::decode(value, field).map_err(|error| does_not_fit(ty, field, &error));
    extra.remove(field).map(read).transpose()
}

/// Like [`unname_field`], with a negative integer read as 0.
pub fn unname_not_negative(
    extra: &mut Extra,
    ty: &'static str,
    field: &'static str,
) -> Result<Option<u64>, ConversionError> {
    Ok(unname_field(extra, ty, field)?.map(|NotNegative(value)| value))
}

/// Like [`unname`], for a field that has one value only, and that may be absent unless `needed`.
pub fn unname_constant(
    extra: &mut Extra,
    ty: &'static str,
    field: &'static str,
    expected: &'static str,
    needed: bool,
) -> Result<(), ConversionError> {
    match extra.remove(field) {
        Some(value) if value != expected => {
            let reason = format!("it is {value}, but must be \"{expected}\"");
            Err(ConversionError::DoesNotFit { ty, field, reason })
        }
        None if needed => Err(ConversionError::FieldIsRequired { ty, field }),
        _ => Ok(()),
    }
}

fn does_not_fit(
    ty: &'static str,
    field: &'static str,
    error: &serde_json::Error,
) -> ConversionError {
    ConversionError::DoesNotFit { ty, field, reason: error.to_string() }
}
