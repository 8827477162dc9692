//! A page in a browser, as whoever uses it sees it: what it shows, keys, and what went wrong.

use std::time::{Duration, Instant};

use base64::Engine as _;
use serde_json::{Value, json};

use super::chromium::Chromium;

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// One page.
pub struct Page {
    chromium: Chromium,
    session: String,
}

impl Page {
    /// Opens a page. `None` where there is no browser.
    pub fn open(url: &str) -> Option<Self> {
        let mut chromium = Chromium::start()?;
        let target = chromium.call(None, "Target.createTarget", json!({ "url": "about:blank" }));
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let session = chromium.call(None, "Target.attachToTarget", attach);
        let session = session["sessionId"].as_str().expect("a session").to_owned();
        let mut page = Self { chromium, session };
        for domain in ["Page", "Runtime", "Log"] {
            page.call(&format!("{domain}.enable"), json!({}));
        }
        page.size(1280, 860);
        page.call("Page.navigate", json!({ "url": url }));
        Some(page)
    }

    pub fn call(&mut self, method: &str, params: Value) -> Value {
        self.chromium.call(Some(&self.session), method, params)
    }

    /// The value of an expression.
    #[track_caller]
    pub fn eval(&mut self, expression: &str) -> Value {
        let params =
            json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let answer = self.call("Runtime.evaluate", params);
        assert!(answer.get("exceptionDetails").is_none(), "{expression}: {answer}");
        answer["result"]["value"].clone()
    }

    /// Waits until an expression holds.
    #[track_caller]
    pub fn until(&mut self, expression: &str) {
        let begun = Instant::now();
        while self.eval(&format!("!!({expression})")) != json!(true) {
            if begun.elapsed() > PATIENCE {
                self.shot("failed");
                let text = self.eval("document.body.innerText");
                panic!("never: {expression}\n{text}\n{:#?}", self.troubles());
            }
            std::thread::sleep(Duration::from_millis(30));
        }
    }

    /// Waits until the page says something.
    #[track_caller]
    pub fn sees(&mut self, text: &str) {
        let text = json!(text);
        self.until(&format!("document.body?.innerText.includes({text})"));
    }

    /// Clicks what has this text, once it is there: a link, a button, a label, the head of something folded.
    #[track_caller]
    pub fn click(&mut self, text: &str) {
        let text = json!(text);
        let find = format!(
            "[...document.querySelectorAll('main a, main button, main summary, main label, #nav a, #theme')]\
             .find((one) => one.checkVisibility() && !one.disabled && one.innerText.trim().startsWith({text}))"
        );
        self.until(&find);
        self.eval(&format!("{find}.click()"));
    }

    /// Goes to another page of the console.
    pub fn go(&mut self, route: &str) {
        self.eval(&format!("location.hash = {}", json!(route)));
    }

    /// Fills in the field whose label begins with a name.
    #[track_caller]
    pub fn fill(&mut self, name: &str, value: &str) {
        let (name, value) = (json!(name), json!(value));
        let find = format!(
            "[...document.querySelectorAll('main label[for]')].filter((one) => one.checkVisibility() \
             && one.querySelector('.name')?.textContent === {name}).map((one) => one.control).at(-1)"
        );
        self.until(&find);
        self.eval(&format!(
            "(() => {{ const it = {find}; if (it.type === 'checkbox') it.checked = {value} === 'true';\
             else if (it.tagName === 'SELECT') it.value = [...it.options].find((one) => one.text === {value}).value;\
             else it.value = {value}; it.dispatchEvent(new Event('input', {{ bubbles: true }}));\
             it.dispatchEvent(new Event('change', {{ bubbles: true }})); }})()"
        ));
    }

    /// Chooses one of several variants, by the name of their field.
    #[track_caller]
    pub fn choose(&mut self, name: &str, option: &str) {
        let name = json!(name);
        self.select(
            &format!(
                "[...document.querySelectorAll('main fieldset')].find((one) => \
                 one.querySelector('legend .name')?.textContent === {name})?.querySelector('select')"
            ),
            option,
        );
    }

    /// Chooses an option of a list, by its text.
    #[track_caller]
    pub fn select(&mut self, list: &str, option: &str) {
        let option = json!(option);
        self.until(list);
        self.eval(&format!(
            "(() => {{ const it = {list}; it.value = [...it.options].find((one) => one.text === {option}).value;\
             it.dispatchEvent(new Event('change', {{ bubbles: true }})); }})()"
        ));
    }

