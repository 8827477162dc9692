//! What the counters say.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;

use metrics::{Counter, Gauge, Histogram, Key as Name, KeyName, Metadata, SharedString, Unit};

use super::shaky::{Fault, Shaky};
use super::*;

#[derive(Default)]
struct Counts(Mutex<BTreeMap<String, Arc<AtomicU64>>>);

impl metrics::Recorder for Counts {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, name: &Name, _: &Metadata<'_>) -> Counter {
        let labels: Vec<_> = name.labels().map(|label| label.value()).collect();
        let counter = format!("{} {}", name.name(), labels.join(" "));
        let mut all = self.0.lock().expect("no panic");
        Counter::from_arc(all.entry(counter).or_default().clone())
    }

    fn register_gauge(&self, _: &Name, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, _: &Name, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

/// Each end is counted once, whoever brought it about, and what came too late as that.
#[tokio::test(start_paused = true)]
async fn every_end_is_counted() {
    let counts = Counts::default();
    let _counting = metrics::set_default_local_recorder(&counts);
    let (one, gate) = (Shaky::in_time(), Arc::new(Notify::new()));
    let two = Shaky::over(one.inner().clone());
    let server = |store: &Arc<Shaky>| {
        let gate = gate.clone();
        Server::builder("test", "1")
            .tasks(TaskSettings { running: 1, ..TaskSettings::default() })
            .task_store(store.clone())
            .task(options(), move |call: Call| {
                let gate = gate.clone();
                async move {
                    tokio::select! {
                        () = gate.notified() => {}
                        () = async { call.cancelled().await } => {}
                    }
                    "done"
                }
            })
    };
    let first = server(&one);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let tasks = &first.0.tasks;
    let cancel = async |id: &TaskId| tasks.cancel(&Access::Operator, id.as_str()).await;
    let (runs, waits) = (created(&first).await, created(&first).await);
    cancel(&waits).await.expect("a task");
    cancel(&waits).await.expect("a task");
    cancel(&runs).await.expect("a task");
    until(async || tasks.running().is_empty()).await;
    let returns = created(&first).await;
    gate.notify_one();
    ended(&first, &returns).await;
    let dies = created(&first).await;
    let second = server(&two);
    one.spoil(Fault::Fails, &["join", "beat", "commit", "take_in", "release", "finish"]);
    ended(&second, &dies).await;
    let all = counts.0.lock().expect("no panic");
    let ends: Vec<_> = all
        .iter()
        .filter(|(counter, _)| counter.contains("ended"))
        .map(|(counter, count)| (counter.as_str(), count.load(SeqCst)))
        .collect();
    assert_eq!(
        ends,
        [
            ("mcp.server.tasks.ended cancelled no", 1),
            ("mcp.server.tasks.ended cancelled yes", 2),
            ("mcp.server.tasks.ended failed yes", 1),
            ("mcp.server.tasks.ended returned yes", 1),
        ]
    );
}
