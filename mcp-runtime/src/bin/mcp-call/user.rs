//! Who answers what servers ask: options of the command line, or whoever sits at the terminal.

use std::sync::Arc;

use mcp_runtime::client::ClientBuilder;
use mcp_runtime::{Elicited, RpcError};
use mcp_schema::v2026_07_28::ElicitRequestParams;
use mcp_schema::{JsonObject, Value};
use serde_json::json;
use tokio::sync::watch;

use crate::args::Answers;
use crate::console::{Console, Floor, Gone};
use crate::field::{Choice, Field, Kind};
use crate::show::{self, Style};
use crate::shown;

/// Who answers. Cheap to clone.
#[derive(Clone)]
pub struct User(Arc<Inner>);

struct Inner {
    answers: Answers,
    console: Option<Console>,
    /// What nobody was there to answer.
    unanswered: watch::Sender<Option<String>>,
}

type Answer = Elicited<Value>;

/// What was typed in place of an answer.
enum Left {
    Declined,
    Cancelled,
}

impl From<Gone> for Left {
    fn from(_: Gone) -> Self {
        Self::Cancelled
    }
}

impl User {
    pub fn new(answers: Answers, console: Option<Console>) -> Self {
        let (unanswered, _) = watch::channel(None);
        Self(Arc::new(Inner { answers, console, unanswered }))
    }

    /// Lets a client ask.
    pub fn attend(&self, client: ClientBuilder) -> ClientBuilder {
        let user = self.clone();
        client.on_elicit(move |request| {
            let user = user.clone();
            async move { user.answer(request).await }
        })
    }

    /// Waits until there is something that nobody is there to answer, and tells what.
    pub async fn unanswered(&self) -> String {
        let mut told = self.0.unanswered.subscribe();
        let found = told.wait_for(Option::is_some).await;
        match found.map(|found| found.clone()) {
            Ok(Some(question)) => question,
            // The sender lives in `self`.
            _ => std::future::pending().await,
        }
    }

    /// An argument that was left out on the command line; nothing if there is nobody to ask.
    pub async fn argument(&self, field: &Field) -> Option<Result<Value, String>> {
        let console = self.0.console.as_ref()?;
        let mut floor = console.take().await;
        let answer = ask(&mut floor, field).await;
        Some(
            answer
                .map_err(|_| format!("`{}` is needed", field.name))
                .map(Option::unwrap_or_default),
        )
    }

    async fn answer(&self, request: ElicitRequestParams) -> Result<Answer, RpcError> {
        let answered = match &request {
            ElicitRequestParams::Form(form) => {
                self.form(&form.message, &Field::all(&json!(form.requested_schema))).await
            }
            ElicitRequestParams::Url(page) => self.page(&page.message, &page.url).await,
        };
        match answered {
            Ok(answer) => Ok(answer),
            Err(why) => {
                self.0.unanswered.send_replace(Some(why));
                // Whoever waits for the call takes it from here: a refusal would be an answer, too.
                std::future::pending().await
            }
        }
    }

    async fn form(&self, message: &str, fields: &[Field]) -> Result<Answer, String> {
        let Inner { answers, console, .. } = &*self.0;
        if answers.decline {
            return Ok(Elicited::Declined);
        }
        let (given, missing) = self.given(fields)?;
        let open = fields.is_empty() || !missing.is_empty();
        if let Some(console) = console.as_ref().filter(|_| !answers.defaults && open) {
            let mut floor = console.take().await;
            let filled = fill_in(&mut floor, message, fields, given).await;
            return Ok(match filled {
                Ok(content) => Elicited::Accepted(Value::Object(content)),
                Err(Left::Declined) => Elicited::Declined,
                Err(Left::Cancelled) => Elicited::Dismissed,
            });
        }
        let needed: Vec<&str> = missing
            .iter()
            .filter(|field| field.required)
            .map(|field| field.name.as_str())
            .collect();
        // An answer to another form is no consent to this one.
        let consents = answers.defaults || !given.is_empty();
        if needed.is_empty() && consents {
            return Ok(Elicited::Accepted(Value::Object(given)));
        }
        let how = match needed.as_slice() {
            [] => "--accept-defaults or --decline".to_owned(),
            needed => format!("--answer {}=..", needed.join("=.. --answer ")),
        };
        Err(format!("the server asks: {message}; answer with {how}, or at a terminal"))
    }