    /// Presses a key, with modifiers: 1 alt, 2 ctrl, 8 shift.
    pub fn press(&mut self, key: &str, modifiers: u8) {
        let (code, text) = match key {
            "Tab" => (9, ""),
            "Enter" => (13, "\r"),
            " " => (32, " "),
            "ArrowLeft" => (37, ""),
            "ArrowUp" => (38, ""),
            "ArrowRight" => (39, ""),
            "ArrowDown" => (40, ""),
            "/" => (191, "/"),
            _ => panic!("no key of these tests: {key}"),
        };
        let mut down = json!({
            "type": if text.is_empty() { "rawKeyDown" } else { "keyDown" },
            "key": key,
            "windowsVirtualKeyCode": code,
            "modifiers": modifiers,
        });
        if !text.is_empty() {
            down["text"] = text.into();
        }
        self.call("Input.dispatchKeyEvent", down);
        let up = json!({
            "type": "keyUp", "key": key, "windowsVirtualKeyCode": code, "modifiers": modifiers,
        });
        self.call("Input.dispatchKeyEvent", up);
    }

    pub fn types(&mut self, text: &str) {
        self.call("Input.insertText", json!({ "text": text }));
    }

    /// Tabs on until what has the focus fits, and shows that it has it.
    #[track_caller]
    pub fn tab_to(&mut self, fits: &str) {
        for _ in 0..80 {
            self.press("Tab", 0);
            let found =
                format!("((it) => it !== document.body && ({fits}))(document.activeElement)");
            if self.eval(&found) == json!(true) {
                let ring = "getComputedStyle(document.activeElement.matches('.ways input') \
                    ? document.activeElement.nextElementSibling : document.activeElement).outlineStyle";
                assert_eq!(self.eval(ring), "solid", "the focus is to be seen: {fits}");
                return;
            }
        }
        self.shot("failed");
        panic!("the keyboard does not reach: {fits}");
    }

    pub fn size(&mut self, width: u32, height: u32) {
        let params = json!({
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500,
        });
        self.call("Emulation.setDeviceMetricsOverride", params);
    }

    /// What the system prefers.
    pub fn prefers(&mut self, scheme: &str) {
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.call("Emulation.setEmulatedMedia", json!({ "features": features }));
    }

    /// Keeps a picture in the folder that `MCP_CONSOLE_SHOTS` names.
    pub fn shot(&mut self, name: &str) {
        let Some(folder) = std::env::var_os("MCP_CONSOLE_SHOTS") else { return };
        let shot = self.call("Page.captureScreenshot", json!({ "format": "png" }));
        let bytes = base64::engine::general_purpose::STANDARD
            .decode(shot["data"].as_str().unwrap_or_default())
            .expect("a picture");
        let path = std::path::Path::new(&folder).join(format!("{name}.png"));
        std::fs::write(path, bytes).expect("the folder to exist");
    }

    /// Errors of the console, of scripts, and against the policy, since the page was opened.
    pub fn troubles(&mut self) -> Vec<Value> {
        // What was said until now has arrived with this answer.
        self.eval("0");
        let is_trouble = |event: &&Value| match event["method"].as_str() {
            Some("Runtime.exceptionThrown") => true,
            Some("Runtime.consoleAPICalled") => {
                matches!(event["params"]["type"].as_str(), Some("error" | "warning" | "assert"))
            }
            Some("Log.entryAdded") => {
                matches!(event["params"]["entry"]["level"].as_str(), Some("error" | "warning"))
            }
            _ => false,
        };
        self.chromium.events().iter().filter(is_trouble).cloned().collect()
    }

    /// Nothing went wrong, nothing ran that was none of the page, and nothing sticks out.
    #[track_caller]
    pub fn is_sound(&mut self) {
        assert_eq!(self.troubles(), [] as [Value; 0]);
        assert_eq!(self.eval("window.pwned === undefined"), json!(true), "a script of others ran");
        self.fits();
    }

    /// The page is as wide as its window.
    #[track_caller]
    pub fn fits(&mut self) {
        let wide = self.eval("document.documentElement.scrollWidth - innerWidth");
        assert!(wide.as_i64().is_some_and(|wide| wide <= 0), "wider than the window by {wide}");
    }
}
