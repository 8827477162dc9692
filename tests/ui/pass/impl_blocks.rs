//! The attributes of the methods need no import. `Self`, generic blocks, other items, receivers written out, and constants with blocks.
#![deny(warnings)]

use mcp_runtime::{Context, mcp_tools};
use std::sync::atomic::{AtomicU32, Ordering};

pub struct Shelf<B> {
    books: B,
    asked: AtomicU32,
}

pub trait Books: Send + Sync + 'static {
    type Id: serde::de::DeserializeOwned + schemars::JsonSchema + Send + 'static;
    fn title(&self, id: &Self::Id) -> String;
}

#[mcp_tools]
impl<B> Shelf<B>
where
    B: Books,
{
    const LIMIT: u32 = { 3 };

    /// The title of a book.
    #[mcp_tool(read_only)]
    pub async fn title(&self, _cx: &Context, id: B::Id) -> Result<String, String> {
        if self.asked.fetch_add(1, Ordering::Relaxed) > Self::LIMIT {
            return Err("enough".to_owned());
        }
        Ok(self.books.title(&id))
    }

    #[mcp_tool]
    fn count(self: &Self) -> String {
        Self::shown(self.asked.load(Ordering::Relaxed))
    }

    #[mcp_prompt]
    async fn review(&self, #[arg(default = "short")] style: String) -> String {
        style
    }

    #[mcp_resource("books://{id}", mime_type = "text/plain")]
    async fn book(&self, id: String) -> String {
        id
    }

    fn shown(count: u32) -> String {
        count.to_string()
    }
}

struct Two;

impl Books for Two {
    type Id = u8;
    fn title(&self, id: &u8) -> String {
        id.to_string()
    }
}

fn tools<T: mcp_runtime::__private::Toolset>(_: T) {}

fn main() {
    tools(Shelf { books: Two, asked: AtomicU32::new(0) });
}
