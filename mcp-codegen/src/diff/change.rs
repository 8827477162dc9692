//! What a comparison finds.

use std::collections::BTreeSet;
use std::fmt;

/// What a change is about: in the order in which it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// A method: its existence, its direction, and the definition of its message.
    Method,
    /// An error and its code.
    Error,
    /// Any other definition.
    Type,
}

impl Group {
    /// The group's name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Method => "method",
            Self::Error => "error",
            Self::Type => "type",
        }
    }
}

/// What happened. The names in JSON are those of the variants, in lower case with hyphens.
#[expect(missing_docs, reason = "each says what it is; docs/keeping-up.md has the table")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    MethodAdded,
    MethodRemoved,
    MethodRenamed,
    DirectionChanged,
    ErrorAdded,
    ErrorRemoved,
    ErrorCodeChanged,
    TypeAdded,
    TypeRemoved,
    TypeRenamed,
    TypeChanged,
    FieldAdded,
    FieldRemoved,
    FieldRenamed,
    FieldRequired,
    FieldOptional,
    NullAllowed,
    NullRefused,
    ConstantChanged,
    ValueAdded,
    ValueRemoved,
    ValueReplaced,
    MemberAdded,
    MemberRemoved,
    OthersChanged,
    BoundChanged,
    DefaultChanged,
    KeywordChanged,
}

impl Kind {
    /// The kind's name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::MethodAdded => "method-added",
            Self::MethodRemoved => "method-removed",
            Self::MethodRenamed => "method-renamed",
            Self::DirectionChanged => "direction-changed",
            Self::ErrorAdded => "error-added",
            Self::ErrorRemoved => "error-removed",
            Self::ErrorCodeChanged => "error-code-changed",
            Self::TypeAdded => "type-added",
            Self::TypeRemoved => "type-removed",
            Self::TypeRenamed => "type-renamed",
            Self::TypeChanged => "type-changed",
            Self::FieldAdded => "field-added",
            Self::FieldRemoved => "field-removed",
            Self::FieldRenamed => "field-renamed",
            Self::FieldRequired => "field-required",
            Self::FieldOptional => "field-optional",
            Self::NullAllowed => "null-allowed",
            Self::NullRefused => "null-refused",
            Self::ConstantChanged => "constant-changed",
            Self::ValueAdded => "value-added",
            Self::ValueRemoved => "value-removed",
            Self::ValueReplaced => "value-replaced",
            Self::MemberAdded => "member-added",
            Self::MemberRemoved => "member-removed",
            Self::OthersChanged => "others-changed",
            Self::BoundChanged => "bound-changed",
            Self::DefaultChanged => "default-changed",
            Self::KeywordChanged => "keyword-changed",
        }
    }
}

/// Whom a change breaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Class {
    /// A reader built for the old schema refuses, or misreads, a document of the new one.
    pub readers: bool,
    /// A document of a writer built for the old schema is refused, or misread, by the new one.
    pub writers: bool,
}

impl Class {
    /// Breaks nobody.
    pub const COMPATIBLE: Self = Self { readers: false, writers: false };
    /// More may be written than before.
    pub const READERS: Self = Self { readers: true, writers: false };
    /// Less is read than before.
    pub const WRITERS: Self = Self { readers: false, writers: true };
    /// Something else than before.
    pub const BOTH: Self = Self { readers: true, writers: true };

    /// Whether it breaks anybody.
    pub fn is_breaking(self) -> bool {
        self.readers || self.writers
    }

    /// Whoever one of the two breaks.
    pub fn and(self, other: Self) -> Self {
        Self { readers: self.readers || other.readers, writers: self.writers || other.writers }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match (self.readers, self.writers) {
            (false, false) => "compatible",
            (true, false) => "breaking for readers",
            (false, true) => "breaking for writers",
            (true, true) => "breaking for readers and writers",
        })
    }
}

/// One difference that can be seen on the wire, or in the list of definitions.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Change {
    /// What it is about.
    pub group: Group,
    /// The method's name on the wire, or the definition.
    pub subject: String,
    /// The definition, by its new name where it has one.
    pub definition: String,
    /// Where below the definition: `annotations.title`, `icons[]` for an array's items, `content.*` for values under any
    /// name. Empty for the whole.
    pub path: String,
    /// What happened.
    pub kind: Kind,
    /// What stood there before.
    pub before: Option<String>,
    /// What stands there now.
    pub after: Option<String>,
    /// Whom it breaks.
    pub class: Class,
    /// What happened, as a sentence without its subject.
    pub what: String,
    /// Why it is of its class.
    pub why: String,
    /// Where the definition has no name in one of the two schemas: the places where its shape stands inline there.
    pub places: BTreeSet<String>,
    /// Definitions that have the change from this one by `allOf`, and no change of their own.
    pub inherited_by: BTreeSet<String>,
}

impl Change {
    /// What tells it from others.
    pub(super) fn key(&self) -> impl Ord + '_ {
        (
            self.group,
            &self.subject,
            &self.definition,
            &self.path,
            self.kind,
            &self.before,
            &self.after,
        )
    }

    /// The same at another place: what a definition has from another.
    pub(super) fn rest_is_at(&self, path: &str, other: &Self) -> bool {
        other.path == path
            && (self.kind, &self.before, &self.after) == (other.kind, &other.before, &other.after)
    }
}

/// How the same is written in another way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rewriting {
    /// An inline shape has got a name.
    Named,
    /// A definition is gone; its shape stands inline.
    Inlined,
    /// An inline shape is now a reference to a definition that was there before.
    Referred,
    /// A reference is now a copy of the definition's shape.
    Copied,
    /// A reference leads to another definition of the same shape.
    Retargeted,
    /// What all messages have, `jsonrpc` and `id`, is now written in each, or no longer.
    Envelope,
    /// Combined from parts, or no longer, or in another order or notation.
    Rewritten,
}

impl Rewriting {
    /// Its name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Named => "named",
            Self::Inlined => "inlined",
            Self::Referred => "referred",
            Self::Copied => "copied",
            Self::Retargeted => "retargeted",
            Self::Envelope => "envelope",
            Self::Rewritten => "rewritten",
        }
    }

    /// What happened, in words.
    pub fn title(self) -> &'static str {
        match self {
            Self::Named => "inline shapes that have a name now",
            Self::Inlined => "definitions whose shape stands inline now",
            Self::Referred => "inline shapes that are references now",
            Self::Copied => "references that are copies now",
            Self::Retargeted => "references that lead to another definition of the same shape",
            Self::Envelope => "messages with, or without, the envelope written out",
            Self::Rewritten => "definitions written in another way",
        }
    }
}

/// A difference in the text of the schemas that no document can show.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Mechanical {
    /// What was done.
    pub rewriting: Rewriting,
    /// The definition that it was done to, or with.
    pub name: String,
    /// Where, if not in the whole definition.
    pub places: BTreeSet<String>,
}
