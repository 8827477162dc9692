//! The expression that makes a definition: what a client is told about a handler.

use crate::Kind;
use crate::expand::names;
use crate::handler::Handler;
use crate::options::{Icon, Meta, Retry, Support};
use crate::requires::Feature;
use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote};
use std::time::Duration;

/// All of the definition but what comes from types.
pub fn expression(p: &TokenStream, handler: &Handler) -> TokenStream {
    let Handler { name, options, .. } = handler;
    let (_, types) = names(handler.kind);
    let start = match &options.uri {
        Some(uri) => quote!(#uri, #name),
        None => quote!(#name),
    };
    let mut chain = quote!(#p::#types::new(#start));
    for (method, text) in [("title", &options.title), ("mime_type", &options.mime_type)] {
        if let Some(text) = text {
            let method = Ident::new(method, Span::call_site());
            chain.extend(quote!(.#method(#text)));
        }
    }
    if let Some(description) = &handler.description {
        chain.extend(quote!(.description(#description)));
    }
    if let Some(size) = &options.size {
        chain.extend(quote!(.size(#size)));
    }
    for (method, flag) in [
        ("read_only", options.read_only),
        ("destructive", options.destructive),
        ("idempotent", options.idempotent),
        ("open_world", options.open_world),
    ] {
        if let Some(flag) = flag {
            let method = Ident::new(method, Span::call_site());
            chain.extend(quote!(.#method(#flag)));
        }
    }
    chain.extend(options.icons.iter().map(|icon| icon_call(p, icon)));
    match &options.meta {
        Some(Meta::Expr(meta)) => chain.extend(quote!(.meta(#meta))),
        Some(Meta::Json(json)) => chain.extend(quote!(.meta(#p::json_object(#json)))),
        None => {}
    }
    for feature in &handler.requires {
        let feature = feature_name(*feature);
        chain.extend(quote!(.requires(#p::ClientFeature::#feature)));
    }
    if let Some(schema) = &options.input_schema {
        chain.extend(quote!(.input_schema(#schema)));
    }
    if handler.kind == Kind::Tool {
        chain.extend(task(p, handler));
    }
    chain
}

fn icon_call(p: &TokenStream, icon: &Icon) -> TokenStream {
    let Icon { src, mime_type, sizes, theme } = icon;
    let (mime_type, theme) = (option(mime_type.as_ref()), option(theme.as_ref()));
    quote!(.icon(#p::icon(#src, #mime_type, &[#(#sizes),*], #theme)))
}

fn feature_name(feature: Feature) -> Ident {
    let name = match feature {
        Feature::Elicitation => "Elicitation",
        Feature::ElicitationUrl => "ElicitationUrl",
        Feature::Sampling => "Sampling",
        Feature::SamplingTools => "SamplingTools",
        Feature::Roots => "Roots",
    };
    Ident::new(name, Span::call_site())
}

fn option(value: Option<impl ToTokens>) -> TokenStream {
    match value {
        Some(value) => quote!(::core::option::Option::Some(#value)),
        None => quote!(::core::option::Option::None),
    }
}

/// `.task(..)`, unless nothing was said about tasks.
fn task(p: &TokenStream, handler: &Handler) -> Option<TokenStream> {
    let Handler { options, boundary, .. } = handler;
    let keys = &options.task;
    let mut fields: Vec<(&str, TokenStream)> = Vec::new();
    if *boundary {
        fields.push(("boundary", quote!(true)));
    }
    if let Some(replay) = keys.replay {
        let restart = if replay { quote!(Replay) } else { quote!(Fail) };
        fields.push(("restart", quote!(#p::Restart::#restart)));
    }
    if let Some(retry) = &keys.retry {
        fields.push(("retry", option(Some(retry_value(p, retry)))));
    }
    for (field, value) in [
        ("timeout", keys.timeout),
        ("input_timeout", keys.input_timeout),
        ("ttl", keys.ttl),
        ("inline_budget", keys.inline_budget),
    ] {
        if let Some(value) = value {
            fields.push((field, option(Some(duration(value)))));
        }
    }
    if let Some(most) = keys.max_concurrent {
        fields.push(("max_concurrent", option(Some(most))));
    }
    if let Some(dedupe) = keys.dedupe {
        fields.push(("dedupe", quote!(#dedupe)));
    }
    if let Some(version) = &keys.version {
        fields.push(("version", quote!(#version)));
    }
    if fields.is_empty() && options.task_support.is_none() {
        return None;
    }
    let support = match options.task_support.unwrap_or(Support::Forbidden) {
        Support::Forbidden => quote!(Forbidden),
        Support::Optional => quote!(Optional),
        Support::Required => quote!(Required),
    };
    let options = quote!(#p::TaskOptions::new(#p::TaskSupport::#support));
    if fields.is_empty() {
        return Some(quote!(.task(#options)));
    }
    let fields = fields.into_iter().map(|(field, value)| {
        let field = Ident::new(field, Span::call_site());
        quote!(__task.#field = #value;)
    });
    Some(quote!(.task({ let mut __task = #options; #(#fields)* __task })))
}

fn retry_value(p: &TokenStream, retry: &Retry) -> TokenStream {
    let (attempts, backoff) = (retry.attempts, duration(retry.backoff));
    let on = if retry.on.is_empty() {
        quote!(#p::RetryOn::ALL)
    } else {
        let causes = Retry::CAUSES.map(|cause| {
            let named = retry.on.iter().any(|word| word.value() == cause);
            let cause = Ident::new(cause, Span::call_site());
            quote!(#cause: #named)
        });
        quote!(#p::RetryOn { #(#causes),* })
    };
    quote!(#p::Retry { attempts: #attempts, backoff: #backoff, on: #on })
}

fn duration(duration: Duration) -> TokenStream {
    // Attributes are read as a `u64` of milliseconds.
    let milliseconds = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    quote!(::core::time::Duration::from_millis(#milliseconds))
}
