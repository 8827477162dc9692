//! Who may use the console, and what its answers say of themselves.

use mcp_runtime::{Console, Principal};
use serde_json::json;

use super::shop::Shop;
use super::web::Ask;

/// Everything that says or does something about this server.
fn all(shop: &Shop) -> Vec<Ask> {
    let named = json!({ "id": "abc", "answers": {} });
    let mut asks: Vec<_> = ["server", "tools", "tasks", "task?id=abc", "events", "nowhere"]
        .map(|path| Ask::get(shop, &format!("/console/api/{path}")))
        .into();
    asks.extend(
        ["cancel", "again", "purge", "answer"]
            .map(|path| Ask::post(shop, &format!("/console/api/task/{path}"), &named)),
    );
    asks.push(Ask::modern(shop, "tools/list", json!({}), json!({})));
    asks
}

async fn statuses(shop: &Shop, change: impl Fn(Ask) -> Ask) -> Vec<u16> {
    let mut all_statuses = Vec::new();
    for ask in all(shop) {
        let (reply, _stream) = change(ask).open(shop.address).await;
        all_statuses.push(reply.status);
    }
    all_statuses
}

#[tokio::test]
async fn without_the_token_nothing_is_said_and_nothing_done() {
    let shop = Shop::open().await;
    let fine = statuses(&shop, |ask| ask).await;
    assert_eq!(fine, [200, 200, 200, 404, 200, 404, 404, 404, 404, 404, 200]);
    let (mut changed, other) = (shop.token.clone(), Shop::open().await.token);
    changed.replace_range(0..1, if changed.starts_with('A') { "B" } else { "A" });
    for wrong in ["", "x", &changed, &other, &shop.token[1..], &format!("{}x", shop.token)] {
        let refused = statuses(&shop, |ask| ask.header("X-Console-Token", wrong)).await;
        assert_eq!(refused, [401; 11], "{wrong}");
    }
    let token = shop.token.clone();
    for ways in [
        |ask: Ask, _: &str| ask.without("X-Console-Token"),
        // Neither a cookie nor another header stands for it.
        |ask: Ask, token: &str| {
            ask.without("X-Console-Token").header("Cookie", &format!("token={token}"))
        },
        |ask: Ask, token: &str| {
            ask.without("X-Console-Token").header("Authorization", &format!("Bearer {token}"))
        },
    ] {
        assert_eq!(statuses(&shop, |ask| ways(ask, &token)).await, [401; 11]);
    }
    assert_eq!(statuses(&shop, |ask| ask.more("X-Console-Token", "x")).await, [403; 11]);
}

#[tokio::test]
async fn another_page_is_refused_whatever_it_knows() {
    let shop = Shop::open().await;
    let port = shop.address.port();
    for origin in [
        "http://evil.example".to_owned(),
        "null".to_owned(),
        "http://localhost:6274".to_owned(),
        "http://127.0.0.1".to_owned(),
        // The same machine by another name is another origin.
        format!("http://localhost:{port}"),
        format!("http://127.0.0.1:{port}@evil.example"),
        format!("http://127.0.0.1:{port}.evil.example"),
    ] {
        let refused = statuses(&shop, |ask| ask.header("Origin", &origin)).await;
        assert_eq!(refused, [403; 11], "{origin}");
    }
    for site in ["cross-site", "same-site", "none"] {
        assert_eq!(statuses(&shop, |ask| ask.header("Sec-Fetch-Site", site)).await, [403; 11]);
    }
    let own = format!("http://{}", shop.address);
    let twice = statuses(&shop, |ask| ask.header("Origin", &own).more("Origin", &own)).await;
    assert_eq!(twice, [403; 11]);
    // A browser asks first whether it may send such a header, and is not told that it may.
    let preflight = Ask::get(&shop, "/console/api/server")
        .method("OPTIONS")
        .without("X-Console-Token")
        .header("Origin", "http://evil.example")
        .header("Access-Control-Request-Headers", "x-console-token")
        .send(shop.address)
        .await;
    assert_eq!(preflight.status, 403);
    assert_eq!(preflight.header("access-control-allow-origin"), None);
}

#[tokio::test]
async fn a_name_that_points_here_is_not_enough() {
    let shop = Shop::with(
        |builder| builder.allow_host("mcp.example.com").console(Console::new().quiet()),
        "127.0.0.1:0",
    )
    .await;
    let port = shop.address.port();
    // The server's own names are for its endpoint: without `allow_remote` the console has only this machine's.
    for host in ["evil.example", "mcp.example.com", "", "localhost.evil.example"] {
        for ask in [Ask::get(&shop, "/console"), Ask::get(&shop, "/console/api/server")] {
            let reply = ask.header("Host", host).send(shop.address).await;
            assert_eq!(reply.status, 403, "{host}");
        }
    }
    for host in [format!("localhost:{port}"), format!("127.0.0.1:{port}"), "[::1]".to_owned()] {
        let reply = Ask::get(&shop, "/console/api/server").header("Host", &host);
        assert_eq!(reply.send(shop.address).await.status, 200, "{host}");
    }
}

/// A proxy on this machine makes everybody look as if they were here.
#[tokio::test]
async fn what_a_proxy_forwards_is_not_from_here() {
    let shop = Shop::open().await;
    for header in ["X-Forwarded-For", "Forwarded", "X-Real-IP"] {
        let ask = Ask::get(&shop, "/console").header(header, "192.0.2.1");
        assert_eq!(ask.send(shop.address).await.status, 403, "{header}");
    }
}

