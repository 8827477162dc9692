use serde_json::{Map, Value, json};

use super::{
    HeaderError, Mismatch, ParamHeaders, StandardHeaders, check_standard, decode_value,
    encode_value,
};

#[test]
fn values() {
    // The value, and how a client writes it.
    for (value, written) in [
        ("us-west1", "us-west1"),
        ("us west 1", "us west 1"),
        ("a\tb", "a\tb"),
        ("", ""),
        ("file:///path/to/file%20name.txt", "file:///path/to/file%20name.txt"),
        ("Hello, 世界", "=?base64?SGVsbG8sIOS4lueVjA==?="),
        ("日本語", "=?base64?5pel5pys6Kqe?="),
        (" padded ", "=?base64?IHBhZGRlZCA=?="),
        (" us-west1", "=?base64?IHVzLXdlc3Qx?="),
        ("us-west1 ", "=?base64?dXMtd2VzdDEg?="),
        ("\tindented", "=?base64?CWluZGVudGVk?="),
        ("line1\nline2", "=?base64?bGluZTEKbGluZTI=?="),
        ("line1\r\nline2", "=?base64?bGluZTENCmxpbmUy?="),
        ("=?base64?literal?=", "=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?="),
        ("\u{7f}", "=?base64?fw==?="),
        // Prefix and suffix share a character; some peers would take it for encoded.
        ("=?base64?=", "=?base64?PT9iYXNlNjQ/PQ==?="),
    ] {
        assert_eq!(encode_value(value), written, "{value:?}");
        assert_eq!(decode_value(written.as_bytes()).as_deref(), Ok(value), "{written:?}");
        let spaced = format!(" \t{written}\t ");
        assert_eq!(decode_value(spaced.as_bytes()).as_deref(), Ok(value), "{spaced:?}");
    }
    // Not written by a client, but read.
    for (read, value) in [
        ("=?base64?SGVsbG8=?=", "Hello"),
        ("=?base64??=", ""),
        ("=?base64?SGVsbG8=", "=?base64?SGVsbG8="),
        ("SGVsbG8=", "SGVsbG8="),
        ("SGVsbG8=?=", "SGVsbG8=?="),
        ("=?BASE64?SGVsbG8=?=", "=?BASE64?SGVsbG8=?="),
        ("=?base64?=", "=?base64?="),
        ("x=?base64?SGVsbG8=?=", "x=?base64?SGVsbG8=?="),
    ] {
        assert_eq!(decode_value(read.as_bytes()).as_deref(), Ok(value), "{read:?}");
    }
    for (refused, error) in [
        (&b"=?base64?SGVsbG8?="[..], HeaderError::Base64),
        (b"=?base64?SGVs!!!bG8=?=", HeaderError::Base64),
        (b"=?base64?SGVsbG8=  ?=", HeaderError::Base64),
        (b"=?base64?-_-_?=", HeaderError::Base64),
        (b"=?base64?SGVsbG9=?=", HeaderError::Base64),
        (b"=?base64?/w==?=", HeaderError::Utf8),
        ("é".as_bytes(), HeaderError::Character { at: 0 }),
        (b"ab\xff", HeaderError::Character { at: 2 }),
        (b"a\nb", HeaderError::Character { at: 1 }),
        (b"a\0", HeaderError::Character { at: 1 }),
        (b"\x7f", HeaderError::Character { at: 0 }),
    ] {
        assert_eq!(decode_value(refused), Err(error), "{refused:?}");
    }
}

