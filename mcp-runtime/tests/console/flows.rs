//! What people do with the console, in a real browser.

use serde_json::json;
use tokio::runtime::Runtime;

use super::api::{begin, post};
use super::browser::Page;
use super::shop::Shop;

fn opened() -> Option<(Runtime, Shop, Page)> {
    let runtime = Runtime::new().expect("a runtime");
    let shop = runtime.block_on(Shop::open());
    let mut page = Page::open(&shop.url)?;
    page.sees("The shop");
    page.sees("Capabilities");
    Some((runtime, shop, page))
}

#[test]
fn tools_are_listed_and_called_inline_with_a_form() {
    let Some((_runtime, _shop, mut page)) = opened() else { return };
    page.until("!location.href.includes('token')");
    page.shot("home-light");
    page.click("Tools");
    for tool in ["order", "approve", "render", "publish", "fail", "evil"] {
        page.sees(tool);
    }
    page.click("order");
    page.sees("What to drink.");
    page.until("document.activeElement.tagName === 'H1'");
    page.shot("tool-order");
    // What is missing is said at its field, which gets the focus.
    page.click("Call");
    page.until("document.activeElement.matches('select[aria-invalid=true]')");
    page.sees("Choose one.");
    page.fill("drink", "tea");
    page.fill("size", "large");
    page.fill("cups", "many");
    page.click("Call");
    page.until("document.activeElement.getAttribute('aria-invalid') === 'true'");
    page.sees("A number, please.");
    page.shot("tool-order-wrong");
    page.fill("cups", "2");
    page.click("milk");
    page.click("Add an item");
    page.until("document.activeElement.matches('.item input')");
    page.types("Ada");
    page.eval("document.querySelectorAll('.object > .box input')[0].click()");
    page.fill("street", "Main Street");
    page.fill("number", "7");
    page.choose("payment", "card");
    page.fill("digits", "4242");
    page.fill("gift", "true");
    page.click("Call");
    page.until("document.querySelector('.run .pill.good')");
    page.sees("Structured output");
    let shown = page.eval("document.querySelector('.run .json').innerText");
    let shown = shown.as_str().unwrap_or_default();
    for part in ["\"tea\"", "\"large\"", "\"milk\"", "\"Ada\"", "\"Main Street\"", "true"] {
        assert!(shown.contains(part), "{part} in {shown}");
    }
    page.until("document.querySelector('.run').getBoundingClientRect().top < innerHeight - 100");
    page.shot("tool-order-called");
    // The same as JSON, there and back.
    page.click("JSON");
    let written = page.eval("document.querySelector('.schema-form textarea').value");
    let written: serde_json::Value =
        serde_json::from_str(written.as_str().unwrap_or_default()).expect("JSON");
    assert_eq!(
        written,
        json!({
            "drink": "tea", "size": "large", "cups": 2, "extras": ["milk"], "names": ["Ada"],
            "to": { "street": "Main Street", "number": 7 },
            "payment": { "by": "card", "digits": "4242" }, "gift": true,
        })
    );
    page.click("Form");
    page.until("document.querySelector('.schema-form .fields')");
    for tab in ["Output schema", "On each wire", "Input schema"] {
        page.click(tab);
        page.until(&format!(
            "document.querySelector('[role=tab][aria-selected=true]').textContent === '{tab}'"
        ));
    }
    page.click("On each wire");
    page.eval("document.querySelector('.about').scrollIntoView()");
    page.shot("tool-wires");
    page.is_sound();
}

#[test]
fn a_question_inline_is_answered_in_every_revision_that_has_them() {
    let Some((_runtime, _shop, mut page)) = opened() else { return };
    for (number, revision) in ["2026-07-28", "2025-11-25", "2025-06-18"].iter().enumerate() {
        page.go("#/tools");
        page.sees("Choose a tool");
        page.go("#/tools/approve");
        page.sees("Asks before it does anything.");
        page.fill("what", &format!("go {number}"));
        page.select("document.querySelector('.call-foot select')", revision);
        page.click("Call");
        page.sees(&format!("May it go {number}?"));
        page.until("document.activeElement.closest('.question')");
        if number == 0 {
            page.shot("question-inline");
        }
        page.fill("approved", "true");
        page.fill("reason", &format!("because {number}"));
        page.click("Accept");
        page.sees(&format!("approved: because {number}"));
        page.until(
            "document.querySelector('.run .pill.good') && !document.querySelector('.question')",
        );
    }
    // Cancelling ends it.
    page.fill("what", "stop");
    page.click("Call");
    page.sees("May it stop?");
    page.click("Cancel");
    page.until("document.querySelector('.run .pill.off')?.textContent === 'Cancelled'");
    page.is_sound();
}

