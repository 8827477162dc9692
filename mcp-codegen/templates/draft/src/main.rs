//! A server with an extension of its own: its types come from `schema/shelf.json`, through `build.rs`.

use mcp_runtime::schema::Request;
use mcp_runtime::{JsonObject, MethodCall, RpcError, ServeError, ServerBuilder, mcp_tool};
use serde::Deserialize;
use serde_json::Value;

use self::shelf::method::Find;
use self::shelf::{AudioBook, Book, FindRequestParams, FindResult, PrintedBook};

#[allow(dead_code, reason = "the schema has both sides of the wire")]
mod shelf {
    include!(concat!(env!("OUT_DIR"), "/shelf.rs"));
}

/// What a client declares that uses the method.
const EXTENSION: &str = "com.example/shelf";

fn search(wanted: &FindRequestParams) -> FindResult {
    let shelf: [(&str, Book); 3] = [
        ("Mary Shelley", PrintedBook::new(280, "Frankenstein").into()),
        ("Mary Shelley", AudioBook::new(1190, "The Last Man").into()),
        ("Jules Verne", AudioBook::new(390, "The Green Ray").into()),
    ];
    let limit = wanted
        .limit
        .map_or(usize::MAX, |limit| limit.try_into().unwrap_or(usize::MAX));
    let found = shelf
        .into_iter()
        .filter(|(author, _)| author.contains(&wanted.author));
    FindResult::new(found.map(|(_, book)| book).take(limit).collect::<Vec<_>>())
}

/// The extension's method.
async fn find(call: MethodCall) -> Result<JsonObject, RpcError> {
    let wanted = FindRequestParams::deserialize(Value::Object(call.params))
        .map_err(|error| RpcError::invalid_params(error.to_string()))?;
    match serde_json::to_value(search(&wanted)) {
        Ok(Value::Object(result)) => Ok(result),
        _ => Err(RpcError::internal("the result is no object")),
    }
}

/// Lists the books of an author: what the extension does, for clients that do not know it.
#[mcp_tool(read_only)]
async fn books(
    /// A part of the author's name.
    author: String,
) -> String {
    let line = |book: &Book| match book {
        Book::Printed(book) => format!("{}, {} pages", book.title, book.pages),
        Book::Audio(book) => format!("{}, {} minutes", book.title, book.minutes),
    };
    let found = search(&FindRequestParams::new(author));
    found.books.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn server() -> ServerBuilder {
    mcp_runtime::server!()
        .tool::<books>()
        .method(EXTENSION, Find::METHOD, find)
}

#[tokio::main]
async fn main() -> Result<(), ServeError> {
    server().serve_stdio().await
}

#[cfg(test)]
mod tests {
    use mcp_runtime::client::Client;
    use serde_json::json;

    use super::*;

    type Outcome = Result<(), Box<dyn std::error::Error>>;

    #[tokio::test]
    async fn the_method_finds_books() -> Outcome {
        let builder = Client::builder().extension(EXTENSION, Default::default());
        let client = builder.connect(&server().build()?).await?;
        let result = client
            .request(Find::METHOD, FindRequestParams::new("Shelley"))
            .await?;
        let result = FindResult::deserialize(result)?;
        assert!(
            matches!(&result.books[..], [Book::Printed(_), Book::Audio(_)]),
            "{result:?}"
        );

        let refused = client.request(Find::METHOD, json!({ "author": 5 })).await;
        assert_eq!(refused.err().and_then(|error| error.code()), Some(-32602));
        Ok(())
    }

    #[tokio::test]
    async fn the_tool_lists_them() -> Outcome {
        let client = Client::connect(&server().build()?).await?;
        let listed = client
            .call_tool("books", json!({ "author": "Verne" }))
            .await?
            .success()?;
        assert_eq!(listed.text(), "The Green Ray, 390 minutes");
        Ok(())
    }
}
