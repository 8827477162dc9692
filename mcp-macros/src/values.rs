//! The values of keys: what each may look like, and what to say about those that do not.

use crate::options::{Icon, Meta, Retry, example};
use crate::requires::Feature;
use crate::{duration, json, names};
use proc_macro2::{TokenStream, TokenTree};
use std::time::Duration;
use syn::ext::IdentExt;
use syn::parse::ParseStream;
use syn::{
    Expr, ExprLit, Ident, Lit, LitBool, LitInt, LitStr, Token, bracketed, parenthesized, token,
};

/// A pause between attempts that nobody chose.
pub const DEFAULT_BACKOFF: Duration = Duration::from_secs(1);

/// A string literal, or an error at what stands in its place.
pub fn string(key: &Ident, input: ParseStream<'_>) -> syn::Result<LitStr> {
    let example = example(&key.to_string());
    if input.is_empty() || input.peek(Token![,]) {
        let message = format!("`{key}` needs a value: `{key} = {example}`");
        return Err(syn::Error::new(key.span(), message));
    }
    match input.parse::<Expr>()? {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Ok(text),
        other => {
            let message = format!("`{key}` takes a string: `{key} = {example}`");
            Err(syn::Error::new_spanned(other, message))
        }
    }
}

/// That a string is none of those that are known.
pub fn choice(literal: &LitStr, written: &str, choices: &[&str]) -> syn::Error {
    let shown = choices.iter().map(|choice| format!("\"{choice}\"")).collect::<Vec<_>>().join(", ");
    let message = match names::nearest(written, choices) {
        Some(meant) => format!("expected one of {shown}: did you mean \"{meant}\"?"),
        None => format!("expected one of {shown}"),
    };
    syn::Error::new(literal.span(), message)
}

/// `key`, or `key = false`.
pub fn boolean(key: &Ident, input: ParseStream<'_>) -> syn::Result<bool> {
    if !input.peek(Token![=]) {
        return Ok(true);
    }
    input.parse::<Token![=]>()?;
    if input.peek(LitBool) {
        return Ok(input.parse::<LitBool>()?.value);
    }
    let message = format!("`{key}` is `true` or `false`: write `{key}` or `{key} = false`");
    if input.is_empty() || input.peek(Token![,]) {
        return Err(syn::Error::new(key.span(), message));
    }
    Err(syn::Error::new_spanned(input.parse::<Expr>()?, message))
}

/// A whole number, and how it was written.
pub fn number<N: std::str::FromStr>(
    key: &Ident,
    input: ParseStream<'_>,
    what: &str,
) -> syn::Result<(LitInt, N)>
where
    N::Err: std::fmt::Display,
{
    let wrong = format!("`{key}` takes {what}: `{key} = {}`", example(&key.to_string()));
    if !input.peek(LitInt) {
        return Err(syn::Error::new_spanned(input.parse::<Expr>()?, wrong));
    }
    let literal: LitInt = input.parse()?;
    let number = literal.base10_parse().map_err(|_| syn::Error::new(literal.span(), wrong))?;
    Ok((literal, number))
}

/// A number from 1 on.
pub fn positive(key: &Ident, input: ParseStream<'_>) -> syn::Result<u32> {
    let (literal, number) = number(key, input, "a number from 1 on")?;
    if number == 0 {
        return Err(syn::Error::new(literal.span(), format!("`{key}` takes a number from 1 on")));
    }
    Ok(number)
}

/// A duration that is longer than nothing.
pub fn lasting(key: &Ident, input: ParseStream<'_>) -> syn::Result<Duration> {
    let text = string(key, input)?;
    let duration = duration::parse(&text)?;
    if duration.is_zero() {
        return Err(syn::Error::new(
            text.span(),
            format!("`{key}` has to be longer than nothing: leave it out for no limit"),
        ));
    }
    Ok(duration)
}

