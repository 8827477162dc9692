//! Servers in processes of their own: small shell scripts, which end as a test wants them to.
#![cfg(all(unix, feature = "client"))]

use std::time::Duration;

use mcp_runtime::Revision;
use mcp_runtime::client::{Client, ClientError, KnownServers, Lifecycle};
use tokio::process::Command;

/// Longer than anything here takes, even on a busy machine.
const LONG: Duration = Duration::from_secs(60);

fn script(text: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", text]);
    command
}

async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(LONG, what).await.expect("it takes too long")
}

async fn modern(command: Command) -> Client {
    let client = Client::builder().lifecycle(Lifecycle::Modern).spawn(command).await;
    client.expect("a process")
}

#[tokio::test]
async fn a_program_that_is_not_there_is_named() {
    let mut command = Command::new("/no/such/program");
    command.arg("--stdio");
    let error = Client::builder().spawn(command).await.expect_err("no program");
    assert!(matches!(error, ClientError::Start { .. }), "{error}");
    assert!(error.to_string().contains("`/no/such/program --stdio`"), "{error}");
}

#[tokio::test]
async fn an_exit_in_the_middle_is_told_with_its_status() {
    let client = modern(script("read line; exit 3")).await;
    let error = soon(client.call_tool("x", ()).into_future()).await.expect_err("it has ended");
    let ClientError::Closed(why) = &error else { panic!("{error}") };
    assert!(why.contains("exit status: 3"), "{why}");
    assert!(why.contains("sh -c 'read line; exit 3'"), "{why}");
    assert!(why.contains("connect again"), "{why}");
    let again = soon(client.call_tool("x", ()).into_future()).await.expect_err("still");
    assert!(again.to_string().contains("exit status: 3"), "{again}");
}

#[tokio::test]
async fn a_process_that_leaves_its_output_to_another_one_has_ended() {
    // The one in the background holds the pipe.
    let client = modern(script("sleep 600 2>/dev/null & read line; exit 4")).await;
    let error = soon(client.call_tool("x", ()).into_future()).await.expect_err("it has ended");
    assert!(error.to_string().contains("exit status: 4"), "{error}");
}

#[tokio::test]
async fn closing_and_dropping_close_the_input_and_give_time() {
    for drops in [false, true] {
        let folder = tempfile::tempdir().expect("a folder");
        let end = folder.path().join("end");
        let mut command =
            script("cat > /dev/null; sleep 0.1; echo > \"$END.new\"; mv \"$END.new\" \"$END\"");
        command.env("END", &end);
        let client = modern(command).await;
        if drops {
            drop(client);
        } else {
            soon(client.close()).await.expect("an end");
            assert!(end.exists(), "it is waited for");
        }
        soon(async {
            while !end.exists() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
        .await;
    }
}

/// Time is paused: the pauses of the client cost nothing, and the process gets next to none of them.
#[tokio::test(start_paused = true)]
async fn a_process_that_does_not_want_to_end_is_killed() {
    let client = modern(script("trap '' TERM; while :; do sleep 1; done")).await;
    client.close().await.expect("an end");
}

#[tokio::test]
async fn a_process_that_reads_nothing_is_ended_all_the_same() {
    let client = modern(script("exec sleep 1000")).await;
    // More than the pipe takes.
    let call = client.call_tool("x", serde_json::json!({ "text": "x".repeat(1 << 20) }));
    let call = tokio::spawn(call.into_future());
    tokio::time::sleep(Duration::from_millis(100)).await;
    soon(client.close()).await.expect("an end");
    let error = soon(call).await.expect("no panic").expect_err("nobody has read it");
    assert!(matches!(error, ClientError::Closed(_)), "{error}");
}

/// It answers `initialize` and one call, and ends at anything else that comes first.
const LEGACY: &str = r#"
read -r line
case "$line" in *'"initialize"'*) ;; *) exit 1 ;; esac
echo '{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-11-25","capabilities":{},"serverInfo":{"name":"x","version":"1"}}}'
read -r line
read -r line
echo '{"jsonrpc":"2.0","id":2,"result":{"content":[{"type":"text","text":"hi"}]}}'
cat > /dev/null
"#;

#[tokio::test]
async fn a_server_that_ends_at_the_first_question_is_started_again() -> Result<(), ClientError> {
    let known = KnownServers::new();
    let client = soon(Client::builder().known(&known).spawn(script(LEGACY))).await?;
    assert_eq!(client.revision(), Revision::V2025_11_25);
    assert_eq!(soon(client.request("tools/call", ())).await?["content"][0]["text"], "hi");
    soon(client.close()).await?;
    let all = known.all();
    // The server is known by what one would type in a shell.
    assert_eq!(shlex::split(&all[0].0), Some(["sh", "-c", LEGACY].map(str::to_owned).to_vec()));
    assert_eq!(all[0].1, Lifecycle::Legacy(Revision::V2025_11_25));
    // The second time it is not asked in vain.
    soon(soon(Client::builder().known(&known).spawn(script(LEGACY))).await?.close()).await
}

#[tokio::test]
async fn a_server_that_always_ends_is_an_error() {
    let error = soon(Client::builder().spawn(script("echo garbage; exit 5"))).await;
    let error = error.expect_err("it has ended");
    assert!(error.to_string().contains("exit status: 5"), "{error}");
}
