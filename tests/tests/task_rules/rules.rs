//! The list of rules: `tests/task-rules.txt`.

use std::fmt;
use std::str::FromStr;

/// The number of a rule: its part, and its place there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Number {
    pub part: char,
    pub place: u16,
}

impl FromStr for Number {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let part = text.chars().next().filter(|part| "LXCD".contains(*part)).ok_or(())?;
        let place = &text[1..];
        if !(1..=3).contains(&place.len()) || !place.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(());
        }
        Ok(Self { part, place: place.parse().map_err(|_| ())? })
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.part, self.place)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binds {
    Server,
    Client,
    Both,
    Host,
}

impl Binds {
    /// Whom it binds, in the list of those that have no test.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Client => "client",
            Self::Both => "both",
            Self::Host => "host",
        }
    }
}

pub struct Rule<'a> {
    pub number: Number,
    pub level: &'a str,
    pub binds: Binds,
    pub sentence: &'a str,
    /// Why no test cites it.
    pub untested: Option<&'a str>,
}

pub struct Part<'a> {
    pub title: &'a str,
    pub rules: Vec<Rule<'a>>,
}

const LEVELS: [&str; 9] = [
    "MUST",
    "MUST NOT",
    "SHOULD",
    "SHOULD NOT",
    "MAY",
    "DEFINITION",
    "SHAPE",
    "RESERVED",
    "DERIVED",
];

/// Reads the list. In each part the numbers begin with 1 and leave nothing out, so that a line cannot get lost.
pub fn parse(text: &str) -> Result<Vec<Part<'_>>, String> {
    let mut parts: Vec<Part<'_>> = Vec::new();
    for (line, text) in (1..).zip(text.lines()) {
        let wrong = |what: &str| format!("line {line} of the list: {what}: {text}");
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        if let Some(title) = text.strip_prefix("= ") {
            parts.push(Part { title, rules: Vec::new() });
            continue;
        }
        let part = parts.last_mut().ok_or_else(|| wrong("a rule before the first part"))?;
        let rule = rule(text).map_err(wrong)?;
        let next = Number {
            part: part.title.chars().next().unwrap_or_default(),
            place: u16::try_from(part.rules.len() + 1).unwrap_or(u16::MAX),
        };
        if rule.number != next {
            return Err(wrong(&format!("this should be {next}")));
        }
        part.rules.push(rule);
    }
    Ok(parts)
}

fn rule(text: &str) -> Result<Rule<'_>, &'static str> {
    let mut fields = text.split('|').map(str::trim);
    let mut field = |missing| fields.next().filter(|field| !field.is_empty()).ok_or(missing);
    let rule = Rule {
        number: field("no number")?.parse().map_err(|()| "no number of a rule")?,
        level: field("no level")?,
        binds: match field("nobody is bound")? {
            "server" => Binds::Server,
            "client" => Binds::Client,
            "both" => Binds::Both,
            "host" => Binds::Host,
            _ => return Err("nobody known is bound"),
        },
        sentence: field("no sentence")?,
        untested: match fields.next() {
            None => None,
            Some(last) => Some(last.strip_prefix("not tested: ").ok_or("a reason has no words")?),
        },
    };
    match fields.next() {
        Some(_) => Err("more fields than there are"),
        None if !LEVELS.contains(&rule.level) => Err("no such level"),
        None => Ok(rule),
    }
}
