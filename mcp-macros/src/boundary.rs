//! Where a task begins, read off the body: a tool that calls `cx.into_task()` runs inline until there.
//!
//! Any method of that name counts, in branches and macros too: a call that is overseen only makes the task begin at once,
//! and so does one in a function that this one calls, which cannot be seen here.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// Whether `.into_task(..)` stands anywhere in `body`.
pub fn placed(body: TokenStream) -> bool {
    let tokens: Vec<TokenTree> = body.into_iter().collect();
    let nested = tokens
        .iter()
        .any(|token| matches!(token, TokenTree::Group(group) if placed(group.stream())));
    nested
        || tokens.windows(3).enumerate().any(|(at, window)| {
            let [TokenTree::Punct(dot), TokenTree::Ident(method), TokenTree::Group(arguments)] =
                window
            else {
                return false;
            };
            // The second dot of a range calls no method.
            let range = at > 0 && is_dot(&tokens[at - 1]);
            dot.as_char() == '.'
                && !range
                && method == "into_task"
                && arguments.delimiter() == Delimiter::Parenthesis
        })
}

fn is_dot(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == '.')
}

#[cfg(test)]
mod tests {
    use super::placed;

    #[test]
    fn calls_anywhere_in_the_body() {
        for body in [
            "cx.into_task().await?;",
            "let name = ask(cx).await?; cx . into_task ( ).await; work(name)",
            "if slow { cx.into_task().await; }",
            "async { match x { A => cx.into_task().await, B => {} } }.await",
            "join!(cx.into_task(), other)",
            "[(self.cx).into_task()]",
        ] {
            assert!(placed(body.parse().expect("the tests write tokens")), "{body}");
        }
    }

    #[test]
    fn what_is_no_call() {
        for body in [
            "",
            "into_task(cx).await",
            "Context::into_task(cx).await",
            "cx.into_task",
            "let f = cx.into_task; f()",
            "cx.into_tasks().await",
            "cx.step(\"a\", || into_task()).await",
            "\"cx.into_task()\"",
            "/// cx.into_task()\nfn inner() {}",
            "0..into_task()",
        ] {
            assert!(!placed(body.parse().expect("the tests write tokens")), "{body}");
        }
    }
}
