//! Documentation comments: our texts, or the schema's, or what can be said without either.

use std::fmt::Write;

use super::Context;
use crate::lower::Item;
use crate::names;
use crate::normalize::Kind;

impl Context<'_> {
    fn names_of<'a>(&'a self, item: &'a Item) -> Vec<&'a str> {
        self.names(&item.definition)
    }

    /// The names by which a definition may be documented.
    fn names<'a>(&'a self, definition: &'a str) -> Vec<&'a str> {
        let paths = self.normalized.paths.get(definition);
        let paths = paths.into_iter().flatten().map(String::as_str);
        [definition].into_iter().chain(paths).collect()
    }

    pub(super) fn type_doc(&self, item: &Item) -> String {
        let names = self.names_of(item);
        let schema = self.normalized.definitions.get(&item.definition);
        let text = self.docs.get(&names, None, self.revisions).map(str::to_owned);
        let text =
            text.or_else(|| schema.and_then(|node| node.doc.clone())).unwrap_or_else(|| match self
                .normalized
                .paths
                .get(&item.definition)
            {
                Some(paths) => format!("What the schema has inline at `{}`.", paths.join("`, `")),
                None => format!("The schema's `{}`.", item.definition),
            });
        self.comment(&text)
    }

    pub(super) fn field_doc(&self, item: &Item, key: &str, doc: Option<&str>) -> String {
        let names = self.names_of(item);
        let text = self.docs.get(&names, Some(key), self.revisions).or(doc);
        match text {
            Some(text) => self.comment(text),
            None => self.comment(&format!("`{key}` on the wire.")),
        }
    }

    /// A union's variant: the first sentence about what it holds, and how it is told.
    pub(super) fn variant_doc(&self, definition: &str, told: Option<String>) -> String {
        let held = self.summary(definition);
        let text = match (held, told) {
            (Some(held), Some(told)) => {
                format!("{} ({}).", held.trim_end_matches('.'), one_line(&told))
            }
            (Some(held), None) => held,
            (None, Some(told)) => format!("[`{definition}`]: {}.", one_line(&told)),
            (None, None) => format!("A [`{definition}`]."),
        };
        self.comment(&wrapped(&text))
    }

    /// A variant of a union of kinds of JSON values.
    pub(super) fn kind_doc(&self, item: &Item, kind: Kind) -> String {
        let text = self.docs.get(&self.names_of(item), Some(kind.name()), self.revisions);
        let article =
            if matches!(kind, Kind::Array | Kind::Integer | Kind::Object) { "An" } else { "A" };
        self.comment(text.unwrap_or(&format!("{article} {}.", kind.name())))
    }

    /// The first sentence about a definition, if there is one.
    pub(super) fn summary(&self, definition: &str) -> Option<String> {
        let schema = self.normalized.definitions.get(definition);
        let text = self.docs.get(&self.names(definition), None, self.revisions);
        text.or_else(|| schema?.doc.as_deref()).map(sentence)
    }

    /// The first sentence about a field, if there is one.
    pub(super) fn field_summary(&self, definition: &str, key: &str) -> Option<String> {
        self.docs.get(&self.names(definition), Some(key), self.revisions).map(sentence)
    }

    /// A documentation comment. Names of definitions in links become those in Rust.
    pub(super) fn comment(&self, text: &str) -> String {
        let mut out = String::new();
        for line in plain_links(text).lines() {
            let mut rest = line;
            let mut linked = String::new();
            while let Some((before, after)) = rest.split_once("[`") {
                linked.push_str(before);
                let Some((name, after)) = after.split_once("`]") else {
                    linked.push_str("[`");
                    rest = after;
                    continue;
                };
                let here = self.only.is_none_or(|only| only.contains(name))
                    || self.external.contains_key(name);
                if here && self.normalized.definitions.contains_key(name) {
                    let _ = write!(linked, "[`{}`]", names::type_name(name));
                } else {
                    let _ = write!(linked, "`{name}`");
                }
                rest = after;
            }
            linked.push_str(rest);
            let _ = writeln!(out, "/// {}", one_line(linked.trim_end()));
        }
        out
    }
}

/// A documentation comment of a text whose links are right.
pub(super) fn as_comment(text: &str) -> String {
    text.lines().fold(String::new(), |out, line| out + "/// " + line + "\n")
}

/// Text that a comment can hold on one line: a schema's names may have anything in them.
pub(super) fn one_line(text: &str) -> String {
    // Characters that turn the direction of text are refused by the compiler, comments included.
    let turns = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().map(|c| if c.is_control() || turns(c) { ' ' } else { c }).collect()
}

/// The first sentence of a text, on one line.
fn sentence(text: &str) -> String {
    let first = text.split("\n\n").next().unwrap_or_default();
    let line = one_line(first);
    match line.split_once(". ") {
        Some((sentence, _)) => format!("{sentence}."),
        None => line,
    }
}

/// A text without links, for a place from which they would lead elsewhere.
pub(super) fn unlinked(text: &str) -> String {
    plain_links(text).replace("[`", "`").replace("`]", "`")
}

/// A text in lines of the width of the others.
pub(super) fn wrapped(text: &str) -> String {
    const WIDTH: usize = 120;
    let mut out = String::new();
    let mut width = 0;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if width > 0 {
            let breaks = width + length >= WIDTH;
            out.push(if breaks { '\n' } else { ' ' });
            width = if breaks { 0 } else { width + 1 };
        }
        out.push_str(word);
        width += length;
    }
    out
}

/// `{@link A | text}`, as the published schemas write it.
fn plain_links(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{@link ") {
        out.push_str(before);
        let Some((link, after)) = after.split_once('}') else {
            out.push_str("{@link ");
            rest = after;
            continue;
        };
        match link.split_once('|') {
            Some((_, shown)) => out.push_str(shown.trim()),
            None => {
                let _ = write!(out, "[`{}`]", link.trim());
            }
        }
        rest = after;
    }
    out.push_str(rest);
    out
}
