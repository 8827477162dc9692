//! JSON Schemas of the generated types, from the same tables: `schemars::JsonSchema` behind the feature `schemars`.
//!
//! The macros exist in two versions, because a `cfg` inside a macro's text asks for the features of the crate that
//! calls it.

#[cfg(feature = "schemars")]
pub use schemars;

/// Nothing, without the feature `schemars`.
#[cfg(not(feature = "schemars"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __schema_of_object {
    ($( $table:tt )*) => {};
}

/// Nothing, without the feature `schemars`.
#[cfg(not(feature = "schemars"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __schema_of_alternatives {
    ($( $table:tt )*) => {};
}

/// Nothing, without the feature `schemars`.
#[cfg(not(feature = "schemars"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __schema_of_strings {
    ($( $table:tt )*) => {};
}

/// The schema of a struct.
#[cfg(feature = "schemars")]
#[doc(hidden)]
#[macro_export]
macro_rules! __schema_of_object {
    (
        $name:ident = $wire_name:literal;
        [$( $ckey:literal = $cvalue:literal; )*] [$( $rkey:literal: $rty:ty; )*] [$( $okey:literal: $oty:ty; )*]
    ) => {
        $crate::__schema! { $name |generator| {
            let schema = $crate::codec::ObjectSchema::default();
            $( let schema = schema.constant($ckey, $cvalue); )*
            $( let schema = schema.field($rkey, generator.subschema_for::<$rty>(), true); )*
            $( let schema = schema.field($okey, generator.subschema_for::<$oty>(), false); )*
            let _ = generator;
            schema.finish()
        } }
    };
}

/// The schema of a union.
#[cfg(feature = "schemars")]
#[doc(hidden)]
#[macro_export]
macro_rules! __schema_of_alternatives {
    ($name:ident; $( $ty:ty; )*) => {
        $crate::__schema! { $name |generator| {
            $crate::codec::schemars::json_schema!({ "anyOf": [$( generator.subschema_for::<$ty>() ),*] })
        } }
    };
}

/// The schema of a set of strings.
#[cfg(feature = "schemars")]
#[doc(hidden)]
#[macro_export]
macro_rules! __schema_of_strings {
    ($name:ident = $wire_name:literal; $( $value:literal; )*;) => {
        $crate::__schema! { $name |_generator| {
            $crate::codec::schemars::json_schema!({ "type": "string", "enum": [$( $value ),*] })
        } }
    };
    ($name:ident = $wire_name:literal; $( $value:literal; )*; $open:ident) => {
        $crate::__schema! { $name |_generator| {
            $crate::codec::schemars::json_schema!({ "type": "string", "examples": [$( $value ),*] })
        } }
    };
}

/// `JsonSchema` for a type of a module that is named after its revision.
#[cfg(feature = "schemars")]
#[doc(hidden)]
#[macro_export]
macro_rules! __schema {
    ($name:ident |$generator:ident| $body:block) => {
        impl $crate::codec::schemars::JsonSchema for $name {
            fn schema_name() -> ::std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn schema_id() -> ::std::borrow::Cow<'static, str> {
                concat!(module_path!(), "::", stringify!($name)).into()
            }

            fn json_schema(
                $generator: &mut $crate::codec::schemars::SchemaGenerator,
            ) -> $crate::codec::schemars::Schema {
                $body
            }
        }
    };
}

/// Builds the schema of a struct.
#[cfg(feature = "schemars")]
#[derive(Default)]
pub struct ObjectSchema {
    properties: serde_json::Map<String, serde_json::Value>,
    required: Vec<&'static str>,
}

#[cfg(feature = "schemars")]
impl ObjectSchema {
    /// A field with one value.
    #[must_use]
    pub fn constant(self, key: &'static str, value: impl Into<serde_json::Value>) -> Self {
        self.field(key, schemars::json_schema!({ "const": value.into() }), true)
    }

    /// A field.
    #[must_use]
    pub fn field(mut self, key: &'static str, schema: schemars::Schema, required: bool) -> Self {
        self.properties.insert(key.to_owned(), schema.into());
        if required {
            self.required.push(key);
        }
        self
    }

    /// The schema, open to further fields.
    pub fn finish(self) -> schemars::Schema {
        let mut schema =
            schemars::json_schema!({ "type": "object", "properties": self.properties });
        if !self.required.is_empty() {
            schema.insert("required".to_owned(), self.required.into());
        }
        schema
    }
}
