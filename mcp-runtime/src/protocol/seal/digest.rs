//! The digest that ties sealed state to the parameters of a request.

use serde_json::{Number, Value};
use sha2::{Digest as _, Sha256};

/// Members that belong to one round trip and not to the request: a retry carries others.
const PER_ROUND: [&str; 3] = ["_meta", "inputResponses", "requestState"];

/// The largest integer of which every smaller one is an `f64`, too.
const SAFE_INTEGER: f64 = 9_007_199_254_740_991.0;

/// A SHA-256 over what the JSON text `params` means, without its top-level `_meta`, `inputResponses` and `requestState`.
///
/// A client may serialize the parameters of a retry anew, hence white space, the order of the keys, escapes and the
/// notation of a number (`1.0` and `1`, `1e2` and `100`) make no difference. Numbers beyond 64 bits compare as `f64`, which
/// is how serde_json reads them. Where a key occurs twice, the last one counts.
///
/// # Errors
///
/// If the text is not JSON, or is nested deeper than serde_json's limit of 128.
pub(crate) fn digest_params(params: &str) -> Result<[u8; 32], serde_json::Error> {
    let mut params: Value = serde_json::from_str(params)?;
    if let Value::Object(members) = &mut params {
        members.retain(|key, _| !PER_ROUND.contains(&key.as_str()));
    }
    let mut hash = Sha256::new();
    write(&mut hash, &params);
    Ok(hash.finalize().into())
}

/// Every value is a tag and a text or a count with its length first: no two values are written alike. The recursion is as
/// deep as the parser's, which is limited.
fn write(hash: &mut Sha256, value: &Value) {
    match value {
        Value::Null => hash.update(b"n"),
        Value::Bool(value) => hash.update(if *value { b"t" } else { b"f" }),
        Value::Number(number) => write_text(hash, b"#", &canonical(number)),
        Value::String(text) => write_text(hash, b"s", text),
        Value::Array(items) => {
            hash.update(b"[");
            hash.update((items.len() as u64).to_be_bytes());
            for item in items {
                write(hash, item);
            }
        }
        Value::Object(members) => {
            hash.update(b"{");
            hash.update((members.len() as u64).to_be_bytes());
            let mut members: Vec<_> = members.iter().collect();
            members.sort_unstable_by_key(|(key, _)| key.as_str());
            for (key, value) in members {
                write_text(hash, b"k", key);
                write(hash, value);
            }
        }
    }
}

fn write_text(hash: &mut Sha256, tag: &[u8; 1], text: &str) {
    hash.update(tag);
    hash.update((text.len() as u64).to_be_bytes());
    hash.update(text);
}

fn canonical(number: &Number) -> String {
    if number.is_i64() || number.is_u64() {
        return number.to_string();
    }
    match number.as_f64() {
        // The guard makes the conversion exact.
        Some(float) if float.fract() == 0.0 && float.abs() <= SAFE_INTEGER => {
            (float as i64).to_string()
        }
        Some(float) => float.to_string(),
        None => number.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::digest_params;

    fn digest(params: &str) -> [u8; 32] {
        digest_params(params).expect(params)
    }

    #[test]
    fn equal_meaning_has_an_equal_digest() {
        let reference =
            r#"{"name":"t","arguments":{"a":[1,2.5,"é",null,true],"b":{"c":100,"d":{}}}}"#;
        for same in [
            r#"{ "arguments" : {"b":{"d":{},"c":100} ,"a":[1,2.5,"\u00e9",null,true]},"name":"t" }"#,
            r#"{"name":"t","arguments":{"a":[1.0,25e-1,"é",null,true],"b":{"c":1e2,"d":{}}}}"#,
            r#"{"name":"t","_meta":{"progressToken":1},"arguments":{"a":[1,2.50,"é",null,true],"b":{"c":100,"d":{}}}}"#,
            r#"{"requestState":"x","inputResponses":{"k":{}},"name":"t","arguments":{"a":[1,2.5,"é",null,true],"b":{"c":100,"d":{}}}}"#,
        ] {
            assert_eq!(digest(reference), digest(same), "{same}");
        }
        assert_eq!(digest("{}"), digest(r#"{"_meta":{}}"#));
        assert_eq!(digest("-0.0"), digest("0"));
    }

    #[test]
    fn another_meaning_has_another_digest() {
        let different = [
            "{}",
            "[]",
            "null",
            "false",
            "true",
            "0",
            "1",
            r#""1""#,
            r#""""#,
            "1.5",
            "[1,2]",
            "[2,1]",
            "[[1],2]",
            "[[1,2]]",
            r#"["ab"]"#,
            r#"["a","b"]"#,
            r#"{"a":"b"}"#,
            r#"{"b":"a"}"#,
            r#"{"a":{"b":null}}"#,
            r#"{"a":null,"b":null}"#,
            // Only the top level belongs to the round trip.
            r#"{"arguments":{"_meta":1}}"#,
            r#"{"arguments":{"_meta":2}}"#,
            r#"{"arguments":{}}"#,
            "9007199254740993",
            "9007199254740992",
            "18446744073709551615",
        ];
        for (index, one) in different.iter().enumerate() {
            for other in &different[index + 1..] {
                assert_ne!(digest(one), digest(other), "{one} and {other}");
            }
        }
    }

    #[test]
    fn nesting_and_broken_text_are_errors() {
        let deep = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(digest_params(&deep(127)).is_ok());
        for refused in [deep(200).as_str(), "", "{", r#""\ud800""#, "{} x"] {
            assert!(digest_params(refused).is_err(), "{refused}");
        }
    }
}
