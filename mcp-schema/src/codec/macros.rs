//! The macros that generated code calls: a table of fields or alternatives in, the impls out.
//!
//! A table keeps the generated files short enough to be read and reviewed; derive macros would cost a build of `syn`.

/// Reads, writes and builds a struct.
///
/// Rows are numbered by the generator, constants first: the number is the key's place in the list that keys are looked
/// up in. `need` is the set of constants that must be there, as bits.
#[doc(hidden)]
#[macro_export]
macro_rules! __object {
    (
        $name:ident = $wire_name:literal, need $need:literal;
        $( constant $ci:literal $ckey:literal = $cvalue:literal, $cby:ident; )*
        $( required $ri:literal $rkey:literal $rfield:ident: $rty:ty, $rarg:ty, $rby:ident $( , else $rdefault:expr )?; )*
        $( optional $oi:literal $okey:literal $ofield:ident $with:ident: $oty:ty, $oarg:ty, $oby:ident; )*
        $( rest $rest:ident; )?
        $( embed $embedded:ident: $embedded_ty:ty; )?
        $( closed $closed:ident; )?
    ) => {
        impl $name {
            #[doc = concat!("A `", $wire_name, "` with what is required.")]
            pub fn new($( $rfield: $rarg, )* $( $embedded: $embedded_ty, )?) -> Self {
                Self {
                    $( $rfield: $rfield.into(), )*
                    $( $ofield: None, )*
                    $( $rest: $crate::Extra::default(), )?
                    $( $embedded, )?
                }
            }

            $(
                #[doc = concat!("Sets [`", stringify!($ofield), "`](Self::", stringify!($ofield), ").")]
                #[must_use]
                pub fn $with(mut self, $ofield: $oarg) -> Self {
                    self.$ofield = Some($ofield.into());
                    self
                }
            )*
        }

        impl<'de> $crate::codec::Object<'de> for $name {
            const NAME: &'static str = $wire_name;

            fn read<A: $crate::codec::serde::de::MapAccess<'de>>(
                mut entries: $crate::codec::Entries<'de, A>,
            ) -> ::core::result::Result<Self, A::Error> {
                const KEYS: &[&str] = &[$( $ckey, )* $( $rkey, )* $( $okey, )*];
                #[allow(unused_mut)]
                let mut seen = 0_u32;
                $( let mut $rfield: ::core::option::Option<$rty> = None; )*
                $( let mut $ofield: ::core::option::Option<$oty> = None; )*
                $( let mut $rest = $crate::Extra::default(); )?
                $( let mut $embedded = Vec::new(); )?
                while let Some(key) = entries.key(KEYS)? {
                    match key {
                        $( $crate::codec::Name::Known($ci) => {
                            entries.$cby(&[$cvalue], $ckey)?;
                            seen |= 1 << $ci;
                        } )*
                        $( $crate::codec::Name::Known($ri) => entries.$rby(&mut $rfield, $rkey)?, )*
                        $( $crate::codec::Name::Known($oi) => {
                            $crate::__read_optional! { entries, $oby, $ofield, $okey, $oi }
                        } )*
                        $crate::codec::Name::Known(_) => {}
                        $crate::codec::Name::Other(key) => {
                            $( entries.keep_extra(&mut $rest, key)?; )?
                            $( entries.keep_embedded(&mut $embedded, key)?; )?
                            $( return Err($crate::codec::$closed(&key, $wire_name)); )?
                        }
                    }
                }
                entries.require_constants(seen, $need, KEYS, $wire_name)?;
                Ok(Self {
                    $( $rfield: match $rfield {
                        Some(value) => value,
                        None => $crate::__otherwise! { $rkey, $wire_name $( , $rdefault )? },
                    }, )*
                    $( $ofield, )*
                    $( $rest, )?
                    $( $embedded: <$embedded_ty as $crate::codec::Object<'de>>::read(
                        $crate::codec::Entries::<'de, A>::of($embedded),
                    )?, )?
                })
            }
        }

        impl $crate::codec::WriteEntries for $name {
            fn write_entries<M: $crate::codec::serde::ser::SerializeMap>(
                &self,
                map: &mut M,
            ) -> ::core::result::Result<(), M::Error> {
                let _ = &map;
                $( map.serialize_entry($ckey, &$cvalue)?; )*
                $( map.serialize_entry($rkey, &self.$rfield)?; )*
                $( $crate::codec::optional(map, $okey, &self.$ofield)?; )*
                $( $crate::codec::WriteEntries::write_entries(&self.$rest, map)?; )?
                $( $crate::codec::WriteEntries::write_entries(&self.$embedded, map)?; )?
                Ok(())
            }
        }

        $crate::__as_object! { $name }
        $crate::__schema_of_object! {
            $name = $wire_name;
            [$( $ckey = $cvalue; )*] [$( $rkey: $rty; )*] [$( $okey: $oty; )*]
        }
    };
}

