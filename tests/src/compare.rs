//! Two JSON values, before and after a round trip.

use std::fmt;

use serde_json::Value;

/// What happened to one place of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// It was there, and is no more.
    Lost(String),
    /// It was not there before.
    Added(String),
    /// It has another value, or its members stand in another order.
    Changed(String),
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lost(pointer) => write!(f, "lost {pointer}"),
            Self::Added(pointer) => write!(f, "added {pointer}"),
            Self::Changed(pointer) => write!(f, "changed {pointer}"),
        }
    }
}

/// All differences, by JSON pointer. `50` and `50.0` are different, and so are `null` and absent.
pub fn differences(before: &Value, after: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    compare(before, after, String::new(), &mut found);
    found
}

fn compare(before: &Value, after: &Value, at: String, found: &mut Vec<Difference>) {
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => {
            for (key, value) in before {
                let at = format!("{at}/{key}");
                match after.get(key) {
                    Some(after) => compare(value, after, at, found),
                    None => found.push(Difference::Lost(at)),
                }
            }
            let added = after.keys().filter(|key| !before.contains_key(*key));
            found.extend(added.map(|key| Difference::Added(format!("{at}/{key}"))));
        }
        (Value::Array(before), Value::Array(after)) => {
            for (index, value) in before.iter().enumerate() {
                let at = format!("{at}/{index}");
                match after.get(index) {
                    Some(after) => compare(value, after, at, found),
                    None => found.push(Difference::Lost(at)),
                }
            }
            let added = before.len()..after.len();
            found.extend(added.map(|index| Difference::Added(format!("{at}/{index}"))));
        }
        _ if before == after => {}
        _ => found.push(Difference::Changed(at)),
    }
}
