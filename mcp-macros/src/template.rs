//! URI templates of resources: RFC 6570's level 1, and `{+path}` of level 2.

/// The variables of a template in their order, or what is wrong with it.
pub fn variables(template: &str) -> Result<Vec<String>, String> {
    let Some((scheme, _)) = template.split_once(':') else {
        return Err(format!(
            "`{template}` is no URI: it has to begin with a scheme, such as \"notes://\""
        ));
    };
    let letters = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
    if !scheme.starts_with(|c: char| c.is_ascii_alphabetic()) || !scheme.chars().all(letters) {
        return Err(format!(
            "`{scheme}` is no scheme of a URI: a letter first, then letters, \
             digits, `+`, `-` and `.`"
        ));
    }
    let mut variables: Vec<String> = Vec::new();
    let mut rest = template;
    while let Some(at) = rest.find(['{', '}']) {
        let after = &rest[at + 1..];
        if rest[at..].starts_with('}') {
            return Err("this template has a `}` without a `{` before it".to_owned());
        }
        let Some(end) = after.find('}') else {
            return Err("this template has a `{` without a `}` after it".to_owned());
        };
        let written = &after[..end];
        let name = written.strip_prefix('+').unwrap_or(written);
        if !is_variable(name) {
            return Err(format!(
                "`{{{written}}}` is no variable of a resource: write `{{name}}` for \
                 one part of the path, or `{{+name}}` for several"
            ));
        }
        if variables.iter().any(|known| known == name) {
            return Err(format!("the variable `{name}` stands twice in this template"));
        }
        variables.push(name.to_owned());
        rest = &after[end + 1..];
        // `{a}{b}` could be split at any place.
        if rest.starts_with('{') {
            return Err(format!(
                "nothing stands between `{{{written}}}` and the next variable: put a \
                 separator such as `/` there"
            ));
        }
    }
    Ok(variables)
}

fn is_variable(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::variables;

    #[test]
    fn templates() {
        assert_eq!(variables("notes://all"), Ok(vec![]));
        assert_eq!(variables("notes://{id}/x/{+path}"), Ok(vec!["id".into(), "path".into()]));
        for bad in [
            "notes",
            "://x",
            "n://{",
            "n://}",
            "n://{}",
            "n://{a}{b}",
            "n://{a}/{a}",
            "n://{?q}",
            "n://{a,b}",
            "n://{1a}",
            "n://{a*}",
        ] {
            assert!(variables(bad).is_err(), "{bad}");
        }
    }
}
