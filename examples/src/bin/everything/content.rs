//! Tools that return what a tool can return.

use mcp_runtime::content::{self, ContentBlock};
use mcp_runtime::{Args, Json, mcp_tool};
use serde_json::Value;

/// A red pixel.
pub const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x02\0\0\0\x90wS\xde\
    \0\0\0\x0cIDATx\x9cc\xf8\xcf\xc0\0\0\x03\x01\x01\0\xc9\xfe\x92\xef\0\0\0\0IEND\xaeB`\x82";

/// Two samples of silence.
const WAV: &[u8] =
    b"RIFF\x26\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x40\x1f\0\0\x01\0\x08\0\
    data\x02\0\0\0\x80\x80";

/// Returns a text.
#[mcp_tool(read_only)]
pub async fn test_simple_text() -> &'static str {
    "This is a simple text response for testing."
}

/// Returns a picture.
#[mcp_tool(read_only)]
pub async fn test_image_content() -> ContentBlock {
    content::image(PNG, "image/png")
}

/// Returns a recording.
#[mcp_tool(read_only)]
pub async fn test_audio_content() -> ContentBlock {
    content::audio(WAV, "audio/wav")
}

/// Returns a text with an address.
#[mcp_tool(read_only)]
pub async fn test_embedded_resource() -> ContentBlock {
    content::embedded_text("test://embedded-resource", "text/plain", "An embedded resource.")
}

/// Returns a text, a picture and a resource.
#[mcp_tool(read_only)]
pub async fn test_multiple_content_types() -> [ContentBlock; 3] {
    [
        content::text("Several kinds of content:"),
        content::image(PNG, "image/png"),
        content::embedded_text("test://mixed", "application/json", r#"{"test":"data"}"#),
    ]
}

/// Always fails.
#[mcp_tool(read_only)]
pub async fn test_error_handling() -> Result<(), &'static str> {
    Err("This tool fails on purpose.")
}

/// Returns what came in a header as well.
#[mcp_tool(read_only)]
pub async fn test_custom_header(
    /// What the header `Mcp-Param-Value` repeats.
    #[arg(header = "Value")]
    value: String,
) -> String {
    value
}

/// Has a schema with all that JSON Schema 2020-12 brought.
#[mcp_tool(read_only, input_schema = SCHEMA)]
pub async fn json_schema_2020_12_tool(Args(input): Args<Value>) -> Json<Value> {
    Json(input)
}

const SCHEMA: &str = r##"{
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "$defs": {
        "address": {
            "$anchor": "addressDef",
            "type": "object",
            "properties": { "street": { "type": "string" }, "city": { "type": "string" } }
        }
    },
    "properties": {
        "name": { "type": "string" },
        "address": { "$ref": "#/$defs/address" },
        "contactMethod": { "type": "string", "enum": ["phone", "email"] },
        "phone": { "type": "string" },
        "email": { "type": "string" }
    },
    "allOf": [{ "anyOf": [{ "required": ["phone"] }, { "required": ["email"] }] }],
    "if": { "properties": { "contactMethod": { "const": "phone" } }, "required": ["contactMethod"] },
    "then": { "required": ["phone"] },
    "else": { "required": ["email"] },
    "additionalProperties": false
}"##;
