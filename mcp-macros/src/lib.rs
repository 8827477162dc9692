//! The attributes of `mcp-runtime`, which re-exports them: use them from there.
//!
//! One file for each phase: `function`, `params`, `options` and `block` read what was written, `check` knows the rules that
//! need more than one part of it, `expand` writes the code. All report into one [`sink`], so that the mistakes of a function
//! come out together; if there are any, the function is emitted as it was written, beside a stub, so that nothing
//! else fails because of them.

mod block;
mod check;
mod definition;
mod docs;
mod duration;
mod expand;
mod function;
mod handler;
mod json;
mod names;
mod options;
mod params;
mod parts;
mod requires;
mod sink;
mod template;

use self::check::Place;
use self::function::Function;
use self::handler::Handler;
use self::sink::Errors;
use proc_macro2::TokenStream;
use quote::quote;

/// What a function is to clients.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Tool,
    Prompt,
    Resource,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::Tool => "tool",
            Self::Prompt => "prompt",
            Self::Resource => "resource",
        }
    }

    fn attribute(self) -> &'static str {
        match self {
            Self::Tool => "mcp_tool",
            Self::Prompt => "mcp_prompt",
            Self::Resource => "mcp_resource",
        }
    }

    fn example(self) -> &'static str {
        match self {
            Self::Tool => "#[mcp_tool(name = \"..\")]",
            Self::Prompt => "#[mcp_prompt(name = \"..\")]",
            Self::Resource => "#[mcp_resource(\"notes://{id}\")]",
        }
    }
}

/// Makes a tool of a function.
#[proc_macro_attribute]
pub fn mcp_tool(
    attribute: proc_macro::TokenStream,
    item: proc_macro::TokenStream,
) -> proc_macro::TokenStream {
    free(Kind::Tool, attribute.into(), item.into()).into()
}

/// Makes a prompt of a function.
#[proc_macro_attribute]
pub fn mcp_prompt(
    attribute: proc_macro::TokenStream,
    item: proc_macro::TokenStream,
) -> proc_macro::TokenStream {
    free(Kind::Prompt, attribute.into(), item.into()).into()
}

/// Makes a resource, or a template of resources, of a function.
#[proc_macro_attribute]
pub fn mcp_resource(
    attribute: proc_macro::TokenStream,
    item: proc_macro::TokenStream,
) -> proc_macro::TokenStream {
    free(Kind::Resource, attribute.into(), item.into()).into()
}

/// Makes tools, prompts and resources of the methods of an impl block.
#[proc_macro_attribute]
pub fn mcp_tools(
    attribute: proc_macro::TokenStream,
    item: proc_macro::TokenStream,
) -> proc_macro::TokenStream {
    block::expand(attribute.into(), item.into()).into()
}

fn free(kind: Kind, attribute: TokenStream, item: TokenStream) -> TokenStream {
    let errors = Errors::new();
    let function = match syn::parse2::<Function>(item.clone()) {
        Ok(function) => function,
        Err(error) => {
            errors.push(not_a_function(kind, &item).unwrap_or(error));
            let errors = errors.finish();
            return quote!(#item #errors);
        }
    };
    let handler = Handler::new(kind, Place::Free, attribute, &function, &errors);
    match errors.finish() {
        None => {
            let made = expand::free(&handler, &function);
            quote!(#function #made)
        }
        // In an impl block, where no struct can stand.
        Some(errors) if function.sig.receiver().is_some() => quote!(#function #errors),
        Some(errors) => {
            let p = expand::private(handler.options.crate_path.as_ref());
            let stub = expand::stub(kind, &p, &function);
            quote!(#function #stub #errors)
        }
    }
}

/// An error for an item of another kind: what the parser expected first would not help.
fn not_a_function(kind: Kind, item: &TokenStream) -> Option<syn::Error> {
    let word = kind.word();
    let (item, message) = match syn::parse2::<syn::Item>(item.clone()).ok()? {
        syn::Item::Fn(_) => return None,
        syn::Item::Impl(item) => (
            quote::ToTokens::to_token_stream(&item.impl_token),
            "an impl block takes `#[mcp_tools]`, and its methods take `#[mcp_tool]`".to_owned(),
        ),
        other => (
            quote::ToTokens::to_token_stream(&other),
            format!("a {word} is a function: put this over an `async fn`"),
        ),
    };
    Some(syn::Error::new_spanned(item, message))
}