    /// What the command line says, with defaults where they were agreed to, and the fields that are left.
    fn given<'a>(&self, fields: &'a [Field]) -> Result<(JsonObject, Vec<&'a Field>), String> {
        let answers = &self.0.answers;
        let (mut content, mut missing) = (JsonObject::new(), Vec::new());
        for field in fields {
            let typed = answers.given.iter().rfind(|pair| pair.key == field.name);
            match typed {
                Some(pair) => {
                    let value = field.read(&pair.value);
                    let value = value.map_err(|why| format!("--answer {}: {why}", field.name))?;
                    content.insert(field.name.clone(), value);
                }
                None => match field.default.as_ref().filter(|_| answers.defaults) {
                    Some(default) => {
                        content.insert(field.name.clone(), default.clone());
                    }
                    None => missing.push(field),
                },
            }
        }
        Ok((content, missing))
    }

    async fn page(&self, message: &str, url: &str) -> Result<Answer, String> {
        let Inner { answers, console, .. } = &*self.0;
        if answers.decline {
            return Ok(Elicited::Declined);
        }
        if answers.accept_urls {
            return Ok(Elicited::Accepted(Value::Null));
        }
        let Some(console) = console else {
            return Err(format!(
                "the server wants a page to be opened: {message} {url}; agree with --accept-urls, or at a terminal"
            ));
        };
        let mut floor = console.take().await;
        floor.say(&format!("\nThe server asks you to open a page: {}", shown::line(message)));
        floor.say(&format!("  {}", styled(Style::Name, &shown::line(url))));
        for doubt in doubts(url) {
            floor.say(&format!("  {}", styled(Style::Trouble, &doubt)));
        }
        loop {
            let asked =
                floor.ask("Open it yourself, if you trust it. [y]es, [d]ecline, [c]ancel: ");
            match asked.await.as_deref().map(str::trim) {
                Ok("y" | "yes") => return Ok(Elicited::Accepted(Value::Null)),
                Ok("d" | "decline" | "n" | "no") => return Ok(Elicited::Declined),
                Ok("c" | "cancel") | Err(Gone) => return Ok(Elicited::Dismissed),
                Ok(_) => {}
            }
        }
    }
}

fn styled(style: Style, text: &str) -> String {
    // The console is a terminal, or there would be none.
    show::styled(style, text, shown::has_colour())
}

/// What is odd about an address (2025-11-25, Elicitation, Safe URL Handling).
fn doubts(url: &str) -> Vec<String> {
    let Ok(parsed) = reqwest::Url::parse(url) else {
        return vec!["this is no address that a browser can open".to_owned()];
    };
    let host = parsed.host_str().unwrap_or_default();
    let mut found = vec![format!("on {}", shown::line(host))];
    if parsed.scheme() != "https" && !matches!(host, "localhost" | "127.0.0.1" | "[::1]") {
        found.push(format!(
            "over {}, which others can read and change",
            shown::line(parsed.scheme())
        ));
    }
    if host.split('.').any(|label| label.starts_with("xn--")) {
        found.push("its name has letters that may look like others".to_owned());
    }
    if !parsed.username().is_empty() || parsed.password().is_some() {
        found.push("what stands before the @ is no part of its name".to_owned());
    }
    found
}

/// Goes through a form, field by field, and has it looked over before it is sent.
async fn fill_in(
    floor: &mut Floor<'_>,
    message: &str,
    fields: &[Field],
    given: JsonObject,
) -> Result<JsonObject, Left> {
    floor.say(&format!("\nThe server asks: {}", shown::lines(message)));
    floor.say(&styled(
        Style::Faint,
        "  [Enter] takes the default or leaves out, :d declines, :c cancels",
    ));
    loop {
        let mut content = given.clone();
        for field in fields.iter().filter(|field| !given.contains_key(&field.name)) {
            if let Some(value) = ask(floor, field).await? {
                content.insert(field.name.clone(), value);
            }
        }
        for (key, value) in &content {
            floor.say(&format!("  {} = {}", shown::line(key), shown::line(&value.to_string())));
        }
        match confirm(floor).await? {
            true => return Ok(content),
            false => continue,
        }
    }
}

/// Whether to send it, or to begin anew.
async fn confirm(floor: &mut Floor<'_>) -> Result<bool, Left> {
    loop {
        let typed = floor.ask("Send? [y]es, [e]dit, [d]ecline, [c]ancel: ").await?;
        match typed.trim() {
            "y" | "yes" => return Ok(true),
            "e" | "edit" => return Ok(false),
            "d" | "decline" | "n" | "no" | ":d" => return Err(Left::Declined),
            "c" | "cancel" | ":c" => return Err(Left::Cancelled),
            _ => {}
        }
    }
}

/// Asks for one value until it fits. Nothing if it may be left out, and is.
async fn ask(floor: &mut Floor<'_>, field: &Field) -> Result<Option<Value>, Left> {
    let name = field.title.as_deref().unwrap_or(&field.name);
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
    let prompt = format!("  {} ({hint}){brackets}: ", shown::line(name));
    loop {
        let typed = floor.ask(&prompt).await?;
        let typed = match typed.trim() {
            ":d" => return Err(Left::Declined),
            ":c" => return Err(Left::Cancelled),
            "" => match (&field.default, field.required) {
                (Some(default), _) => return Ok(Some(default.clone())),
                (None, false) => return Ok(None),
                (None, true) => "",
            },
            typed => typed,
        };
        match field.read(&by_number(typed, choices)) {
            Ok(_) if typed.is_empty() => floor.say("  it is needed"),
            Ok(value) => return Ok(Some(value)),
            Err(why) => floor.say(&format!("  {}", styled(Style::Trouble, &shown::line(&why)))),
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_answer_is_to_its_own_form() {
        let given = vec!["name=Ada".parse().expect("a pair")];
        let user = User::new(Answers { given, ..Answers::default() }, None);
        let schema = json!({ "properties": { "name": { "type": "string" } } });
        let answer = user.form("Who?", &Field::all(&schema)).await;
        assert_eq!(answer, Ok(Elicited::Accepted(json!({ "name": "Ada" }))));
        // Without a single field: it asks for consent.
        let why = user.form("Delete all?", &[]).await.expect_err("nobody agreed");
        assert!(why.contains("--accept-defaults or --decline"), "{why}");
    }
}
