//! Durations in attributes: `"30m"`, `"1h30m"`, `"500ms"`.

use std::time::Duration;
use syn::LitStr;

const FORM: &str = "a duration is whole numbers with a unit `ms`, `s`, `m`, `h` or `d`, \
    such as \"500ms\" or \"1h30m\"";

/// Reads a duration; the error stands at the literal.
pub fn parse(literal: &LitStr) -> syn::Result<Duration> {
    milliseconds(&literal.value())
        .map(Duration::from_millis)
        .map_err(|why| syn::Error::new(literal.span(), format!("{why}: {FORM}")))
}

fn milliseconds(text: &str) -> Result<u64, String> {
    let mut rest = text;
    let mut total = 0_u64;
    if rest.is_empty() {
        return Err("there is nothing in this duration".to_owned());
    }
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, after) = rest.split_at(digits);
        if number.is_empty() {
            return Err(format!("there is no number before `{after}`"));
        }
        let letters = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        let (unit, after) = after.split_at(letters);
        let factor = match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            "" => return Err(format!("`{number}` has no unit")),
            _ => return Err(format!("`{unit}` is no unit of time")),
        };
        total = number
            .parse::<u64>()
            .ok()
            .and_then(|number| number.checked_mul(factor))
            .and_then(|part| total.checked_add(part))
            .ok_or_else(|| "this duration is too long".to_owned())?;
        rest = after;
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use super::milliseconds;

    #[test]
    fn durations() {
        assert_eq!(milliseconds("500ms"), Ok(500));
        assert_eq!(milliseconds("1h30m"), Ok(5_400_000));
        assert_eq!(milliseconds("1d"), Ok(86_400_000));
        for bad in ["", "5", "m", "1.5h", "1 h", "5w", "-1s", "99999999999999999999d", "1h30"] {
            assert!(milliseconds(bad).is_err(), "{bad}");
        }
    }
}
