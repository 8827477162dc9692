//! Conversions between revisions.

use std::fmt;

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
        }
    }
}

impl std::error::Error for ConversionError {}

impl From<std::convert::Infallible> for ConversionError {
    fn from(never: std::convert::Infallible) -> Self {
        match never {}
    }
}
