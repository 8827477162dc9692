//! Places at which one of several shapes or values may stand.

use std::collections::BTreeSet;

use super::bounds::{self, Words};
use super::change::{Class, Kind};
use super::compare::{Place, Walk};
use super::describe::short;
use super::facts::{Member, Node, kind_of};
use super::side::Side;

impl Walk<'_> {
    /// `null` that is allowed now, or no longer.
    pub(super) fn nullability(&mut self, now: bool, place: &Place) {
        let null = Some("null".to_owned());
        if now {
            let why = "who reads it may find `null` where there never was one";
            let change = (Kind::NullAllowed, Class::READERS);
            self.tell(place, change, (None, null), "may be `null` now", why);
        } else {
            let why = "who still writes `null` is refused";
            let change = (Kind::NullRefused, Class::WRITERS);
            self.tell(place, change, (null, None), "may no longer be `null`", why);
        }
    }

    /// Two sets of shapes and values.
    pub(super) fn alternatives(&mut self, old: &Node, new: &Node, place: &Place) {
        let mut before = old.members.clone();
        let mut after = new.members.clone();
        let mut kept = self.match_members(&mut before, &mut after, place);
        // A union in the union on one side only, written out.
        if !before.is_empty() && !after.is_empty() {
            kept |= self.match_flattened(&mut before, &mut after, place);
        }
        let gone: Vec<&String> = old.values.difference(&new.values).collect();
        let come: Vec<&String> = new.values.difference(&old.values).collect();
        kept |= gone.len() < old.values.len();
        let values_only = old.members.is_empty() && new.members.is_empty();
        if !(kept || values_only || old.is_nothing() || new.is_nothing()) {
            return self.replaced(old, new, place);
        }
        self.values(&gone, &come, (old, new), place);
        for member in before {
            self.member_removed(&member, new, place);
        }
        for member in after {
            self.member_added(&member, old, place);
        }
    }

    fn member_removed(&mut self, member: &Member, new: &Node, place: &Place) {
        let node = Node::of(member.clone());
        let (class, why) = match self.all_in(&node, true, new, false) {
            true => (Class::COMPATIBLE, "another alternative reads it as well"),
            false => (Class::WRITERS, "who still writes it is refused"),
        };
        let text = short(&node);
        let what = format!("alternative {text} removed");
        self.tell(place, (Kind::MemberRemoved, class), (Some(text), None), what, why);
    }

    fn member_added(&mut self, member: &Member, old: &Node, place: &Place) {
        let node = Node::of(member.clone());
        let (class, why) = match self.all_in(&node, false, old, true) {
            true => (Class::COMPATIBLE, "another alternative has read it before"),
            false => (
                Class::READERS,
                "who reads a closed set of alternatives refuses one that it does not know",
            ),
        };
        let text = short(&node);
        let what = format!("alternative {text} added");
        self.tell(place, (Kind::MemberAdded, class), (None, Some(text)), what, why);
    }

    /// Lists of messages or of results, from which nothing is chosen by trial. Methods are told by themselves.
    pub(super) fn lists(&mut self, old: &Node, new: &Node, place: &Place) {
        let names = |node: &Node, side: &Side| -> BTreeSet<String> {
            let names = node.members.iter().filter_map(|member| match member {
                Member::Ref(name) if !side.methods.contains_key(name) => Some(name.clone()),
                _ => None,
            });
            names.collect()
        };
        let before: BTreeSet<String> =
            names(old, self.old).iter().map(|name| self.renamed(name).to_owned()).collect();
        let after = names(new, self.new);
        let why = "a result is read by the request that it answers, and a message by its method; not by this list";
        for name in before.difference(&after) {
            let change = (Kind::MemberRemoved, Class::COMPATIBLE);
            let what = format!("`{name}` is no longer listed");
            self.tell(place, change, (Some(format!("`{name}`")), None), what, why);
        }
        for name in after.difference(&before) {
            let change = (Kind::MemberAdded, Class::COMPATIBLE);
            let what = format!("`{name}` is listed now");
            self.tell(place, change, (None, Some(format!("`{name}`"))), what, why);
        }
    }

    /// Takes out what stands in both, and compares it. Whether there was any.
    fn match_members(
        &mut self,
        before: &mut Vec<Member>,
        after: &mut Vec<Member>,
        place: &Place,
    ) -> bool {
        let mut any = false;
        for rule in [Self::equal, Self::alike, Self::same_kind, Self::same_tag, Self::reads_on] {
            let mut index = 0;
            while index < before.len() {
                let one = before[index].clone();
                let mut found = None;
                for (other, member) in after.iter().enumerate() {
                    if rule(self, &one, member) {
                        found = Some(other);
                        break;
                    }
                }
                match found {
                    Some(other) => {
                        before.remove(index);
                        let other = after.remove(other);
                        self.note_alike(&one, &other, place);
                        any = true;
                    }
                    None => index += 1,
                }
            }
        }
        // What is left of objects without a name: one there, one here.
        let inline = |member: &Member| matches!(member, Member::Object(_));
        if let ([one], [other]) = (before.as_slice(), after.as_slice())
            && inline(one)
            && inline(other)
        {
            let (one, other) = (one.clone(), other.clone());
            before.clear();
            after.clear();
            self.note_alike(&one, &other, place);
            any = true;
        }
        any
    }

    /// Takes out what stands in both once unions among the members are replaced by their own members.
    fn match_flattened(
        &mut self,
        before: &mut Vec<Member>,
        after: &mut Vec<Member>,
        place: &Place,
    ) -> bool {
        let (old, gone) = flatten(self.old, before);
        let (new, come) = flatten(self.new, after);
        let (mut flat_before, mut flat_after) = (old, new);
        if gone.is_empty() && come.is_empty() {
            return false;
        }
        let any = self.match_members(&mut flat_before, &mut flat_after, place);
        if any {
            (*before, *after) = (flat_before, flat_after);
            gone.iter().for_each(|name| self.note_union(name, true, place));
            come.iter().for_each(|name| self.note_union(name, false, place));
        }
        any
    }

    fn equal(&mut self, old: &Member, new: &Member) -> bool {
        let (old, new) = (Node::of(old.clone()), Node::of(new.clone()));
        self.text(&old, true) == self.text(&new, false)
    }

    fn same_kind(&mut self, old: &Member, new: &Member) -> bool {
        match (old, new) {
            (Member::Ref(before), Member::Ref(after)) => self.renamed(before) == after,
            (Member::Simple(before, _), Member::Simple(after, _)) => before == after,
            (Member::Array(..), Member::Array(..)) | (Member::Any, Member::Any) => true,
            _ => false,
        }
    }

    /// Objects that are told from others by the same value.
    fn same_tag(&mut self, old: &Member, new: &Member) -> bool {
        let tags = |side: &Side, member: &Member| -> BTreeSet<(String, String)> {
            let object = side.object(&Node::of(member.clone()));
            object
                .iter()
                .flat_map(|object| object.tags())
                .filter(|(key, _)| *key != "jsonrpc")
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .collect()
        };
        // Definitions that stand in both schemas are not each other's successors.
        let lasting = |name: &String| {
            self.new.definitions.contains_key(self.renamed(name))
                && self.old.definitions.contains_key(name)
        };
        match (old, new) {
            (Member::Ref(before), Member::Ref(after)) if lasting(before) || lasting(after) => false,
            _ => !tags(self.old, old).is_disjoint(&tags(self.new, new)),
        }
    }

    /// A shape without a name, and one that reads all that it did and writes nothing that it refuses.
    fn reads_on(&mut self, old: &Member, new: &Member) -> bool {
        let inline = |member: &Member| matches!(member, Member::Object(_));
        let shared = |one: &Side, other: &Side| {
            let fields = |side: &Side, member: &Member| side.object(&Node::of(member.clone()));
            fields(one, old).zip(fields(other, new)).is_some_and(|(one, two)| {
                one.properties
                    .iter()
                    .any(|(name, field)| field.required && two.properties.contains_key(name))
            })
        };
        (inline(old) || inline(new))
            && shared(self.old, self.new)
            && !self
                .between(&Node::of(old.clone()), &Node::of(new.clone()), &Place::of(""))
                .breaks(Class::is_breaking)
    }

    fn values(
        &mut self,
        gone: &[&String],
        come: &[&String],
        (old, new): (&Node, &Node),
        place: &Place,
    ) {
        if let ([before], [after]) = (gone, come) {
            let ends = (Some((*before).clone()), Some((*after).clone()));
            if old.constant().is_some() && new.constant().is_some() {
                let why = "a constant is how the one side knows what the other means";
                let what = format!("constant `{before}` became `{after}`");
                return self.tell(place, (Kind::ConstantChanged, Class::BOTH), ends, what, why);
            }
            let one = |value: &str| Node { values: [value.to_owned()].into(), ..Node::default() };
            let class = Class {
                readers: !self.all_in(&one(after), false, old, true),
                writers: !self.all_in(&one(before), true, new, false),
            };
            let why = match (class.readers, class.writers) {
                (false, false) => "either is read before and now, among others",
                (true, false) => "the new value is unknown to who was built before",
                (false, true) => "the old value is no longer read",
                (true, true) => {
                    "the old value is no longer read, and the new one is unknown to who was built before"
                }
            };
            let what = format!("value `{before}` became `{after}`");
            return self.tell(place, (Kind::ValueReplaced, class), ends, what, why);
        }
        for value in gone {
            let one = Node { values: [(*value).clone()].into(), ..Node::default() };
            let (class, why) = match self.all_in(&one, true, new, false) {
                true => (Class::COMPATIBLE, "it is read as before, among others"),
                false => (Class::WRITERS, "who still writes it is refused"),
            };
            let change = (Kind::ValueRemoved, class);
            self.tell(
                place,
                change,
                (Some((*value).clone()), None),
                format!("value `{value}` removed"),
                why,
            );
        }
        for value in come {
            let one = Node { values: [(*value).clone()].into(), ..Node::default() };
            let (class, why) = match self.all_in(&one, false, old, true) {
                true => (Class::COMPATIBLE, "it was read before, among others"),
                false => (
                    Class::READERS,
                    "who reads a closed set of values refuses one that it does not know",
                ),
            };
            let change = (Kind::ValueAdded, class);
            self.tell(
                place,
                change,
                (None, Some((*value).clone())),
                format!("value `{value}` added"),
                why,
            );
        }
    }

    /// Whether all that one node allows is surely allowed by another.
    pub(super) fn all_in(
        &mut self,
        node: &Node,
        node_is_old: bool,
        other: &Node,
        other_is_old: bool,
    ) -> bool {
        let mut inside = vec![other.clone()];
        let mut seen = BTreeSet::new();
        let (mut kinds, mut values, mut names, mut null) =
            (Vec::new(), BTreeSet::new(), BTreeSet::new(), false);
        while let Some(node) = inside.pop() {
            null |= node.null;
            values.extend(node.values);
            for member in node.members {
                match member {
                    Member::Ref(name) => {
                        if !seen.insert(name.clone()) {
                            continue;
                        }
                        let side = if other_is_old { self.old } else { self.new };
                        inside.extend(side.target(&name).cloned());
                        let name = if other_is_old { self.renamed(&name).to_owned() } else { name };
                        names.insert(name);
                    }
                    member => kinds.push(member),
                }
            }
        }
        if kinds.contains(&Member::Any) {
            return true;
        }
        let free = |kind: &str| {
            kinds.iter().any(|member| matches!(member, Member::Simple(known, limits) if known == kind && limits.is_empty()))
        };
        let value_in = |value: &String| {
            let kind = kind_of(value);
            if matches!(kind, "object" | "array") {
                return values.contains(value);
            }
            values.contains(value) || free(kind) || (kind == "integer" && free("number"))
        };
        let simple_in = |kind: &String, bounds: &Words| {
            kinds.iter().any(|member| match member {
                Member::Simple(known, others) => {
                    (known == kind || (kind == "integer" && known == "number"))
                        && !bounds::class(bounds, others).writers
                }
                _ => false,
            })
        };
        let values_are_in = (null || !node.null) && node.values.iter().all(value_in);
        values_are_in
            && node.members.iter().all(|member| match member {
                Member::Any => false,
                Member::Simple(kind, limits) => simple_in(kind, limits),
                Member::Ref(name) => {
                    let side = if node_is_old { self.old } else { self.new };
                    let renamed = if node_is_old { self.renamed(name) } else { name };
                    names.contains(renamed)
                        || side.target(name).cloned().is_some_and(|target| {
                            self.deeper(|walk| {
                                walk.all_in(&target, node_is_old, other, other_is_old)
                            })
                        })
                }
                one => kinds.iter().any(|other| {
                    let alike = matches!(
                        (one, other),
                        (Member::Object(_), Member::Object(_))
                            | (Member::Array(..), Member::Array(..))
                    );
                    if !alike {
                        return false;
                    }
                    let (one, other) = (Node::of(one.clone()), Node::of(other.clone()));
                    match (node_is_old, other_is_old) {
                        (true, false) => !self
                            .between(&one, &other, &Place::of(""))
                            .breaks(|class| class.writers),
                        (false, true) => !self
                            .between(&other, &one, &Place::of(""))
                            .breaks(|class| class.readers),
                        _ => false,
                    }
                }),
            })
    }
}

/// The members, with unions among them replaced by what they are made of; and the names of those unions.
fn flatten(side: &Side, members: &[Member]) -> (Vec<Member>, Vec<String>) {
    let (mut flat, mut names) = (Vec::new(), Vec::new());
    for member in members {
        if let Member::Ref(name) = member
            && let Some(union) = side.target(name).filter(|node| node.members.len() > 1)
        {
            flat.extend(union.members.iter().cloned());
            names.push(name.clone());
        } else {
            flat.push(member.clone());
        }
    }
    (flat, names)
}
