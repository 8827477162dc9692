//! Short ways to content.
//!
//! Content is made of the types of the newest revision, [`ContentBlock`] first; the wires write them for older clients.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

pub use mcp_schema::shared::{Icon, Role, ToolAnnotations};
pub use mcp_schema::v2026_07_28::{
    Annotations, AudioContent, BlobResourceContents, ContentBlock, EmbeddedResource, ImageContent,
    PromptMessage, ResourceLink, TextContent, TextOrBlobResourceContents, TextResourceContents,
};

/// A block of text.
pub fn text(text: impl Into<String>) -> ContentBlock {
    TextContent::new(text).into()
}

/// A picture, from its bytes.
pub fn image(bytes: impl AsRef<[u8]>, mime_type: impl Into<String>) -> ContentBlock {
    ImageContent::new(STANDARD.encode(bytes), mime_type).into()
}

/// A recording, from its bytes.
pub fn audio(bytes: impl AsRef<[u8]>, mime_type: impl Into<String>) -> ContentBlock {
    AudioContent::new(STANDARD.encode(bytes), mime_type).into()
}

/// A text with an address, inside the content.
pub fn embedded_text(
    uri: impl Into<String>,
    mime_type: impl Into<String>,
    text: impl Into<String>,
) -> ContentBlock {
    EmbeddedResource::new(text_resource(uri, mime_type, text)).into()
}

/// The text of a resource.
pub fn text_resource(
    uri: impl Into<String>,
    mime_type: impl Into<String>,
    text: impl Into<String>,
) -> TextOrBlobResourceContents {
    TextResourceContents::new(uri, text).with_mime_type(mime_type).into()
}

/// The bytes of a resource.
pub fn blob_resource(
    uri: impl Into<String>,
    mime_type: impl Into<String>,
    bytes: impl AsRef<[u8]>,
) -> TextOrBlobResourceContents {
    BlobResourceContents::new(uri, STANDARD.encode(bytes)).with_mime_type(mime_type).into()
}

/// A message of the user.
pub fn user(content: impl IntoContent) -> PromptMessage {
    PromptMessage::new(Role::User, content.into_content())
}

/// A message of the assistant.
pub fn assistant(content: impl IntoContent) -> PromptMessage {
    PromptMessage::new(Role::Assistant, content.into_content())
}

/// What becomes one block of content: text, or a block itself.
pub trait IntoContent {
    /// The block.
    fn into_content(self) -> ContentBlock;
}

impl IntoContent for ContentBlock {
    fn into_content(self) -> ContentBlock {
        self
    }
}

impl IntoContent for &str {
    fn into_content(self) -> ContentBlock {
        text(self)
    }
}

impl IntoContent for String {
    fn into_content(self) -> ContentBlock {
        text(self)
    }
}

impl IntoContent for fmt::Arguments<'_> {
    fn into_content(self) -> ContentBlock {
        text(self.to_string())
    }
}
