//! Two definitions, place by place.
//!
//! What is written in another way and means the same is noted, and nothing more: a definition without a counterpart is
//! looked into where it is used, so that a shape that got a name is compared with the shape that had none.

use std::collections::{BTreeMap, BTreeSet};

use super::change::{Change, Class, Group, Kind, Mechanical, Rewriting};
use super::describe::{canonical, short};
use super::facts::{Member, Node};
use super::renames::Renames;
use super::side::{Side, join};

/// A place in a definition.
#[derive(Clone, Debug)]
pub struct Place {
    /// The definition, by its new name where it has one.
    pub definition: String,
    /// Where in it.
    pub path: String,
    /// Where the definition's shape stands, if it is inline on one side.
    pub outside: Option<String>,
}

impl Place {
    /// A definition itself.
    pub fn of(definition: &str) -> Self {
        Self { definition: definition.to_owned(), path: String::new(), outside: None }
    }

    /// A property below this place.
    pub fn field(&self, name: &str) -> Self {
        self.at(join(&self.path, name))
    }

    /// The items of the array at this place.
    pub fn items(&self) -> Self {
        self.at(format!("{}[]", self.path))
    }

    fn at(&self, path: String) -> Self {
        let outside = self.outside.as_ref().map(|outside| {
            let step = path.strip_prefix(&self.path).unwrap_or(&path);
            match step.starts_with(['.', '[']) {
                true => format!("{outside}{step}"),
                false => format!("{outside}.{step}"),
            }
        });
        Self { definition: self.definition.clone(), path, outside }
    }

    /// From here on the shape of a definition without a counterpart.
    pub fn enter(&self, definition: &str) -> Self {
        let outside = Some(self.name());
        Self { definition: definition.to_owned(), path: String::new(), outside }
    }

    /// The place with the name of its definition.
    pub fn name(&self) -> String {
        match &self.outside {
            Some(outside) => outside.clone(),
            None => join(&self.definition, &self.path).trim_end_matches('.').to_owned(),
        }
    }
}

/// What is found on the way.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// What a document can show.
    pub changes: Vec<Change>,
    /// What only the text shows.
    pub mechanical: Vec<Mechanical>,
}

impl Found {
    /// Whether a change in it breaks whom one asks for.
    pub fn breaks(&self, whom: impl Fn(Class) -> bool) -> bool {
        self.changes.iter().any(|change| whom(change.class))
    }
}

/// The way through two schemas at once.
pub struct Walk<'a> {
    /// The old schema.
    pub old: &'a Side,
    /// The new schema.
    pub new: &'a Side,
    /// Definitions that have another name now.
    pub renames: &'a Renames,
    /// What was found.
    pub found: Found,
    /// Pairs of definitions that are being compared with each other.
    pub assumed: BTreeSet<(String, String)>,
    /// Whether two types are compared that are not meant to be the same: then alike fields are no renamed ones.
    pub strangers: usize,
    depth: usize,
    steps: usize,
}

impl<'a> Walk<'a> {
    /// How deep shapes may stand in each other, with what they refer to.
    const DEPTH: usize = 96;
    /// How many places may be looked at. The protocol's largest step has some ten thousand.
    const STEPS: usize = 4_000_000;

    /// At the beginning.
    pub fn new(old: &'a Side, new: &'a Side, renames: &'a Renames) -> Self {
        let (found, assumed) = (Found::default(), BTreeSet::new());
        Self { old, new, renames, found, assumed, strangers: 0, depth: 0, steps: 0 }
    }

    /// A change at a place.
    pub fn tell(
        &mut self,
        place: &Place,
        (kind, class): (Kind, Class),
        (before, after): (Option<String>, Option<String>),
        what: impl Into<String>,
        why: impl Into<String>,
    ) {
        let change = Change {
            group: Group::Type,
            subject: place.definition.clone(),
            definition: place.definition.clone(),
            path: place.path.clone(),
            kind,
            before,
            after,
            class,
            what: what.into(),
            why: why.into(),
            places: place.outside.clone().into_iter().collect(),
            inherited_by: BTreeSet::new(),
        };
        self.found.changes.push(change);
    }

    pub fn note(&mut self, rewriting: Rewriting, name: &str, place: &Place) {
        let places = [place.name()].into();
        self.found.mechanical.push(Mechanical { rewriting, name: name.to_owned(), places });
    }

    /// An old definition's name in the new schema.
    pub fn renamed<'n>(&'n self, name: &'n str) -> &'n str {
        self.renames.get(name).map_or(name, String::as_str)
    }

    pub fn is_gone(&self, name: &str) -> bool {
        !self.new.definitions.contains_key(self.renamed(name))
    }

    pub fn has_come(&self, name: &str) -> bool {
        !self.old.definitions.contains_key(name) && !self.renames.values().any(|new| new == name)
    }

    /// What would be found between two nodes.
    pub fn between(&mut self, old: &Node, new: &Node, place: &Place) -> Found {
        let before = std::mem::take(&mut self.found);
        self.nodes(old, new, place);
        std::mem::replace(&mut self.found, before)
    }

    fn is_same(&mut self, old: &Member, new: &Member) -> bool {
        if let (Member::Ref(old), Member::Ref(new)) = (old, new)
            && self.renamed(old) == new
        {
            return true;
        }
        let (old, new) = (Node::of(old.clone()), Node::of(new.clone()));
        self.between(&old, &new, &Place::of("")).changes.is_empty()
    }

