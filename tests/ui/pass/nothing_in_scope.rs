//! The code of the attributes rests on no name that somebody may have given another meaning.
#![no_implicit_prelude]
#![deny(warnings)]
#![allow(dead_code)]

use ::mcp_runtime::{mcp_prompt, mcp_resource, mcp_tool, mcp_tools};
use ::std::string::String;

struct Option;
struct Result;
struct Vec;
struct Box;
struct Some;
struct Ok;
trait Send {}
trait Default {}
mod std {}
mod core {}
mod mcp_runtime {}
#[allow(non_camel_case_types)]
struct value;
#[allow(non_camel_case_types)]
struct call;

#[mcp_tool(
    meta = { "a": 1 },
    icons = ["https://example.com/icon.png"],
    task_support = "optional",
    retry = 3,
    timeout = "1h",
    requires = [roots]
)]
async fn render(
    cx: &::mcp_runtime::Context,
    #[arg(default = "scene", header = "Scene")] scene: String,
    #[arg(default)] frames: u32,
) -> String {
    let _ = (cx, frames);
    scene
}

#[mcp_prompt]
async fn review(#[arg(complete = languages)] language: String) -> String {
    language
}

async fn languages(_: ::mcp_runtime::Partial) -> ::std::vec::Vec<String> {
    ::std::vec::Vec::new()
}

#[mcp_resource("notes://{id}")]
async fn note(id: String) -> String {
    id
}

struct Weather;

#[mcp_tools]
impl Weather {
    #[mcp_tool]
    async fn forecast(&self, city: String) -> String {
        city
    }

    #[mcp_tool(task_support = "required", retry(attempts = 2, on = "panic"))]
    async fn history(&self, city: String) -> String {
        city
    }
}

fn main() {}