#[test]
fn standard_headers() {
    const V: &str = "2026-07-28";
    let check = |version: Option<&str>,
                 in_header: Option<&str>,
                 name: Option<&str>,
                 method: &str,
                 body: Option<&str>| {
        let headers = StandardHeaders {
            protocol_version: version.map(str::as_bytes),
            method: in_header.map(str::as_bytes),
            name: name.map(str::as_bytes),
        };
        check_standard(&headers, method, body, V, false).map_err(|mismatch| mismatch.to_string())
    };
    // Mcp-Method, Mcp-Name, the body's method and name.
    for (in_header, name, method, body) in [
        ("tools/call", Some("foo"), "tools/call", Some("foo")),
        ("tools/call", Some(" foo "), "tools/call", Some("foo")),
        (" tools/call", Some("=?base64?5pel5pys6Kqe?="), "tools/call", Some("日本語")),
        ("tools/call", Some("=?base64?Zm9v?="), "tools/call", Some("foo")),
        ("prompts/get", Some("p q"), "prompts/get", Some("p q")),
        ("resources/read", Some("file:///a%20b?c=d"), "resources/read", Some("file:///a%20b?c=d")),
        ("tools/list", None, "tools/list", None),
        ("tools/list", Some("whatever"), "tools/list", None),
        ("tasks/get", None, "tasks/get", Some("t1")),
        ("tasks/update", Some("t1"), "tasks/update", Some("t1")),
        ("tasks/result", Some("t2"), "tasks/result", Some("t1")),
    ] {
        let result = check(Some(V), Some(in_header), name, method, body);
        assert_eq!(result, Ok(()), "{in_header} {name:?}");
    }
    let long = "x".repeat(1000);
    for (version, in_header, name, method, body, message) in [
        (None, Some("ping"), None, "ping", None, "required MCP-Protocol-Version header is missing"),
        (
            Some("2025-11-25"),
            Some("ping"),
            None,
            "ping",
            None,
            "MCP-Protocol-Version header value '2025-11-25' does not match body value '2026-07-28'",
        ),
        (Some(V), None, None, "ping", None, "required Mcp-Method header is missing"),
        (
            Some(V),
            Some("TOOLS/CALL"),
            Some("foo"),
            "tools/call",
            Some("foo"),
            "Mcp-Method header value 'TOOLS/CALL' does not match body value 'tools/call'",
        ),
        (
            Some(V),
            Some("=?base64?cGluZw==?="),
            None,
            "ping",
            None,
            "Mcp-Method header value '=?base64?cGluZw==?=' does not match body value 'ping'",
        ),
        (
            Some(V),
            Some("tools/call"),
            Some("foo"),
            "tools/call",
            Some("bar"),
            "Mcp-Name header value 'foo' does not match body value 'bar'",
        ),
        (
            Some(V),
            Some("tools/call"),
            None,
            "tools/call",
            Some("foo"),
            "required Mcp-Name header is missing",
        ),
        (
            Some(V),
            Some("resources/read"),
            Some("a:b"),
            "resources/read",
            None,
            "Mcp-Name header value 'a:b' has no counterpart in the body: params.uri is missing",
        ),
        (
            Some(V),
            Some("tasks/cancel"),
            Some("t2"),
            "tasks/cancel",
            Some("t1"),
            "Mcp-Name header value 't2' does not match body value 't1'",
        ),
        (
            Some(V),
            Some("tools/call"),
            Some("=?base64?SGVsbG8?="),
            "tools/call",
            Some("Hello"),
            "Mcp-Name header value is malformed: between `=?base64?` and `?=` stands no padded Base64 of the standard \
             alphabet",
        ),
        (
            Some(V),
            Some("tools/call"),
            Some(long.as_str()),
            "tools/call",
            Some("a\nb"),
            &format!(
                "Mcp-Name header value '{}…' does not match body value 'a\u{fffd}b'",
                &long[..80]
            ),
        ),
    ] {
        let result = check(version, in_header, name, method, body);
        assert_eq!(result, Err(format!("Header mismatch: {message}")));
    }
}

fn object(value: Value) -> Map<String, Value> {
    value.as_object().expect("an object").clone()
}

fn params() -> ParamHeaders {
    let schema = json!({"type": "object", "properties": {
        "region": {"type": "string", "x-mcp-header": "Region"},
        "count": {"type": "integer", "x-mcp-header": "Count"},
        "x-mcp-header": {"type": "boolean", "x-mcp-header": "Method"},
        "query": {"type": "string", "default": {"x-mcp-header": 1}, "enum": [{"x-mcp-header": 1}]},
        "deep": {"type": "object", "properties": {
            "er": {"type": "object", "properties": {"id": {"type": "string", "x-mcp-header": "Deep.Id"}}}
        }}
    }, "required": ["x-mcp-header"]});
    ParamHeaders::from_schema(&object(schema)).expect("a good schema")
}

