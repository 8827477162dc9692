//! `#[mcp_tools]`: methods of an impl block.

use crate::Kind;
use crate::check::Place;
use crate::expand;
use crate::function::Function;
use crate::handler::Handler;
use crate::parts::Parts;
use crate::sink::Errors;
use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::{Attribute, Generics, Ident, Meta, Path, Token, Type, braced};

/// An impl block whose methods have unread bodies.
struct Block {
    attrs: Vec<Attribute>,
    unsafety: Option<Token![unsafe]>,
    impl_token: Token![impl],
    generics: Generics,
    contract: Option<(Path, Token![for])>,
    ty: Type,
    items: Vec<Item>,
}

enum Item {
    Method(Box<Function>),
    /// Whatever else stands in an impl block, as it was written.
    Other(TokenStream),
}

impl Parse for Block {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attrs = input.call(Attribute::parse_outer)?;
        let unsafety = input.parse()?;
        let impl_token: Token![impl] = input.parse().map_err(|error| {
            syn::Error::new(
                error.span(),
                "`#[mcp_tools]` goes on an impl block; a function on its own takes `#[mcp_tool]`",
            )
        })?;
        let mut generics: Generics =
            if input.peek(Token![<]) { input.parse()? } else { Generics::default() };
        let first: Type = input.parse()?;
        let (contract, ty) = match (input.peek(Token![for]), first) {
            (true, Type::Path(path)) => {
                let token = input.parse()?;
                (Some((path.path, token)), input.parse()?)
            }
            (_, ty) => (None, ty),
        };
        generics.where_clause = input.parse()?;
        let inner;
        braced!(inner in input);
        let mut items = Vec::new();
        while !inner.is_empty() {
            items.push(inner.parse()?);
        }
        Ok(Self { attrs, unsafety, impl_token, generics, contract, ty, items })
    }
}

impl Parse for Item {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if is_method(&input.fork()) {
            return Ok(Self::Method(Box::new(input.parse()?)));
        }
        let mut tokens = TokenStream::new();
        let mut assigned = false;
        while !input.is_empty() {
            let token: TokenTree = input.parse()?;
            let end = match &token {
                TokenTree::Punct(punct) => {
                    assigned |= punct.as_char() == '=';
                    punct.as_char() == ';'
                }
                // The end of `macro! { .. }`, but not of `const X: T = { .. };`.
                TokenTree::Group(group) => {
                    group.delimiter() == proc_macro2::Delimiter::Brace && !assigned
                }
                _ => false,
            };
            token.to_tokens(&mut tokens);
            if end {
                break;
            }
        }
        Ok(Self::Other(tokens))
    }
}

/// Whether `fn` comes before anything that ends or begins another item.
fn is_method(input: ParseStream<'_>) -> bool {
    if input.call(Attribute::parse_outer).is_err() || input.parse::<syn::Visibility>().is_err() {
        return false;
    }
    while let Ok(token) = input.parse::<TokenTree>() {
        match token {
            TokenTree::Ident(word) if word == "fn" => return true,
            TokenTree::Ident(word)
                if ["async", "const", "unsafe", "extern", "default"]
                    .iter()
                    .any(|known| word == known) => {}
            TokenTree::Literal(_) => {}
            _ => return false,
        }
    }
    false
}

/// Expands `#[mcp_tools]`.
pub fn expand(attribute: TokenStream, item: TokenStream) -> TokenStream {
    let errors = Errors::new();
    let crate_path = crate_path(attribute, &errors);
    let mut block = match syn::parse2::<Block>(item.clone()) {
        Ok(block) => block,
        Err(error) => {
            errors.push(error);
            let errors = errors.finish();
            return quote!(#item #errors);
        }
    };
    let p = expand::private(crate_path.as_ref());
    if let Some((contract, _)) = &block.contract {
        errors.at(
            contract,
            "the tools of a type stand in an impl block of its own: move them out of this trait",
        );
    }
    let made = handlers(&p, &mut block, &errors);
    let cfg = crate::function::cfg(&block.attrs);
    let (ty, generics) = (&block.ty, &block.generics);
    let (impl_generics, _, where_clause) = generics.split_for_impl();
    let made = match errors.finish() {
        None => {
            let constants = made.iter().map(|made| &made.constants);
            let handlers = made.iter().map(|made| &made.handler);
            quote! {
                #(#cfg)*
                #[allow(non_upper_case_globals, deprecated)]
                #[automatically_derived]
                impl #impl_generics #ty #where_clause { #(#constants)* }
                #(#cfg)*
                #[allow(deprecated)]
                #[automatically_derived]
                impl #impl_generics #p::Toolset for #ty #where_clause {
                    fn handlers() -> ::std::vec::Vec<#p::Handler<Self>> {
                        ::core::convert::From::from([#(#handlers),*])
                    }
                }
            }
        }
        Some(errors) => quote! {
            #errors
            #(#cfg)*
            #[automatically_derived]
            impl #impl_generics #p::Toolset for #ty #where_clause {
                fn handlers() -> ::std::vec::Vec<#p::Handler<Self>> { ::core::unreachable!() }
            }
        },
    };
    quote!(#block #made)
}

/// `#[mcp_tools(crate = path)]`
fn crate_path(attribute: TokenStream, errors: &Errors) -> Option<Path> {
    if attribute.is_empty() {
        return None;
    }
    let parsed = Parser::parse2(
        |input: ParseStream<'_>| {
            let key = input.call(Ident::parse_any)?;
            if key != "crate" {
                return Err(syn::Error::new(
                    key.span(),
                    "`#[mcp_tools]` knows the key `crate` only: what is about one tool \
                     stands in the `#[mcp_tool]` of its method",
                ));
            }
            input.parse::<Token![=]>()?;
            input.call(Path::parse_mod_style)
        },
        attribute,
    );
    parsed.map_err(|error| errors.push(error)).ok()
}

