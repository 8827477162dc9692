//! Somebody at a terminal; and changes, until there were enough of them.

use std::time::Duration;

use serde_json::json;

use crate::shop::{Shop, Tested, end};

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_form_is_filled_in_at_the_terminal() -> Tested {
    let shop = Shop::open().await?;
    // Too old, then right; the second colour; the default; and sent.
    let typed = "Ada\n200\n36\n1\n\ny\n";
    let Some(done) = shop.at_terminal("call sign_in", typed).await? else { return Ok(()) };
    let screen = done.exits(0);
    for shown in
        ["The server asks: Who are you?", "Your name (text)", "at most 150", "name = \"Ada\""]
    {
        assert!(screen.contains(shown), "no {shown:?} in {screen}");
    }
    // What was typed has no echo here, and so no end of its line.
    let result = screen.rfind('{').map(|at| screen[at..].trim()).ok_or("no result")?;
    let expected = json!({ "name": "Ada", "age": 36, "colour": "red", "news": false });
    assert_eq!(serde_json::from_str::<serde_json::Value>(result)?, expected);
    Ok(())
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_form_is_declined_or_cancelled_at_the_terminal() -> Tested {
    let shop = Shop::open().await?;
    for (typed, expected) in
        [(":d\n", "declined"), ("Ada\n:c\n", "dismissed"), ("\u{4}", "dismissed")]
    {
        let Some(done) = shop.at_terminal("call sign_in", typed).await? else { return Ok(()) };
        assert!(done.exits(0).trim_end().ends_with(expected), "{typed:?}: {}", done.out);
    }
    Ok(())
}

/// A single question of yes or no is asked once, and not confirmed.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn yes_or_no_is_one_question() -> Tested {
    let shop = Shop::open().await?;
    for (call, typed, prompt, expected) in [
        ("call delete file=a", "\nperhaps\ny\n", "sure [y/n]: ", "a deleted"),
        ("call delete file=a", "n\n", "sure [y/n]: ", "a kept"),
        ("call switch", "\n", "On [Y/n]: ", r#"Accepted(Object {"on": Bool(true)})"#),
        ("call switch", "n\n", "On [Y/n]: ", r#"Accepted(Object {"on": Bool(false)})"#),
        ("call switch", ":d\n", "On [Y/n]: ", "Declined"),
    ] {
        let Some(done) = shop.at_terminal(call, typed).await? else { return Ok(()) };
        let screen = done.exits(0);
        assert!(screen.contains(prompt) && !screen.contains("Send?"), "{screen}");
        assert!(screen.trim_end().ends_with(expected), "{screen}");
        // An empty line and another word are asked for again.
        let again = typed.starts_with("\np");
        assert_eq!(screen.contains("it is needed: y or n"), again, "{screen}");
        assert_eq!(screen.contains("neither true (yes) nor false (no)"), again, "{screen}");
    }
    Ok(())
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_page_is_shown_whole_and_consented_to() -> Tested {
    let shop = Shop::open().await?;
    let Some(done) = shop.at_terminal("call pay", "maybe\ny\n").await? else { return Ok(()) };
    let screen = done.exits(0);
    assert!(screen.contains("https://pay.example/42?user=·ada"), "{screen}");
    assert!(screen.contains("on pay.example") && screen.trim_end().ends_with("paid"), "{screen}");
    Ok(())
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn arguments_that_were_left_out_are_asked_for() -> Tested {
    let shop = Shop::open().await?;
    let Some(done) = shop.at_terminal("call add a=40", "two\n2\n").await? else { return Ok(()) };
    assert!(
        done.exits(0).contains("no number") && done.out.trim_end().ends_with("42"),
        "{}",
        done.out
    );
    Ok(())
}

#[tokio::test]
async fn changes_are_told() -> Tested {
    let shop = Shop::open().await?;
    for protocol in ["modern", "2025-11-25"] {
        let words = ["--protocol", protocol, "--json", "listen", "shop://about", "--count", "2"];
        let listening = shop.begin(&words)?;
        let ended =
            tokio::spawn(async move { end(listening).await.map_err(|error| error.to_string()) });
        // Nobody can say when it has begun to listen.
        while !ended.is_finished() {
            shop.server.enable_tool("add", false);
            shop.server.enable_tool("add", true);
            shop.server.resource_updated("shop://about");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let told = ended.await??.json(0);
        let kinds: Vec<_> = told.iter().map(|change| change["changed"].as_str()).collect();
        assert_eq!(kinds.len(), 2);
        assert!(kinds.iter().all(|kind| matches!(kind, Some("tools" | "resource"))), "{told:?}");
    }
    Ok(())
}
