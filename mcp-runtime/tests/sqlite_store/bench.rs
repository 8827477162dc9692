//! How fast, and how large. Run one at a time, with `--release --ignored --nocapture bench`.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Instant;

use mcp_runtime::task::{Position, Release};
use tokio::runtime::{Builder, Runtime};

use super::*;

#[path = "bare.rs"]
mod bare;
use bare::{callers, result, small_call};

const TASKS: usize = 6_000;

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

#[test]
#[ignore = "a benchmark"]
fn bench_create_to_complete() {
    let runtime = runtime();
    for clients in [1, 64, 256] {
        let tasks = if clients == 1 { TASKS / 20 } else { TASKS };
        let (mut through, mut bare) = (Vec::new(), Vec::new());
        let mut used = [Duration::ZERO; 2];
        // Turn by turn, as the machine is not equally fast at all times.
        for _ in 0..7 {
            let begun = processor();
            bare.push(tasks as f64 / bare_loop(&runtime, clients, tasks).as_secs_f64());
            let between = processor();
            through.push(tasks as f64 / through_store(&runtime, clients, tasks).as_secs_f64());
            used[0] += between - begun;
            used[1] += processor() - between;
        }
        let mut ratios: Vec<f64> =
            through.iter().zip(&bare).map(|(through, bare)| through / bare).collect();
        for all in [&mut through, &mut bare, &mut ratios] {
            all.sort_unstable_by(f64::total_cmp);
        }
        println!(
            "{clients:3} clients: {:6.0} tasks/s through the store, {:6.0} in a bare loop, ratio {:.2} ({:.2} to {:.2})",
            through[3], bare[3], ratios[3], ratios[0], ratios[6]
        );
        // Steadier than the clock on a machine that others use, too.
        let [bare, through] = used.map(|used| used.as_secs_f64() / (7 * tasks) as f64 * 1e6);
        println!(
            "            {through:.0} us of the processor for a task against {bare:.0}, ratio {:.2}",
            bare / through
        );
    }
}

fn bare_loop(runtime: &Runtime, clients: usize, tasks: usize) -> Duration {
    let place = Place::new();
    drop(place.open());
    bare::run(runtime, &place.path(), clients, tasks)
}

fn through_store(runtime: &Runtime, clients: usize, tasks: usize) -> Duration {
    let place = Place::new();
    let store = Arc::new(place.open());
    let node = runtime.block_on(node(&store, 1));
    let (call, outcome) = (json(small_call()), returned(&result()));
    callers(runtime, clients, |client| {
        let (store, call, outcome) = (store.clone(), call.clone(), outcome.clone());
        async move {
            for task in 0..tasks / clients {
                let mut new = super::task(&format!("{client:012}-{task:019}"));
                new.call = call.clone();
                new.ttl = Some(Duration::from_secs(86_400));
                new.claim = Some(node);
                let claim = create(&store, new).await.unwrap().claim.unwrap();
                store.finish(&claim, outcome.clone()).await.unwrap();
            }
        }
    })
}

#[test]
#[ignore = "a benchmark"]
fn bench_reads_and_memory_with_100_000_tasks() {
    let runtime = runtime();
    let place = Place::new();
    fill(&runtime, &place, 100_000, 10_000);
    println!("file: {} MiB", std::fs::metadata(place.path()).unwrap().len() >> 20);
    let before = resident();
    let begun = Instant::now();
    let store = Arc::new(place.open());
    println!("open: {:?}", begun.elapsed());

    for clients in [1, 64] {
        for threaded in [false, true] {
            let all = Arc::new(std::sync::Mutex::new(Vec::new()));
            let took = callers(&runtime, clients, |client| {
                let (store, all) = (store.clone(), all.clone());
                async move {
                    let mut times = Vec::new();
                    for round in 0..20_000 / clients {
                        let id = id((client * 7_919 + round * 104_729) % 100_000);
                        let begun = Instant::now();
                        if threaded {
                            let after = Some(Position { created_at: 0, id });
                            let page = store.list(&Access::Operator, after, 1).await.unwrap();
                            assert_eq!(page.len(), 1);
                        } else {
                            let view = store.get(&Access::Operator, &id).await.unwrap();
                            assert!(view.unwrap().outcome.is_some());
                        }
                        times.push(begun.elapsed());
                    }
                    all.lock().unwrap().extend(times);
                }
            });
            let mut times = std::mem::take(&mut *all.lock().unwrap());
            times.sort_unstable();
            let at = |part: usize| times[times.len() * part / 100];
            let what = if threaded { "a list of one (on the thread)" } else { "get (at once)" };
            println!(
                "{clients:2} callers, {what}: p50 {:?}, p99 {:?}, {:.0} a second",
                at(50),
                at(99),
                times.len() as f64 / took.as_secs_f64()
            );
        }
    }

    for access in [Access::Owner(alice()), Access::Operator] {
        let mut times = Vec::new();
        let (mut after, mut count) = (None, 0);
        loop {
            let begun = Instant::now();
            let page = runtime.block_on(store.list(&access, after, 50)).unwrap();
            times.push(begun.elapsed());
            count += page.len();
            after = page.last().map(|last| last.position());
            if after.is_none() {
                break;
            }
        }
        let last = times[times.len() - 10..].iter().sum::<Duration>() / 10;
        times.sort_unstable();
        let (usual, slowest) = (times[times.len() / 2], times[times.len() - 1]);
        println!(
            "{count} tasks in pages of 50: p50 {usual:?}, the last ten {last:?}, slowest {slowest:?}"
        );
    }
    let begun = Instant::now();
    println!("{:?} in {:?}", runtime.block_on(store.stats()).unwrap(), begun.elapsed());
    let node = runtime.block_on(node(&store, 9));
    let begun = Instant::now();
    let claims = runtime.block_on(store.claim(node, vec!["work".into()], 10)).unwrap();
    println!("claim among 10,000 parked: {} in {:?}", claims.claimed.len(), begun.elapsed());
    let begun = Instant::now();
    runtime.block_on(store.beat(node, LEASE)).unwrap();
    println!("beat: {:?}", begun.elapsed());
    println!(
        "memory: {} MiB more than before it was opened",
        (resident().saturating_sub(before)) >> 20
    );
}

