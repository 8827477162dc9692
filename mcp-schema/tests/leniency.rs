//! "Lenient in": what is forgiven when a message is read, in conversions too, and what is not.
#![cfg(all(feature = "v2025_03_26", feature = "v2025_06_18", feature = "v2026_07_28"))]

use mcp_schema::{ConversionError, Response, v2025_03_26, v2025_06_18, v2025_11_25, v2026_07_28};
use serde_json::{Value, json};

/// A field that one revision kept unnamed is read by the next as if it had come from a peer.
#[test]
fn conversions_read_as_leniently_as_messages_are_read() -> Result<(), Box<dyn std::error::Error>> {
    let tool = json!({ "name": "t", "inputSchema": { "type": "object" }, "title": null });
    let older: v2025_03_26::Tool = serde_json::from_value(tool.clone())?;
    let newer: v2025_06_18::Tool = serde_json::from_value(tool)?;
    assert_eq!(v2025_06_18::Tool::try_from(older)?, newer);
    assert_eq!(newer.title, None);

    for (ttl, expected) in [(json!(60000.0), 60_000), (json!(-1), 0), (json!(-0.5), 0)] {
        let list = json!({ "tools": [], "ttlMs": ttl, "resultType": "complete" });
        let older: v2025_11_25::ListToolsResult = serde_json::from_value(list.clone())?;
        let newer: v2026_07_28::ListToolsResult = serde_json::from_value(list)?;
        assert_eq!(newer.ttl_ms, expected, "{ttl}");
        assert_eq!(v2026_07_28::ListToolsResult::try_from(older)?, newer, "{ttl}");
    }
    Ok(())
}

/// What is refused in a message is refused in a conversion.
#[test]
fn conversions_forgive_no_more_than_reading_does() -> Result<(), Box<dyn std::error::Error>> {
    for ttl in [json!("soon"), json!(0.5), Value::Null] {
        let list = json!({ "tools": [], "ttlMs": ttl });
        assert!(serde_json::from_value::<v2026_07_28::ListToolsResult>(list.clone()).is_err());
        let older: v2025_11_25::ListToolsResult = serde_json::from_value(list)?;
        let error = v2026_07_28::ListToolsResult::try_from(older).expect_err("it does not fit");
        assert!(
            matches!(error, ConversionError::DoesNotFit { field: "ttlMs", .. }),
            "{ttl}: {error}"
        );
    }
    Ok(())
}

/// A field that comes twice is an error, whatever it holds: whoever reads the message after us might believe the other.
#[test]
fn fields_that_come_twice_are_refused() {
    for values in [r#"null,"title":"x""#, r#""x","title":null"#, r#"null,"title":null"#] {
        let text = format!(r#"{{"name":"t","inputSchema":{{"type":"object"}},"title":{values}}}"#);
        let error = serde_json::from_str::<v2025_11_25::Tool>(&text).expect_err(&text).to_string();
        assert!(error.contains("duplicate field `title`"), "{text}: {error}");
    }
    // Other fields may be `null` beside it.
    let text = r#"{"title":null,"name":"t","inputSchema":{"type":"object"},"annotations":null}"#;
    assert!(serde_json::from_str::<v2025_11_25::Tool>(text).is_ok());

    let text = r#"{"jsonrpc":"2.0","id":null,"id":1,"result":{}}"#;
    let error = serde_json::from_str::<Response<Value>>(text).expect_err(text).to_string();
    assert!(error.contains("duplicate field `id`"), "{error}");
}
