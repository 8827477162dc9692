use std::time::{Duration, Instant};

use super::Template;

fn template(text: &str) -> Template {
    Template::parse(text).expect(text)
}

#[test]
fn matches_and_decodes() {
    // Template, URI, values.
    for (text, uri, expected) in [
        ("config://app", "config://app", Some(&[][..])),
        ("config://app", "config://app/", None),
        ("config://app", "config://ap", None),
        ("notes://{id}", "notes://7", Some(&[("id", "7")][..])),
        ("notes://{id}", "notes://", None),
        ("notes://{id}", "notes://a/b", None),
        ("notes://{id}", "notes://a?b", None),
        ("notes://{id}", "notes://a#b", None),
        ("notes://{id}", "Notes://a", None),
        ("notes://{id}", "notes://a%2Fb%20%e6%97%a5", Some(&[("id", "a/b 日")])),
        ("notes://{id}", "notes://日本", Some(&[("id", "日本")])),
        ("notes://{id}", "notes://100%", None),
        ("notes://{id}", "notes://%4", None),
        ("notes://{id}", "notes://%zz", None),
        ("notes://{id}", "notes://%+1", None),
        ("notes://{id}", "notes://%ff", None),
        ("notes://{id}", "notes://%2541", Some(&[("id", "%41")])),
        (
            "repo://{owner}/x/{+path}",
            "repo://me/x/a/b?c#d",
            Some(&[("owner", "me"), ("path", "a/b?c#d")]),
        ),
        ("repo://{owner}/x/{+path}", "repo://me/x/", None),
        ("repo://{owner}/x/{+path}", "repo:///x/a", None),
        ("{+dir}/{file}", "file:///a/b/c", Some(&[("dir", "file:///a/b"), ("file", "c")])),
        ("{+uri}", "any:thing", Some(&[("uri", "any:thing")])),
        // The first one is as long as possible.
        ("f:{name}.{ext}", "f:a.tar.gz", Some(&[("name", "a.tar"), ("ext", "gz")])),
        ("f:{name}.{ext}", "f:.a.", None),
        ("f:{name}.{ext}", "f:a..", Some(&[("name", "a"), ("ext", ".")])),
        ("f:{+path}/raw", "f:raw/raw/raw", Some(&[("path", "raw/raw")])),
        ("f:{a}aa{b}", "f:aaaaa", Some(&[("a", "aa"), ("b", "a")])),
        // No value ends within a percent-encoded byte.
        ("f:{a}2{b}", "f:x%20y", None),
        ("f:{a}2{b}", "f:x%202y", Some(&[("a", "x "), ("b", "y")])),
        ("f:{a}41{b}", "f:x%4141y", Some(&[("a", "xA"), ("b", "y")])),
        ("f:%20{a}", "f:%20%20", Some(&[("a", " ")])),
    ] {
        let template = template(text);
        let values = template.matches(uri);
        let values: Option<Vec<_>> =
            values.as_ref().map(|values| values.iter().map(|(n, v)| (*n, v.as_str())).collect());
        assert_eq!(values.as_deref(), expected, "{text} {uri}");
    }
    let template = template("repo://{owner}/x/{+path}");
    assert_eq!(template.variables().collect::<Vec<_>>(), ["owner", "path"]);
    assert_eq!(
        (template.source.as_str(), template.to_string().as_str()),
        (template.source.as_str(), template.source.as_str())
    );
}

#[test]
fn refused_templates() {
    for (text, offset, message) in [
        ("", 0, "empty"),
        ("a:{b", 2, "never closed"),
        ("a:b}", 3, "closes nothing"),
        ("a:{b}}", 5, "closes nothing"),
        ("a:{}", 3, "name a variable"),
        ("a:{+}", 4, "name a variable"),
        ("a:{?q}", 3, "operator `?`"),
        ("a:{&q}", 3, "operator `&`"),
        ("a:{#q}", 3, "operator `#`"),
        ("a:{.q}", 3, "operator `.`"),
        ("a:{/q}", 3, "operator `/`"),
        ("a:{;q}", 3, "operator `;`"),
        ("a:{=q}", 3, "operator `=`"),
        ("a:{++q}", 4, "operator `+`"),
        ("a:{q*}", 4, "modifier `*`"),
        ("a:{+q:3}", 5, "modifier `:`"),
        ("a:{q,r}", 4, "several variables"),
        ("a:{q r}", 4, "' '"),
        ("a:{größe}", 5, "'ö'"),
        ("a:{{b}}", 3, "'{'"),
        ("a:{b}{c}", 5, "literal in between"),
        ("a:{b}{+c}", 5, "literal in between"),
        ("a:{b}/{b}", 7, "twice"),
        ("a:{b}/{+b}", 7, "twice"),
        ("a b", 1, "' '"),
        ("ä:b", 0, "percent-encode"),
        ("a:\"", 2, "percent-encode"),
        ("a:\n", 2, "percent-encode"),
        ("a:%2", 2, "`%25`"),
        ("a:%2g{b}", 2, "`%25`"),
        ("a:%{b}", 2, "`%25`"),
    ] {
        let error = Template::parse(text).expect_err(text);
        assert_eq!(error.offset, offset, "{text}: {error}");
        assert!(error.to_string().contains(message), "{text}: {error}");
    }
    let error = Template::parse("a:{?q}").expect_err("an operator");
    let message = "URI template, at byte 3: the operator `?` of RFC 6570 is not supported: only `{name}` for one segment \
                   and `{+name}` for a path are supported";
    assert_eq!(error.to_string(), message);
}

