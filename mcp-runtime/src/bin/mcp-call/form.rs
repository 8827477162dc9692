//! A form at a terminal.

use mcp_schema::{JsonObject, Value};

use crate::console::{Floor, Gone, styled};
use crate::field::{Choice, Field, Kind};
use crate::show::Style;
use crate::shown;

/// What was typed in place of an answer.
pub enum Left {
    Declined,
    Cancelled,
}

impl From<Gone> for Left {
    fn from(_: Gone) -> Self {
        Self::Cancelled
    }
}

/// Goes through a form, field by field, and has it looked over before it is sent. One question of yes or no is asked once.
pub async fn fill_in(
    floor: &mut Floor<'_>,
    message: &str,
    fields: &[Field],
    given: JsonObject,
) -> Result<JsonObject, Left> {
    floor.say(&format!("\nThe server asks: {}", shown::lines(message)));
    if let [field] = fields
        && field.kind == Kind::Boolean
        && given.is_empty()
    {
        floor.say(&styled(Style::Faint, "  :d declines, :c cancels"));
        let needed = Field { required: true, ..field.clone() };
        let answer = ask(floor, &needed).await?;
        return Ok(answer.map(|answer| (field.name.clone(), answer)).into_iter().collect());
    }
    let open: Vec<&Field> =
        fields.iter().filter(|field| !given.contains_key(&field.name)).collect();
    if !open.is_empty() {
        let keys = "  [Enter] takes the default or leaves out, :d declines, :c cancels";
        floor.say(&styled(Style::Faint, keys));
    }
    loop {
        let mut content = given.clone();
        for field in &open {
            if let Some(value) = ask(floor, field).await? {
                content.insert(field.name.clone(), value);
            }
        }
        for (key, value) in &content {
            floor.say(&format!("  {} = {}", shown::line(key), shown::line(&value.to_string())));
        }
        match confirm(floor, !open.is_empty()).await? {
            true => return Ok(content),
            false => continue,
        }
    }
}

/// Whether to send it, or to begin anew, where there is something to begin with.
async fn confirm(floor: &mut Floor<'_>, can_edit: bool) -> Result<bool, Left> {
    let edit = if can_edit { ", [e]dit" } else { "" };
    let prompt = format!("Send? [y]es{edit}, [d]ecline, [c]ancel: ");
    loop {
        let typed = floor.ask(&prompt).await?;
        match typed.trim() {
            "y" | "yes" => return Ok(true),
            "e" | "edit" if can_edit => return Ok(false),
            "d" | "decline" | "n" | "no" | ":d" => return Err(Left::Declined),
            "c" | "cancel" | ":c" => return Err(Left::Cancelled),
            _ => {}
        }
    }
}

/// Asks for one value until it fits. Nothing if it may be left out, and is.
pub async fn ask(floor: &mut Floor<'_>, field: &Field) -> Result<Option<Value>, Left> {
    if let Some(description) = &field.description {
        floor.say(&styled(Style::Faint, &format!("  {}", shown::line(description))));
    }
    let choices: &[Choice] = match &field.kind {
        Kind::Choice(of) | Kind::Choices { of, .. } => of,
        _ => &[],
    };
    for (at, choice) in choices.iter().enumerate() {
        floor.say(&format!("    {}  {}", at + 1, shown::line(&choice.label)));
    }
    let prompt = prompt(field, choices);
    loop {
        let typed = floor.ask(&prompt).await?;
        let typed = match typed.trim() {
            ":d" => return Err(Left::Declined),
            ":c" => return Err(Left::Cancelled),
            "" => match (&field.default, field.required) {
                (Some(default), _) => return Ok(Some(default.clone())),
                (None, false) => return Ok(None),
                (None, true) => {
                    let what = if field.kind == Kind::Boolean { ": y or n" } else { "" };
                    floor.say(&format!("  it is needed{what}"));
                    continue;
                }
            },
            typed => typed,
        };
        match field.read(&by_number(typed, choices)) {
            Ok(value) => return Ok(Some(value)),
            Err(why) => floor.say(&format!("  {}", styled(Style::Trouble, &shown::line(&why)))),
        }
    }
}

/// What stands before the cursor: the name, what may be typed, and what an empty line means.
fn prompt(field: &Field, choices: &[Choice]) -> String {
    let name = shown::line(field.title.as_deref().unwrap_or(&field.name));
    if field.kind == Kind::Boolean {
        let keys = match (field.default.as_ref().and_then(Value::as_bool), field.required) {
            (Some(true), _) => "[Y/n]",
            (Some(false), _) => "[y/N]",
            (None, true) => "[y/n]",
            (None, false) => "[y/n/none]",
        };
        return format!("  {name} {keys}: ");
    }
    let default = field.default.as_ref().map(|value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    });
    let brackets = match (&default, field.required) {
        (Some(default), _) => format!(" [{}]", shown::line(default)),
        (None, true) => String::new(),
        (None, false) => " [none]".to_owned(),
    };
    let hint = if choices.is_empty() {
        shown::line(&field.hint())
    } else if matches!(field.kind, Kind::Choice(_)) {
        "number or name".to_owned()
    } else {
        "numbers or names, with commas between them".to_owned()
    };
    format!("  {name} ({hint}){brackets}: ")
}

/// Numbers of choices as their words, unless a choice is called so.
fn by_number(typed: &str, choices: &[Choice]) -> String {
    if choices.is_empty() {
        return typed.to_owned();
    }
    let word = |word: &str| {
        let named = choices.iter().any(|choice| choice.word() == word);
        let at = word.parse::<usize>().ok().filter(|_| !named).and_then(|at| at.checked_sub(1));
        at.and_then(|at| choices.get(at)).map_or_else(|| word.to_owned(), Choice::word)
    };
    typed.split(',').map(|part| word(part.trim())).collect::<Vec<_>>().join(",")
}
