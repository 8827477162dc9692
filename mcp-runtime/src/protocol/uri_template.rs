//! URI templates of resources (RFC 6570): what a server of resources needs of them, and in both directions. RFC 6570 says
//! how a template is expanded but not how a URI is matched, which is why this is a subset.
//!
//! | expression | matches | expands to |
//! | --- | --- | --- |
//! | `{name}` | one or more characters other than `/`, `?` and `#` | the value with all but unreserved characters encoded |
//! | `{+name}` | one or more characters of any kind | the value with `/` and other reserved characters kept |

use std::fmt;

/// Longer URIs match nothing: the work and the memory of a match are the URI's length times the template's.
const MAX_URI: usize = 64 * 1024;

const SUPPORTED: &str = "`{name}` for one segment and `{+name}` for a path are supported";

/// A parsed template. Between two variables stands at least one literal character.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Template {
    source: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    /// ASCII, and not empty.
    Literal(String),
    Variable {
        name: String,
        /// `{+name}`: reserved characters are part of the value.
        reserved: bool,
    },
}

impl Template {
    /// Parses a template such as `repo://{owner}/{+path}`.
    ///
    /// # Errors
    ///
    /// [`TemplateError`] for anything that is not a literal, `{name}` or `{+name}`, for variables without a literal in
    /// between, which no match could tell apart, and for a name that occurs twice.
    pub(crate) fn parse(template: &str) -> Result<Self, TemplateError> {
        if template.is_empty() {
            return Err(TemplateError::new(0, Problem::Empty));
        }
        let mut parts = Vec::new();
        let mut offset = 0;
        while let Some(rest) = template.get(offset..).filter(|rest| !rest.is_empty()) {
            if rest.starts_with('{') {
                let end = rest.find('}').ok_or(TemplateError::new(offset, Problem::Unclosed))?;
                if matches!(parts.last(), Some(Part::Variable { .. })) {
                    return Err(TemplateError::new(offset, Problem::Adjacent));
                }
                let variable = variable(&rest[1..end], offset + 1)?;
                if parts.contains(&variable) || parts.contains(&variable.other_kind()) {
                    return Err(TemplateError::new(offset + 1, Problem::Twice));
                }
                parts.push(variable);
                offset += end + 1;
            } else {
                let literal = &rest[..rest.find('{').unwrap_or(rest.len())];
                check_literal(literal, offset)?;
                parts.push(Part::Literal(literal.to_owned()));
                offset += literal.len();
            }
        }
        Ok(Self { source: template.to_owned(), parts })
    }

    /// The names of the variables, in order.
    pub(crate) fn variables(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Variable { name, .. } => Some(name.as_str()),
            Part::Literal(_) => None,
        })
    }

    /// The values of all variables, in order, if `uri` is an expansion of this template with no value empty.
    ///
    /// Literals compare byte by byte. Where there is more than one way to match, the first variable is as long as
    /// possible, then the second one, and so on. Values are percent-decoded, once; one that does not decode to UTF-8
    /// matches nothing. A decoded value may hold anything, `/` and `..` among it, even that of `{name}`: check it before it
    /// becomes part of a file's path.
    pub(crate) fn matches(&self, uri: &str) -> Option<Vec<(&str, String)>> {
        if uri.len() > MAX_URI {
            return None;
        }
        // Turns most URIs away without allocating.
        if let Some(Part::Literal(literal)) = self.parts.first() {
            uri.strip_prefix(literal.as_str())?;
        }
        let ends = self.ends(uri.as_bytes());
        let mut values = Vec::new();
        let mut start = 0;
        for (part, ends) in self.parts.iter().zip(&ends) {
            let end = ends.get(start).copied().filter(|end| *end != NO_MATCH)? as usize;
            if let Part::Variable { name, .. } = part {
                values.push((name.as_str(), decode(uri.get(start..end)?)?));
            }
            start = end;
        }
        Some(values)
    }

    /// For each part and each place in the URI: where the part ends, if it begins there, so that the rest matches.
    ///
    /// Filled from the last part to the first, hence without backtracking: the longest end of a variable that begins at
    /// `start` is the one that begins at `start + 1`, or else `start + 1` itself.
    fn ends(&self, uri: &[u8]) -> Vec<Vec<u32>> {
        let mut ends: Vec<Vec<u32>> = Vec::with_capacity(self.parts.len());
        for part in self.parts.iter().rev() {
            let next = ends.last();
            let rest_matches = |at: usize| match next {
                Some(next) => next.get(at).is_some_and(|end| *end != NO_MATCH),
                None => at == uri.len(),
            };
            // The place behind the last byte is one, too: no part is empty, hence none matches there.
            let mut found = vec![NO_MATCH; uri.len() + 1];
            match part {
                Part::Literal(literal) => {
                    for (start, found) in found.iter_mut().enumerate().take(uri.len()) {
                        let end = start + literal.len();
                        if uri[start..].starts_with(literal.as_bytes()) && rest_matches(end) {
                            *found = end as u32;
                        }
                    }
                }
                Part::Variable { reserved, .. } => {
                    let mut longest = NO_MATCH;
                    for start in (0..uri.len()).rev() {
                        let end = start + 1;
                        if !reserved && matches!(uri[start], b'/' | b'?' | b'#') {
                            longest = NO_MATCH;
                            continue;
                        }
                        if longest == NO_MATCH && !splits_triplet(uri, end) && rest_matches(end) {
                            longest = end as u32;
                        }
                        found[start] = longest;
                    }
                }
            }
            ends.push(found);
        }
        ends.reverse();
        ends
    }

    /// The URI in which every variable has its value; one without a value is empty (RFC 6570, 2.3). Other names are
    /// ignored.
    ///
    /// Unlike RFC 6570, a `%` in the value of `{+name}` is always encoded: values are text, and text that looks encoded
    /// comes back from a match as it was.
    #[cfg(test)]
    pub(crate) fn expand(&self, values: &[(&str, &str)]) -> String {
        let mut uri = String::with_capacity(self.source.len());
        for part in &self.parts {
            match part {
                Part::Literal(literal) => uri.push_str(literal),
                Part::Variable { name, reserved } => {
                    let value = values.iter().find(|(other, _)| other == name);
                    encode(&mut uri, value.map_or("", |(_, value)| *value), *reserved);
                }
            }
        }
        uri
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

/// A mistake in a template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("URI template, at byte {offset}: {problem}")]
pub(crate) struct TemplateError {
    /// Where in the template, in bytes.
    pub(crate) offset: usize,
    problem: Problem,
}

impl TemplateError {
    const fn new(offset: usize, problem: Problem) -> Self {
        Self { offset, problem }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum Problem {
    #[error("the template is empty: write a URI, such as `notes://{{id}}`")]
    Empty,
    #[error("the brace is never closed: end the variable with `}}`")]
    Unclosed,
    #[error("the brace closes nothing: encode a literal one as `%7D`")]
    Unopened,
    #[error("the braces are empty: name a variable")]
    Nameless,
    #[error("the operator `{0}` of RFC 6570 is not supported: only {SUPPORTED}")]
    Operator(char),
    #[error("the modifier `{0}` of RFC 6570 is not supported: only {SUPPORTED}")]
    Modifier(char),
    #[error(
        "several variables in one expression are not supported: write `{{a}}/{{b}}` in place of `{{a,b}}`"
    )]
    List,
    #[error(
        "{0:?} cannot be part of a variable's name: use ASCII letters, digits and `_`; {SUPPORTED}"
    )]
    Name(char),
    #[error("the variable follows another one directly: put a literal in between, such as `/`")]
    Adjacent,
    #[error("the name occurs twice: give every variable its own")]
    Twice,
    #[error("{0:?} cannot stand in a URI: percent-encode it")]
    Literal(char),
    #[error(
        "the `%` begins no percent-encoded byte: write two hexadecimal digits after it, or `%25`"
    )]
    Percent,
}