#[test]
fn expands() {
    let template = template("repo://{owner}/x/{+path}");
    for (values, expected) in [
        (&[("owner", "me"), ("path", "a/b?c")][..], "repo://me/x/a/b?c"),
        (&[("owner", "a/b c"), ("path", "ä b%20")], "repo://a%2Fb%20c/x/%C3%A4%20b%2520"),
        (&[("path", "p"), ("other", "o")], "repo:///x/p"),
    ] {
        assert_eq!(template.expand(values), expected);
    }
}

#[test]
fn hostile_uris_take_no_time() {
    let begin = Instant::now();
    let text: String = (0..20).map(|index| format!("{{+v{index}}}a")).collect();
    let template = template(&format!("x:{text}b"));
    for uri in [format!("x:{}", "a".repeat(65_000)), format!("x:{}c", "ab".repeat(32_000))] {
        assert_eq!(template.matches(&uri), None);
    }
    assert!(template.matches(&format!("x:{}b", "a".repeat(1000))).is_some());
    assert_eq!(
        Template::parse("{+a}").map(|t| t.matches(&"a".repeat(64 * 1024 + 1)).is_some()),
        Ok(false)
    );
    // Twenty variables and 64 KiB: a backtracking matcher would not return in this lifetime.
    assert!(begin.elapsed() < Duration::from_secs(10));
}

#[test]
fn what_was_expanded_matches() {
    let mut random = Random(0x5eed);
    // What separates the variables is reserved and encoded in a value of `{name}`; for `{+name}` it stands last.
    let templates = ["a:{x}", "a:{+x}", "a://{x}/{y}?{z}", "a://{x}/b%20c/{y}#{+z}", "{x}:{y}"];
    for round in 0..20_000 {
        let template = template(templates[round % templates.len()]);
        let values: Vec<(String, String)> = template
            .variables()
            .map(|name| (name.to_owned(), format!("{}{}", random.text(1), random.text(12))))
            .filter(|(_, value)| !value.is_empty())
            .collect();
        let given: Vec<_> = values.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        let uri = template.expand(&given);
        assert!(uri.is_ascii(), "{uri}");
        let back = template.matches(&uri);
        if values.len() < template.variables().count() {
            continue;
        }
        let back: Vec<_> = back.into_iter().flatten().map(|(n, v)| (n.to_owned(), v)).collect();
        assert_eq!(back, values, "{uri}");
    }
}

#[test]
fn random_input_never_panics() {
    let mut random = Random(0xfeed);
    let mut parsed = 0;
    for _ in 0..50_000 {
        let text = random.text(10);
        if let Ok(template) = Template::parse(&text) {
            parsed += 1;
            for _ in 0..5 {
                if let Some(values) = template.matches(&random.text(16)) {
                    assert_eq!(values.len(), template.variables().count());
                }
            }
        }
    }
    assert!(parsed > 1000, "{parsed}");
}

/// xorshift64*: the same inputs on every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % limit
    }

    fn text(&mut self, longest: usize) -> String {
        const ALPHABET: [&str; 24] = [
            "{", "}", "{a}", "{+b}", "{+c}", "+", "/", "?", "#", "%", "%41", "%c3%a9", "a", "b",
            "2", "0", ":", ".", "ä", "日", " ", "\0", ",", "~",
        ];
        (0..self.below(longest + 1)).map(|_| ALPHABET[self.below(ALPHABET.len())]).collect()
    }
}
