//! Doc comments as descriptions.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Attribute, Expr, ExprLit, Lit, Meta};

/// What the doc comments among `attrs` say, as an expression of type `&'static str`.
pub fn description(attrs: &[Attribute]) -> Option<TokenStream> {
    let mut parts: Vec<Part> = Vec::new();
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("doc")) {
        // `#[doc(hidden)]` and the like say nothing to a client.
        let Meta::NameValue(pair) = &attr.meta else { continue };
        match (&pair.value, parts.last_mut()) {
            (Expr::Lit(ExprLit { lit: Lit::Str(line), .. }), Some(Part::Text(text))) => {
                text.push('\n');
                text.push_str(&line.value());
            }
            (Expr::Lit(ExprLit { lit: Lit::Str(line), .. }), _) => {
                parts.push(Part::Text(line.value()))
            }
            (other, _) => parts.push(Part::Code(other.to_token_stream())),
        }
    }
    match parts.as_slice() {
        [] => None,
        [Part::Text(text)] => {
            let text = trim(text);
            (!text.is_empty()).then(|| text.to_token_stream())
        }
        // `#[doc = include_str!("..")]`: known to the compiler only.
        parts => {
            let parts = parts.iter().map(|part| match part {
                Part::Text(text) => trim(text).to_token_stream(),
                Part::Code(code) => code.clone(),
            });
            Some(quote!(::core::concat!(#(#parts),*)))
        }
    }
}

enum Part {
    Text(String),
    Code(TokenStream),
}

/// Without the column of spaces after `///`, and without empty lines at both ends.
fn trim(text: &str) -> String {
    let margin = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| line.len() - line.trim_start_matches(' ').len())
        .min()
        .unwrap_or(0);
    let lines: Vec<&str> =
        text.lines().map(|line| line.get(margin..).unwrap_or("").trim_end()).collect();
    lines.join("\n").trim_matches('\n').to_owned()
}

#[cfg(test)]
mod tests {
    use super::trim;

    #[test]
    fn margins() {
        assert_eq!(trim(" One.\n\n     code\n Two. "), "One.\n\n    code\nTwo.");
        assert_eq!(trim("\n  a\n  b\n"), "a\nb");
    }
}