fn id(number: usize) -> TaskId {
    format!("{:032x}", (number as u128).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835))
        .into()
}

fn fill(runtime: &Runtime, place: &Place, ended: usize, parked: usize) {
    let store = Arc::new(SqliteStore::options().risk_last_commits().open(place.path()).unwrap());
    let node = runtime.block_on(node(&store, 1));
    let (call, outcome) = (json(small_call()), returned(&result()));
    let clients = 500;
    callers(runtime, clients, |client| {
        let (store, call, outcome) = (store.clone(), call.clone(), outcome.clone());
        async move {
            for number in (client..ended + parked).step_by(clients) {
                let mut new = super::task(id(number).as_str());
                new.call = call.clone();
                new.claim = Some(node);
                let claim = create(&store, new).await.unwrap().claim.unwrap();
                if number < ended {
                    store.finish(&claim, outcome.clone()).await.unwrap();
                } else {
                    store.release(&claim, Release::Park { until: None }).await.unwrap();
                }
            }
        }
    });
}

#[test]
#[ignore = "a benchmark"]
fn bench_an_operator_beside_a_busy_server() {
    let runtime = runtime();
    let place = Place::new();
    let (server, operator) = (Arc::new(place.open()), place.open());
    let node = runtime.block_on(node(&server, 1));
    let outcome = returned(&result());
    let mut times = Vec::new();
    runtime.block_on(async {
        let busy = Arc::new(());
        let clients = (0..64).map(|client| {
            let (server, outcome) = (server.clone(), outcome.clone());
            let busy = Arc::downgrade(&busy);
            tokio::spawn(async move {
                let mut count = 0;
                while busy.strong_count() > 0 {
                    let claim = born_claimed(&server, node, &format!("{client}-{count}")).await;
                    server.finish(&claim, outcome.clone()).await.unwrap();
                    count += 1;
                }
                count
            })
        });
        let clients: Vec<_> = clients.collect();
        for at in 0..100 {
            tokio::time::sleep(Duration::from_millis(20)).await;
            let begun = Instant::now();
            create(&operator, super::task(&format!("operator-{at}"))).await.unwrap();
            times.push(begun.elapsed());
        }
        drop(busy);
        let mut done = 0;
        for client in clients {
            done += client.await.unwrap();
        }
        times.sort_unstable();
        println!("\nan operator beside {done} tasks: p50 {:?}, slowest {:?}", times[50], times[99]);
    });
}

/// How long processors have worked for this process; nothing where there is no `/proc`. The unit there is 10 ms.
fn processor() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let ticks = stat.split(' ').skip(13).take(2).filter_map(|ticks| ticks.parse::<u64>().ok());
    Duration::from_millis(ticks.sum::<u64>() * 10)
}

/// Bytes of this process that are in memory; 0 where there is no `/proc`.
fn resident() -> usize {
    let mut text = String::new();
    let _ = write!(text, "{}", std::fs::read_to_string("/proc/self/statm").unwrap_or_default());
    text.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok()).unwrap_or(0) * 4096
}