#[test]
fn param_headers() {
    type Headers<'a> = &'a [(&'a str, &'a str)];
    let check = |arguments: Option<&str>, headers: Headers<'_>| {
        params().check(arguments, |name| {
            let header = headers.iter().find(|(header, _)| header.eq_ignore_ascii_case(name));
            header.map(|(_, value)| value.as_bytes())
        })
    };
    for (arguments, headers) in [
        (None, &[][..]),
        (Some("{}"), &[]),
        (Some("5"), &[]),
        (Some(r#"{"region":null,"count":null,"deep":null}"#), &[]),
        (Some(r#"{"query":"q","deep":{"er":5}}"#), &[("mcp-param-query", "other")]),
        (Some(r#"{"region":"us-west1"}"#), &[("MCP-PARAM-REGION", "us-west1")]),
        (Some(r#"{"region":""}"#), &[("mcp-param-region", "")]),
        (Some(r#"{"region":" "}"#), &[("mcp-param-region", "=?base64?IA==?=")]),
        (Some(r#"{"region":"日本語"}"#), &[("mcp-param-region", "=?base64?5pel5pys6Kqe?=")]),
        (Some(r#"{"count":42}"#), &[("mcp-param-count", "42")]),
        (Some(r#"{"count":42}"#), &[("mcp-param-count", "42.0")]),
        (Some(r#"{"count":42.0}"#), &[("mcp-param-count", "=?base64?NDI=?=")]),
        (Some(r#"{"count":-7}"#), &[("mcp-param-count", "-7")]),
        (Some(r#"{"count":9007199254740991}"#), &[("mcp-param-count", "9007199254740991")]),
        (Some(r#"{"x-mcp-header":true}"#), &[("mcp-param-method", "true")]),
        (Some(r#"{"x-mcp-header":false}"#), &[("mcp-param-method", "false")]),
        (Some(r#"{"deep":{"er":{"id":"a"}}}"#), &[("mcp-param-deep.id", "a")]),
        // Of a wrong type, which is the tool's to say; header and body agree.
        (
            Some(r#"{"region":5,"count":"x"}"#),
            &[("mcp-param-region", "5"), ("mcp-param-count", "x")],
        ),
    ] {
        assert_eq!(check(arguments, headers), Ok(()), "{arguments:?} {headers:?}");
    }
    for (arguments, headers) in [
        (None, &[("mcp-param-region", "a")][..]),
        (Some(r#"{"region":null}"#), &[("mcp-param-region", "null")]),
        (Some("{}"), &[("mcp-param-region", "")]),
        (Some(r#"{"region":"a"}"#), &[]),
        (Some(r#"{"region":""}"#), &[]),
        (Some(r#"{"region":"a"}"#), &[("mcp-param-region", "A")]),
        (Some(r#"{"region":"a"}"#), &[("region", "a")]),
        (Some(r#"{"region":"a"}"#), &[("mcp-param-region", "=?base64?YQ?=")]),
        (Some(r#"{"region":"é"}"#), &[("mcp-param-region", "é")]),
        (Some(r#"{"region":["a"]}"#), &[]),
        (Some(r#"{"region":{"a":1}}"#), &[("mcp-param-region", "a")]),
        (Some(r#"{"count":42}"#), &[("mcp-param-count", "43")]),
        (Some(r#"{"count":42}"#), &[("mcp-param-count", "42x")]),
        (Some(r#"{"count":42}"#), &[("mcp-param-count", "")]),
        (Some(r#"{"count":42}"#), &[("mcp-param-count", "NaN")]),
        (Some(r#"{"count":9007199254740992}"#), &[("mcp-param-count", "9007199254740992")]),
        (Some(r#"{"count":-1e300}"#), &[("mcp-param-count", "-1e300")]),
        (Some(r#"{"x-mcp-header":true}"#), &[("mcp-param-method", "True")]),
        (Some(r#"{"x-mcp-header":true}"#), &[("mcp-param-method", "1")]),
        (Some(r#"{"deep":{"er":{"id":"a"}}}"#), &[]),
        (Some("{"), &[]),
    ] {
        assert!(check(arguments, headers).is_err(), "{arguments:?} {headers:?}");
    }
    let mismatch = check(Some(r#"{"count":1}"#), &[("mcp-param-count", "2")]);
    let shown = "Header mismatch: Mcp-Param-Count header value '2' does not match body value '1'";
    assert_eq!(mismatch.map_err(|mismatch| mismatch.to_string()), Err(shown.to_owned()));
    let missing = check(Some(r#"{"region":"a"}"#), &[]);
    assert_eq!(missing, Err(Mismatch::Missing { header: "Mcp-Param-Region".to_owned() }));
}

#[test]
fn annotations_that_are_refused() {
    let region = || json!({"type": "string", "x-mcp-header": "Region"});
    // The schema, and what each problem holds, in order.
    for (schema, expected) in [
        (
            json!({"properties": {"a": {"type": "string", "x-mcp-header": ""}}}),
            &["at a: the name is empty"][..],
        ),
        (json!({"properties": {"a": {"type": "string", "x-mcp-header": 5}}}), &["5 is no string"]),
        (json!({"properties": {"a": {"type": "string", "x-mcp-header": "My Region"}}}), &["' '"]),
        (
            json!({"properties": {"a": {"type": "string", "x-mcp-header": "Region:Primary"}}}),
            &["':'"],
        ),
        (json!({"properties": {"a": {"type": "string", "x-mcp-header": "Région"}}}), &["'é'"]),
        (json!({"properties": {"a": {"type": "string", "x-mcp-header": "Region\t1"}}}), &["'\\t'"]),
        (json!({"properties": {"a": {"type": "string", "x-mcp-header": "R\r\nX: y"}}}), &["'\\r'"]),
        (json!({"properties": {"a": {"type": "number", "x-mcp-header": "R"}}}), &["\"number\""]),
        (json!({"properties": {"a": {"type": "object", "x-mcp-header": "R"}}}), &["\"object\""]),
        (json!({"properties": {"a": {"type": "array", "x-mcp-header": "R"}}}), &["\"array\""]),
        (json!({"properties": {"a": {"type": "null", "x-mcp-header": "R"}}}), &["\"null\""]),
        (
            json!({"properties": {"a": {"type": ["string", "null"], "x-mcp-header": "R"}}}),
            &["list"],
        ),
        (json!({"properties": {"a": {"$ref": "#/$defs/x", "x-mcp-header": "R"}}}), &["no `type`"]),
        (
            json!({"properties": {"a": region(), "b": {"properties": {"c": {"type": "string", "x-mcp-header": "REGION"}}}}}),
            &["at b.c: \"REGION\" is already taken"],
        ),
        (json!({"x-mcp-header": "R", "properties": {}}), &["root"]),
        (json!({"properties": {"a": {"items": region()}}}), &["at a.items:"]),
        (json!({"properties": {"a": {"prefixItems": [{}, region()]}}}), &["at a.prefixItems[1]:"]),
        (json!({"anyOf": [{"properties": {"b": region()}}]}), &["at anyOf[0].properties.b:"]),
        (json!({"not": region(), "if": region()}), &["at not:", "at if:"]),
        (json!({"$defs": {"x-mcp-header": region()}}), &["at $defs.x-mcp-header:"]),
        (
            json!({"properties": {"a": {"additionalProperties": region()}}}),
            &["at a.additionalProperties:"],
        ),
        (json!({"patternProperties": {"^a": region()}}), &["at patternProperties.^a:"]),
        (
            json!({"properties": {"a": {"oneOf": [region()], "x-mcp-header": "A"}, "b": {"type": "object", "x-mcp-header": "b c"}}}),
            &["at a: the property has no `type`", "at b: ", "at a.oneOf[0]:"],
        ),
    ] {
        let problems = ParamHeaders::from_schema(&object(schema.clone())).expect_err("refused");
        assert_eq!(problems.len(), expected.len(), "{schema}: {problems:#?}");
        for (problem, expected) in problems.iter().zip(expected) {
            assert!(problem.contains(expected), "{schema}: {problems:#?} and not {expected}");
        }
    }
    for fine in [
        json!({}),
        json!({"properties": {"x-mcp-header": {"type": "string"}}}),
        json!({"properties": 5}),
    ] {
        assert_eq!(
            ParamHeaders::from_schema(&object(fine)).map(|params| params.is_empty()),
            Ok(true)
        );
    }
}
