//! Rules for names, and guesses at what a misspelt one was meant to be.

use crate::Kind;

/// Why `name` cannot be the name of a tool or prompt, and a name that could.
pub fn refuse(kind: Kind, name: &str) -> Option<(String, String)> {
    let rule = "1 to 128 of the characters A-Z, a-z, 0-9, `_`, `-` and `.`";
    let kind = kind.word();
    if name.is_empty() {
        return Some((
            format!("the name of a {kind} cannot be empty: it has {rule}"),
            "..".to_owned(),
        ));
    }
    if name.len() > 128 && name.is_ascii() {
        let why = format!("the name of a {kind} has {rule}, this one has {}", name.len());
        return Some((why, "..".to_owned()));
    }
    let legal = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    let wrong = name.chars().find(|c| !legal(*c))?;
    let better = name.chars().map(|c| if legal(c) { c } else { '_' }).take(128).collect();
    let shown = if wrong == ' ' { "a space".to_owned() } else { format!("{wrong:?}") };
    Some((format!("{shown} cannot stand in the name of a {kind}, which has {rule}"), better))
}

/// Why `name` cannot be the part of a header after `Mcp-Param-`: RFC 9110 wants a token.
pub fn refuse_header(name: &str) -> Option<String> {
    if name.is_empty() {
        return Some("the name of a header cannot be empty".to_owned());
    }
    let wrong =
        name.chars().find(|c| !(c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(*c)))?;
    let shown = if wrong == ' ' { "a space".to_owned() } else { format!("{wrong:?}") };
    Some(format!(
        "{shown} cannot stand in the name of a header: use letters, digits \
         and `-`, such as \"Tenant-Id\""
    ))
}

/// The one of `known` that was probably meant by `written`.
pub fn nearest<'a>(written: &str, known: &[&'a str]) -> Option<&'a str> {
    // `readOnlyHint` and `read-only` are how the protocol and other frameworks write `read_only`.
    let plain = |name: &str| {
        let lower = name.to_ascii_lowercase().replace(['_', '-'], "");
        lower.strip_suffix("hint").map(str::to_owned).unwrap_or(lower)
    };
    if let Some(same) = known.iter().find(|name| plain(name) == plain(written)) {
        return Some(same);
    }
    let reach = (written.len() / 3).max(1);
    known
        .iter()
        .map(|name| (distance(name, written), *name))
        .filter(|(far, _)| *far <= reach)
        .min_by_key(|(far, _)| *far)
        .map(|(_, name)| name)
}

/// How many letters to change, add, drop or swap with the next.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            rows[i][j] = if i == 0 || j == 0 {
                i + j
            } else {
                let changed = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
                let mut best = changed.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
                if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                    best = best.min(rows[i - 2][j - 2] + 1);
                }
                best
            };
        }
    }
    rows[a.len()][b.len()]
}

/// `a, b and c`, each in backticks.
pub fn list<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| format!("`{}`", name.as_ref())).collect();
    match names.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::{nearest, refuse, refuse_header};
    use crate::Kind;

    #[test]
    fn names() {
        assert_eq!(refuse(Kind::Tool, "a.b-C_9"), None);
        for bad in ["", "a b", "größe", &"x".repeat(129)] {
            assert!(refuse(Kind::Tool, bad).is_some(), "{bad}");
        }
        assert_eq!(refuse_header("Tenant-Id"), None);
        assert!(refuse_header("Tenant Id").is_some());
        assert!(refuse_header("a:b").is_some());
    }

    #[test]
    fn guesses() {
        let known = ["name", "title", "read_only", "task_support", "idempotent"];
        assert_eq!(nearest("nmae", &known), Some("name"));
        assert_eq!(nearest("readOnlyHint", &known), Some("read_only"));
        assert_eq!(nearest("taskSupport", &known), Some("task_support"));
        assert_eq!(nearest("idempotant", &known), Some("idempotent"));
        assert_eq!(nearest("colour", &known), None);
    }
}