/// Reads a field that may be absent. There are no types with more fields than bits; of one, those beyond would be told
/// from each other by what they hold alone.
#[doc(hidden)]
#[macro_export]
macro_rules! __read_optional {
    ($entries:ident, optional, $field:ident, $key:literal, $index:literal) => {
        $entries.optional(&mut $field, $key, 1_u64.checked_shl($index).unwrap_or(0))?
    };
    ($entries:ident, $by:ident, $field:ident, $key:literal, $index:literal) => {
        $entries.$by(&mut $field, $key)?
    };
}

/// What stands in for a required field that is absent: an error, or what the protocol says.
#[doc(hidden)]
#[macro_export]
macro_rules! __otherwise {
    ($key:literal, $of:literal) => {
        return Err($crate::codec::missing($key, $of))
    };
    ($key:literal, $of:literal, $default:expr) => {
        $default
    };
}

/// What every type has that is read and written as an object.
#[doc(hidden)]
#[macro_export]
macro_rules! __as_object {
    ($name:ident) => {
        impl<'de> $crate::codec::Decode<'de> for $name {
            fn decode<D: $crate::codec::serde::Deserializer<'de>>(
                from: D,
                at: &'static str,
            ) -> ::core::result::Result<Self, D::Error> {
                $crate::codec::read_object(from, at)
            }
        }

        impl $crate::codec::serde::Serialize for $name {
            fn serialize<S: $crate::codec::serde::Serializer>(
                &self,
                to: S,
            ) -> ::core::result::Result<S::Ok, S::Error> {
                $crate::codec::write_object(self, to)
            }
        }

        $crate::__deserialize! { $name }
    };
}

/// `Deserialize` on top of `Decode`.
#[doc(hidden)]
#[macro_export]
macro_rules! __deserialize {
    ($name:ident) => {
        impl<'de> $crate::codec::serde::Deserialize<'de> for $name {
            fn deserialize<D: $crate::codec::serde::Deserializer<'de>>(
                from: D,
            ) -> ::core::result::Result<Self, D::Error> {
                <Self as $crate::codec::Decode<'de>>::decode(from, stringify!($name))
            }
        }
    };
}

/// What every union of objects has: it writes as the alternative that it holds.
#[doc(hidden)]
#[macro_export]
macro_rules! __alternatives {
    ($name:ident; $( $variant:ident($ty:ty) )*; $( $open:ident )?) => {
        impl $crate::codec::WriteEntries for $name {
            fn write_entries<M: $crate::codec::serde::ser::SerializeMap>(
                &self,
                map: &mut M,
            ) -> ::core::result::Result<(), M::Error> {
                match self {
                    $( Self::$variant(value) => $crate::codec::WriteEntries::write_entries(value, map), )*
                    $( Self::$open { raw, .. } => $crate::codec::write_raw(raw, map), )?
                }
            }
        }

        $(
            impl ::core::convert::From<$ty> for $name {
                fn from(value: $ty) -> Self {
                    Self::$variant(value)
                }
            }
        )*

        $crate::__as_object! { $name }
        $crate::__schema_of_alternatives! { $name; $( $ty; )* }
    };
}

/// A union told by the value of one key.
///
/// `again`: an alternative that has a field for the key. `absent`: the alternative that leaves the key out. `open`: values that are not in the table are kept.
#[doc(hidden)]
#[macro_export]
macro_rules! __tagged {
    (
        $name:ident = $wire_name:literal by $tag:literal;
        $( $index:literal $value:literal $variant:ident($ty:ty) $( $again:ident )?; )*
        $( absent $absent:ident($absent_ty:ty); )?
        $( open $open:ident; )?
    ) => {
        impl<'de> $crate::codec::Object<'de> for $name {
            const NAME: &'static str = $wire_name;

            fn read<A: $crate::codec::serde::de::MapAccess<'de>>(
                mut entries: $crate::codec::Entries<'de, A>,
            ) -> ::core::result::Result<Self, A::Error> {
                const KNOWN: &[&str] = &[$( $value ),*];
                match entries.tag(&[$tag], KNOWN)? {
                    $( Some($crate::codec::Name::Known($index)) => {
                        $( entries.$again($tag, $value); )?
                        <$ty as $crate::codec::Object<'de>>::read(entries).map(Self::$variant)
                    } )*
                    Some($crate::codec::Name::Known(_)) => Err($crate::codec::missing($tag, $wire_name)),
                    $( Some($crate::codec::Name::Other(tag)) => {
                        let raw = entries.into_object($tag, &tag)?;
                        Ok(Self::$open { tag: tag.into_owned(), raw })
                    } )?
                    #[allow(unreachable_patterns)]
                    Some($crate::codec::Name::Other(tag)) => {
                        Err($crate::codec::unexpected(&tag, KNOWN, $tag))
                    }
                    $( None => <$absent_ty as $crate::codec::Object<'de>>::read(entries).map(Self::$absent), )?
                    #[allow(unreachable_patterns)]
                    None => Err($crate::codec::missing($tag, $wire_name)),
                }
            }
        }

        $crate::__alternatives! { $name; $( $variant($ty) )*; $( $open )? }
    };
}

