//! The command `mcp-call`, run on a server of this process over HTTP, and on one of its own over stdio.

#![cfg(feature = "call")]

#[path = "mcp_call/shop.rs"]
mod shop;
#[path = "mcp_call/tasks.rs"]
mod tasks;
#[path = "mcp_call/terminal.rs"]
mod terminal;

use serde_json::json;

use shop::{Shop, Tested};

const PROTOCOLS: [&str; 3] = ["auto", "modern", "2025-11-25"];

#[tokio::test]
async fn a_server_is_described() -> Tested {
    let shop = Shop::open().await?;
    for protocol in PROTOCOLS {
        let info = shop.http(&["--protocol", protocol, "--json", "info"]).await?.json(0);
        assert_eq!(info[0]["serverInfo"]["name"], "shop");
        assert_eq!(info[0]["instructions"], "Call its tools.");
        let modern = protocol != "2025-11-25";
        assert_eq!(info[0]["revision"], if modern { "2026-07-28" } else { "2025-11-25" });
        assert!(info[0]["capabilities"]["tools"].is_object());
    }
    let info = shop.stdio(&["info"]).await?;
    assert!(info.exits(0).starts_with("shop 1.2.3\n"), "{}", info.out);
    Ok(())
}

#[tokio::test]
async fn lists_are_for_people_and_for_programs() -> Tested {
    let shop = Shop::open().await?;
    let tools = shop.http(&["tools"]).await?;
    let shown = tools.exits(0);
    let add = "add\n  Adds two numbers.\n  read-only, closed world\n    a  integer, required";
    assert!(shown.contains(add), "{shown}");
    // The revision that says so, and only there.
    let legacy = shop.http(&["--protocol", "2025-11-25", "tools"]).await?;
    assert!(
        legacy
            .exits(0)
            .contains("delete\n  Deletes a file, when somebody is sure.\n  task required\n"),
        "{}",
        legacy.out
    );
    let tools = shop.http(&["tools", "--json"]).await?.json(0);
    assert_eq!(tools.len(), 12);
    assert_eq!(tools[0]["name"], "add");
    let one = shop.http(&["tools", "add", "--json"]).await?.json(0);
    assert_eq!((one.len(), &one[0]), (1, &tools[0]));
    for (list, key, expected) in [
        ("prompts", "name", "greeting"),
        ("resources", "uri", "shop://about"),
        ("templates", "uriTemplate", "shop://cities/{city}"),
    ] {
        assert_eq!(shop.http(&["--json", list]).await?.json(0)[0][key], expected);
        assert!(shop.http(&[list]).await?.exits(0).starts_with(expected), "{list}");
    }
    Ok(())
}

