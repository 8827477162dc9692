//! Questions and their answers.

use super::super::scene::{Scene, given, json, keys, put, records, task};
use super::{Bench, Broken, ensure, same};
use crate::task::{Access, Answer, Commit, Release, TaskId, TaskState};

/// X33: all of them.
pub async fn questions_come_in_the_order_of_asking(bench: &dyn Bench) -> Result<(), Broken> {
    let scene = Scene::open(bench).await?;
    let claim = scene.working(task()).await?;
    let before = scene.view(&claim.task).await?.record;
    scene.pass(1).await;
    scene.ask(&claim, &["z", "a#2"]).await?;
    let view = scene.view(&claim.task).await?;
    same(view.record.state, TaskState::InputRequired, "L38: it waits for input")?;
    ensure(view.record.change > before.change, "which is a change")?;
    ensure(view.record.updated_at > before.updated_at, "D13: at a later time")?;
    scene.ask(&claim, &["m", "a", "日本"]).await?;
    let view = scene.view(&claim.task).await?;
    same(keys(&view), vec!["z", "a#2", "m", "a", "日本"], "in the order of asking")?;
    ensure(
        view.questions.iter().all(|(key, asked)| *asked == super::super::scene::question(key)),
        "as they were put",
    )?;
    let withdrawn = Commit { withdrawn: vec!["a#2".into()], ..Commit::default() };
    scene.commit(&claim, withdrawn).await?;
    same(keys(&scene.view(&claim.task).await?), vec!["z", "m", "a", "日本"], "one less")?;
    scene.ask(&claim, &["a#2"]).await?;
    let view = scene.view(&claim.task).await?;
    same(keys(&view), vec!["z", "a#2", "m", "a", "日本"], "one that is put again has its place")
}

pub async fn answers_arrive(bench: &dyn Bench) -> Result<(), Broken> {
    let scene = Scene::open(bench).await?;
    let claim = scene.working(task()).await?;
    scene.ask(&claim, &["q#2"]).await?;
    let asked = scene.view(&claim.task).await?.record;
    scene.pass(1).await;
    let before = bench.now();
    let view = scene.answer(&claim.task, &["q#2"]).await?;
    same(view.record.state, TaskState::Working, "L41: all input has arrived")?;
    same(keys(&view), vec![], "and nothing is asked")?;
    ensure(view.record.change > asked.change, "which is a change")?;
    ensure(view.record.updated_at > asked.updated_at, "D13: at a later time")?;
    same(scene.view(&claim.task).await?, view, "as everybody sees")?;
    for _ in 0..2 {
        let inbox = scene.store.take_in(&claim).await?;
        same(inbox.cancelled, None, "nobody has cancelled it")?;
        same(inbox.answers.len(), 1, "the answer is there until it is in the journal")?;
        let answer = &inbox.answers[0];
        same((&*answer.key, &answer.reply), ("q#2", &Ok(json("q#2"))), "word for word")?;
        ensure((before..=bench.now()).contains(&answer.at), "with the time when it came")?;
    }
    scene.store.release(&claim, Release::HandBack).await?;
    let again = scene.claim().await?.claim;
    same(scene.store.take_in(&again).await?.answers.len(), 1, "for the next attempt, too")?;
    scene.commit(&again, records(&["q#2"])).await?;
    same(scene.store.take_in(&again).await?.answers.len(), 0, "once it is there, it is gone")
}

/// X53.
pub async fn some_answers_are_not_all(bench: &dyn Bench) -> Result<(), Broken> {
    let scene = Scene::open(bench).await?;
    let claim = scene.working(task()).await?;
    scene.ask(&claim, &["a", "b", "c"]).await?;
    let view = scene.answer(&claim.task, &["b"]).await?;
    same(view.record.state, TaskState::InputRequired, "it waits for the rest")?;
    same(keys(&view), vec!["a", "c"], "and asks for it")?;
    same(scene.store.take_in(&claim).await?.answers.len(), 1, "one has come")?;
    let view = scene.answer(&claim.task, &["c", "a"]).await?;
    same(view.record.state, TaskState::Working, "now it has all")?;
    let mut found: Vec<String> = Vec::new();
    for arrived in scene.store.take_in(&claim).await?.answers {
        found.push(arrived.key.to_string());
    }
    found.sort();
    same(found, vec!["a".to_owned(), "b".into(), "c".into()], "one for each")
}

