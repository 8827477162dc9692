//! The parameters of a function: which are injected, which are arguments. Only syntax decides: a borrowed type is
//! injected, an owned one is an argument, and an owned one behind a pattern is the whole argument object.

use crate::arg::{ArgAttribute, Fallback};
use crate::bounds::{self, Bounds};
use crate::function::cfg;
use crate::sink::Errors;
use crate::{Kind, docs};
use proc_macro2::{Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Attribute, FnArg, Ident, LitStr, Pat, PatType, Path, Type};

/// A parameter other than `self`.
pub struct Param {
    pub role: Role,
    /// Without the `&` of an injected one.
    pub ty: Type,
    /// To be carried by everything that is made from the parameter.
    pub cfg: Vec<Attribute>,
}

pub enum Role {
    /// `cx: &Context`; with the name of the parameter if it has one.
    Injected(Option<Ident>),
    /// `name: T`.
    Argument(Box<Argument>),
    /// `Args(a): Args<T>`.
    Whole(Span),
}

/// One property of the arguments.
pub struct Argument {
    pub name: String,
    pub span: Span,
    pub description: Option<TokenStream>,
    pub header: Option<LitStr>,
    pub default: Option<Fallback>,
    pub complete: Option<Path>,
    pub range: Bounds,
    pub length: Bounds,
}

/// Sorts the parameters.
pub fn parse<'a>(
    kind: Kind,
    inputs: impl Iterator<Item = &'a FnArg>,
    errors: &Errors,
) -> Vec<Param> {
    inputs
        .filter_map(|input| match input {
            FnArg::Typed(typed) => param(kind, typed, errors),
            FnArg::Receiver(_) => None,
        })
        .collect()
}

fn param(kind: Kind, typed: &PatType, errors: &Errors) -> Option<Param> {
    let cfg = cfg(&typed.attrs);
    let ty = plain(&typed.ty);
    let attrs = ArgAttribute::parse(kind, &typed.attrs, errors);
    let named = match &*typed.pat {
        Pat::Ident(pat) if pat.by_ref.is_none() && pat.subpat.is_none() => Some(&pat.ident),
        _ => None,
    };
    if let Type::Reference(reference) = ty {
        if let Some(span) = attrs.span {
            errors.span(
                span,
                "`#[arg]` is for arguments, and a borrowed parameter is none: the \
                 server lends it",
            );
            return None;
        }
        if let Some(mutability) = reference.mutability {
            errors.span(
                mutability.span,
                "what the server lends is shared by all calls: write `&T`, and put \
                 what changes behind a lock",
            );
            return None;
        }
        if let Some(lifetime) = &reference.lifetime
            && lifetime.ident == "static"
        {
            errors.at(
                lifetime,
                "what the server lends is lent for one call: write `&T`; an argument \
                 that the client sends is owned, such as `String`",
            );
            return None;
        }
        return lifetimes(&reference.elem, "what the server lends", errors).then(|| Param {
            role: Role::Injected(named.cloned()),
            ty: (*reference.elem).clone(),
            cfg,
        });
    }
    if let Some(token) = find_impl(ty) {
        errors.at(
            token,
            "an argument is decoded into its type, so that has to be named: write \
             the type instead of `impl ..`",
        );
        return None;
    }
    if !lifetimes(ty, "an argument", errors) {
        return None;
    }
    let role = match (named, &*typed.pat) {
        (Some(ident), _) => {
            let name = match &attrs.rename {
                Some(rename) => rename.value(),
                None => ident.unraw().to_string(),
            };
            let span = attrs.rename.as_ref().map_or(ident.span(), LitStr::span);
            bounds::check(&attrs, errors);
            Role::Argument(Box::new(Argument {
                name,
                span,
                description: docs::description(&typed.attrs),
                header: attrs.header,
                default: attrs.default,
                complete: attrs.complete,
                range: attrs.range,
                length: attrs.length,
            }))
        }
        (None, Pat::Wild(_)) => {
            errors.at(&typed.pat, "an argument needs a name: write `name: T`, or leave it out");
            return None;
        }
        (None, pat) => {
            if let Some(span) = attrs.span {
                errors.span(
                    span,
                    "`#[arg]` is for single arguments: write it as serde and schemars \
                     attributes on the fields of the type",
                );
                return None;
            }
            if kind != Kind::Tool {
                let message = format!(
                    "the arguments of a {} are strings, each with a name: write `name: T` \
                     for each",
                    kind.word()
                );
                errors.at(pat, message);
                return None;
            }
            Role::Whole(pat.span())
        }
    };
    Some(Param { role, ty: ty.clone(), cfg })
}

/// The type without the invisible groups of `macro_rules!` and parentheses.
fn plain(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => plain(&group.elem),
        Type::Paren(paren) => plain(&paren.elem),
        other => other,
    }
}

/// The first `impl` in a type.
pub fn find_impl(ty: &Type) -> Option<TokenTree> {
    find(
        ty.to_token_stream(),
        &|token, _| matches!(token, TokenTree::Ident(ident) if ident == "impl"),
    )
}

/// Reports a lifetime other than `'static`, since the expansion names the type where no call is running.
pub fn lifetimes(ty: &Type, what: &str, errors: &Errors) -> bool {
    let borrowed = find(ty.to_token_stream(), &|token, before| {
        let tick = matches!(before, Some(TokenTree::Punct(punct)) if punct.as_char() == '\'');
        tick && !matches!(token, TokenTree::Ident(ident) if ident == "static")
    });
    if let Some(lifetime) = &borrowed {
        errors.at(
            lifetime,
            format!("{what} cannot have a lifetime: use a type that owns what it holds"),
        );
    }
    borrowed.is_none()
}

fn find(
    tokens: TokenStream,
    wanted: &dyn Fn(&TokenTree, Option<&TokenTree>) -> bool,
) -> Option<TokenTree> {
    let mut before = None;
    for token in tokens {
        if let TokenTree::Group(group) = &token
            && let Some(found) = find(group.stream(), wanted)
        {
            return Some(found);
        }
        if wanted(&token, before.as_ref()) {
            return Some(token);
        }
        before = Some(token);
    }
    None
}
