//! A client that answers what it is asked, and now and then changes its mind.

use std::sync::Arc;

use super::super::random::Dice;
use super::super::scene::given;
use super::Race;
use crate::task::kit::{Broken, ensure};
use crate::task::{Access, Owner, TaskId, TaskState};

pub async fn ask(race: Arc<Race>, ids: Vec<TaskId>) -> Result<(), Broken> {
    let mut dice = Dice::new(race.seed());
    let me = Access::Owner(Owner::anonymous());
    let mut seen = vec![0; ids.len()];
    while !race.is_over() {
        let at = dice.index(ids.len());
        let id = &ids[at];
        let view = race.store.get(&me, id).await?;
        let view = view.ok_or_else(|| Broken::new("what was created can be read"))?;
        let record = &view.record;
        ensure(record.change >= seen[at], "what is seen does not go back")?;
        ensure(view.questions.is_empty() || !record.state.is_final(), "an end has no questions")?;
        let ended = record.state.is_final() && record.state != TaskState::Cancelled;
        ensure(view.outcome.is_some() == ended, "D1: state and outcome at one instant")?;
        seen[at] = record.change;
        let answers: Vec<_> = view.questions.iter().map(|(key, _)| given(key)).collect();
        if !answers.is_empty() && dice.chance(70) {
            race.store.answer(&me, id, answers).await?;
        }
        if !race.is_calm() && dice.below(600) == 0 {
            let cancelled = race.store.cancel(&me, id).await?;
            if cancelled.is_some_and(|cancelled| cancelled.first) {
                race.tell(id, |told| told.ends.push((TaskState::Cancelled, None)));
            }
        }
        tokio::task::yield_now().await;
    }
    Ok(())
}