/// X52: never issued, already answered, withdrawn, settled.
pub async fn unknown_keys_are_passed_over(bench: &dyn Bench) -> Result<(), Broken> {
    let scene = Scene::open(bench).await?;
    let claim = scene.working(task()).await?;
    scene.ask(&claim, &["open", "answered", "withdrawn", "settled"]).await?;
    scene.answer(&claim.task, &["answered"]).await?;
    let commit = Commit { withdrawn: vec!["withdrawn".into()], ..records(&["settled"]) };
    scene.commit(&claim, commit).await?;
    scene.store.take_in(&claim).await?;
    let before = scene.view(&claim.task).await?;
    scene.pass(1).await;
    let others = ["never", "answered", "withdrawn", "settled", "Open", ""];
    let mut answers: Vec<_> = others.iter().map(|key| given(key)).collect();
    let changed = |(key, _)| (key, Answer::Given(json("changed my mind")));
    answers.extend(others.iter().map(|key| given(key)).map(changed));
    let view = scene.store.answer(&Access::Operator, &claim.task, answers).await?;
    same(view, Some(before.clone()), "D13: nothing has changed")?;
    same(scene.view(&claim.task).await?, before, "for anybody")?;
    let beat = scene.store.beat(scene.node, scene.units(100)).await?;
    same(beat, vec![], "and nobody is called")?;
    let inbox = scene.store.take_in(&claim).await?;
    same(inbox.answers.len(), 1, "the first answer wins")?;
    same(&inbox.answers[0].reply, &Ok(json("answered")), "I11")?;
    let twice = vec![given("open"), ("open".into(), Answer::Given(json("second")))];
    scene.store.answer(&Access::Operator, &claim.task, twice).await?;
    let inbox = scene.store.take_in(&claim).await?;
    let open = inbox.answers.iter().find(|arrived| &*arrived.key == "open");
    same(open.map(|arrived| &arrived.reply), Some(&Ok(json("open"))), "in one message, too")?;
    let nobody = TaskId::from("unknown");
    let unknown = scene.store.answer(&Access::Operator, &nobody, vec![given("open")]).await?;
    same(unknown, None, "an unknown task is not there")?;
    let none = scene.store.answer(&Access::Operator, &claim.task, Vec::new()).await?;
    ensure(none.is_some(), "no answers are no answers")
}

pub async fn refusals_arrive(bench: &dyn Bench) -> Result<(), Broken> {
    let scene = Scene::open(bench).await?;
    let claim = scene.working(task()).await?;
    scene.ask(&claim, &["q", "p"]).await?;
    let refused = |why: &str| Answer::Refused(why.into());
    let answers = vec![("q".into(), refused("I won't ' – \u{0}")), ("p".into(), refused(""))];
    let view = scene.store.answer(&Access::Operator, &claim.task, answers).await?;
    let state = view.map(|view| view.record.state);
    same(state, Some(TaskState::Working), "a refusal is an answer")?;
    let inbox = scene.store.take_in(&claim).await?;
    for (key, why) in [("q", "I won't ' – \u{0}"), ("p", "")] {
        let found = inbox.answers.iter().find(|arrived| &*arrived.key == key);
        same(found.map(|arrived| &arrived.reply), Some(&Err(why.into())), "with its reason")?;
    }
    let view = scene.answer(&claim.task, &["q"]).await?;
    same(view.record.state, TaskState::Working, "the first answer wins")?;
    let reply = scene.store.take_in(&claim).await?.answers;
    ensure(reply.iter().all(|arrived| arrived.reply.is_err()), "whatever it is")
}

/// An answer that did not pass its check is taken away, and the question is open again.
pub async fn unfit_answers_are_asked_again(bench: &dyn Bench) -> Result<(), Broken> {
    let scene = Scene::open(bench).await?;
    let claim = scene.working(task()).await?;
    scene.ask(&claim, &["q", "p"]).await?;
    scene.answer(&claim.task, &["q", "p"]).await?;
    scene.store.take_in(&claim).await?;
    let before = scene.view(&claim.task).await?.record;
    scene.pass(1).await;
    let commit = Commit { refused: vec!["q".into()], ..Commit::default() };
    scene.commit(&claim, commit).await?;
    let view = scene.view(&claim.task).await?;
    same(view.record.state, TaskState::InputRequired, "it waits for input again")?;
    same(keys(&view), vec!["q"], "for that one")?;
    ensure(view.record.change > before.change, "which is a change")?;
    let inbox = scene.store.take_in(&claim).await?;
    same(inbox.answers.len(), 1, "only the other answer is left")?;
    let answer = vec![("q".into(), Answer::Given(json("better")))];
    scene.store.answer(&Access::Operator, &claim.task, answer).await?;
    let inbox = scene.store.take_in(&claim).await?;
    let found = inbox.answers.iter().find(|arrived| &*arrived.key == "q");
    same(found.map(|arrived| &arrived.reply), Some(&Ok(json("better"))), "the next one counts")
}

/// A beat names what was called for, until somebody has looked.
pub async fn called_until_taken_in(bench: &dyn Bench) -> Result<(), Broken> {
    let scene = Scene::open(bench).await?;
    let (lease, store) = (scene.units(100), &scene.store);
    let other = scene.join(100).await?;
    let quiet = scene.working(task()).await?;
    let claim = scene.working(task()).await?;
    scene.commit(&quiet, records(&["s"])).await?;
    scene.commit(&claim, put(&["a", "b"])).await?;
    same(store.beat(scene.node, lease).await?, vec![], "nobody has called")?;
    scene.answer(&claim.task, &["a"]).await?;
    for _ in 0..2 {
        same(store.beat(scene.node, lease).await?, vec![claim.clone()], "an answer calls")?;
        same(store.beat(other, lease).await?, vec![], "only who works on it")?;
    }
    store.take_in(&claim).await?;
    same(store.beat(scene.node, lease).await?, vec![], "until it is taken in")?;
    scene.answer(&claim.task, &["b"]).await?;
    same(store.beat(scene.node, lease).await?, vec![claim.clone()], "the next one calls again")?;
    store.take_in(&claim).await?;
    store.cancel(&Access::Operator, &claim.task).await?;
    for _ in 0..2 {
        same(store.beat(scene.node, lease).await?, vec![claim.clone()], "a cancel calls")?;
    }
    store.take_in(&claim).await?;
    same(store.beat(scene.node, lease).await?, vec![], "until it is taken in")
}
