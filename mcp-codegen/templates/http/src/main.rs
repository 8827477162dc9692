//! A server over Streamable HTTP, at `/mcp` of the address that it is given.

use mcp_runtime::{Console, Json, ServeError, ServerBuilder, mcp_tool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, JsonSchema)]
struct Size {
    words: usize,
    /// Unicode scalar values, spaces included.
    characters: usize,
}

/// Counts the words and characters of a text.
#[mcp_tool(read_only)]
async fn measure(text: String) -> Json<Size> {
    let words = text.split_whitespace().count();
    Json(Size {
        words,
        characters: text.chars().count(),
    })
}

#[derive(Debug, thiserror::Error)]
enum ShortenError {
    // The model reads it, and tries again with what it learns.
    #[error("a text of 0 words is no text: `words` must be at least 1")]
    Nothing,
}

/// Shortens a text to its first words.
#[mcp_tool(read_only)]
async fn shorten(
    text: String,
    /// How many words to keep, at least 1.
    #[arg(default = 10)]
    words: usize,
) -> Result<String, ShortenError> {
    if words == 0 {
        return Err(ShortenError::Nothing);
    }
    Ok(text
        .split_whitespace()
        .take(words)
        .collect::<Vec<_>>()
        .join(" "))
}

fn server() -> ServerBuilder {
    mcp_runtime::server!().tool::<measure>().tool::<shorten>()
}

/// Takes an address, and `--console` for a page of the server itself to look at it and try it out.
#[tokio::main]
async fn main() -> Result<(), ServeError> {
    let mut address = "127.0.0.1:8000".to_owned();
    let mut server = server();
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--console" => server = server.console(Console::new()),
            _ => address = argument,
        }
    }
    let server = server.build()?.bind_http(address).await?;
    eprintln!("listening on http://{}/mcp", server.local_addr());
    server.serve().await
}

#[cfg(test)]
mod tests {
    use mcp_runtime::client::Client;
    use serde_json::json;

    use super::{Size, server};

    type Outcome = Result<(), Box<dyn std::error::Error>>;

    #[tokio::test]
    async fn measure_counts() -> Outcome {
        let client = Client::connect(&server().build()?).await?;
        let size: Size = client
            .call_tool("measure", json!({ "text": "good day" }))
            .await?
            .json()?;
        assert_eq!((size.words, size.characters), (2, 8));
        Ok(())
    }

    #[tokio::test]
    async fn shorten_keeps_the_first_words_and_refuses_none() -> Outcome {
        let client = Client::connect(&server().build()?).await?;
        let call = |words| client.call_tool("shorten", json!({ "text": "a b c", "words": words }));
        assert_eq!(call(2).await?.success()?.text(), "a b");
        let refused = call(0).await?;
        assert!(refused.is_error);
        assert!(refused.text().contains("at least 1"), "{}", refused.text());
        Ok(())
    }
}
