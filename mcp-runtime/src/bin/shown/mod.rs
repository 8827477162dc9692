//! Text of others, as the commands show it to people.

/// Text of a server or a client on one line. What could move the cursor, or turn the text around, is made visible: it is not
/// ours to run on somebody's terminal.
pub fn line(text: &str) -> String {
    text.chars().map(|char| if is_harmless(char) { char } else { picture(char) }).collect()
}

/// The same over several lines.
pub fn lines(text: &str) -> String {
    let ends = text.replace("\r\n", "\n");
    let kept = |char| is_harmless(char) || char == '\n' || char == '\t';
    ends.chars().map(|char| if kept(char) { char } else { picture(char) }).collect()
}

/// Whether a terminal shows a character, and does nothing else with it.
pub fn is_harmless(char: char) -> bool {
    let turns = matches!(
        char,
        '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    );
    !char.is_control() && !matches!(char, '\u{2028}' | '\u{2029}') && !turns
}

/// The picture of a control character, where Unicode has one.
fn picture(char: char) -> char {
    match u32::from(char) {
        code @ 0..0x20 => char::from_u32(0x2400 + code).unwrap_or('·'),
        0x7f => '\u{2421}',
        _ => '·',
    }
}

/// The first characters, and a sign if there were more.
pub fn cut(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        None => text.to_owned(),
        Some(_) if longest == 0 => String::new(),
        Some(_) => text.chars().take(longest - 1).chain(['…']).collect(),
    }
}

/// How many bytes.
pub fn size(bytes: usize) -> String {
    match bytes {
        0..10_240 => format!("{bytes} B"),
        _ => format!("{} KiB", bytes / 1024),
    }
}

/// Whether there may be colours on a terminal.
pub fn has_colour() -> bool {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    set("NO_COLOR").is_none() && set("TERM").is_none_or(|term| term != "dumb")
}
