//! The code beside the function. It is kept small, since it is compiled once for each tool: what can be is data in
//! constants, and what depends on a type is a function of the runtime that is compiled once for each type.
//!
//! Each type that the user wrote is bounded in one place only, so that a type that does not fit gives one message, at
//! that type.

use crate::Kind;
use crate::function::Function;
use crate::handler::Handler;
use crate::parts::Parts;
use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};
use syn::{Attribute, Path};

/// The path of the module of the runtime that this code is written against.
pub fn private(crate_path: Option<&Path>) -> TokenStream {
    match crate_path {
        Some(path) => quote!(#path::__private),
        None => quote!(::mcp_runtime::__private),
    }
}

/// A free function: its struct, and the trait that the server knows it by.
pub fn free(handler: &Handler, function: &Function) -> TokenStream {
    let p = private(handler.options.crate_path.as_ref());
    let parts = Parts::new(&p, handler, function, &quote!(), "__MCP");
    let Parts { constants, definition, .. } = &parts;
    let item = marker(function);
    let name = &function.sig.ident;
    let body = parts.body(&quote!(#name), &[]);
    let cfg = function.cfg();
    let (contract, types) = names(handler.kind);
    // A deprecated tool warns where it is registered, not where it is made.
    let deprecated = deprecated(&function.attrs).is_some().then(|| quote!(#[allow(deprecated)]));
    quote! {
        #item
        #(#cfg)* #deprecated
        const _: () = {
            #constants
            #[automatically_derived]
            impl #p::#contract for #name {
                fn definition() -> #p::#types { #definition }
                fn call(__call: #p::Call) -> #p::CallFuture { #body }
            }
        };
    }
}

/// The braced struct of the function's name, which lives beside it in the namespace of types.
fn marker(function: &Function) -> TokenStream {
    let (vis, name) = (&function.vis, &function.sig.ident);
    let docs = function.attrs.iter().filter(|attr| attr.path().is_ident("doc"));
    let deprecated = deprecated(&function.attrs);
    let cfg = function.cfg();
    quote! {
        #(#docs)* #(#cfg)* #deprecated
        #[allow(non_camel_case_types)]
        #vis struct #name {}
    }
}

fn deprecated(attrs: &[Attribute]) -> Option<&Attribute> {
    attrs.iter().find(|attr| attr.path().is_ident("deprecated"))
}

/// The trait and the definition of a kind.
pub fn names(kind: Kind) -> (Ident, Ident) {
    let name = match kind {
        Kind::Tool => "Tool",
        Kind::Prompt => "Prompt",
        Kind::Resource => "Resource",
    };
    (Ident::new(name, Span::call_site()), format_ident!("{name}Definition"))
}

/// For a function with a mistake: what keeps the rest of the program free of errors about it.
pub fn stub(kind: Kind, p: &TokenStream, function: &Function) -> TokenStream {
    let item = marker(function);
    let name = &function.sig.ident;
    let cfg = function.cfg();
    let (contract, types) = names(kind);
    quote! {
        #item
        #(#cfg)*
        #[automatically_derived]
        impl #p::#contract for #name {
            fn definition() -> #p::#types { ::core::unreachable!() }
            fn call(_: #p::Call) -> #p::CallFuture { ::core::unreachable!() }
        }
    }
}
