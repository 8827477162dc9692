//! JSON that is written in an attribute.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use syn::Lit;

const FORM: &str =
    "JSON here is made of literals: for anything else give an expression of type `JsonObject`";

/// The text of `{ "key": value, .. }`.
pub fn text(group: &Group) -> syn::Result<String> {
    let (open, close, object) = match group.delimiter() {
        Delimiter::Brace => ('{', '}', true),
        Delimiter::Bracket => ('[', ']', false),
        _ => return Err(syn::Error::new(group.span(), FORM)),
    };
    let mut parts = Vec::new();
    for part in split(group.stream()) {
        parts.push(match (part.as_slice(), object) {
            ([TokenTree::Literal(key), TokenTree::Punct(colon), value @ ..], true)
                if colon.as_char() == ':' =>
            {
                let key = match Lit::new(key.clone()) {
                    Lit::Str(key) => string(&key.value()),
                    _ => return Err(syn::Error::new(key.span(), "a key of JSON is a string")),
                };
                format!("{key}:{}", self::value(value, group)?)
            }
            ([first, ..], true) => {
                return Err(syn::Error::new(first.span(), "expected `\"key\": value`"));
            }
            (value, _) => self::value(value, group)?,
        });
    }
    Ok(format!("{open}{}{close}", parts.join(",")))
}

fn split(tokens: TokenStream) -> Vec<Vec<TokenTree>> {
    let mut parts = vec![Vec::new()];
    for token in tokens {
        match (&token, parts.last_mut()) {
            (TokenTree::Punct(comma), _) if comma.as_char() == ',' => parts.push(Vec::new()),
            (_, Some(part)) => part.push(token),
            (_, None) => {}
        }
    }
    // After a trailing comma, or in empty brackets.
    if parts.last().is_some_and(Vec::is_empty) {
        parts.pop();
    }
    parts
}

fn value(tokens: &[TokenTree], around: &Group) -> syn::Result<String> {
    let wrong = || {
        let span = tokens.first().map_or_else(|| around.span(), TokenTree::span);
        syn::Error::new(span, FORM)
    };
    match tokens {
        [TokenTree::Group(group)] => text(group),
        [TokenTree::Ident(word)] if ["true", "false", "null"].iter().any(|known| word == known) => {
            Ok(word.to_string())
        }
        [TokenTree::Literal(value)] => literal(&Lit::new(value.clone())).ok_or_else(wrong),
        [TokenTree::Punct(minus), TokenTree::Literal(value)] if minus.as_char() == '-' => {
            match Lit::new(value.clone()) {
                number @ (Lit::Int(_) | Lit::Float(_)) => {
                    literal(&number).map(|number| format!("-{number}")).ok_or_else(wrong)
                }
                _ => Err(wrong()),
            }
        }
        _ => Err(wrong()),
    }
}

/// A Rust literal as JSON, if JSON has it.
pub fn literal(lit: &Lit) -> Option<String> {
    match lit {
        Lit::Bool(value) => Some(value.value.to_string()),
        Lit::Int(value) => Some(value.base10_digits().to_owned()),
        Lit::Float(value) => {
            let digits = value.base10_digits();
            // `1.` is a number in Rust only.
            Some(if digits.ends_with('.') { format!("{digits}0") } else { digits.to_owned() })
        }
        Lit::Str(value) => Some(string(&value.value())),
        _ => None,
    }
}

fn string(text: &str) -> String {
    let mut json = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => json.extend(['\\', c]),
            c if c.is_control() => json.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => json.push(c),
        }
    }
    json.push('"');
    json
}

#[cfg(test)]
mod tests {
    use proc_macro2::TokenTree;

    fn text(json: &str) -> syn::Result<String> {
        match syn::parse_str::<TokenTree>(json)? {
            TokenTree::Group(group) => super::text(&group),
            other => Err(syn::Error::new(other.span(), "no group")),
        }
    }

    #[test]
    fn json() {
        let written = r#"{ "a": [1, -2.5, true, null, "x\n\"", {},], "b": {"c": 1_000u32} , }"#;
        let expected = r#"{"a":[1,-2.5,true,null,"x\u000a\"",{}],"b":{"c":1000}}"#;
        assert_eq!(text(written).expect("literals"), expected);
        for bad in
            ["{ \"a\": b() }", "{ 1: 2 }", "{ \"a\" }", "{ \"a\": }", "{ \"a\": 1, , }", "{ a: 1 }"]
        {
            assert!(text(bad).is_err(), "{bad}");
        }
    }
}
