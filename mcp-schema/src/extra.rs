//! Fields that the schema leaves open.

use crate::JsonObject;
use serde_json::Value;

/// The fields of an object that its schema does not name, in the order in which they came.
///
/// Nearly every object of the protocol may carry more than what is specified, and what a peer sent must survive being
/// passed on. Nearly no object does carry more, so an empty `Extra` is a null pointer and allocates nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Extra(Option<Box<JsonObject>>);

impl Extra {
    /// No further fields.
    pub const fn new() -> Self {
        Self(None)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.as_ref().is_none_or(|fields| fields.is_empty())
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.as_ref().map_or(0, |fields| fields.len())
    }

    /// The value of a field.
    pub fn get(&self, field: &str) -> Option<&Value> {
        self.0.as_ref()?.get(field)
    }

    /// Sets a field, and gives back what it was before.
    ///
    /// A field that the type has itself must not be set here: the object would hold it twice.
    pub fn insert(&mut self, field: impl Into<String>, value: impl Into<Value>) -> Option<Value> {
        self.0.get_or_insert_default().insert(field.into(), value.into())
    }

    /// Takes a field out.
    pub fn remove(&mut self, field: &str) -> Option<Value> {
        let fields = self.0.as_mut()?;
        // `shift_remove` keeps the order of the others.
        let value = fields.shift_remove(field);
        // No fields have one form only, so that equal values compare as equal.
        if fields.is_empty() {
            self.0 = None;
        }
        value
    }

    /// The fields in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.0.iter().flat_map(|fields| fields.iter())
    }
}

impl From<JsonObject> for Extra {
    fn from(fields: JsonObject) -> Self {
        Self((!fields.is_empty()).then(|| Box::new(fields)))
    }
}

impl From<Extra> for JsonObject {
    fn from(extra: Extra) -> Self {
        extra.0.map(|fields| *fields).unwrap_or_default()
    }
}
