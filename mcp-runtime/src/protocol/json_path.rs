//! Where in its arguments a caller made a mistake: serde_json names a line and a column, from which a model learns less
//! than from `items[3].price`.

/// As deep as serde_json reads; no error lies deeper.
const MAX_DEPTH: usize = 128;

/// How much of a key, in characters, a path shows.
const MAX_KEY: usize = 64;

/// The path of the value at which parsing stood, for the line and the column of a [`serde_json::Error`] about `json`: the
/// value that was read last or was about to be read; for an error at a closing brace, such as a missing field, the object
/// that it closes; for an unknown field, that field. The root is the empty path.
///
/// serde_json gives an error that comes from outside of it, such as from `#[serde(try_from)]` or from a tagged enum, the
/// position after the value or, for the last value of an object or array, after that; the path follows.
///
/// Errors without a position (line 0), such as those of `serde_json::from_value`, have the empty path.
pub(crate) fn path_at(json: &str, line: usize, column: usize) -> String {
    if line == 0 {
        return String::new();
    }
    let end = end(json, line, column);
    let mut scanner = Scanner { json, at: 0, open: Vec::new(), last: 0, before_comma: 0 };
    scanner.scan(end);
    scanner.settle(json.as_bytes().get(end).copied());
    scanner.path()
}

/// How many bytes were consumed: columns count bytes, and the one named was the last to be looked at.
fn end(json: &str, line: usize, column: usize) -> usize {
    let mut newlines = json.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
    let start = match line.checked_sub(2) {
        None => 0,
        Some(before) => newlines.nth(before).map_or(json.len(), |(at, _)| at + 1),
    };
    start.saturating_add(column).min(json.len())
}

/// Knows just enough of JSON to tell strings and brackets, and takes broken text as it comes. Keeps a stack of its own: it
/// never recurses.
struct Scanner<'a> {
    json: &'a str,
    at: usize,
    open: Vec<Open<'a>>,
    /// The last byte of a token that was read.
    last: u8,
    /// What `last` was when the last comma was read.
    before_comma: u8,
}

enum Open<'a> {
    /// The index of the element that was begun last.
    Array(usize),
    /// The key that was read last, still escaped; `None` after a brace or comma.
    Object(Option<&'a str>),
}

