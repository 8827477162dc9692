//! What arguments are held to beyond their types, and what stands in for those that are absent.
#![cfg(feature = "macros")]

#[path = "wire_peer/mod.rs"]
mod wire_peer;

use mcp_runtime::{Args, Revision, Server, ServerBuilder, mcp_tool, mcp_tools};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::wire_peer::{Peer, text};

fn fixtures() -> ServerBuilder {
    Server::builder("fixtures", "1")
}

async fn schema(builder: ServerBuilder) -> Value {
    let mut peer = Peer::modern(&builder.build().expect("a server"), json!({}));
    peer.result("tools/list", json!({})).await["tools"][0]["inputSchema"].take()
}

async fn called(builder: ServerBuilder, name: &str, arguments: Value) -> Value {
    Peer::modern(&builder.build().expect("a server"), json!({})).call(name, arguments).await
}

const MOST: i64 = 9_007_199_254_740_993;

#[mcp_tool]
async fn forecast(
    #[arg(default = 3, min = 1, max = 7)] days: u32,
    #[arg(min = -90.0, max = 90.0)] latitude: f64,
    #[arg(max = MOST)] station: Option<i64>,
    #[arg(min_length = 1, max_length = 3)] words: Vec<String>,
    #[arg(max_length = 4)] code: Option<String>,
    #[arg(min = 0.1)] share: Option<f32>,
) -> String {
    format!("{days} {latitude} {station:?} {words:?} {code:?} {share:?}")
}

#[tokio::test(start_paused = true)]
async fn bounds_stand_in_the_schema() {
    let schema = schema(fixtures().tool::<forecast>()).await;
    let properties = &schema["properties"];
    assert_eq!(
        properties["days"],
        json!({ "type": "integer", "minimum": 1, "maximum": 7, "default": 3 })
    );
    assert_eq!(
        properties["latitude"],
        json!({ "type": "number", "minimum": -90.0, "maximum": 90.0 })
    );
    assert_eq!(
        properties["station"],
        json!({ "type": ["integer", "null"], "maximum": 9_007_199_254_740_993_i64 })
    );
    assert_eq!(
        properties["words"],
        json!({ "type": "array", "items": { "type": "string" }, "minItems": 1, "maxItems": 3 })
    );
    assert_eq!(properties["code"], json!({ "type": ["string", "null"], "maxLength": 4 }));
    // Not 0.10000000149, the same number as a double.
    assert_eq!(properties["share"], json!({ "type": ["number", "null"], "minimum": 0.1 }));
}

#[tokio::test(start_paused = true)]
async fn what_lies_inside_is_taken_with_both_ends() {
    for (arguments, said) in [
        (json!({ "latitude": -90, "words": ["a"] }), "3 -90 None [\"a\"] None None"),
        (
            json!({
                "days": 7, "latitude": 90.0, "station": MOST, "words": ["a", "b", "c"],
                "code": "größ", "share": 0.1,
            }),
            "7 90 Some(9007199254740993) [\"a\", \"b\", \"c\"] Some(\"größ\") Some(0.1)",
        ),
        (
            json!({ "latitude": 0, "words": ["a"], "code": null, "station": null }),
            "3 0 None [\"a\"] None None",
        ),
    ] {
        let result = called(fixtures().tool::<forecast>(), "forecast", arguments).await;
        assert_eq!(text(&result), said);
    }
}

