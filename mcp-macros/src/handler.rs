//! A handler: the function with everything that was said about it, read and checked.

use crate::check::{self, Place};
use crate::function::Function;
use crate::options::{self, Options};
use crate::params::{self, Param, Role};
use crate::requires::{self, Feature};
use crate::sink::Errors;
use crate::{Kind, boundary, docs};
use proc_macro2::TokenStream;
use quote::ToTokens;

/// What the expansion is made from.
pub struct Handler {
    pub kind: Kind,
    pub name: String,
    pub description: Option<TokenStream>,
    pub options: Options,
    pub params: Vec<Param>,
    pub requires: Vec<Feature>,
    /// Whether the function says itself where its task begins.
    pub boundary: bool,
}

impl Handler {
    /// Parses and checks. What comes back is of use only if `errors` stayed empty.
    pub fn new(
        kind: Kind,
        place: Place,
        attribute: TokenStream,
        function: &Function,
        errors: &Errors,
    ) -> Self {
        let options = options::parse(kind, attribute, errors);
        check::signature(kind, place, function, errors);
        let params = params::parse(kind, function.sig.inputs.iter(), errors);
        check::params(kind, &params, errors);
        check::options(&options, errors);
        if kind == Kind::Resource {
            check::uri(&options, &params, errors);
        }
        let name = check::name(kind, function, &options, errors);
        let description = match &options.description {
            Some(text) => Some(text.to_token_stream()),
            None => docs::description(&function.attrs),
        };
        let requires = match &options.requires {
            Some(features) => features.clone(),
            None => derived(function, &params),
        };
        let boundary = kind == Kind::Tool && boundary::placed(function.body.stream());
        Self { kind, name, description, options, params, requires, boundary }
    }
}

fn derived(function: &Function, params: &[Param]) -> Vec<Feature> {
    let contexts: Vec<_> = params
        .iter()
        .filter_map(|param| match &param.role {
            Role::Injected(name) => name.as_ref(),
            _ => None,
        })
        .collect();
    if contexts.is_empty() {
        Vec::new()
    } else {
        requires::derive(function.body.stream(), &contexts)
    }
}
