//! Prompts, and resources behind a template: typed variables, and suggestions while somebody types.
//!
//! `cargo run -p mcpwright-examples --bin prompts_and_resources`

use std::collections::BTreeMap;
use std::sync::LazyLock;

use mcp_runtime::content::{self, PromptMessage};
use mcp_runtime::{Completion, Partial, ServeError, mcp_prompt, mcp_resource};
use schemars::JsonSchema;
use serde::Deserialize;

static CITIES: LazyLock<BTreeMap<&str, [i32; 2]>> =
    LazyLock::new(|| BTreeMap::from([("Bergen", [8, 7]), ("Berlin", [9, 11]), ("Oslo", [4, 6])]));

/// The cities that begin like what was typed.
async fn cities(typed: Partial) -> Completion {
    CITIES.keys().copied().filter(|city| city.starts_with(&typed.value)).collect()
}

/// All cities, one in a line.
#[mcp_resource("weather://cities", mime_type = "text/plain")]
async fn all_cities() -> String {
    CITIES.keys().map(|city| format!("{city}\n")).collect()
}

/// The forecast for a city.
#[mcp_resource("weather://{city}/{day}", mime_type = "text/plain")]
async fn forecast(
    #[arg(complete = cities)] city: String,
    /// 0 is today, 1 is tomorrow.
    day: usize,
) -> Option<String> {
    // `None`: there is no such resource.
    let degrees = CITIES.get(&*city)?.get(day)?;
    Some(format!("{city}: {degrees} °C"))
}

/// Suggested by itself: its values are known.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Style {
    #[default]
    Short,
    Poetic,
}

/// Writes a report about the weather.
#[mcp_prompt(title = "Weather report")]
async fn report(
    #[arg(complete = cities)] city: String,
    #[arg(default)] style: Style,
) -> Vec<PromptMessage> {
    let uri = format!("weather://{city}/0");
    let degrees = CITIES.get(&*city).map(|[today, _]| format!("{today} °C")).unwrap_or_default();
    vec![
        content::user(content::embedded_text(uri, "text/plain", degrees)),
        content::user(format!("Write a report about the weather in {city}. Style: {style:?}.")),
    ]
}

#[tokio::main]
async fn main() -> Result<(), ServeError> {
    mcp_runtime::server!()
        .resource::<all_cities>()
        .resource::<forecast>()
        .prompt::<report>()
        .serve_stdio()
        .await
}