/// A union told by which of some keys is there.
#[doc(hidden)]
#[macro_export]
macro_rules! __keyed {
    (
        $name:ident = $wire_name:literal;
        $( $index:literal $key:literal $variant:ident($ty:ty); )*
        $( absent $absent:ident($absent_ty:ty); )?
    ) => {
        impl<'de> $crate::codec::Object<'de> for $name {
            const NAME: &'static str = $wire_name;

            fn read<A: $crate::codec::serde::de::MapAccess<'de>>(
                mut entries: $crate::codec::Entries<'de, A>,
            ) -> ::core::result::Result<Self, A::Error> {
                const KNOWN: &[&str] = &[$( $key ),*];
                match entries.first_of(KNOWN)? {
                    $( Some($index) => {
                        <$ty as $crate::codec::Object<'de>>::read(entries).map(Self::$variant)
                    } )*
                    $( None => <$absent_ty as $crate::codec::Object<'de>>::read(entries).map(Self::$absent), )?
                    #[allow(unreachable_patterns)]
                    _ => Err($crate::codec::no_variant($wire_name, KNOWN)),
                }
            }
        }

        $crate::__alternatives! { $name; $( $variant($ty) )*; }
    };
}

/// A union told by rules over the whole object: the first whose conditions all hold.
#[doc(hidden)]
#[macro_export]
macro_rules! __ruled {
    (
        $name:ident = $wire_name:literal;
        $( $variant:ident($ty:ty) if $( $condition:ident($( $argument:expr ),*) )and*; )*
    ) => {
        impl<'de> $crate::codec::Object<'de> for $name {
            const NAME: &'static str = $wire_name;

            fn read<A: $crate::codec::serde::de::MapAccess<'de>>(
                mut entries: $crate::codec::Entries<'de, A>,
            ) -> ::core::result::Result<Self, A::Error> {
                let seen = entries.look_ahead()?;
                $(
                    if $( $crate::codec::Condition::$condition($( $argument ),*).holds(seen) )&&* {
                        return <$ty as $crate::codec::Object<'de>>::read(entries).map(Self::$variant);
                    }
                )*
                Err($crate::codec::no_rule(
                    $wire_name,
                    &[$( (stringify!($variant), &[$( $crate::codec::Condition::$condition($( $argument ),*) ),*]) ),*],
                ))
            }
        }

        $crate::__alternatives! { $name; $( $variant($ty) )*; }
    };
}

/// A union told by the kind of JSON value.
#[doc(hidden)]
#[macro_export]
macro_rules! __kinds {
    ($name:ident = $wire_name:literal; $( $kind:ident $variant:ident($ty:ty); )*) => {
        impl<'de> $crate::codec::Decode<'de> for $name {
            fn decode<D: $crate::codec::serde::Deserializer<'de>>(
                from: D,
                at: &'static str,
            ) -> ::core::result::Result<Self, D::Error> {
                struct Kinds(&'static str);

                impl<'de> $crate::codec::serde::de::Visitor<'de> for Kinds {
                    type Value = $name;

                    fn expecting(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                        f.write_str($crate::codec::kinds(&[$( stringify!($kind) ),*]).as_str())?;
                        write!(f, " for `{}`", self.0)
                    }

                    $( $crate::__kind! { $kind $name $variant $ty } )*
                }

                from.deserialize_any(Kinds(at))
            }
        }

        impl $crate::codec::serde::Serialize for $name {
            fn serialize<S: $crate::codec::serde::Serializer>(
                &self,
                to: S,
            ) -> ::core::result::Result<S::Ok, S::Error> {
                match self {
                    $( Self::$variant(value) => value.serialize(to), )*
                }
            }
        }

        $(
            impl ::core::convert::From<$ty> for $name {
                fn from(value: $ty) -> Self {
                    Self::$variant(value)
                }
            }

            $crate::__from_text! { $kind $name $variant }
        )*

        $crate::__deserialize! { $name }
        $crate::__schema_of_alternatives! { $name; $( $ty; )* }
    };
}

