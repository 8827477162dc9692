//! Who answers what servers ask: options of the command line, or whoever sits at the terminal.

use std::sync::Arc;

use mcp_runtime::client::ClientBuilder;
use mcp_runtime::{Elicited, RpcError};
use mcp_schema::v2025_11_25::meta_key::RELATED_TASK;
use mcp_schema::v2026_07_28::ElicitRequestParams;
use mcp_schema::{JsonObject, Value};
use serde_json::json;
use tokio::sync::watch;

use crate::args::Answers;
use crate::console::{Console, Gone, styled};
use crate::field::Field;
use crate::form::{self, Left};
use crate::show::Style;
use crate::shown;

/// Who answers. Cheap to clone.
#[derive(Clone)]
pub struct User(Arc<Inner>);

struct Inner {
    answers: Answers,
    console: Option<Console>,
    /// What nobody was there to answer.
    unanswered: watch::Sender<Option<Open>>,
    /// Whether anything was answered.
    answered: watch::Sender<bool>,
}

type Answer = Elicited<Value>;

/// A question that nobody is there to answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Open {
    /// What is asked, and how it can be answered.
    pub why: String,
    /// The task that asks, where the question says so: on a legacy connection it may come before it is known that the call is one.
    pub task: Option<String>,
}

impl User {
    pub fn new(answers: Answers, console: Option<Console>) -> Self {
        let (unanswered, answered) = (watch::Sender::new(None), watch::Sender::new(false));
        Self(Arc::new(Inner { answers, console, unanswered, answered }))
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
    pub async fn unanswered(&self) -> Open {
        let mut told = self.0.unanswered.subscribe();
        let found = told.wait_for(Option::is_some).await;
        match found.map(|found| found.clone()) {
            Ok(Some(question)) => question,
            // The sender lives in `self`.
            _ => std::future::pending().await,
        }
    }

    /// Waits until something was answered.
    pub async fn answered(&self) {
        // The sender lives in `self`.
        let _ = self.0.answered.subscribe().wait_for(|answered| *answered).await;
    }

    /// Whether something was answered.
    pub fn has_answered(&self) -> bool {
        *self.0.answered.borrow()
    }

    /// An argument that was left out on the command line; nothing if there is nobody to ask.
    pub async fn argument(&self, field: &Field) -> Option<Result<Value, String>> {
        let console = self.0.console.as_ref()?;
        let mut floor = console.take().await;
        let answer = form::ask(&mut floor, field).await;
        Some(
            answer
                .map_err(|_| format!("`{}` is needed", field.name))
                .map(Option::unwrap_or_default),
        )
    }

    async fn answer(&self, request: ElicitRequestParams) -> Result<Answer, RpcError> {
        match self.ask(&request).await {
            Ok(answer) => {
                self.0.answered.send_replace(true);
                Ok(answer)
            }
            Err(open) => {
                self.0.unanswered.send_replace(Some(open));
                // Whoever waits for the call takes it from here: a refusal would be an answer, too.
                std::future::pending().await
            }
        }
    }

    /// Asks for an answer.
    pub async fn ask(&self, request: &ElicitRequestParams) -> Result<Answer, Open> {
        let (answered, extra) = match request {
            ElicitRequestParams::Form(form) => {
                let fields = Field::all(&json!(form.requested_schema));
                (self.form(&form.message, &fields).await, &form.extra)
            }
            ElicitRequestParams::Url(page) => {
                (self.page(&page.message, &page.url).await, &page.extra)
            }
        };
        answered.map_err(|why| {
            let meta = extra.get("_meta");
            let task = meta.and_then(|meta| meta[RELATED_TASK]["taskId"].as_str());
            Open { why, task: task.map(str::to_owned) }
        })
    }

    async fn form(&self, message: &str, fields: &[Field]) -> Result<Answer, String> {
        let Inner { answers, console, .. } = &*self.0;
        if let Some(refused) = answers.refused() {
            return Ok(refused);
        }
        let (given, missing) = self.given(fields)?;
        let open = fields.is_empty() || !missing.is_empty();
        if let Some(console) = console.as_ref().filter(|_| !answers.defaults && open) {
            let mut floor = console.take().await;
            let filled = form::fill_in(&mut floor, message, fields, given).await;
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
            [] => "--accept-defaults, --decline or --dismiss".to_owned(),
            needed => format!("--answer {}=..", needed.join("=.. --answer ")),
        };
        Err(format!("the server asks \"{message}\": answer with {how}, or at a terminal"))
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
        if let Some(refused) = answers.refused() {
            return Ok(refused);
        }
        if answers.accept_urls {
            return Ok(Elicited::Accepted(Value::Null));
        }
        let Some(console) = console else {
            return Err(format!(
                "the server wants a page to be opened, {url}, and says \"{message}\": agree with --accept-urls, or at a terminal"
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
        assert!(why.contains("--accept-defaults, --decline or --dismiss"), "{why}");
    }
}