// With the feature `validation` the schema refuses them first, in other words.
#[cfg(not(feature = "validation"))]
#[tokio::test(start_paused = true)]
async fn what_lies_outside_is_told_with_all_other_mistakes() {
    let arguments = json!({
        "days": 8, "latitude": -90.5, "station": MOST + 1, "words": [], "code": "größe",
        "share": 0.09,
    });
    let result = called(fixtures().tool::<forecast>(), "forecast", arguments).await;
    assert_eq!(result["isError"], true);
    assert_eq!(
        text(&result),
        "the arguments do not fit:\n\
         - `days`: 8 is more than 7, its maximum\n\
         - `latitude`: -90.5 is less than -90.0, its minimum\n\
         - `station`: 9007199254740994 is more than 9007199254740993, its maximum\n\
         - `words`: its length, 0 items, is less than 1, its minimum\n\
         - `code`: its length, 5 characters, is more than 4, its maximum\n\
         - `share`: 0.09 is less than 0.1, its minimum"
    );
    let arguments = json!({ "days": 0, "latitude": "north", "words": ["a"] });
    let result = called(fixtures().tool::<forecast>(), "forecast", arguments).await;
    assert_eq!(
        text(&result),
        "the arguments do not fit:\n\
         - `days`: 0 is less than 1, its minimum\n\
         - `latitude`: invalid type: string \"north\", expected a number"
    );
}

#[cfg(feature = "validation")]
#[tokio::test(start_paused = true)]
async fn what_lies_outside_is_refused_by_the_schema() {
    let arguments = json!({ "days": 8, "latitude": 0, "words": ["a"] });
    let result = called(fixtures().tool::<forecast>(), "forecast", arguments).await;
    assert_eq!(result["isError"], true);
    assert!(text(&result).contains("`days`: 8"), "{result}");
}

#[tokio::test(start_paused = true)]
async fn before_2025_11_25_it_is_an_error_of_the_protocol() {
    let server = fixtures().tool::<forecast>().build().expect("a server");
    let mut peer = Peer::legacy(&server, Revision::V2025_06_18, json!({})).await;
    let arguments = json!({ "days": 8, "latitude": 0, "words": ["a"] });
    let error =
        peer.error("tools/call", json!({ "name": "forecast", "arguments": arguments })).await;
    assert_eq!(error["code"], -32602);
    assert!(error["message"].as_str().is_some_and(|text| text.contains("`days`: 8")), "{error}");
}

#[mcp_tool]
async fn exact(
    #[arg(max = 18_446_744_073_709_551_614)] large: u64,
    #[arg(min = -9_223_372_036_854_775_807)] small: i64,
) -> String {
    format!("{large} {small}")
}

#[tokio::test(start_paused = true)]
async fn integers_are_compared_exactly() {
    let at = json!({ "large": u64::MAX - 1, "small": i64::MIN + 1 });
    let result = called(fixtures().tool::<exact>(), "exact", at).await;
    assert_eq!(text(&result), "18446744073709551614 -9223372036854775807");
    for beyond in
        [json!({ "large": u64::MAX, "small": 0 }), json!({ "large": 0, "small": i64::MIN })]
    {
        let result = called(fixtures().tool::<exact>(), "exact", beyond).await;
        assert_eq!(result["isError"], true, "{result}");
    }
    let schema = schema(fixtures().tool::<exact>()).await;
    assert_eq!(schema["properties"]["large"]["maximum"], json!(u64::MAX - 1));
    assert_eq!(schema["properties"]["small"]["minimum"], json!(i64::MIN + 1));
}

#[mcp_tool(input_schema = json!({ "type": "object" }))]
async fn by_hand(#[arg(max = 7)] days: u32) -> String {
    days.to_string()
}

#[tokio::test(start_paused = true)]
async fn a_schema_by_hand_stays_as_it_is_and_bounds_hold() {
    assert_eq!(schema(fixtures().tool::<by_hand>()).await, json!({ "type": "object" }));
    let result = called(fixtures().tool::<by_hand>(), "by_hand", json!({ "days": 8 })).await;
    assert_eq!(text(&result), "the arguments do not fit: `days`: 8 is more than 7, its maximum");
}

struct Weather;

#[mcp_tools]
impl Weather {
    const DAYS: u8 = 7;

    #[mcp_tool]
    async fn outlook(&self, #[arg(max = Self::DAYS)] days: u8) -> String {
        days.to_string()
    }
}

#[tokio::test(start_paused = true)]
async fn methods_may_name_their_own_constants() {
    let schema = schema(fixtures().tools(Weather)).await;
    assert_eq!(schema["properties"]["days"]["maximum"], 7);
}