/// `retry(attempts = 3, backoff = "1s", on = "panic")`, from the parenthesis on.
pub fn retry(key: &Ident, input: ParseStream<'_>) -> syn::Result<Retry> {
    let inner;
    parenthesized!(inner in input);
    whole(&inner, |inner| retry_parts(key, inner))
}

/// `retry(..)`, between the parentheses.
fn retry_parts(key: &Ident, input: ParseStream<'_>) -> syn::Result<Retry> {
    let (mut attempts, mut backoff, mut on) = (None, DEFAULT_BACKOFF, Vec::new());
    let mut given: Vec<Ident> = Vec::new();
    while !input.is_empty() {
        let part: Ident = input.parse()?;
        if given.contains(&part) {
            let message = format!("`{part}` is given twice: remove one");
            return Err(syn::Error::new(part.span(), message));
        }
        given.push(part.clone());
        input.parse::<Token![=]>()?;
        match part.to_string().as_str() {
            "attempts" => attempts = Some(positive(&part, input)?),
            "backoff" => backoff = duration::parse(&string(&part, input)?)?,
            "on" => on = causes(&part, input)?,
            other => {
                let known = names::list(["attempts", "backoff", "on"]);
                let message = format!("`retry` has no part `{other}`: it knows {known}");
                return Err(syn::Error::new(part.span(), message));
            }
        }
        if !input.is_empty() {
            input.parse::<Token![,]>()?;
        }
    }
    let message = "`retry` needs to know how often: `retry(attempts = 3, backoff = \"1s\")`";
    let attempts = attempts.ok_or_else(|| syn::Error::new(key.span(), message))?;
    Ok(Retry { attempts, backoff, on })
}

/// `"panic"`, or `["error", "timeout"]`
fn causes(key: &Ident, input: ParseStream<'_>) -> syn::Result<Vec<LitStr>> {
    let cause = |input: ParseStream<'_>| {
        if !input.peek(LitStr) {
            let message = format!("`{key}` lists strings: `{key} = {}`", example(&key.to_string()));
            return Err(syn::Error::new_spanned(input.parse::<TokenTree>()?, message));
        }
        let word: LitStr = input.parse()?;
        let written = word.value();
        if Retry::CAUSES.contains(&written.as_str()) {
            Ok(word)
        } else {
            Err(choice(&word, &written, &Retry::CAUSES))
        }
    };
    if input.peek(LitStr) {
        return Ok(vec![cause(input)?]);
    }
    let causes = list(key, input, cause)?;
    if causes.is_empty() {
        let message = "with an empty list nothing is tried again: name what is, or remove `retry`";
        return Err(syn::Error::new(key.span(), message));
    }
    Ok(causes)
}

/// JSON, or any expression.
pub fn meta(input: ParseStream<'_>) -> syn::Result<Meta> {
    if input.peek(token::Brace) {
        let ahead = input.fork();
        if let Ok(TokenTree::Group(group)) = ahead.parse::<TokenTree>() {
            let mut inside = group.stream().into_iter();
            let written = match (inside.next(), inside.next()) {
                (None, _) => true,
                (Some(TokenTree::Literal(_)), Some(TokenTree::Punct(colon))) => {
                    colon.as_char() == ':'
                }
                _ => false,
            };
            if written {
                input.parse::<TokenTree>()?;
                return json::text(&group).map(Meta::Json);
            }
        }
    }
    Ok(Meta::Expr(input.parse()?))
}

