//! The parameters of a function: which are injected, which are arguments. Only syntax decides: a borrowed type is
//! injected, an owned one is an argument, and an owned one behind a pattern is the whole argument object.

use crate::function::cfg;
use crate::options::skip;

use crate::sink::Errors;
use crate::values::string;
use crate::{Kind, docs, json, names};
use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::parse::ParseStream;
use syn::spanned::Spanned;
use syn::{
    Attribute, Expr, ExprLit, ExprUnary, FnArg, Ident, Lit, LitStr, Meta, Pat, PatType, Path,
    Token, Type, UnOp,
};

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
}

/// What stands in for an argument that the client leaves out.
pub enum Fallback {
    /// `#[arg(default)]`
    OfType(Span),
    /// `#[arg(default = 10)]`
    Value(Expr),
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
            Role::Argument(Box::new(Argument {
                name,
                span,
                description: docs::description(&typed.attrs),
                header: attrs.header,
                default: attrs.default,
                complete: attrs.complete,
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

/// What `#[arg(..)]` says.
#[derive(Default)]
struct ArgAttribute {
    span: Option<Span>,
    header: Option<LitStr>,
    rename: Option<LitStr>,
    default: Option<Fallback>,
    complete: Option<Path>,
}

impl ArgAttribute {
    fn parse(kind: Kind, attrs: &[Attribute], errors: &Errors) -> Self {
        let mut this = Self::default();
        for attr in attrs.iter().filter(|attr| attr.path().is_ident("arg")) {
            this.span = Some(attr.path().span());
            match &attr.meta {
                Meta::List(list) => {
                    let parsed = list.parse_args_with(|input: ParseStream<'_>| {
                        while !input.is_empty() {
                            if let Err(error) = this.key(kind, input) {
                                errors.push(error);
                                skip(input);
                            }
                            if !input.is_empty() {
                                input.parse::<Token![,]>()?;
                            }
                        }
                        Ok(())
                    });
                    if let Err(error) = parsed {
                        errors.push(error);
                    }
                }
                meta => errors.at(meta, "`#[arg]` takes keys: `#[arg(default)]`"),
            }
        }
        this
    }

    fn key(&mut self, kind: Kind, input: ParseStream<'_>) -> syn::Result<()> {
        let key = input.call(Ident::parse_any)?;
        let name = key.to_string();
        let known: &[&str] = match kind {
            Kind::Tool => &["header", "rename", "default"],
            Kind::Prompt => &["rename", "default", "complete"],
            Kind::Resource => &["rename", "complete"],
        };
        if !known.contains(&name.as_str()) {
            let kind = kind.word();
            return Err(syn::Error::new(
                key.span(),
                match (name.as_str(), names::nearest(&name, known)) {
                    ("complete", _) => {
                        "the protocol completes the arguments of prompts and resource \
                         templates, not those of tools: an `enum` lists the choices in a \
                         tool's schema"
                            .to_owned()
                    }
                    ("header", _) => format!(
                        "only the arguments of tools travel in headers, not those of a {kind}"
                    ),
                    ("default", _) => {
                        "a resource is addressed by all variables of its template: no default \
                         can stand in for one"
                            .to_owned()
                    }
                    ("description" | "desc" | "doc", _) => {
                        "the description of an argument is its doc comment: write `///` over \
                         the parameter"
                            .to_owned()
                    }
                    (_, Some(meant)) => {
                        format!("`#[arg]` has no key `{name}`: did you mean `{meant}`?")
                    }
                    (_, None) => format!(
                        "`#[arg]` has no key `{name}`: here it knows {}",
                        names::list(known)
                    ),
                },
            ));
        }
        let twice = match name.as_str() {
            "header" => self.header.is_some(),
            "rename" => self.rename.is_some(),
            "default" => self.default.is_some(),
            _ => self.complete.is_some(),
        };
        if twice {
            return Err(syn::Error::new(
                key.span(),
                format!("`{name}` is given twice: remove one"),
            ));
        }
        if name == "default" && !input.peek(Token![=]) {
            self.default = Some(Fallback::OfType(key.span()));
            return Ok(());
        }
        if !input.peek(Token![=]) {
            let example = if name == "complete" { "path::to::function" } else { "\"..\"" };
            return Err(syn::Error::new(
                key.span(),
                format!("`{name}` needs a value: `{name} = {example}`"),
            ));
        }
        input.parse::<Token![=]>()?;
        match name.as_str() {
            "header" => {
                let header = string(&key, input)?;
                if let Some(why) = names::refuse_header(&header.value()) {
                    return Err(syn::Error::new(header.span(), why));
                }
                self.header = Some(header);
            }
            "rename" => {
                let rename = string(&key, input)?;
                if rename.value().is_empty() {
                    return Err(syn::Error::new(
                        rename.span(),
                        "the name of an argument cannot be empty",
                    ));
                }
                self.rename = Some(rename);
            }
            "default" => self.default = Some(Fallback::Value(input.parse()?)),
            _ => self.complete = Some(input.parse()?),
        }
        Ok(())
    }
}

impl Fallback {
    /// An expression of type `fn() -> T`.
    pub fn function(&self) -> TokenStream {
        match self {
            Self::OfType(span) => quote_spanned!(*span=> ::core::default::Default::default),
            // So that `default = "x"` is a `String`, or whatever else is made from a string.
            Self::Value(Expr::Lit(ExprLit { lit: Lit::Str(text), .. })) => {
                quote!(|| ::core::convert::Into::into(#text))
            }
            Self::Value(value) => quote!(|| #value),
        }
    }

    /// The value as JSON text where it is a literal, to stand in the schema.
    pub fn json(&self) -> Option<String> {
        match self {
            Self::Value(Expr::Lit(ExprLit { lit, .. })) => json::literal(lit),
            Self::Value(Expr::Unary(ExprUnary { op: UnOp::Neg(_), expr, .. })) => match &**expr {
                Expr::Lit(ExprLit { lit: lit @ (Lit::Int(_) | Lit::Float(_)), .. }) => {
                    json::literal(lit).map(|number| format!("-{number}"))
                }
                _ => None,
            },
            _ => None,
        }
    }
}
