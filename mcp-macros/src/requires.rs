//! What a tool surely asks of the client, read off its body: `cx.elicit(..)` at the top level of the function. A call
//! that only some runs reach says nothing, since a client without the capability may never come there.

use proc_macro2::{Delimiter, Ident, TokenStream, TokenTree};

/// What a client has to be able to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Feature {
    Elicitation,
    ElicitationUrl,
    Sampling,
    SamplingTools,
    Roots,
}

impl Feature {
    pub const NAMES: [&str; 5] =
        ["elicitation", "elicitation_url", "sampling", "sampling_tools", "roots"];

    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "elicitation" => Self::Elicitation,
            "elicitation_url" => Self::ElicitationUrl,
            "sampling" => Self::Sampling,
            "sampling_tools" => Self::SamplingTools,
            "roots" => Self::Roots,
            _ => return None,
        })
    }

    fn of_method(name: &str) -> Option<Self> {
        Some(match name {
            "elicit" | "elicit_with" => Self::Elicitation,
            "elicit_url" => Self::ElicitationUrl,
            "sample" | "sample_text" => Self::Sampling,
            "roots" => Self::Roots,
            _ => return None,
        })
    }
}

const BRANCHES: [&str; 6] = ["if", "match", "loop", "while", "for", "else"];
const LEAVING: [&str; 2] = ["bail", "ensure"];
const ITEMS: [&str; 6] = ["fn", "impl", "const", "pub", "trait", "mod"];

/// The features that every run of `body` asks for through one of `contexts`.
pub fn derive(body: TokenStream, contexts: &[&Ident]) -> Vec<Feature> {
    let mut found = Vec::new();
    let tokens: Vec<TokenTree> = body.into_iter().collect();
    let mut at = 0;
    while at < tokens.len() {
        let end = statement(&tokens, at);
        let statement = &tokens[at..end];
        calls(statement, contexts, &mut found);
        if may_leave(statement) {
            // What comes after it is not reached by every run.
            break;
        }
        at = end;
    }
    found
}

/// Where the statement that begins at `start` ends: after its `;`, or after the block of an `if`, `match` and so on.
fn statement(tokens: &[TokenTree], start: usize) -> usize {
    let blocks = match &tokens[start] {
        TokenTree::Ident(word) => [
            "if", "match", "loop", "while", "for", "unsafe", "async", "fn", "impl", "struct",
            "enum", "mod", "trait", "const", "pub",
        ]
        .iter()
        .any(|known| word == known),
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        // A label, or an attribute.
        TokenTree::Punct(punct) => matches!(punct.as_char(), '\'' | '#'),
        TokenTree::Literal(_) => false,
    };
    let mut at = start;
    while at < tokens.len() {
        match &tokens[at] {
            TokenTree::Punct(punct) if punct.as_char() == ';' => return at + 1,
            TokenTree::Group(group) if blocks && group.delimiter() == Delimiter::Brace => {
                let goes_on = match tokens.get(at + 1) {
                    Some(TokenTree::Ident(word)) => word == "else",
                    Some(TokenTree::Punct(punct)) => matches!(punct.as_char(), '.' | '?' | ';'),
                    _ => false,
                };
                if !goes_on {
                    return at + 1;
                }
            }
            _ => {}
        }
        at += 1;
    }
    at
}

/// The calls in a statement that run whenever it runs: not those in braces or in a macro, behind an `else`, in a closure or
/// behind `&&` and `||`; and only those that are awaited there.
fn calls(statement: &[TokenTree], contexts: &[&Ident], found: &mut Vec<Feature>) {
    // An item's own code runs when somebody calls it.
    if is_word(statement.first(), &ITEMS) {
        return;
    }
    for (at, token) in statement.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|before| statement.get(before));
        match token {
            TokenTree::Ident(word) if word == "else" => return,
            TokenTree::Punct(punct)
                if punct.as_char() == '|'
                    || punct.as_char() == '&' && is_punct(statement.get(at + 1), &['&']) =>
            {
                return;
            }
            TokenTree::Group(group)
                if group.delimiter() != Delimiter::Brace && !is_punct(before, &['!', '#']) =>
            {
                let inside: Vec<TokenTree> = group.stream().into_iter().collect();
                for part in inside.split(|token| is_punct(Some(token), &[','])) {
                    calls(part, contexts, found);
                }
            }
            // A field, or the end of a path, is not the parameter.
            TokenTree::Ident(word)
                if contexts.contains(&word) && !is_punct(before, &['.', ':']) =>
            {
                if let [dot, TokenTree::Ident(method), rest @ ..] = &statement[at + 1..]
                    && is_punct(Some(dot), &['.'])
                    && let Some(feature) = Feature::of_method(&method.to_string())
                    && rest
                        .iter()
                        .any(|token| matches!(token, TokenTree::Ident(word) if word == "await"))
                    && !found.contains(&feature)
                {
                    found.push(feature);
                }
            }
            _ => {}
        }
    }
}