impl Part {
    /// `{name}` for `{+name}`, and the other way round.
    fn other_kind(&self) -> Self {
        match self {
            Self::Literal(_) => self.clone(),
            Self::Variable { name, reserved } => {
                Self::Variable { name: name.clone(), reserved: !reserved }
            }
        }
    }
}

/// Parses what stands between braces; it begins at `offset` of the template.
fn variable(expression: &str, offset: usize) -> Result<Part, TemplateError> {
    let name = expression.strip_prefix('+');
    let reserved = name.is_some();
    let name = name.unwrap_or(expression);
    let offset = offset + usize::from(reserved);
    if name.is_empty() {
        return Err(TemplateError::new(offset, Problem::Nameless));
    }
    for (at, c) in name.char_indices() {
        let problem = match c {
            c if c.is_ascii_alphanumeric() || c == '_' => continue,
            // RFC 6570, 2.2: those in use and those reserved.
            '#' | '.' | '/' | ';' | '?' | '&' | '=' | ',' | '!' | '@' | '|' | '+' if at == 0 => {
                Problem::Operator(c)
            }
            ':' | '*' => Problem::Modifier(c),
            ',' => Problem::List,
            c => Problem::Name(c),
        };
        return Err(TemplateError::new(offset + at, problem));
    }
    Ok(Part::Variable { name: name.to_owned(), reserved })
}

fn check_literal(literal: &str, offset: usize) -> Result<(), TemplateError> {
    for (at, c) in literal.char_indices() {
        let problem = match c {
            '}' => Problem::Unopened,
            '%' if triplet(literal.as_bytes(), at).is_none() => Problem::Percent,
            // RFC 6570, 2.1; non-ASCII characters would be encoded in every expansion.
            c if !c.is_ascii_graphic() || "\"<>\\^`|".contains(c) => Problem::Literal(c),
            _ => continue,
        };
        return Err(TemplateError::new(offset + at, problem));
    }
    Ok(())
}

const NO_MATCH: u32 = u32::MAX;

/// The byte that `%XX` at `at` stands for.
fn triplet(bytes: &[u8], at: usize) -> Option<u8> {
    let &[b'%', high, low] = bytes.get(at..at.checked_add(3)?)? else { return None };
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

/// Whether `at` lies inside of a percent-encoded byte, where no value may end.
fn splits_triplet(uri: &[u8], at: usize) -> bool {
    (1..=2).any(|before| at.checked_sub(before).is_some_and(|at| triplet(uri, at).is_some()))
}

fn decode(value: &str) -> Option<String> {
    let bytes = value.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        if byte == b'%' {
            decoded.push(triplet(bytes, at)?);
            at += 3;
        } else {
            decoded.push(byte);
            at += 1;
        }
    }
    String::from_utf8(decoded).ok()
}

#[cfg(test)]
fn encode(uri: &mut String, value: &str, reserved: bool) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in value.bytes() {
        let c = char::from(byte);
        // RFC 3986, 2.2 and 2.3.
        let kept = c.is_ascii_alphanumeric()
            || "-._~".contains(c)
            || (reserved && ":/?#[]@!$&'()*+,;=".contains(c));
        if kept {
            uri.push(c);
        } else {
            uri.push('%');
            uri.push(char::from(HEX[usize::from(byte >> 4)]));
            uri.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
}

#[cfg(test)]
mod tests;