#[tokio::test]
async fn arguments_are_typed_by_the_schema() -> Tested {
    let shop = Shop::open().await?;
    for protocol in PROTOCOLS {
        let sum = shop.http(&["--protocol", protocol, "call", "add", "a=40", "b=2"]).await?;
        assert_eq!(sum.exits(0), "42\n");
    }
    assert_eq!(shop.stdio(&["call", "add", "a=40", "b=2"]).await?.exits(0), "42\n");
    let mirrored = shop
        .http(&["call", "mirror", "words=1", "words=two", "loud=yes", "size:=2.5", "--json"])
        .await?
        .json(0);
    let text = mirrored[0]["result"]["content"][0]["text"].as_str().unwrap_or_default();
    let expected = json!({ "words": ["1", "two"], "loud": true, "size": 2.5 });
    assert_eq!(serde_json::from_str::<serde_json::Value>(text)?, expected);
    // A whole object, from stdin, with one more beside it.
    let sum = shop.typed(&["call", "add", "--args", "-", "b=2"], r#"{"a": 1}"#).await?;
    assert_eq!(sum.exits(0), "3\n");
    Ok(())
}

#[tokio::test]
async fn each_way_to_fail_has_its_status() -> Tested {
    let shop = Shop::open().await?;
    for (words, status, why) in [
        (&["call", "add", "a=1"][..], 2, "b=(integer)"),
        (&["call", "add", "a=one", "b=2"], 2, "no number"),
        (&["call", "add", "a=1", "b"], 2, "KEY=VALUE"),
        (&["--json", "--stdio", "x", "info"], 2, "name one server"),
        (&["--protocol", "2020-01-01", "info"], 2, "2025-11-25"),
        (&["call", "add", "--events"], 2, "--json"),
        (&["--json", "read", "shop://about", "--raw"], 2, "one of --raw and --json"),
        (&["call", "nobody"], 1, "no tool `nobody`: it has add"),
        (&["read", "shop://nowhere"], 1, "resources/read"),
        (&["call", "fail"], 3, ""),
        (&["call", "sign_in"], 4, "Who are you?"),
    ] {
        let done = shop.http(words).await?;
        assert_eq!(done.status, Some(status), "{words:?}: {}{}", done.out, done.err);
        assert!(done.err.contains(why), "{words:?}: {}", done.err);
    }
    assert!(shop.http(&["call", "fail"]).await?.exits(3).contains("on purpose"));
    let nowhere = shop.bare(&["http://127.0.0.1:1/mcp", "info", "--json"]).await?;
    let error = &nowhere.json(1)[0]["error"];
    assert!(error["exit"] == 1 && error["message"].is_string(), "{error}");
    assert!(shop.bare(&["info"]).await?.exits(2).is_empty());
    let nobody = shop.bare(&["info", "--", "/no/such/program"]).await?;
    assert!(
        nobody.exits(1).is_empty() && nobody.err.contains("/no/such/program"),
        "{}",
        nobody.err
    );
    Ok(())
}

#[tokio::test]
async fn what_a_server_says_is_shown_and_not_run() -> Tested {
    let shop = Shop::open().await?;
    for words in [
        &["call", "paint"][..],
        &["--json", "call", "paint"],
        &["tools"],
        &["--json", "tools"],
        &["read", "shop://about"],
        // The address of a page has a character that turns text around.
        &["call", "pay"],
    ] {
        let done = shop.http(words).await?;
        for text in [&done.out, &done.err] {
            let runs = |char: char| char != '\n' && (char.is_control() || char == '\u{202e}');
            assert!(!text.contains(runs), "{words:?}: {text:?}");
        }
    }
    assert!(shop.http(&["call", "paint"]).await?.exits(0).contains("␛[2Jgone"));
    // Only a file or a program gets it as it is.
    assert!(shop.http(&["read", "--raw", "shop://about"]).await?.exits(0).contains('\u{1b}'));
    Ok(())
}

#[tokio::test]
async fn prompts_resources_and_suggestions() -> Tested {
    let shop = Shop::open().await?;
    let prompt = shop.http(&["prompt", "greeting", "city=Oslo"]).await?;
    assert_eq!(prompt.exits(0), "user: Greet Oslo.\n");
    assert_eq!(shop.http(&["read", "shop://cities/Oslo"]).await?.exits(0), "Oslo\n");
    let cities = shop.http(&["complete", "prompt", "greeting", "city", "Ber"]).await?;
    assert_eq!(cities.exits(0), "Bergen\nBerlin\n");
    let template = ["--json", "complete", "resource", "shop://cities/{city}", "city", "O"];
    assert_eq!(shop.http(&template).await?.json(0)[0]["completion"]["values"], json!(["Oslo"]));
    Ok(())
}

#[tokio::test]
async fn forms_are_answered_by_options() -> Tested {
    let shop = Shop::open().await?;
    for protocol in PROTOCOLS {
        let call = async |more: &[&str]| {
            shop.http(&[&["--protocol", protocol, "call", "sign_in"], more].concat()).await
        };
        let given = call(&["--answer", "name=Ada", "--answer", "age=36"]).await?;
        let given: serde_json::Value = serde_json::from_str(given.exits(0))?;
        assert_eq!(given, json!({ "name": "Ada", "age": 36 }));
        let defaults = call(&["--answer", "name=Ada", "--accept-defaults"]).await?;
        let defaults: serde_json::Value = serde_json::from_str(defaults.exits(0))?;
        assert_eq!(defaults, json!({ "name": "Ada", "colour": "green", "news": false }));
        assert_eq!(call(&["--decline"]).await?.exits(0), "declined\n");
        assert_eq!(call(&["--dismiss"]).await?.exits(0), "dismissed\n");
        for (more, why) in [
            (&["--accept-defaults"][..], "--answer name=.."),
            (&["--answer", "name=Ada", "--answer", "age=200"], "at most 150"),
            (&[], "--answer name=.."),
        ] {
            let done = call(more).await?;
            done.exits(4);
            assert!(done.err.contains(why), "{more:?}: {}", done.err);
        }
    }
    Ok(())
}

#[tokio::test]
async fn pages_need_consent() -> Tested {
    let shop = Shop::open().await?;
    let refused = shop.http(&["call", "pay"]).await?;
    refused.exits(4);
    assert!(refused.err.contains("https://pay.example/42?user="), "{}", refused.err);
    assert_eq!(shop.http(&["call", "pay", "--accept-urls"]).await?.exits(0), "paid\n");
    for refusal in ["--decline", "--dismiss"] {
        assert_eq!(shop.http(&["call", "pay", refusal]).await?.exits(0), "not paid\n");
    }
    Ok(())
}

#[tokio::test]
async fn events_come_before_the_result() -> Tested {
    let shop = Shop::open().await?;
    for protocol in PROTOCOLS {
        let words = ["--protocol", protocol, "--json", "--events", "call", "count"];
        let lines = shop.http(&words).await?.json(0);
        let (result, events) = lines.split_last().ok_or("no line")?;
        assert_eq!(result["result"]["content"][0]["text"], "counted");
        let progress: Vec<_> = events.iter().map(|event| event["message"].as_str()).collect();
        assert_eq!(progress, [Some("at 1"), Some("at 2"), Some("at 3")]);
        assert!(events.iter().all(|event| event["event"] == "progress" && event["total"] == 3.0));
        // Wherever the two stand.
        let apart = ["--protocol", protocol, "--json", "call", "count", "--events"];
        assert_eq!(shop.http(&apart).await?.json(0), lines);
        // Only results, unless one wants more.
        assert_eq!(shop.http(&["--json", "call", "count"]).await?.json(0).len(), 1);
    }
    Ok(())
}