/// A second address of this machine stands for another one: it is no loopback address.
#[tokio::test]
async fn other_machines_are_answered_only_if_that_was_said() {
    // Connecting sends nothing: it asks the system which address it would use.
    let socket = std::net::UdpSocket::bind("0.0.0.0:0").expect("a socket");
    let outer = socket.connect("192.0.2.1:9").and_then(|()| socket.local_addr());
    let outer = match outer {
        Ok(address) if !address.ip().is_loopback() && !address.ip().is_unspecified() => {
            address.ip()
        }
        _ => {
            eprintln!("skipped: this machine has no address but the loopback one");
            return;
        }
    };
    let here = Shop::with(|builder| builder.console(Console::new().quiet()), "0.0.0.0:0").await;
    let from_outside = std::net::SocketAddr::new(outer, here.address.port());
    let local = format!("127.0.0.1:{}", here.address.port());
    for path in ["/console", "/console/app.js", "/console/api/server"] {
        let ask = Ask::get(&here, path).header("Host", &local);
        assert_eq!(ask.send(from_outside).await.status, 403, "{path}");
        let local_address = local.parse().expect("an address");
        assert_eq!(ask.send(local_address).await.status, 200, "{path}");
    }
    let open = Shop::with(
        |builder| {
            let console = Console::new().quiet().allow_remote();
            builder.allow_host("dev.example").console(console)
        },
        "0.0.0.0:0",
    )
    .await;
    let from_outside = std::net::SocketAddr::new(outer, open.address.port());
    let ask = Ask::get(&open, "/console/api/server").header("Host", "dev.example");
    assert_eq!(ask.send(from_outside).await.status, 200);
    assert_eq!(ask.header("X-Console-Token", "x").send(from_outside).await.status, 401);
    let called = Ask::modern(&open, "tools/list", json!({}), json!({}))
        .header("Host", "dev.example")
        .header("Origin", "https://dev.example");
    assert_eq!(called.send(from_outside).await.status, 200);
}

#[tokio::test]
async fn answers_are_kept_by_nobody_and_run_nothing_but_the_page() {
    let shop = Shop::open().await;
    let asks = [
        Ask::get(&shop, "/console").without("X-Console-Token"),
        Ask::get(&shop, "/console/app.js").without("X-Console-Token"),
        Ask::get(&shop, "/console/api/server"),
        Ask::get(&shop, "/console/api/server").without("X-Console-Token"),
        Ask::get(&shop, "/console/nowhere"),
        Ask::modern(&shop, "tools/list", json!({}), json!({})),
    ];
    for ask in asks {
        let reply = ask.send(shop.address).await;
        assert_eq!(reply.header("cache-control"), Some("no-store"), "{reply:?}");
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(reply.header("referrer-policy"), Some("no-referrer"));
        assert_eq!(reply.header("access-control-allow-origin"), None);
        let policy = reply.header("content-security-policy").unwrap_or_default();
        for part in ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"] {
            assert!(policy.contains(part), "{policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        assert!(!reply.text.contains(&shop.token), "the token is in no answer");
    }
    let page = Ask::get(&shop, "/console").send(shop.address).await.text;
    assert!(!page.contains("<script>") && !page.contains("style=\"") && !page.contains("onclick"));
    assert!(!page.contains("http://") && !page.contains("https://"), "nothing from elsewhere");
}

#[tokio::test]
async fn a_console_that_nobody_switched_on_is_not_there() {
    let shop = Shop::with(|builder| builder, "127.0.0.1:0").await;
    assert_eq!(shop.url, "");
    for path in ["/console", "/console/", "/console/api/server", "/console/app.js"] {
        assert_eq!(Ask::get(&shop, path).send(shop.address).await.status, 404, "{path}");
    }
}

/// The endpoint is where it was, and asks for no token; the console's own way to it does.
#[tokio::test]
async fn the_endpoint_is_as_it_was() {
    let shop = Shop::open().await;
    let list = Ask::modern(&shop, "tools/list", json!({}), json!({})).without("X-Console-Token");
    assert_eq!(list.send(shop.address).await.status, 401);
    let reply = list.path("/mcp").send(shop.address).await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.json()["result"]["tools"].as_array().map(Vec::len), Some(6));
    assert_eq!(Ask::get(&shop, "/consolex").send(shop.address).await.status, 404);
}

#[tokio::test]
async fn the_console_calls_in_the_name_that_it_was_given() {
    let shop = Shop::with(
        |builder| {
            builder.console(Console::new().quiet().principal(Principal::new("test", "grace")))
        },
        "127.0.0.1:0",
    )
    .await;
    let tasks = json!({ "extensions": { "io.modelcontextprotocol/tasks": {} } });
    let call = json!({ "name": "render", "arguments": { "scene": "a" } });
    let reply = Ask::modern(&shop, "tools/call", call, tasks).send(shop.address).await.json();
    assert_eq!(reply["result"]["resultType"], "task", "{reply}");
    let tasks = Ask::get(&shop, "/console/api/tasks").send(shop.address).await.json();
    assert_eq!(tasks["tasks"][0]["owner"], Principal::new("test", "grace").id());
    let server = Ask::get(&shop, "/console/api/server").send(shop.address).await.json();
    assert_eq!(server["principal"], "grace");
}

#[tokio::test]
async fn the_printed_address_opens_it() {
    let shop = Shop::open().await;
    let expected = format!("http://{}/console#token={}", shop.address, shop.token);
    assert_eq!((shop.url.as_str(), shop.token.len()), (expected.as_str(), 32));
    let wide = Shop::with(|builder| builder.console(Console::new().quiet()), "0.0.0.0:0").await;
    let begin = format!("http://127.0.0.1:{}/console#token=", wide.address.port());
    assert!(wide.url.starts_with(&begin), "{}", wide.url);
}
