//! References: to another definition than before, or to one where a shape stood.

use super::change::{Change, Class, Kind, Rewriting};
use super::compare::{Found, Place, Walk};
use super::describe::short;
use super::facts::Node;

impl Walk<'_> {
    pub(super) fn old_written_out(&mut self, name: &str, old: &Node, new: &Node, place: &Place) {
        let Some(target) = self.old.target(name) else { return self.replaced(old, new, place) };
        let target = target.clone().within(old.said.clone());
        if self.is_gone(name) {
            self.note(Rewriting::Inlined, name, place);
            return self.nodes(&target, new, &place.enter(name));
        }
        let found = self.between(&target, new, place);
        self.others_than_before(found, (old, new), (Rewriting::Copied, name), place);
    }

    pub(super) fn new_named(&mut self, name: &str, old: &Node, new: &Node, place: &Place) {
        let Some(target) = self.new.target(name) else { return self.replaced(old, new, place) };
        let target = target.clone().within(new.said.clone());
        if self.has_come(name) {
            self.note(Rewriting::Named, name, place);
            return self.nodes(old, &target, &place.enter(name));
        }
        let found = self.between(old, &target, place);
        self.others_than_before(found, (old, new), (Rewriting::Referred, name), place);
    }

    /// A reference to a definition and a shape: if they are alike, the differences, otherwise one change.
    fn others_than_before(
        &mut self,
        found: Found,
        (old, new): (&Node, &Node),
        (rewriting, name): (Rewriting, &str),
        place: &Place,
    ) {
        let whole = |change: &Change| change.path == place.path && change.kind == Kind::TypeChanged;
        if found.changes.iter().any(whole) {
            return self.changed_into(old, new, place, &found);
        }
        self.note(rewriting, name, place);
        // What is the same as the definition's is told by that.
        if !found.changes.is_empty() {
            self.found.mechanical.extend(found.mechanical);
        }
        self.found.changes.extend(found.changes);
    }

    pub(super) fn references(
        &mut self,
        before: &str,
        after: &str,
        whole: (&Node, &Node),
        place: &Place,
    ) {
        if self.renamed(before) == after {
            return;
        }
        let pair = (before.to_owned(), after.to_owned());
        if !self.assumed.insert(pair.clone()) {
            return;
        }
        let targets = self.old.target(before).zip(self.new.target(after));
        self.strangers += 1;
        let found = targets.map(|(old, new)| self.between(old, new, &Place::of("")));
        self.strangers -= 1;
        self.assumed.remove(&pair);
        match found {
            Some(found) if found.changes.is_empty() => {
                self.note(Rewriting::Retargeted, &format!("{before} -> {after}"), place);
            }
            Some(found) => self.changed_into(whole.0, whole.1, place, &found),
            None => self.replaced(whole.0, whole.1, place),
        }
    }

    /// One type in place of another; the differences between the two say whom it breaks.
    fn changed_into(&mut self, old: &Node, new: &Node, place: &Place, found: &Found) {
        let class = found.changes.iter().fold(Class::COMPATIBLE, |all, one| all.and(one.class));
        let (before, after) = (short(old), short(new));
        let mut reasons: Vec<String> = found
            .changes
            .iter()
            .filter(|change| change.class == class || change.class.is_breaking())
            .map(|change| match change.path.as_str() {
                "" => change.what.clone(),
                path => format!("`{path}`: {}", change.what),
            })
            .collect();
        let more = reasons.len().saturating_sub(2);
        reasons.truncate(2);
        if more > 0 {
            reasons.push(format!("{more} more"));
        }
        let what = format!("{before} became {after}");
        let why = format!("between the two: {}", reasons.join("; "));
        self.tell(place, (Kind::TypeChanged, class), (Some(before), Some(after)), what, why);
    }

    /// Notes that a union stands for its members, or no longer.
    pub fn note_union(&mut self, name: &str, is_old: bool, place: &Place) {
        let rewriting = match (is_old, self.is_gone(name), self.has_come(name)) {
            (true, true, _) => Rewriting::Inlined,
            (true, false, _) => Rewriting::Copied,
            (false, _, true) => Rewriting::Named,
            (false, _, false) => Rewriting::Referred,
        };
        self.note(rewriting, name, place);
    }
}
