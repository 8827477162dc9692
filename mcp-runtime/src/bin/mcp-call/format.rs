//! Formats of text.

/// The formats that forms have. What looks wrong is sent back to whoever typed it; the server has the last word.
pub fn fits(typed: &str, format: Option<&str>) -> Result<(), String> {
    let (fits, example) = match format {
        Some("email") => {
            let fits = typed.split_once('@').is_some_and(|(name, host)| {
                !name.is_empty() && !host.is_empty() && !typed.contains(char::is_whitespace)
            });
            (fits, "an address as in ada@example.org")
        }
        Some("uri") => (reqwest::Url::parse(typed).is_ok(), "an address as in https://example.org"),
        Some("date") => {
            let fits = typed.len() == 10
                && humantime::parse_rfc3339_weak(&format!("{typed}T00:00:00Z")).is_ok();
            (fits, "a date as in 2026-01-31")
        }
        Some("date-time") => {
            let zoned = typed.len() > 10
                && (typed.ends_with(['Z', 'z'])
                    || typed.get(typed.len().saturating_sub(6)..).is_some_and(|zone| {
                        zone.starts_with(['+', '-']) && zone.as_bytes().get(3) == Some(&b':')
                    }));
            let local = typed.get(..19).map(|time| time.replace(' ', "T").to_uppercase());
            let fits =
                zoned && local.is_some_and(|time| humantime::parse_rfc3339_weak(&time).is_ok());
            (fits, "a time as in 2026-01-31T12:00:00Z")
        }
        _ => return Ok(()),
    };
    if fits { Ok(()) } else { Err(format!("`{typed}` is not {example}")) }
}
