//! Where the phases report what is wrong, so that all mistakes of one function come out together.

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use std::cell::RefCell;
use std::fmt::Display;

/// Collects errors. Whoever makes one has to look at it with [`Errors::finish`]: an error that nobody saw would become
/// code that compiles.
pub struct Errors(RefCell<Option<Vec<syn::Error>>>);

impl Errors {
    pub fn new() -> Self {
        Self(RefCell::new(Some(Vec::new())))
    }

    /// An error that underlines all of `tokens`.
    pub fn at(&self, tokens: impl ToTokens, message: impl Display) {
        self.push(syn::Error::new_spanned(tokens, message));
    }

    /// An error at one place.
    pub fn span(&self, span: Span, message: impl Display) {
        self.push(syn::Error::new(span, message));
    }

    pub fn push(&self, error: syn::Error) {
        if let Some(errors) = self.0.borrow_mut().as_mut() {
            errors.push(error);
        }
    }

    /// Whether anything was reported so far: what rests on it need not be checked then.
    pub fn is_empty(&self) -> bool {
        self.0.borrow().as_ref().is_none_or(Vec::is_empty)
    }

    /// The errors as code, if there are any.
    pub fn finish(self) -> Option<TokenStream> {
        let errors = self.0.take().unwrap_or_default();
        if errors.is_empty() {
            return None;
        }
        Some(errors.iter().map(syn::Error::to_compile_error).collect())
    }
}

impl Drop for Errors {
    fn drop(&mut self) {
        if cfg!(debug_assertions) && !std::thread::panicking() && self.0.get_mut().is_some() {
            panic!("the errors of a function were not looked at");
        }
    }
}
