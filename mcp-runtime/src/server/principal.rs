//! Who is calling.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

/// Whoever a request comes from, after somebody verified it: an issuer and a subject, never a token.
///
/// What belongs to one principal (a session, a sealed `requestState`, later a task) cannot be used by another. Over HTTP
/// a layer in front of the service verifies a token or a certificate and inserts the principal into the request's
/// extensions; without one, requests are anonymous and all alike. Over stdio there is one local principal.
///
/// ```
/// use mcp_runtime::Principal;
///
/// # let mut request = http::Request::new(());
/// request.extensions_mut().insert(Principal::new("https://id.example", "alice").with("tenant-7"));
/// ```
#[derive(Clone)]
pub struct Principal(Arc<Identity>);

struct Identity {
    issuer: String,
    subject: String,
    /// Both, with their lengths, so that no two principals are written alike.
    id: String,
    claims: HashMap<TypeId, Arc<dyn Any + Send + Sync>>,
}

impl Principal {
    /// The principal that `issuer` calls `subject` (or, for clients that act for themselves, the client id).
    pub fn new(issuer: impl Into<String>, subject: impl Into<String>) -> Self {
        let (issuer, subject) = (issuer.into(), subject.into());
        let id = format!("{}:{issuer}:{subject}", issuer.len());
        Self(Arc::new(Identity { issuer, subject, id, claims: HashMap::new() }))
    }

    /// The one with this [`id`](Self::id), without what was verified along with it.
    pub(crate) fn from_id(id: &str) -> Option<Self> {
        let (length, rest) = id.split_once(':')?;
        let (issuer, subject) = rest.split_at_checked(length.parse().ok()?)?;
        Some(Self::new(issuer, subject.strip_prefix(':')?))
    }

    /// The one of a process that was started by its client.
    pub(crate) fn local() -> Self {
        Self::new("", "local")
    }

    /// Adds something that was verified along with it, for handlers to look at: scopes, a tenant, claims.
    #[must_use]
    pub fn with<T: Send + Sync + 'static>(self, claim: T) -> Self {
        let old = self.0;
        let mut claims = old.claims.clone();
        claims.insert(TypeId::of::<T>(), Arc::new(claim));
        Self(Arc::new(Identity {
            issuer: old.issuer.clone(),
            subject: old.subject.clone(),
            id: old.id.clone(),
            claims,
        }))
    }

    /// Who vouches for the subject.
    pub fn issuer(&self) -> &str {
        &self.0.issuer
    }

    /// The name of the caller with that issuer.
    pub fn subject(&self) -> &str {
        &self.0.subject
    }

    /// Issuer and subject in one string, the same wherever and whenever the same caller comes.
    pub fn id(&self) -> &str {
        &self.0.id
    }

    /// What [`with`](Self::with) added.
    pub fn claim<T: Send + Sync + 'static>(&self) -> Option<&T> {
        self.0.claims.get(&TypeId::of::<T>())?.downcast_ref()
    }
}

impl PartialEq for Principal {
    fn eq(&self, other: &Self) -> bool {
        self.0.id == other.0.id
    }
}

impl Eq for Principal {}

impl fmt::Debug for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Principal")
            .field("issuer", &self.0.issuer)
            .field("subject", &self.0.subject)
            .finish()
    }
}
