//! Questions, where somebody sits at a terminal.

use std::io::{IsTerminal, stderr, stdin};
use std::path::PathBuf;

use dialoguer::theme::ColorfulTheme;
use dialoguer::{Input, Select};

use super::template::Template;
use super::{NewError, Origin, place};

/// Whether there is somebody to ask. Questions go to stderr.
pub fn is_possible() -> bool {
    stdin().is_terminal() && stderr().is_terminal()
}

/// How to call it.
pub fn folder() -> Result<PathBuf, NewError> {
    let name = Input::with_theme(&ColorfulTheme::default())
        .with_prompt("Name")
        .default("hello-mcp".to_owned())
        .validate_with(|name: &String| place(name.as_ref()).map(|_| ()))
        .interact_text()?;
    Ok(name.into())
}

/// What to begin with.
pub fn template() -> Result<Template, NewError> {
    let items = Template::ALL.map(|template| format!("{:<6}{}", template.name(), template.about()));
    let chosen = Select::with_theme(&ColorfulTheme::default())
        .with_prompt("Template")
        .items(&items)
        .default(0)
        .interact()?;
    Ok(Template::ALL[chosen])
}

/// Where mcpwright is.
pub fn origin() -> Result<Origin, NewError> {
    let said = Input::with_theme(&ColorfulTheme::default())
        .with_prompt("Where is mcpwright? The folder of a checkout, or the URL of its repository")
        .validate_with(|text: &String| read(text).map(|_| ()))
        .interact_text()?;
    read(&said)
}

fn read(text: &str) -> Result<Origin, NewError> {
    if text.contains("://") {
        Origin::git(text.to_owned(), None)
    } else {
        Origin::path(text.as_ref())
    }
}