/// Opens `[..]`, or says that the key takes a list.
fn list<T>(
    key: &Ident,
    input: ParseStream<'_>,
    mut item: impl FnMut(ParseStream<'_>) -> syn::Result<T>,
) -> syn::Result<Vec<T>> {
    if !input.peek(token::Bracket) {
        let message = format!("`{key}` takes a list: `{key} = {}`", example(&key.to_string()));
        return Err(syn::Error::new_spanned(input.parse::<Expr>()?, message));
    }
    let inner;
    bracketed!(inner in input);
    whole(&inner, |inner| {
        let mut items = Vec::new();
        while !inner.is_empty() {
            items.push(item(inner)?);
            if !inner.is_empty() {
                inner.parse::<Token![,]>()?;
            }
        }
        Ok(items)
    })
}

/// Reads a group. What comes after a mistake in it goes unread: `syn` would complain of that a second time.
fn whole<T>(
    group: ParseStream<'_>,
    read: impl FnOnce(ParseStream<'_>) -> syn::Result<T>,
) -> syn::Result<T> {
    let result = read(group);
    if result.is_err() {
        group.parse::<TokenStream>()?;
    }
    result
}

/// `[elicitation, roots]`
pub fn features(key: &Ident, input: ParseStream<'_>) -> syn::Result<Vec<Feature>> {
    list(key, input, |input| {
        let known = &Feature::NAMES;
        if !input.peek(Ident::peek_any) {
            let message = format!("`requires` lists features as words: {}", names::list(known));
            return Err(syn::Error::new_spanned(input.parse::<TokenTree>()?, message));
        }
        let ident = input.call(Ident::parse_any)?;
        let name = ident.to_string();
        Feature::named(&name).ok_or_else(|| {
            let message = match names::nearest(&name, known) {
                Some(meant) => format!("no client has a feature `{name}`: did you mean `{meant}`?"),
                None => {
                    format!("no client has a feature `{name}`: there are {}", names::list(known))
                }
            };
            syn::Error::new(ident.span(), message)
        })
    })
}

/// `["https://..", icon(..)]`
pub fn icons(key: &Ident, input: ParseStream<'_>) -> syn::Result<Vec<Icon>> {
    list(key, input, |input| {
        if input.peek(LitStr) {
            return Ok(Icon {
                src: source(input.parse()?)?,
                mime_type: None,
                sizes: Vec::new(),
                theme: None,
            });
        }
        let message = "an icon is its URL, or `icon(src = \"..\", mime_type = \"..\", sizes \
            = [\"48x48\"], theme = \"dark\")`";
        let word: Ident = input.parse().map_err(|error| syn::Error::new(error.span(), message))?;
        if word != "icon" || !input.peek(token::Paren) {
            return Err(syn::Error::new(word.span(), message));
        }
        let inner;
        parenthesized!(inner in input);
        whole(&inner, |inner| icon(&word, inner))
    })
}

/// `icon(..)`, between the parentheses.
fn icon(word: &Ident, input: ParseStream<'_>) -> syn::Result<Icon> {
    let (mut src, mut mime_type, mut sizes, mut theme) = (None, None, Vec::new(), None);
    while !input.is_empty() {
        let part: Ident = input.parse()?;
        input.parse::<Token![=]>()?;
        match part.to_string().as_str() {
            "src" => src = Some(source(string(&part, input)?)?),
            "mime_type" => mime_type = Some(string(&part, input)?),
            "sizes" => sizes = list(&part, input, |input| string(&part, input))?,
            "theme" => {
                let text = string(&part, input)?;
                if !["dark", "light"].contains(&text.value().as_str()) {
                    return Err(choice(&text, &text.value(), &["dark", "light"]));
                }
                theme = Some(text);
            }
            other => {
                let known = ["src", "mime_type", "sizes", "theme"];
                let message =
                    format!("an icon has no part `{other}`: it knows {}", names::list(known));
                return Err(syn::Error::new(part.span(), message));
            }
        }
        if !input.is_empty() {
            input.parse::<Token![,]>()?;
        }
    }
    let src = src.ok_or_else(|| {
        syn::Error::new(word.span(), "an icon needs its URL: `src = \"https://..\"`")
    })?;
    Ok(Icon { src, mime_type, sizes, theme })
}

/// Clients load icons from these places only, and refuse others.
fn source(url: LitStr) -> syn::Result<LitStr> {
    let text = url.value();
    if ["https://", "http://", "data:"].iter().any(|scheme| text.starts_with(scheme)) {
        Ok(url)
    } else {
        Err(syn::Error::new(
            url.span(),
            "an icon is a URL that begins with `https://`, or a `data:` URI",
        ))
    }
}
