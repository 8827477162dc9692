//! Who is who: tasks, nodes, owners.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::server::principal::Principal;

/// The id of a task: 24 random bytes as 32 characters that every header can carry (L96, X89, C13, D19).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskId(Arc<str>);

impl TaskId {
    /// The longest text that is looked up.
    pub const LONGEST: usize = 128;

    /// A new one.
    ///
    /// # Errors
    ///
    /// The system has no randomness to give: an id that can be guessed is none.
    pub fn random() -> Result<Self, getrandom::Error> {
        loop {
            let mut bytes = [0; 24];
            getrandom::fill(&mut bytes)?;
            let text = URL_SAFE_NO_PAD.encode(bytes);
            // Command lines take that for an option. What is left is more than 191 bits.
            if !text.starts_with('-') {
                return Ok(Self(text.into()));
            }
        }
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Any text: there need not be a task of this id.
impl From<&str> for TaskId {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl From<String> for TaskId {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl Borrow<str> for TaskId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One run of one process that works on tasks: random, and never used again.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub [u8; 16]);

impl NodeId {
    /// A new one.
    ///
    /// # Errors
    ///
    /// The system has no randomness to give.
    pub fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes)?;
        Ok(Self(bytes))
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Whose a task is: a [`Principal`], or anybody who knows its id (P7).
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Owner(Arc<str>);

impl Owner {
    /// Nobody in particular: who knows the id of a task may use it.
    pub fn anonymous() -> Self {
        Self("".into())
    }

    /// Whoever made a request.
    pub fn of(principal: Option<&Principal>) -> Self {
        principal.map_or_else(Self::anonymous, |principal| Self(principal.id().into()))
    }

    /// The owner of this text, as a store has kept it.
    pub fn from_text(text: &str) -> Self {
        Self(text.into())
    }

    /// As text, for stores: [`Principal::id`], or nothing.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is nobody in particular.
    pub fn is_anonymous(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}
