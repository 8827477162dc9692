//! Changes of the draft, and what has to be told of them.

mod fields;
mod generated;
mod mechanical;
mod methods;
mod several;
pub mod shapes;
mod values;

use serde_json::Value;

use super::changes::{self, reference};

pub use self::fields::FIELDS;
pub use self::generated::GENERATED;
pub use self::mechanical::MECHANICAL;
pub use self::methods::METHODS;
pub use self::several::SEVERAL;
pub use self::values::{BOUNDS, VALUES};

/// A change's name, what is done, and all that has to be told of it.
pub type Case = (&'static str, fn(&mut Value), &'static [&'static str]);

/// Takes a field from a definition.
pub fn remove(defs: &mut Value, definition: &str, field: &str) {
    if let Some(properties) = defs[definition]["properties"].as_object_mut() {
        properties.shift_remove(field);
    }
    if let Some(names) = defs[definition]["required"].as_array_mut() {
        names.retain(|name| name != field);
    }
}

/// Takes a member from a union.
pub fn drop_member(union: &mut Value, definition: &str) {
    if let Some(members) = union["anyOf"].as_array_mut() {
        members.retain(|member| *member != reference(definition));
    }
}

/// Takes a definition away.
pub fn drop_definition(defs: &mut Value, definition: &str) {
    defs.as_object_mut().and_then(|defs| defs.shift_remove(definition));
}
