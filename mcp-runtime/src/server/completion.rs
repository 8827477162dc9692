//! Suggestions while somebody types an argument (`completion/complete`).

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use super::handle::Server;
use super::inject::State;
use super::principal::Principal;

/// What has been typed so far.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Partial {
    /// The name of the argument.
    pub argument: String,
    /// Its beginning; may be empty.
    pub value: String,
    /// The arguments that are filled in already, since 2025-06-18.
    pub arguments: BTreeMap<String, String>,
    pub(crate) server: Option<Server>,
    pub(crate) principal: Option<Principal>,
}

impl Partial {
    /// What was given to [`ServerBuilder::state`](crate::ServerBuilder::state), for suggestions that depend on it.
    pub fn state<T: Send + Sync + 'static>(&self) -> Option<&State<T>> {
        self.server.as_ref()?.inner().states.get()
    }

    /// Who is typing, as [`Context::principal`](crate::Context::principal) has it.
    pub fn principal(&self) -> Option<&Principal> {
        self.principal.as_ref()
    }
}

/// Suggested values. At most 100 are sent; the client is told how many there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Completion {
    /// The values, best first.
    pub values: Vec<String>,
    /// How many there are in all, if they are not all here.
    pub total: Option<u64>,
}

impl<S: Into<String>> FromIterator<S> for Completion {
    fn from_iter<I: IntoIterator<Item = S>>(values: I) -> Self {
        Self { values: values.into_iter().map(Into::into).collect(), total: None }
    }
}

impl<S: Into<String>> From<Vec<S>> for Completion {
    fn from(values: Vec<S>) -> Self {
        values.into_iter().collect()
    }
}

impl<S: Into<String>, const N: usize> From<[S; N]> for Completion {
    fn from(values: [S; N]) -> Self {
        values.into_iter().collect()
    }
}

/// The future of a suggestion.
pub type CompletionFuture = Pin<Box<dyn Future<Output = Completion> + Send>>;

/// The function that suggests values for one argument.
#[derive(Clone)]
pub(crate) struct Completer(Arc<dyn Fn(Partial) -> CompletionFuture + Send + Sync>);

impl Completer {
    pub fn new(complete: impl Fn(Partial) -> CompletionFuture + Send + Sync + 'static) -> Self {
        Self(Arc::new(complete))
    }

    /// Those of a fixed set that begin like what was typed.
    pub fn of_values(values: Vec<String>) -> Self {
        Self::new(move |partial| {
            let typed = partial.value.to_lowercase();
            let matching: Completion = values
                .iter()
                .filter(|value| value.to_lowercase().starts_with(&typed))
                .cloned()
                .collect();
            Box::pin(std::future::ready(matching))
        })
    }

    pub fn complete(&self, partial: Partial) -> CompletionFuture {
        (self.0)(partial)
    }
}

impl fmt::Debug for Completer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Completer")
    }
}