fn is_word(token: Option<&TokenTree>, of: &[&str]) -> bool {
    matches!(token, Some(TokenTree::Ident(word)) if of.iter().any(|known| word == known))
}

fn is_punct(token: Option<&TokenTree>, of: &[char]) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if of.contains(&punct.as_char()))
}

/// Whether a condition in the statement may end the function there.
fn may_leave(statement: &[TokenTree]) -> bool {
    let first = statement.first();
    // `ensure!(..)` and `bail!(..)` of anyhow, eyre and snafu return from the function.
    let ensures = is_punct(statement.get(1), &['!'])
        && matches!(first, Some(TokenTree::Ident(name)) if LEAVING.iter().any(|part| name.to_string().contains(part)));
    let branches = statement.iter().any(|token| is_word(Some(token), &BRANCHES));
    let leaves = |token: &TokenTree| matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace && leaves(group.stream()));
    is_word(first, &["return"]) || ensures || branches && statement.iter().any(leaves)
}

fn leaves(block: TokenStream) -> bool {
    let mut before_bang = false;
    for token in block {
        let found = match &token {
            TokenTree::Ident(word) => word == "return",
            TokenTree::Punct(punct) => punct.as_char() == '?',
            // A macro may hide a `return`.
            TokenTree::Group(group) => before_bang || leaves(group.stream()),
            TokenTree::Literal(_) => false,
        };
        if found {
            return true;
        }
        before_bang = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == '!');
    }
    false
}

#[cfg(test)]
mod tests {
    use super::Feature::{self, *};
    use proc_macro2::{Ident, Span};

    fn derive(body: &str) -> Vec<Feature> {
        let tokens = body.parse().expect("the tests write tokens");
        super::derive(tokens, &[&Ident::new("cx", Span::call_site())])
    }

    #[test]
    fn unconditional_calls() {
        assert_eq!(derive("cx.elicit::<A>(\"a\", \"?\").await?;"), [Elicitation]);
        assert_eq!(
            derive("cx.into_task().await?; let a = cx.sample(r).await?; Ok(cx.roots().await?)"),
            [Sampling, Roots]
        );
        assert_eq!(derive("match cx.elicit(\"a\").await? { A => x, B => y }"), [Elicitation]);
        assert_eq!(derive("if fast { x() } cx.roots().await"), [Roots]);
        assert_eq!(derive("let A { b } = cx.elicit_url(u).await?;"), [ElicitationUrl]);
        assert_eq!(derive("for root in cx.roots().await? { use_it(root)?; }"), [Roots]);
    }

    #[test]
    fn conditional_calls() {
        for body in [
            "if x { cx.elicit(a).await?; }",
            "let y = || cx.elicit(a);",
            "let y = async { cx.elicit(a).await };",
            "let y = a && cx.elicit(a).await?;",
            "if a { b } else if cx.elicit(a).await? { c }",
            "join!(cx.elicit(a), b)",
            "loop { cx.sample(a).await? }",
            "if !able { return Ok(()); } cx.elicit(a).await?;",
            "let Some(x) = y else { return Ok(()) }; cx.elicit(a).await?;",
            "ensure!(able); cx.elicit(a).await?;",
            "self.cx.elicit(a).await?;",
            "other.elicit(a).await?;",
            "let asked = cx.elicit(a);",
            "race(cx.elicit(a), b).await?;",
            "maybe.map(|x| cx.elicit(x)).await;",
            "vec![cx.elicit(a).await?];",
            "async fn inner(cx: &Context) { cx.elicit(a).await } ",
            "let y = if a { b } else { cx.elicit(a).await? };",
            "return Ok(()); cx.elicit(a)",
        ] {
            assert_eq!(derive(body), [], "{body}");
        }
    }
}
