//! The function under the attribute, read so that its body may be anything with balanced braces: an editor asks for the
//! expansion while the body is being written.

use crate::arg::OF_FIELDS;
use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::{ToTokens, TokenStreamExt};
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, FnArg, Signature, Token, Visibility};

/// A function or method whose body was not looked into.
pub struct Function {
    pub attrs: Vec<Attribute>,
    pub vis: Visibility,
    pub sig: Signature,
    pub body: Group,
}

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attrs = input.call(Attribute::parse_outer)?;
        let vis = input.parse()?;
        let sig: Signature = input.parse()?;
        if input.peek(Token![;]) {
            return Err(input.error("this function has no body: write `{ .. }`"));
        }
        match input.parse::<TokenTree>()? {
            TokenTree::Group(body) if body.delimiter() == Delimiter::Brace => {
                Ok(Self { attrs, vis, sig, body })
            }
            other => {
                Err(syn::Error::new(other.span(), "expected the body of the function: `{ .. }`"))
            }
        }
    }
}

impl Function {
    /// The attributes of the kind `#[cfg(..)]`, which everything made from the function has to carry too.
    pub fn cfg(&self) -> Vec<Attribute> {
        cfg(&self.attrs)
    }
}

/// The function as it was written, without what only the macro understands: `#[arg]`; documentation of parameters, which
/// the compiler refuses; and what was reported as an attribute of fields.
impl ToTokens for Function {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let mut sig = self.sig.clone();
        for input in &mut sig.inputs {
            match input {
                FnArg::Receiver(receiver) => receiver.attrs.retain(stays),
                FnArg::Typed(typed) => typed.attrs.retain(stays),
            }
        }
        tokens.append_all(&self.attrs);
        self.vis.to_tokens(tokens);
        sig.to_tokens(tokens);
        self.body.to_tokens(tokens);
    }
}

fn stays(attr: &Attribute) -> bool {
    !["arg", "doc"].iter().chain(&OF_FIELDS).any(|name| attr.path().is_ident(name))
}

/// Those of `attrs` that are `#[cfg(..)]`.
pub fn cfg(attrs: &[Attribute]) -> Vec<Attribute> {
    attrs.iter().filter(|attr| attr.path().is_ident("cfg")).cloned().collect()
}