#[test]
fn a_task_is_followed_live_cancelled_and_run_again() {
    let Some((runtime, shop, mut page)) = opened() else { return };
    page.go("#/tools/render");
    page.fill("scene", "dawn");
    page.click("Call");
    page.click("Follow the task");
    page.sees("Timeline");
    page.until("location.hash.startsWith('#/tasks/')");
    for done in 1..=2 {
        shop.steps(1);
        page.sees(&format!("frame {done} of 4"));
        page.until(&format!(
            "document.querySelectorAll('.timeline .entry.good').length === {done}"
        ));
        page.until(&format!("document.querySelector('.detail progress').value === {done}"));
    }
    page.until("document.querySelector('#nav .badge.live')?.textContent === '1'");
    page.shot("task-working");
    let first = page.eval("location.hash");
    page.click("Cancel");
    page.until("document.querySelector('.state-line .pill')?.textContent === 'Cancelled'");
    page.shot("task-cancelled");
    page.click("Run again");
    page.until(&format!("location.hash !== {first} && document.querySelector('.state-line .pill')?.textContent === 'Working'"));
    shop.steps(100);
    page.sees("dawn.mp4");
    page.until("document.querySelector('.state-line .pill.good')?.textContent === 'Returned'");
    let old = first.as_str().unwrap_or_default().trim_start_matches("#/tasks/").to_owned();
    page.sees(&old);
    page.shot("task-returned");
    page.click("Edit and call");
    page.until("document.querySelector('.call input[type=text]')?.value === 'dawn'");
    // More of them, made elsewhere, appear by themselves.
    shop.stop_steps();
    runtime.block_on(async {
        for scene in ["noon", "dusk"] {
            begin(&shop, "render", json!({ "scene": scene })).await;
        }
        post(&shop, "task/cancel", json!({ "id": old })).await;
    });
    page.go("#/tasks");
    page.until("document.querySelectorAll('.rows a').length === 4");
    page.shot("tasks");
    page.click("Running");
    page.until("document.querySelectorAll('.rows a').length === 2");
    page.is_sound();
}

#[test]
fn a_question_of_a_task_is_answered_and_keeps_what_was_typed() {
    let Some((runtime, shop, mut page)) = opened() else { return };
    let id = runtime.block_on(begin(&shop, "publish", json!({ "page": "news" })));
    page.until("document.querySelector('#nav .badge.ask')?.textContent === '1'");
    page.go(&format!("#/tasks/{id}"));
    page.sees("Publish news?");
    page.fill("reason", "it is ready");
    // What happens elsewhere meanwhile does not take it away.
    runtime.block_on(begin(&shop, "render", json!({ "scene": "x" })));
    page.until("document.querySelectorAll('.rows a').length === 2");
    page.until("[...document.querySelectorAll('.question input')].some((one) => one.value === 'it is ready')");
    page.shot("task-question");
    page.fill("approved", "true");
    page.click("Accept");
    page.sees("news: published");
    page.until("!document.querySelector('.question')");
    page.is_sound();
}

/// From the first key to the result without a pointer.
#[test]
fn a_call_needs_nothing_but_the_keyboard() {
    let Some((_runtime, _shop, mut page)) = opened() else { return };
    page.press("Tab", 0);
    page.until("document.activeElement.matches('.skip')");
    page.tab_to("it.textContent === 'Tools'");
    page.press("Enter", 0);
    page.sees("Choose a tool");
    page.tab_to("it.matches('.rows a')");
    page.press("ArrowDown", 0);
    page.until("document.activeElement.textContent.startsWith('approve')");
    page.press("Enter", 0);
    page.until("document.activeElement.tagName === 'H1'");
    page.tab_to("it.matches('.call input[type=text]')");
    page.types("be typed");
    page.press("Enter", 2);
    page.sees("May it be typed?");
    // The focus is where the question is.
    page.until("document.activeElement.matches('.question input[type=checkbox]')");
    page.press(" ", 0);
    page.tab_to("it.matches('.question input[type=text]')");
    page.types("no pointer");
    page.press("Enter", 0);
    page.sees("approved: no pointer");
    page.shot("keyboard");
    // Tabs: one stop, and arrows between them.
    page.tab_to("it.getAttribute('role') === 'tab'");
    page.press("ArrowRight", 0);
    page.until("document.activeElement.getAttribute('aria-selected') === 'true' && document.activeElement.textContent === 'On each wire'");
    page.is_sound();
}