    /// Two places.
    pub fn nodes(&mut self, old: &Node, new: &Node, place: &Place) {
        self.steps += 1;
        if self.depth > Self::DEPTH || self.steps > Self::STEPS {
            let text = |node| Some(short(node));
            let why = "the shapes are too large, or too deep in each other, to be compared";
            let change = (Kind::TypeChanged, Class::BOTH);
            return self.tell(place, change, (text(old), text(new)), "cannot be compared", why);
        }
        self.depth += 1;
        // A reference on one side only is looked into.
        match (old.reference(), new.reference()) {
            (Some(name), None) if !new.refers_to(self.renamed(name)) => {
                self.old_written_out(name, old, new, place);
            }
            (None, Some(name)) if !old.members.iter().any(|one| self.leads(one, name)) => {
                self.new_named(name, old, new, place);
            }
            _ => {
                self.said(old, new, place);
                self.shapes(old, new, place);
            }
        }
        self.depth -= 1;
    }

    fn leads(&self, old: &Member, name: &str) -> bool {
        matches!(old, Member::Ref(target) if self.renamed(target) == name)
    }

    fn shapes(&mut self, old: &Node, new: &Node, place: &Place) {
        if old.null != new.null && !old.is_any() && !new.is_any() {
            let shape = |node: &Node| Node { null: false, said: BTreeMap::new(), ..node.clone() };
            let found = self.between(&shape(old), &shape(new), place);
            // Another shape, and null besides: one change.
            let other = |change: &Change| {
                change.kind == Kind::TypeChanged
                    && change.path == place.path
                    && change.definition == place.definition
            };
            if found.changes.iter().any(other) {
                return self.replaced(old, new, place);
            }
            self.nullability(new.null, place);
            self.found.changes.extend(found.changes);
            self.found.mechanical.extend(found.mechanical);
            return;
        }
        if let ([one], [other]) = (old.members.as_slice(), new.members.as_slice())
            && old.values.is_empty()
            && new.values.is_empty()
        {
            return self.members(one, other, (old, new), place);
        }
        self.alternatives(old, new, place);
    }

    /// The only shapes of a place.
    fn members(&mut self, old: &Member, new: &Member, whole: (&Node, &Node), place: &Place) {
        match (old, new) {
            (Member::Any, Member::Any) => {}
            (Member::Ref(before), Member::Ref(after)) => {
                self.references(before, after, whole, place);
            }
            (Member::Simple(before, one), Member::Simple(after, other)) if before == after => {
                self.limits(one, other, place);
            }
            (Member::Array(before, one), Member::Array(after, other)) => {
                self.limits(one, other, place);
                self.nodes(before, after, &place.items());
            }
            (Member::Object(before), Member::Object(after)) => self.objects(before, after, place),
            (Member::Ref(_), _) | (_, Member::Ref(_)) => {
                // One of the two may be null as well, so that the whole is no reference.
                let (old, new) = (Node::of(old.clone()), Node::of(new.clone()));
                self.nodes(&old, &new, place);
            }
            _ => self.replaced(whole.0, whole.1, place),
        }
    }

    /// Shapes that have nothing in common but what one of them allows of the other.
    pub fn replaced(&mut self, old: &Node, new: &Node, place: &Place) {
        let readers = !self.all_in(new, false, old, true);
        let writers = !self.all_in(old, true, new, false);
        let class = Class { readers, writers };
        let (before, after) = (short(old), short(new));
        let why = match (readers, writers) {
            (false, false) => "either allows what the other does",
            (true, false) => "all that was written can be read, but not the other way round",
            (false, true) => {
                "what is written now could be read before, but not the other way round"
            }
            (true, true) => "neither reads what the other writes",
        };
        let what = format!("{before} became {after}");
        self.tell(place, (Kind::TypeChanged, class), (Some(before), Some(after)), what, why);
    }

    /// The text of a node by which it is the same in both schemas.
    pub fn text(&self, node: &Node, is_old: bool) -> String {
        canonical(node, &|name| match is_old {
            true => self.renamed(name).to_owned(),
            false => name.to_owned(),
        })
    }

    /// Whether two members of a union are the same shape, by name or by what they say.
    pub fn alike(&mut self, old: &Member, new: &Member) -> bool {
        let reachable = |side: &Side, member: &Member| match member {
            Member::Ref(name) => side.definitions.contains_key(name),
            _ => true,
        };
        reachable(self.old, old) && reachable(self.new, new) && self.is_same(old, new)
    }

    /// Goes a step deeper; `false` where it is too deep.
    pub fn deeper(&mut self, step: impl FnOnce(&mut Self) -> bool) -> bool {
        self.steps += 1;
        self.depth += 1;
        let fits = self.depth <= Self::DEPTH && self.steps <= Self::STEPS;
        let told = fits && step(self);
        self.depth -= 1;
        told
    }

    /// Notes how two alike members of a union are written.
    pub fn note_alike(&mut self, old: &Member, new: &Member, place: &Place) {
        let (old, new) = (Node::of(old.clone()), Node::of(new.clone()));
        self.nodes(&old, &new, place);
    }
}

impl Node {
    fn refers_to(&self, name: &str) -> bool {
        self.members.iter().any(|member| matches!(member, Member::Ref(target) if target == name))
    }

    /// The definition, if the place is a reference and nothing else.
    fn reference(&self) -> Option<&str> {
        match self.only()? {
            Member::Ref(name) => Some(name),
            _ => None,
        }
    }
}
