//! Names that authors give, and the keys made of them.

use std::borrow::{Borrow, Cow};
use std::fmt::{self, Display};
use std::ops::Deref;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What an operation is called in the journal: the author's name and, from its second use on, the
/// number of that use (`fetch`, `fetch#2`). A question's key is also its name on the wire.
///
/// A `#` in the author's name is written twice, so that no name can pass for a numbered one.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(Arc<str>);

impl Key {
    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The key of the `occurrence`th use (from 1) of a name that [`escape`] has been over.
    pub(super) fn numbered(name: &Key, occurrence: u32) -> Key {
        if occurrence == 1 { name.clone() } else { Key(format!("{name}#{occurrence}").into()) }
    }
}

/// Writes every `#` of a name twice: an odd run of them then starts a number, an even one does not.
pub(super) fn escape(name: &str) -> Cow<'_, str> {
    if name.contains('#') { name.replace('#', "##").into() } else { name.into() }
}

impl From<&str> for Key {
    fn from(text: &str) -> Self {
        Key(text.into())
    }
}

impl From<String> for Key {
    fn from(text: String) -> Self {
        Key(text.into())
    }
}

impl Deref for Key {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Key {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl PartialEq<str> for Key {
    fn eq(&self, other: &str) -> bool {
        &*self.0 == other
    }
}

impl PartialEq<&str> for Key {
    fn eq(&self, other: &&str) -> bool {
        &*self.0 == *other
    }
}

impl Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

impl Serialize for Key {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<'de, str>::deserialize(deserializer).map(|text| Key(text.into()))
    }
}

/// A name for an operation of the journal: `"quote"`, or `("fetch", id)` where several of a kind
/// are open at the same time.
///
/// Two operations that are open together must differ in name. Operations after one another may
/// share one: they are told apart by number, in the order of their calls.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot name an operation of the journal",
    label = "not a name",
    note = "use a literal, `\"quote\"`, or a literal with something that tells several apart, `(\"fetch\", id)`"
)]
pub trait StepName: sealed::Sealed {
    /// The name as text, before it is numbered.
    #[doc(hidden)]
    fn text(&self) -> Cow<'_, str>;
}

impl StepName for &'static str {
    fn text(&self) -> Cow<'_, str> {
        (*self).into()
    }
}

impl<K: Display> StepName for (&'static str, K) {
    fn text(&self) -> Cow<'_, str> {
        format!("{}/{}", self.0, self.1).into()
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for &'static str {}
    impl<K: std::fmt::Display> Sealed for (&'static str, K) {}
}