#[test]
fn both_schemes_are_readable_also_on_a_phone() {
    let Some((runtime, shop, mut page)) = opened() else { return };
    let asked = runtime.block_on(begin(&shop, "publish", json!({ "page": "news" })));
    runtime.block_on(begin(&shop, "render", json!({ "scene": "a" })));
    shop.steps(2);
    let routes = [
        ("home", "#/".to_owned(), "Capabilities"),
        ("tools", "#/tools/order".to_owned(), "What to drink."),
        ("tasks", "#/tasks".to_owned(), "Needs input"),
        ("task", format!("#/tasks/{asked}"), "Publish news?"),
        ("resource", "#/resources/shop%3A%2F%2Fmenu".to_owned(), "Read"),
        ("prompt", "#/prompts/greeting".to_owned(), "Greets somebody."),
    ];
    for scheme in ["light", "dark"] {
        page.prefers(scheme);
        for (width, height) in [(1280, 860), (375, 740)] {
            page.size(width, height);
            for (name, route, text) in &routes {
                page.go(route);
                page.sees(text);
                page.fits();
                page.eval("scrollTo(0, 0)");
                page.shot(&format!("{name}-{scheme}-{width}"));
                assert_eq!(page.eval(CONTRAST), json!([]), "{name} in {scheme}");
            }
        }
    }
    // The switch is stronger than the system, and is remembered.
    page.size(1280, 860);
    let back = "getComputedStyle(document.documentElement).backgroundColor";
    let dark = page.eval(back);
    page.click("◐");
    page.until("document.documentElement.dataset.theme === 'light'");
    assert_ne!(page.eval(back), dark);
    page.call("Page.reload", json!({}));
    page.until(
        "document.documentElement?.dataset.theme === 'light' && document.querySelector('main h1')",
    );
    page.is_sound();
}

/// Texts whose contrast is below 4.5 to 1 (WCAG 2.2, 1.4.3).
const CONTRAST: &str = r"(() => {
    const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
    const rgba = (color) => {
        canvas.clearRect(0, 0, 1, 1);
        canvas.fillStyle = color;
        canvas.fillRect(0, 0, 1, 1);
        return [...canvas.getImageData(0, 0, 1, 1).data];
    };
    const light = ([r, g, b]) => {
        const part = (one) => (one /= 255) <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4;
        return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
    };
    const behind = (element) => {
        for (let at = element; at; at = at.parentElement) {
            const color = rgba(getComputedStyle(at).backgroundColor);
            if (color[3] > 250) return color;
        }
        return [255, 255, 255];
    };
    const found = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node; (node = walker.nextNode());) {
        const element = node.parentElement;
        if (!node.data.trim() || !element.checkVisibility() || element.closest('.unseen, .skip, option, noscript')) continue;
        const [a, b] = [light(rgba(getComputedStyle(element).color)), light(behind(element))];
        const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        if (ratio < 4.5) found.push(`${ratio.toFixed(2)}: ${node.data.trim().slice(0, 40)}`);
    }
    return [...new Set(found)];
})()";

/// Whatever a tool says, in its description, a message, a question, a result, an error, is text.
#[test]
fn what_tools_say_stays_text() {
    let Some((runtime, shop, mut page)) = opened() else { return };
    page.go("#/tools/evil");
    page.sees("<img src=x onerror=");
    page.click("Call");
    page.until("document.querySelector('.question')");
    page.until("document.querySelector('.log')?.innerText.includes('<script>')");
    page.shot("evil-question");
    page.fill("approved", "true");
    page.click("Accept");
    page.sees("This is no web address");
    assert_eq!(page.eval("document.querySelectorAll('a[href^=javascript]').length"), 0);
    page.click("Decline");
    page.until("document.querySelector('.run.over .text-block')?.innerText.includes('<script>')");
    page.go("#/tools/fail");
    page.click("Call");
    page.sees("The tool reported an error.");
    page.sees("<script>window.pwned=1</script>");
    page.shot("evil-error");
    let id = runtime.block_on(begin(&shop, "evil", json!({ "what": super::shop::EVIL })));
    page.go(&format!("#/tasks/{id}"));
    page.until("document.querySelector('.questions .question')");
    page.sees("<script>window.pwned=1</script>");
    page.shot("evil-task");
    page.go("#/prompts/greeting");
    page.fill("name", super::shop::EVIL);
    page.click("Get");
    page.until("document.querySelector('.said')?.innerText.includes('<script>')");
    page.go("#/resources/shop%3A%2F%2Fmenu");
    page.click("Read");
    page.until("document.querySelector('.runs .json')?.innerText.includes('<script>')");
    page.go("#/resources/shop%3A%2F%2Fcup%2F%7Bnumber%7D");
    page.fill("number", "4");
    page.click("Read");
    page.sees("cup 4");
    for hostile in
        ["#/tools/%3Cscript%3E", "#/tasks/%3Cimg%20src=x%3E", "#/%E0%A4%A", "#/nowhere/x"]
    {
        page.go(hostile);
        page.until("document.querySelector('main h1, main .empty')");
    }
    assert_eq!(page.eval("document.querySelectorAll('main script, main img').length"), 0);
    page.is_sound();
}

#[test]
fn without_its_token_the_page_says_how_to_get_in() {
    let runtime = Runtime::new().expect("a runtime");
    let shop = runtime.block_on(Shop::open());
    let Some(mut page) = Page::open(shop.url.split('#').next().unwrap_or_default()) else { return };
    page.sees("Locked");
    page.shot("locked");
    page.until("document.activeElement.id === 'token'");
    page.types(&shop.url);
    page.press("Enter", 0);
    page.sees("Capabilities");
    page.fits();
}
