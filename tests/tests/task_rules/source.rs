//! Which rules the tests of a source file cite.
//!
//! No parser is needed: functions, their attributes, comments and literals are found by their marks alone.

use super::rules::Number;

/// A test function, and what it cites.
pub struct Test<'a> {
    pub name: &'a str,
    pub cites: Vec<Number>,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Comment,
    Literal,
    Word,
    Mark(char),
}

#[derive(Clone, Copy)]
struct Piece<'a> {
    kind: Kind,
    text: &'a str,
    first_line: usize,
    last_line: usize,
}

/// The tests of a Rust file. What carries a test attribute is one, and what `is_test` knows by its name: cases of the
/// contract kit are plain functions.
pub fn tests<'a>(source: &'a str, is_test: impl Fn(&str) -> bool) -> Vec<Test<'a>> {
    let pieces = pieces(source);
    let mut tests = Vec::new();
    // What stands before the next item: comments directly above it, and whether an attribute makes it a test.
    let (mut above, mut marked): (Vec<Piece<'a>>, bool) = (Vec::new(), false);
    let mut at = 0;
    while let Some(piece) = pieces.get(at) {
        let before = at.checked_sub(1).map_or(0, |before| pieces[before].last_line);
        if before + 1 < piece.first_line {
            above.clear();
        }
        match (piece.kind, piece.text) {
            (Kind::Comment, _) => above.push(*piece),
            (Kind::Mark('#'), _) => {
                let end = closing(&pieces, at, '[', ']');
                let path = pieces[at..end].iter().take_while(|piece| piece.kind != Kind::Mark('('));
                let last = path.filter(|piece| piece.kind == Kind::Word).last();
                marked |= last.is_some_and(|word| word.text == "test");
                at = end;
            }
            (Kind::Word, "pub") if matches!(pieces.get(at + 1), Some(next) if next.kind == Kind::Mark('(')) =>
            {
                at = closing(&pieces, at, '(', ')');
            }
            (Kind::Word, "pub" | "async" | "const") => {}
            (Kind::Word, "fn") if matches!(pieces.get(at + 1), Some(next) if next.kind == Kind::Word) =>
            {
                let end = closing(&pieces, at, '{', '}');
                let name = pieces[at + 1].text;
                if marked || is_test(name) {
                    tests.push(Test { name, cites: cites(&above, &pieces[at..end]) });
                }
                (at, marked) = (end, false);
                above.clear();
            }
            _ => {
                marked = false;
                above.clear();
            }
        }
        at += 1;
    }
    tests
}

/// Where the bracket closes that opens next, or where a function ends that has no body.
fn closing(pieces: &[Piece<'_>], from: usize, open: char, close: char) -> usize {
    let (mut depth, mut others) = (0_usize, 0_usize);
    for (at, piece) in (from..).zip(&pieces[from..]) {
        let Kind::Mark(mark) = piece.kind else { continue };
        match mark {
            _ if mark == open => depth += 1,
            _ if mark == close && depth == 1 => return at,
            _ if mark == close => depth = depth.saturating_sub(1),
            '(' | '[' => others += 1,
            ')' | ']' => others = others.saturating_sub(1),
            ';' if depth == 0 && others == 0 => return at,
            _ => {}
        }
    }
    pieces.len()
}

/// A comment cites wherever it names a rule, the message of an assertion only where it begins with one.
fn cites(above: &[Piece<'_>], body: &[Piece<'_>]) -> Vec<Number> {
    let mut cites = Vec::new();
    let mut comments = String::new();
    for piece in above.iter().chain(body) {
        match piece.kind {
            Kind::Comment => {
                comments.push_str(piece.text.trim_start_matches(['/', '!', '*']));
                comments.push(' ');
            }
            Kind::Literal => {
                let rules = piece.text.split_once(": ").map_or(piece.text, |(rules, _)| rules);
                let mut words = rules.split(", ").flat_map(|rule| rule.split(" to "));
                if words.all(|word| word.parse::<Number>().is_ok()) {
                    cites.extend(cited(rules));
                }
            }
            Kind::Word | Kind::Mark(_) => {}
        }
    }
    cites.extend(cited(&comments));
    cites
}

/// The rules that a text names: `L1, L2`, `L34 to L36`.
pub fn cited(text: &str) -> Vec<Number> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || "_-%+.".contains(c);
    let words: Vec<&str> =
        text.split(|c| !is_word(c)).map(|word| word.trim_end_matches('.')).collect();
    let mut cited: Vec<Number> = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let Ok(number) = word.parse::<Number>() else { continue };
        let from = match at.checked_sub(2).map(|from| (words[from].parse(), words[from + 1])) {
            Some((Ok(Number { part, place }), "to")) if part == number.part => place + 1,
            _ => number.place,
        };
        cited.extend((from..=number.place).map(|place| Number { place, ..number }));
    }
    cited
}

