//! The page's files, which are part of the program.

use http::{HeaderMap, HeaderName, HeaderValue, Response, header};

use crate::transport::http::ResponseBody;

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

/// A file, its type and its text.
macro_rules! file {
    ($kind:expr, $name:literal) => {
        (concat!("/", $name), $kind, include_str!(concat!("page/", $name)))
    };
}

const FILES: [(&str, &str, &str); 25] = [
    ("", HTML, include_str!("page/index.html")),
    file!(SVG, "icon.svg"),
    file!(CSS, "base.css"),
    file!(CSS, "parts.css"),
    file!(CSS, "views.css"),
    file!(SCRIPT, "api.js"),
    file!(SCRIPT, "app.js"),
    file!(SCRIPT, "call.js"),
    file!(SCRIPT, "dom.js"),
    file!(SCRIPT, "events.js"),
    file!(SCRIPT, "fields.js"),
    file!(SCRIPT, "form.js"),
    file!(SCRIPT, "format.js"),
    file!(SCRIPT, "home.js"),
    file!(SCRIPT, "json.js"),
    file!(SCRIPT, "mcp.js"),
    file!(SCRIPT, "prompts.js"),
    file!(SCRIPT, "questions.js"),
    file!(SCRIPT, "resources.js"),
    file!(SCRIPT, "result.js"),
    file!(SCRIPT, "schema.js"),
    file!(SCRIPT, "session.js"),
    file!(SCRIPT, "task.js"),
    file!(SCRIPT, "tasks.js"),
    file!(SCRIPT, "tools.js"),
];

/// Scripts, styles and requests of this page alone; no place where text could become a script.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
    media-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
    require-trusted-types-for 'script'; trusted-types 'none'";

/// The file at a path below the console's.
pub(super) fn find(path: &str) -> Option<Response<ResponseBody>> {
    let path = if path == "/" { "" } else { path };
    let (_, kind, text) = FILES.iter().find(|(name, ..)| *name == path)?;
    let mut response = Response::new(ResponseBody::full(text.as_bytes()));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    Some(response)
}

/// What every answer says of itself.
pub(super) fn protect(headers: &mut HeaderMap) {
    let all: [(HeaderName, &str); 6] = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    for (name, value) in all {
        headers.insert(name, HeaderValue::from_static(value));
    }
}
