//! All that `#[arg]` can say, and descriptions from elsewhere.
#![deny(warnings)]

use mcp_runtime::{Args, Context, mcp_resource, mcp_tool};

const DEFAULT_PAGE: u32 = 10;
const MAX_PAGE: u32 = 100;

#[derive(serde::Deserialize, schemars::JsonSchema, Default)]
struct Filter {
    word: Option<String>,
}

/// Searches.
#[doc = concat!("More ", "text.")]
#[mcp_tool(idempotent, open_world = false, title = "Search")]
async fn search(
    cx: &Context,
    /// What to look for.
    ///
    /// In quotes.
    #[arg(rename = "q", header = "Query")]
    query: String,
    #[arg(default = DEFAULT_PAGE, min = 1, max = MAX_PAGE)] page: u32,
    #[arg(default = -1.5, min = -2.0)] boost: f64,
    #[arg(min = -1, max = 1, header = "Shift")] shift: Option<i8>,
    #[arg(default = vec!["en".to_owned()], min_length = 1)] languages: Vec<String>,
    #[arg(default = "en")] language: String,
    #[arg(default)] filter: Filter,
    #[allow(unused_variables)] unused: Option<Vec<String>>,
) -> String {
    let _ = (cx, filter.word, shift, languages);
    format!("{query}{page}{boost}{language}")
}

#[mcp_tool]
async fn whole(Args(Filter { word }): Args<Filter>) -> String {
    word.unwrap_or_default()
}

fn schema() -> serde_json::Value {
    serde_json::json!({ "type": "object" })
}

#[derive(serde::Deserialize)]
struct NoSchema {
    x: u32,
}

#[mcp_tool(input_schema = schema())]
async fn by_hand(point: NoSchema) -> String {
    point.x.to_string()
}

#[mcp_resource("notes://{book}/{+path}", size = 10)]
async fn note(#[arg(rename = "path")] rest: String, book: u32) -> String {
    format!("{book}{rest}")
}

fn tool<T: mcp_runtime::__private::Tool>() {}
fn resource<T: mcp_runtime::__private::Resource>() {}

fn main() {
    tool::<search>();
    tool::<whole>();
    tool::<by_hand>();
    resource::<note>();
}
