//! What stands on an argument: `#[arg(..)]`, and attributes of others that have no place there.

use crate::bounds::Bounds;
use crate::options::skip;
use crate::sink::Errors;
use crate::values::string;
use crate::{Kind, json, names};
use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;
use syn::parse::ParseStream;
use syn::spanned::Spanned;
use syn::{Attribute, Expr, ExprLit, ExprUnary, Ident, Lit, LitStr, Meta, Path, Token, UnOp};

/// Attributes of fields, which mean nothing on a parameter. The compiler only says that it cannot find them.
pub const OF_FIELDS: [&str; 2] = ["schemars", "serde"];

const TOOL: [&str; 7] = ["header", "rename", "default", "min", "max", "min_length", "max_length"];
const PROMPT: [&str; 3] = ["rename", "default", "complete"];
const RESOURCE: [&str; 2] = ["rename", "complete"];

/// What `#[arg(..)]` says.
#[derive(Default)]
pub struct ArgAttribute {
    pub span: Option<Span>,
    pub header: Option<LitStr>,
    pub rename: Option<LitStr>,
    pub default: Option<Fallback>,
    pub complete: Option<Path>,
    /// `min` and `max`
    pub range: Bounds,
    /// `min_length` and `max_length`
    pub length: Bounds,
}

/// What stands in for an argument that the client leaves out.
pub enum Fallback {
    /// `#[arg(default)]`
    OfType(Span),
    /// `#[arg(default = 10)]`
    Value(Expr),
}

impl ArgAttribute {
    pub fn parse(kind: Kind, attrs: &[Attribute], errors: &Errors) -> Self {
        let mut this = Self::default();
        for attr in attrs {
            let path = attr.path();
            if let Some(name) = OF_FIELDS.into_iter().find(|name| path.is_ident(name)) {
                errors.at(path, of_a_field(kind, name));
            }
            if !path.is_ident("arg") {
                continue;
            }
            this.span = Some(path.span());
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
            Kind::Tool => &TOOL,
            Kind::Prompt => &PROMPT,
            Kind::Resource => &RESOURCE,
        };
        if !known.contains(&name.as_str()) {
            return Err(syn::Error::new(key.span(), unknown(kind, &name, known)));
        }
        let twice = match name.as_str() {
            "header" => self.header.is_some(),
            "rename" => self.rename.is_some(),
            "default" => self.default.is_some(),
            "complete" => self.complete.is_some(),
            bound => self.bound(bound).is_some(),
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
        let needs = |example: &str| {
            let message = format!("`{name}` needs a value: `{name} = {example}`");
            Err(syn::Error::new(key.span(), message))
        };
        if !input.peek(Token![=]) {
            return needs(example(&name));
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
            "complete" => self.complete = Some(input.parse()?),
            bound => {
                if input.is_empty() || input.peek(Token![,]) {
                    return needs(example(bound));
                }
                let value: Expr = input.parse()?;
                if let Expr::Lit(ExprLit { lit: Lit::Str(_), .. }) = &value {
                    let message =
                        format!("`{bound}` takes a number: `{bound} = {}`", example(bound));
                    return Err(syn::Error::new_spanned(value, message));
                }
                *self.bound(bound) = Some(value);
            }
        }
        Ok(())
    }

    fn bound(&mut self, name: &str) -> &mut Option<Expr> {
        match name {
            "min" => &mut self.range.min,
            "max" => &mut self.range.max,
            "min_length" => &mut self.length.min,
            _ => &mut self.length.max,
        }
    }
}

/// How a value of this key looks.
fn example(key: &str) -> &'static str {
    match key {
        "complete" => "path::to::function",
        "min" | "min_length" => "1",
        "max" | "max_length" => "100",
        _ => "\"..\"",
    }
}

fn unknown(kind: Kind, name: &str, known: &[&str]) -> String {
    match (name, names::nearest(name, known)) {
        ("complete", _) => {
            "the protocol completes the arguments of prompts and resource templates, not those \
             of tools: an `enum` lists the choices in a tool's schema"
                .to_owned()
        }
        ("header", _) => {
            format!("only the arguments of tools travel in headers, not those of a {}", kind.word())
        }
        (bound, _) if TOOL[3..].contains(&bound) => format!(
            "only the arguments of tools have bounds, which stand in their schema: check \
             those of a {} in the function",
            kind.word()
        ),
        ("default", _) => "a resource is addressed by all variables of its template: no default \
             can stand in for one"
            .to_owned(),
        ("description" | "desc" | "doc", _) => "the description of an argument is its doc \
             comment: write `///` over the parameter"
            .to_owned(),
        ("minimum" | "maximum" | "range", _) if kind == Kind::Tool => {
            format!("`#[arg]` has no key `{name}`: write `min = 1, max = 100`, or one of them")
        }
        ("length" | "min_items" | "max_items", _) if kind == Kind::Tool => format!(
            "`#[arg]` has no key `{name}`: write `min_length = 1, max_length = 100`, or one of them"
        ),
        (_, Some(meant)) => format!("`#[arg]` has no key `{name}`: did you mean `{meant}`?"),
        (_, None) => format!("`#[arg]` has no key `{name}`: here it knows {}", names::list(known)),
    }
}

/// What to write instead of an attribute of a field.
fn of_a_field(kind: Kind, name: &str) -> String {
    let instead = match (kind, name) {
        (Kind::Tool, "schemars") => {
            "`#[arg(min = 1, max = 100)]`, `#[arg(min_length = 1)]` and `///`"
        }
        (Kind::Tool | Kind::Prompt, _) => "`#[arg(rename = \"..\")]` and `#[arg(default)]`",
        (Kind::Resource, _) => "`#[arg(rename = \"..\")]`",
    };
    let all = if kind == Kind::Tool {
        "; for anything else make the arguments a struct, `Args(all): Args<T>`"
    } else {
        ""
    };
    format!("`#[{name}(..)]` stands on the fields of a type: a parameter has {instead}{all}")
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