const LEAST: f64 = f64::NAN;
const LATE: u8 = 9;

#[mcp_tool]
async fn contradictory(
    #[arg(default = LATE, max = 7)] day: u8,
    #[arg(min = LATE, max = 7)] hour: u8,
    #[arg(min = LEAST)] share: f64,
    #[arg(default = LEAST, min = 0.0)] part: f64,
    #[arg(default, min_length = 1)] word: String,
) -> String {
    format!("{day}{hour}{share}{part}{word}")
}

#[test]
fn what_constants_contradict_is_told_when_the_server_is_built() {
    let error = fixtures().tool::<contradictory>().build().expect_err("mistakes");
    assert_eq!(
        error.problems(),
        [
            "tool `contradictory`: argument `day`: its default does not fit: 9 is more than 7, its maximum",
            "tool `contradictory`: argument `hour`: nothing fits: `min` is 9, and `max` is 7",
            "tool `contradictory`: argument `share`: `min` is no number",
            "tool `contradictory`: argument `part`: its default does not fit: NaN is less than 0.0, its minimum",
            "tool `contradictory`: argument `word`: its default does not fit: its length, 0 characters, is less than 1, its minimum",
        ]
    );
}

#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Unit {
    #[default]
    Celsius,
    Kelvin,
}

#[derive(Default, Deserialize, JsonSchema)]
struct Mute {
    word: Option<String>,
}

const PAGE: usize = 25;

#[mcp_tool]
async fn defaults(
    #[arg(default = Unit::Kelvin)] unit: Unit,
    #[arg(default)] other: Unit,
    #[arg(default = PAGE * 2)] page: usize,
    #[arg(default = 0.5 * 0.2)] share: f32,
    #[arg(default = f64::INFINITY)] limit: f64,
    #[arg(default)] none: Option<String>,
    #[arg(default)] mute: Mute,
) -> String {
    format!("{unit:?} {other:?} {page} {share} {limit} {none:?} {:?}", mute.word)
}

#[tokio::test(start_paused = true)]
async fn a_default_that_can_be_written_stands_in_the_schema() {
    let schema = schema(fixtures().tool::<defaults>()).await;
    assert_eq!(schema.get("required"), None);
    let default = |name: &str| schema["properties"][name].get("default").cloned();
    assert_eq!(default("unit"), Some(json!("kelvin")));
    assert_eq!(default("other"), Some(json!("celsius")));
    assert_eq!(default("page"), Some(json!(50)));
    assert_eq!(default("share"), Some(json!(0.1)));
    // JSON has no infinity, `null` says nothing, and `Mute` has no `Serialize`.
    for unsaid in ["limit", "none", "mute"] {
        assert_eq!(default(unsaid), None, "{unsaid}");
    }
    let result = called(fixtures().tool::<defaults>(), "defaults", json!({})).await;
    assert_eq!(text(&result), "Kelvin Celsius 50 0.1 inf None None");
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Strict {
    city: String,
    #[serde(default)]
    days: u8,
}

#[mcp_tool]
async fn strict(Args(all): Args<Strict>) -> String {
    format!("{} {}", all.city, all.days)
}

#[tokio::test(start_paused = true)]
async fn a_tool_may_refuse_names_that_it_does_not_know() {
    let schema = schema(fixtures().tool::<strict>()).await;
    assert_eq!(schema["additionalProperties"], false);
    let arguments = json!({ "city": "Rome", "day": 2 });
    let result = called(fixtures().tool::<strict>(), "strict", arguments).await;
    assert_eq!(result["isError"], true);
    let said = text(&result);
    // With the feature `validation` the schema says it, which names the wrong one only.
    assert!(said.contains("day"), "{said}");
    if cfg!(not(feature = "validation")) {
        assert_eq!(
            said,
            "the arguments do not fit: `day`: unknown field `day`, expected `city` or `days`"
        );
    }
}