/// The comments of a script: lines that are nothing else.
pub fn script(source: &str) -> Vec<Number> {
    let comments = source.lines().map(str::trim_start).filter(|line| {
        ["//", "#", "*", "/*"].iter().any(|mark| line.starts_with(mark)) && !line.starts_with("#!")
    });
    comments.flat_map(cited).collect()
}

/// The comments of a Rust file, tests or not, with their lines.
pub fn comments(source: &str) -> Vec<(usize, &str)> {
    let pieces = pieces(source).into_iter();
    let comments = pieces.filter(|piece| piece.kind == Kind::Comment);
    comments.map(|piece| (piece.first_line, piece.text)).collect()
}

fn pieces(source: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let (mut at, mut line) = (0, 1);
    while let Some(first) = source[at..].chars().next() {
        let rest = &source[at..];
        let (kind, length, text) = piece(rest, first);
        let lines = rest[..length].matches('\n').count();
        if let Some(kind) = kind {
            pieces.push(Piece { kind, text, first_line: line, last_line: line + lines });
        }
        line += lines;
        at += length;
    }
    pieces
}

/// The piece that a text begins with: its kind (none for blanks and characters), its length, and what is in it.
fn piece(rest: &str, first: char) -> (Option<Kind>, usize, &str) {
    if rest.starts_with("//") {
        let length = rest.find('\n').unwrap_or(rest.len());
        return (Some(Kind::Comment), length, &rest[..length]);
    }
    if rest.starts_with("/*") {
        let length = block(rest);
        return (Some(Kind::Comment), length, &rest[..length]);
    }
    if let Some((open, close, escapes)) = quotes(rest) {
        let end = literal_end(&rest[open..], &close, escapes);
        let length = (open + end + close.len()).min(rest.len());
        return (Some(Kind::Literal), length, &rest[open..open + end]);
    }
    if first == '\'' {
        return (None, character(rest), "");
    }
    if first.is_alphanumeric() || first == '_' {
        let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        return (Some(Kind::Word), length, &rest[..length]);
    }
    let kind = (!first.is_whitespace()).then_some(Kind::Mark(first));
    (kind, first.len_utf8(), &rest[..first.len_utf8()])
}

/// The length of a block comment; they nest.
fn block(rest: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < rest.len() {
        if rest[at..].starts_with("/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if rest[at..].starts_with("*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                return at;
            }
        } else {
            at += rest[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    at
}

/// Whether a literal begins here: the length of its opening, what closes it, and whether it knows escapes.
fn quotes(rest: &str) -> Option<(usize, String, bool)> {
    let prefix = rest.find(|c| !"brc".contains(c)).filter(|length| *length <= 2)?;
    let hashes = rest[prefix..].find(|c| c != '#')?;
    let raw = rest[..prefix].contains('r');
    let is_literal = rest[prefix + hashes..].starts_with('"') && (raw || hashes == 0);
    is_literal.then(|| (prefix + hashes + 1, format!("\"{}", "#".repeat(hashes)), !raw))
}

fn literal_end(inside: &str, close: &str, escapes: bool) -> usize {
    let mut escaped = false;
    for (at, c) in inside.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if escapes => escaped = true,
            '"' if inside[at..].starts_with(close) => return at,
            _ => {}
        }
    }
    inside.len()
}

/// The length of a character, or of the tick of a lifetime.
fn character(rest: &str) -> usize {
    let mut chars = rest.char_indices().skip(1);
    match (chars.next(), chars.next()) {
        (Some((_, '\\')), Some(_)) => chars.find(|(_, c)| *c == '\'').map_or(1, |(at, _)| at + 1),
        (Some(_), Some((at, '\''))) => at + 1,
        _ => 1,
    }
}