struct Made {
    constants: TokenStream,
    handler: TokenStream,
}

/// Takes the attributes off the methods, and makes a handler of each that had one.
fn handlers(p: &TokenStream, block: &mut Block, errors: &Errors) -> Vec<Made> {
    let mut made = Vec::new();
    let mut seen: Vec<(Kind, String)> = Vec::new();
    for item in &mut block.items {
        let Item::Method(function) = item else { continue };
        let Some((kind, attribute)) = take_attribute(function, errors) else { continue };
        let handler = Handler::new(kind, Place::Impl, attribute, function, errors);
        if let Some(key) = handler.options.given("crate") {
            errors.span(
                key.span(),
                "in an impl block, `crate` stands once, in `#[mcp_tools(crate = ..)]`",
            );
        }
        let (identity, span) = match &handler.options.uri {
            Some(uri) => (uri.value(), uri.span()),
            None => {
                let written = handler.options.name.as_ref().map(syn::LitStr::span);
                (handler.name.clone(), written.unwrap_or(function.sig.ident.span()))
            }
        };
        // Methods under `#[cfg]` may exclude each other; the server looks again.
        if function.cfg().is_empty() {
            let key = (kind, identity);
            if seen.contains(&key) {
                let what = if kind == Kind::Resource { "with the URI" } else { "called" };
                let message = format!(
                    "this block has a {} {what} `{}` already: choose another name",
                    kind.word(),
                    key.1
                );
                errors.span(
                    span,
                    if kind == Kind::Resource { message.replace("name", "URI") } else { message },
                );
            }
            seen.push(key);
        }
        if errors.is_empty() {
            made.push(method(p, &handler, function));
        }
    }
    if seen.is_empty() && made.is_empty() && errors.is_empty() {
        errors.span(
            block.impl_token.span,
            "no method of this block is a tool: put `#[mcp_tool]`, \
             `#[mcp_prompt]` or `#[mcp_resource]` over those that are",
        );
    }
    made
}

fn method(p: &TokenStream, handler: &Handler, function: &Function) -> Made {
    let name = &function.sig.ident;
    let prefix = format!("__MCP_{}", name.unraw());
    let parts = Parts::new(p, handler, function, &quote!(Self::), &prefix);
    let body = parts.body(&quote!(Self::#name), &[quote!(&*__this)]);
    let definition = &parts.definition;
    let cfg = function.cfg();
    let variant = match handler.kind {
        Kind::Tool => quote!(Tool),
        Kind::Prompt => quote!(Prompt),
        Kind::Resource => quote!(Resource),
    };
    let constants = &parts.constants;
    let constants = if cfg.is_empty() { constants.clone() } else { under(&cfg, constants) };
    Made {
        constants,
        handler: quote! {
            #(#cfg)* #p::Handler::#variant({ #definition }, |__this, __call| #body)
        },
    }
}

/// Puts the `cfg` over each of the constants.
fn under(cfg: &[Attribute], constants: &TokenStream) -> TokenStream {
    let mut all = TokenStream::new();
    let mut begins = true;
    for token in constants.clone() {
        if begins {
            all.extend(quote!(#(#cfg)*));
        }
        begins = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == ';');
        token.to_tokens(&mut all);
    }
    all
}

/// Which of `#[mcp_tool]` and its sisters this is.
pub fn kind(attr: &Attribute) -> Option<Kind> {
    let last = attr.path().segments.last()?;
    [Kind::Tool, Kind::Prompt, Kind::Resource]
        .into_iter()
        .find(|kind| last.ident == kind.attribute())
}

/// Takes `#[mcp_tool]` or one of its sisters off the method.
fn take_attribute(function: &mut Function, errors: &Errors) -> Option<(Kind, TokenStream)> {
    let mut taken = None;
    let mut kept = Vec::new();
    for attr in std::mem::take(&mut function.attrs) {
        let Some(kind) = kind(&attr) else {
            kept.push(attr);
            continue;
        };
        if taken.is_some() {
            errors.at(&attr, "a method is one of tool, prompt and resource: remove this attribute");
            continue;
        }
        let tokens = match &attr.meta {
            Meta::Path(_) => TokenStream::new(),
            Meta::List(list) => list.tokens.clone(),
            Meta::NameValue(pair) => {
                errors.at(pair, format!("keys stand in parentheses: `{}`", kind.example()));
                TokenStream::new()
            }
        };
        taken = Some((kind, tokens));
    }
    function.attrs = kept;
    taken
}

impl ToTokens for Block {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let Self { attrs, unsafety, impl_token, generics, contract, ty, items } = self;
        let (impl_generics, _, where_clause) = generics.split_for_impl();
        let contract = contract.as_ref().map(|(path, token)| quote!(#path #token));
        let items = items.iter().map(|item| match item {
            Item::Method(function) => function.to_token_stream(),
            Item::Other(other) => other.clone(),
        });
        tokens.extend(quote! {
            #(#attrs)* #unsafety #impl_token #impl_generics #contract #ty #where_clause { #(#items)* }
        });
    }
}
