//! Bounds of arguments, `#[arg(min = .., max = ..)]`: what clients are told of them, and what is held to them.

use std::cmp::Ordering;
use std::fmt::Debug;

use serde::Serialize;
use serde_json::Value;

/// A smallest and a largest value, both allowed themselves.
pub struct Bounds<N> {
    /// The smallest.
    pub min: Option<N>,
    /// The largest.
    pub max: Option<N>,
}

/// How many characters or items there may be.
pub struct Lengths(pub Bounds<usize>);

/// A type with a number to bound: integers and floats, and `Option`s of them.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no `min` and `max`",
    label = "this is no number",
    note = "`min` and `max` are for integers and floats; the length of a `String` or a `Vec` has `min_length` and `max_length`",
    note = "for a type of your own, check in its `Deserialize` or in the function"
)]
pub trait NumberArgument {
    /// The number's type: bounds are compared as what they are, and rounded nowhere.
    type Number: Copy + PartialOrd + Debug + Serialize + Sync + 'static;
    /// The number, if there is one.
    fn number(&self) -> Option<Self::Number>;
}

macro_rules! numbers {
    ($($ty:ty),*) => {
        $(impl NumberArgument for $ty {
            type Number = $ty;
            fn number(&self) -> Option<$ty> {
                Some(*self)
            }
        })*
    };
}
numbers!(i8, i16, i32, i64, i128, isize, u8, u16, u32, u64, u128, usize, f32, f64);

impl<T: NumberArgument> NumberArgument for Option<T> {
    type Number = T::Number;
    fn number(&self) -> Option<T::Number> {
        self.as_ref()?.number()
    }
}

/// A type with a length to bound: `String` and `Vec`, and `Option`s of them.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no `min_length` and `max_length`",
    label = "this is no text and no list",
    note = "`min_length` and `max_length` are for `String` and `Vec`; numbers have `min` and `max`",
    note = "for a type of your own, check in its `Deserialize` or in the function"
)]
pub trait LengthArgument {
    /// What is counted.
    const COUNTED: Counted;
    /// How many there are, if there is anything.
    fn length(&self) -> Option<usize>;
}

/// What the length of a type counts.
pub enum Counted {
    /// The characters of a text, which are code points (JSON Schema Validation 2020-12, section 6.3).
    Characters,
    /// The items of a list.
    Items,
}

impl LengthArgument for String {
    const COUNTED: Counted = Counted::Characters;
    fn length(&self) -> Option<usize> {
        Some(self.chars().count())
    }
}

impl<T> LengthArgument for Vec<T> {
    const COUNTED: Counted = Counted::Items;
    fn length(&self) -> Option<usize> {
        Some(self.len())
    }
}

impl<T: LengthArgument> LengthArgument for Option<T> {
    const COUNTED: Counted = T::COUNTED;
    fn length(&self) -> Option<usize> {
        self.as_ref()?.length()
    }
}

/// Something that a `T` is held to after it was decoded.
pub trait Rule<T>: Sync {
    /// What is wrong with a value.
    fn refuse(&self, value: &T) -> Option<String>;
    /// The rule in JSON Schema.
    fn keywords(&self) -> Vec<(&'static str, Value)>;
    /// That no value can keep to it.
    fn contradiction(&self) -> Option<String>;
}

impl<T: NumberArgument> Rule<T> for Bounds<T::Number> {
    fn refuse(&self, value: &T) -> Option<String> {
        let number = value.number()?;
        // NaN, which compares with nothing, is not inside either.
        let beyond = |bound: &T::Number, side| {
            number.partial_cmp(bound).is_none_or(|ordering| ordering == side)
        };
        if let Some(min) = self.min.filter(|min| beyond(min, Ordering::Less)) {
            return Some(format!("{number:?} is less than {min:?}, its minimum"));
        }
        if let Some(max) = self.max.filter(|max| beyond(max, Ordering::Greater)) {
            return Some(format!("{number:?} is more than {max:?}, its maximum"));
        }
        None
    }

    fn keywords(&self) -> Vec<(&'static str, Value)> {
        self.in_json("minimum", "maximum")
    }

    fn contradiction(&self) -> Option<String> {
        self.nothing_between("min", "max")
    }
}

impl<T: LengthArgument> Rule<T> for Lengths {
    fn refuse(&self, value: &T) -> Option<String> {
        let length = value.length()?;
        let counted = |count: usize| match (T::COUNTED, count) {
            (Counted::Characters, 1) => "1 character".to_owned(),
            (Counted::Characters, count) => format!("{count} characters"),
            (Counted::Items, 1) => "1 item".to_owned(),
            (Counted::Items, count) => format!("{count} items"),
        };
        if let Some(min) = self.0.min.filter(|min| length < *min) {
            return Some(format!(
                "its length, {}, is less than {min}, its minimum",
                counted(length)
            ));
        }
        if let Some(max) = self.0.max.filter(|max| length > *max) {
            return Some(format!(
                "its length, {}, is more than {max}, its maximum",
                counted(length)
            ));
        }
        None
    }

    fn keywords(&self) -> Vec<(&'static str, Value)> {
        match T::COUNTED {
            Counted::Characters => self.0.in_json("minLength", "maxLength"),
            Counted::Items => self.0.in_json("minItems", "maxItems"),
        }
    }

    fn contradiction(&self) -> Option<String> {
        self.0.nothing_between("min_length", "max_length")
    }
}

impl<N: Copy + PartialOrd + Debug + Serialize> Bounds<N> {
    fn in_json(&self, min: &'static str, max: &'static str) -> Vec<(&'static str, Value)> {
        let keyword = |name, bound: Option<N>| Some((name, json(&bound?)?));
        [keyword(min, self.min), keyword(max, self.max)].into_iter().flatten().collect()
    }

    /// The macro has looked at literals; here are constants, too.
    fn nothing_between(&self, min: &str, max: &str) -> Option<String> {
        for (name, bound) in [(min, self.min), (max, self.max)] {
            // Only NaN is not itself.
            if bound.is_some_and(|bound| bound.partial_cmp(&bound).is_none()) {
                return Some(format!("`{name}` is no number"));
            }
        }
        let (low, high) = (self.min?, self.max?);
        (low > high).then(|| format!("nothing fits: `{min}` is {low:?}, and `{max}` is {high:?}"))
    }
}

/// A value as JSON, if it has any. By way of its text, so that 0.1 stays 0.1 for an `f32`, too.
pub fn json<T: Serialize>(value: &T) -> Option<Value> {
    let text = serde_json::to_string(value).ok()?;
    // What JSON cannot say, such as infinity, is written as null.
    serde_json::from_str(&text).ok().filter(|value: &Value| !value.is_null())
}