impl Scanner<'_> {
    fn scan(&mut self, end: usize) {
        let bytes = self.json.as_bytes();
        while self.at < end {
            let byte = bytes[self.at];
            self.at += 1;
            if matches!(byte, b'[' | b'{') && self.open.len() == MAX_DEPTH {
                self.last = 0;
                return;
            }
            match (byte, self.open.last_mut()) {
                (b'[', _) => self.open.push(Open::Array(0)),
                (b'{', _) => self.open.push(Open::Object(None)),
                (b']' | b'}', _) => {
                    self.open.pop();
                }
                (b',', Some(Open::Array(index))) => *index += 1,
                (b',', Some(Open::Object(key))) => *key = None,
                (b'"', _) => self.string(end),
                _ => {}
            }
            if byte == b',' {
                self.before_comma = self.last;
            }
            if !byte.is_ascii_whitespace() {
                self.last = byte;
            }
        }
    }

    /// Skips the rest of a string. The first one after a brace or comma is a key, if it ends before `end`.
    fn string(&mut self, end: usize) {
        let start = self.at;
        let bytes = self.json.as_bytes();
        while self.at < end {
            match bytes[self.at] {
                b'"' => {
                    if let Some(Open::Object(key @ None)) = self.open.last_mut() {
                        *key = self.json.get(start..self.at);
                    }
                    self.at += 1;
                    return;
                }
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
    }

    /// Decides which value is meant at the start of an element, by the byte that follows. serde_json stands before a value
    /// of a wrong type only if that is an array or object; it has read any other.
    fn settle(&mut self, next: Option<u8>) {
        let opens = matches!(next, Some(b'[' | b'{'));
        match (self.open.last_mut(), self.last) {
            // It only peeked at the bracket: an enum was expected.
            (Some(Open::Array(_)), b'[') if !opens => {
                self.open.pop();
            }
            (Some(Open::Array(index)), b',') if next.is_some() => {
                // It reads the comma after an element with an error from outside. Where the two elements are both objects,
                // or both arrays, the first one shows that such are welcome.
                let alike =
                    matches!((self.before_comma, next), (b']', Some(b'[')) | (b'}', Some(b'{')));
                if !opens || alike {
                    *index = index.saturating_sub(1);
                }
            }
            _ => {}
        }
    }

    fn path(&self) -> String {
        let mut path = String::new();
        for open in &self.open {
            match open {
                Open::Array(index) => {
                    path.push('[');
                    path.push_str(&index.to_string());
                    path.push(']');
                }
                Open::Object(Some(key)) => push_key(&mut path, key),
                // Only the innermost: what lies deeper has a key.
                Open::Object(None) => {}
            }
        }
        path
    }
}

/// `.key`, or `["a key"]` where that could be misread.
fn push_key(path: &mut String, escaped: &str) {
    let key = serde_json::from_str::<String>(&format!("\"{escaped}\""));
    let key = key.as_deref().unwrap_or(escaped);
    let mut shown: String = key.chars().take(MAX_KEY).collect();
    if key.chars().nth(MAX_KEY).is_some() {
        shown.push('…');
    }
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '$' | '…');
    if !shown.is_empty() && shown.chars().all(plain) {
        if !path.is_empty() {
            path.push('.');
        }
        path.push_str(&shown);
    } else {
        // Rust's escapes and not JSON's: they cover every control character.
        path.push_str(&format!("[{shown:?}]"));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fmt::Debug;

    use serde::Deserialize;
    use serde::de::DeserializeOwned;

    use super::path_at;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Order {
        #[serde(rename = "items")]
        _items: Vec<Item>,
        #[serde(rename = "note", default)]
        _note: Option<String>,
    }

    #[derive(Debug, Deserialize)]
    struct Item {
        #[serde(rename = "price")]
        _price: u8,
        #[serde(rename = "kind", default)]
        _kind: Option<Kind>,
        #[serde(rename = "größe", default)]
        _size: Option<bool>,
        #[serde(rename = "tags", default)]
        _tags: Vec<String>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Kind {
        Book,
        Other(#[allow(dead_code, reason = "only its decoding matters")] u8),
    }

    #[derive(Debug, Deserialize)]
    #[serde(tag = "type")]
    enum Tagged {
        A { _x: u8 },
    }

    /// The path of the error that serde_json reports.
    fn path<T: DeserializeOwned + Debug>(json: &str) -> String {
        let error = serde_json::from_str::<T>(json).expect_err(json);
        path_at(json, error.line(), error.column())
    }

    #[test]
    fn wrong_types() {
        for (json, expected) in [
            (r#"{"items":[{"price":1},{"price":"2"}]}"#, "items[1].price"),
            (r#"{"items":[{"price":1},{"price":-2}]}"#, "items[1].price"),
            (r#"{"items":[{"price":300}]}"#, "items[0].price"),
            (r#"{"items":[{"price":1.5 }]}"#, "items[0].price"),
            (r#"{"items":[{"price":null}]}"#, "items[0].price"),
            (r#"{"items":[{"price":true}]}"#, "items[0].price"),
            (r#"{"items":[{"price": [1]}]}"#, "items[0].price"),
            (r#"{"items":[{"price":{"a":1}}]}"#, "items[0].price"),
            (r#"{"items":[{"price":1,"tags":["a", "b", 3]}]}"#, "items[0].tags[2]"),
            (r#"{"items":[{"price":1,"tags":["a",["b"]]}]}"#, "items[0].tags[1]"),
            (r#"{"items":[{"price":1,"tags":[[]]}]}"#, "items[0].tags[0]"),
            (r#"{"items":[{"price":1,"tags":"a"}]}"#, "items[0].tags"),
            (r#"{"items":[ {"price":1} , 7]}"#, "items[1]"),
            (r#"{"items":{"price":1}}"#, "items"),
            (r#"{"items":[],"note":["[{,:\"",7]}"#, "note"),
            ("[]", ""),
            ("7", ""),
            ("\"x\"", ""),
        ] {
            assert_eq!(path::<Order>(json), expected, "{json}");
        }
        assert_eq!(path::<Vec<Vec<u8>>>("[[1],[2,[3]]]"), "[1][1]");
        assert_eq!(path::<(u8, u8)>("[1]"), "");
        assert_eq!(path::<Vec<(u8, u8)>>("[[1,2],[1]]"), "[1]");
    }

    #[test]
    fn fields_and_variants() {
        for (json, expected) in [
            (r#"{"items":[{"price":1},{"größe":true}]}"#, "items[1]"),
            (r#"{"items":[{}]}"#, "items[0]"),
            (r#"{"items":[{ } , 1]}"#, "items[0]"),
            (r#"{}"#, ""),
            (r#"{"note":"x"}"#, ""),
            (r#"{"items":[],"prcie":1}"#, "prcie"),
            (r#"{"items":[],"prcie" : {"a":[1,2]}}"#, "prcie"),
            (r#"{"items":[],"items":[]}"#, "items"),
            (r#"{"items":[{"price":1,"kind":"bok"}]}"#, "items[0].kind"),
            (r#"{"items":[{"price":1,"kind":[1]}]}"#, "items[0].kind"),
            (r#"{"items":[{"price":1,"kind":12}]}"#, "items[0].kind"),
            (r#"{"items":[{"price":1,"kind":{"other":"x"}}]}"#, "items[0].kind.other"),
            (r#"{"items":[{"price":1,"kind":{"bok":1}}]}"#, "items[0].kind.bok"),
        ] {
            assert_eq!(path::<Order>(json), expected, "{json}");
        }
    }

    #[test]
    fn errors_from_outside() {
        #[derive(Debug, Deserialize)]
        #[serde(try_from = "String")]
        struct Word;
        impl TryFrom<String> for Word {
            type Error = &'static str;
            fn try_from(text: String) -> Result<Self, Self::Error> {
                if text.is_empty() { Err("empty") } else { Ok(Self) }
            }
        }
        for (json, expected) in [
            (r#"["a","","b"]"#, "[1]"),
            // Cannot be told from an error at the array, which is wrong, too.
            (r#"["a", "" , [1]]"#, "[2]"),
            (r#"["a",{"b":1}]"#, "[1]"),
            (r#"["a",[1]]"#, "[1]"),
            (r#"["a",""]"#, ""),
        ] {
            assert_eq!(path::<Vec<Word>>(json), expected, "{json}");
        }
        assert_eq!(path::<BTreeMap<String, Word>>(r#"{"a":"b","c":"" ,"d":"e"}"#), "c");
        assert_eq!(path::<BTreeMap<String, Word>>(r#"{"a":"b","c":""}"#), "");

        assert_eq!(path::<Vec<Tagged>>(r#"[{"type":"B"}]"#), "[0].type");
        let good = r#"{"type":"A","_x":1}"#;
        for bad in [r#"{"type":"A","_x":"1"}"#, r#"{"type":"A"}"#, r#"{"_x":{}}"#] {
            assert_eq!(path::<Vec<Tagged>>(&format!("[{good},{bad}, {good}]")), "[1]", "{bad}");
            let nested = format!("{{\"k\":[{good}], \"l\":[{bad},{good}]}}");
            assert_eq!(path::<BTreeMap<String, Vec<Tagged>>>(&nested), "l[0]", "{bad}");
        }
    }

    #[test]
    fn keys_lines_and_unicode() {
        type Map = BTreeMap<String, u8>;
        for (json, expected) in [
            (r#"{"a b":"x"}"#, r#"["a b"]"#),
            (r#"{"":"x"}"#, r#"[""]"#),
            (r#"{"a.b":"x"}"#, r#"["a.b"]"#),
            (r#"{"a\"]}\\":"x"}"#, r#"["a\"]}\\"]"#),
            (r#"{"\u00e9\ud83d\ude00":"x"}"#, "[\"é😀\"]"),
            (r#"{"a\u006eb":"x"}"#, "anb"),
            ("{\"日本語\": 1, \"größe\":\"日本\"}", "größe"),
            ("{\r\n  \"日本\": 1,\n\t\"b\":\n\n  \"x\"\n}", "b"),
            ("\n\n{\n\"a\": 1,\n \"b\"\n:{}}", "b"),
            ("{\"a\":1,\n\n\"b-c\" : \n[\n]}", "b-c"),
        ] {
            assert_eq!(path::<Map>(json), expected, "{json}");
        }
        let long = "k".repeat(1000);
        let expected = format!("{}…", &long[..64]);
        assert_eq!(path::<Map>(&format!("{{\"{long}\":[]}}")), expected);
        assert_eq!(path::<BTreeMap<String, Map>>(r#"{"x y":{"z":""}}"#), r#"["x y"].z"#);
    }

    #[test]
    fn truncated_text() {
        let json = r#"{"items":[{"price":1,"tags":["a\"b","c"]},{"price":2}],"note":"x"}"#;
        for (end, _) in json.char_indices() {
            let path = path::<Order>(&json[..end]);
            let root = path.split(['.', '[']).next();
            assert!(matches!(root, Some("" | "items" | "note")), "{path}");
        }
        assert_eq!(path::<Order>(&json[..20]), "items[0].price");
        assert_eq!(path::<Order>(&json[..31]), "items[0].tags[0]");
    }

    #[test]
    fn any_position_of_any_text_is_safe() {
        let alphabet = [
            "[", "]", "{", "}", ",", ":", "\"", "\\", "\n", " ", "é", "😀", "1", "ab", "\\u00",
            "\0",
        ];
        let mut state: u64 = 0x5eed;
        let mut below = |limit: usize| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % limit
        };
        for _ in 0..20_000 {
            let json: String = (0..below(40)).map(|_| alphabet[below(alphabet.len())]).collect();
            path_at(&json, below(6), below(50));
        }
        for line in [0, 1, 2, usize::MAX] {
            for column in [0, 1, usize::MAX] {
                path_at("", line, column);
                path_at("{\"é\":\n\"\\", line, column);
            }
        }
        let deep = "[".repeat(100_000);
        assert_eq!(path_at(&deep, 1, usize::MAX), "[0]".repeat(128));
    }
}