/// What is made from a `String` is made from a `&str`, too.
#[doc(hidden)]
#[macro_export]
macro_rules! __from_text {
    (string $name:ident $variant:ident) => {
        impl ::core::convert::From<&str> for $name {
            fn from(text: &str) -> Self {
                Self::$variant(text.to_owned())
            }
        }
    };
    ($kind:ident $name:ident $variant:ident) => {};
}

/// The visitor's methods for one kind of JSON value.
#[doc(hidden)]
#[macro_export]
macro_rules! __kind {
    (string $name:ident $variant:ident $ty:ty) => {
        $crate::__kind! { visit $name $variant $ty; visit_str(&str) }
        $crate::__kind! { visit $name $variant $ty; visit_string(String) }
    };
    (name $name:ident $variant:ident $ty:ty) => {
        $crate::__kind! { string $name $variant $ty }
    };
    (boolean $name:ident $variant:ident $ty:ty) => {
        $crate::__kind! { visit $name $variant $ty; visit_bool(bool) }
    };
    (integer $name:ident $variant:ident $ty:ty) => {
        $crate::__kind! { number $name $variant $ty }
    };
    (number $name:ident $variant:ident $ty:ty) => {
        $crate::__kind! { visit $name $variant $ty; visit_i64(i64) }
        $crate::__kind! { visit $name $variant $ty; visit_u64(u64) }
        $crate::__kind! { visit $name $variant $ty; visit_f64(f64) }
    };
    (array $name:ident $variant:ident $ty:ty) => {
        fn visit_seq<A: $crate::codec::serde::de::SeqAccess<'de>>(
            self,
            items: A,
        ) -> ::core::result::Result<$name, A::Error> {
            let from = $crate::codec::serde::de::value::SeqAccessDeserializer::new(items);
            <$ty as $crate::codec::Decode<'de>>::decode(from, self.0).map($name::$variant)
        }
    };
    (object $name:ident $variant:ident $ty:ty) => {
        fn visit_map<A: $crate::codec::serde::de::MapAccess<'de>>(
            self,
            entries: A,
        ) -> ::core::result::Result<$name, A::Error> {
            let from = $crate::codec::serde::de::value::MapAccessDeserializer::new(entries);
            <$ty as $crate::codec::Decode<'de>>::decode(from, self.0).map($name::$variant)
        }
    };
    (visit $name:ident $variant:ident $ty:ty; $visit:ident($from:ty)) => {
        fn $visit<E: $crate::codec::serde::de::Error>(
            self,
            value: $from,
        ) -> ::core::result::Result<$name, E> {
            let from = $crate::codec::serde::de::IntoDeserializer::<E>::into_deserializer(value);
            <$ty as $crate::codec::Decode<'de>>::decode(from, self.0).map($name::$variant)
        }
    };
}

/// A set of strings. `open`: strings that are not in the table are kept.
#[doc(hidden)]
#[macro_export]
macro_rules! __strings {
    (
        $name:ident = $wire_name:literal;
        $( $index:literal $value:literal $variant:ident; )*
        $( open $open:ident; )?
    ) => {
        impl $name {
            /// The values that the schema names, as they stand on the wire.
            pub const VALUES: &'static [&'static str] = &[$( $value ),*];

            /// The value as it stands on the wire.
            pub fn as_str(&self) -> &str {
                match self {
                    $( Self::$variant => $value, )*
                    $( Self::$open(value) => value, )?
                }
            }
        }

        impl ::core::fmt::Display for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl<'de> $crate::codec::Decode<'de> for $name {
            fn decode<D: $crate::codec::serde::Deserializer<'de>>(
                from: D,
                at: &'static str,
            ) -> ::core::result::Result<Self, D::Error> {
                match $crate::codec::name(from, Self::VALUES, at)? {
                    $( $crate::codec::Name::Known($index) => Ok(Self::$variant), )*
                    $( $crate::codec::Name::Other(value) => Ok(Self::$open(value.as_ref().into())), )?
                    #[allow(unreachable_patterns)]
                    $crate::codec::Name::Other(value) => {
                        Err($crate::codec::unexpected(&value, Self::VALUES, at))
                    }
                    $crate::codec::Name::Known(_) => Err($crate::codec::missing(at, $wire_name)),
                }
            }
        }

        impl $crate::codec::serde::Serialize for $name {
            fn serialize<S: $crate::codec::serde::Serializer>(
                &self,
                to: S,
            ) -> ::core::result::Result<S::Ok, S::Error> {
                to.serialize_str(self.as_str())
            }
        }

        $crate::__deserialize! { $name }
        $crate::__schema_of_strings! { $name = $wire_name; $( $value; )*; $( $open )? }
    };
}
