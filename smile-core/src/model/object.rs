//! The macro that makes a model from a table of its members.

use std::{borrow::Cow, fmt, marker::PhantomData};

use serde::{
    Deserialize, Serialize,
    de::{DeserializeSeed, Deserializer, Error, Visitor},
    ser::SerializeMap,
};

use super::unknown::WireForm;

/// Makes a struct of optional members, and reads and writes it as `model` promises.
///
/// A row is `field: Type = "wireName"` with an optional second spelling, `| "wirename"`. The type
/// is an `Option` or a `Vec`. There are at most 31 rows.
///
/// serde's derive is not used: its `flatten`, which unknown members would need, buffers every
/// member, and its `borrow` does not reach into an `Option<Cow<str>>`.
macro_rules! object {
    (
        $(#[doc = $doc:literal])*
        pub struct $name:ident<$lt:lifetime> {
            $($(#[doc = $field_doc:literal])* $field:ident: $ty:ty = $wire:literal $(| $alias:literal)?,)*
        }
    ) => {
        $(#[doc = $doc])*
        #[derive(Clone, Debug, Default, PartialEq)]
        #[non_exhaustive]
        pub struct $name<$lt> {
            $($(#[doc = $field_doc])* pub $field: $ty,)*
            /// The members that this version does not know.
            pub unknown: $crate::model::Unknown<$lt>,
        }

        impl $name<'_> {
            /// Copies what is borrowed.
            #[must_use]
            pub fn into_owned(self) -> $name<'static> {
                $name {
                    $($field: $crate::model::IntoOwned::into_owned(self.$field),)*
                    unknown: self.unknown.into_owned(),
                }
            }
        }

        impl $name<'static> {
            /// Reads an owned value, for `#[serde(deserialize_with = "..")]`.
            ///
            /// # Errors
            ///
            /// Those of the deserializer.
            pub fn deserialize_owned<'de, D: ::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> Result<Self, D::Error> {
                <$name<'de> as ::serde::Deserialize<'de>>::deserialize(deserializer)
                    .map($name::into_owned)
            }
        }

        #[cfg(feature = "schema")]
        impl<$lt> $crate::model::Describe for $name<$lt> {
            const TYPE: $crate::model::Type = $crate::model::Type::Named(&$crate::model::Definition {
                name: stringify!($name),
                doc: &[$($doc),*],
                kind: $crate::model::Kind::Object(&[$(
                    $crate::model::Member {
                        names: &[$wire $(, $alias)?],
                        doc: &[$($field_doc),*],
                        value: <$ty as $crate::model::Describe>::TYPE,
                    },
                )*]),
            });
        }

        impl $crate::model::IntoOwned for $name<'_> {
            type Owned = $name<'static>;

            fn into_owned(self) -> $name<'static> {
                $name::into_owned(self)
            }
        }

        impl<'de: $lt, $lt> ::serde::Deserialize<'de> for $name<$lt> {
            fn deserialize<D: ::serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                <$name<'de> as $crate::model::Read<'de>>::read::<D>(d, &$crate::model::Context::default())
            }
        }

        const _: () = {
            use ::std::{borrow::Cow, mem};
            use ::serde::{Deserializer, Serialize, Serializer, de, ser::SerializeMap};
            use ::serde_json::value::RawValue;
            use $crate::model::{Context, KeySeed, Presence, Read, refuse};

            #[derive(Clone, Copy, PartialEq)]
            #[expect(non_camel_case_types, reason = "the variants are the names of the fields")]
            enum Field {
                $($field,)*
                unknown,
            }

            const _: () = assert!(Field::unknown.index() < 32, "a bit of a u32 for each");

            impl Field {
                #[inline]
                #[expect(clippy::as_conversions, reason = "a fieldless enum has no other way")]
                const fn index(self) -> usize {
                    self as usize
                }

                #[inline]
                const fn bit(self) -> u32 {
                    1 << self.index()
                }
            }

            impl $crate::model::Field for Field {
                fn find(name: &str) -> Option<(Self, bool)> {
                    match name {
                        $(
                            $wire => Some((Self::$field, false)),
                            $($alias => Some((Self::$field, true)),)?
                        )*
                        _ => None,
                    }
                }
            }

            struct ObjectVisitor<'p, 'de>(&'p mut $name<'de>, &'p Context);

            impl<'de> de::Visitor<'de> for ObjectVisitor<'_, 'de> {
                type Value = Presence;

                refuse!("an object": bool number str array);

                fn visit_unit<E: de::Error>(self) -> Result<Presence, E> {
                    self.0.unknown.wire_form_mut().shape = $crate::model::Shape::Null;
                    Ok(Presence::Null)
                }

                fn visit_map<A: de::MapAccess<'de>>(
                    self,
                    mut map: A,
                ) -> Result<Presence, A::Error> {
                    let ObjectVisitor(object, context) = self;
                    let mut seen = 0_u32;
                    let mut name = Cow::Borrowed("");
                    while let Some(key) = map.next_key_seed(KeySeed::<Field>::new(&mut name))? {
                        let (field, alias) = key.unwrap_or((Field::unknown, false));
                        let is_repeated = seen & field.bit() != 0;
                        let presence = if is_repeated {
                            let came_as_alias = object.unknown.wire_form().alias & field.bit() != 0;
                            map.next_value::<&'de RawValue>().and_then(|value| {
                                if alias != came_as_alias {
                                    object.unknown.take(field.name(alias).into(), value, context)?;
                                }
                                Ok(Presence::Null)
                            })
                        } else {
                            match field {
                                $(Field::$field => {
                                    map.next_value_seed($crate::model::ReadInto(&mut object.$field, context))
                                })*
                                Field::unknown => map.next_value().and_then(|value| {
                                    object.unknown.take(mem::take(&mut name), value, context)?;
                                    Ok(Presence::Null)
                                }),
                            }
                        };
                        let presence = presence.inspect_err(|_| {
                            let is_unknown = field == Field::unknown;
                            context.leave_member(if is_unknown { &name } else { field.name(alias) });
                        })?;
                        if !is_repeated && object.unknown.wire_form_mut().note(presence, field.bit(), alias) {
                            seen |= field.bit();
                        }
                    }
                    Ok(Presence::Value)
                }
            }

            impl Field {
                fn name(self, alias: bool) -> &'static str {
                    let names: &[&'static str] = match self {
                        $(Self::$field => &[$wire $(, $alias)?],)*
                        Self::unknown => &[],
                    };
                    names.get(usize::from(alias)).or(names.first()).copied().unwrap_or_default()
                }
            }

            impl<$lt> Read<$lt> for $name<$lt> {
                const EXPECTED: &'static str = "an object";
                const KEEPS_NULL: bool = true;

                #[inline]
                fn blank() -> Self {
                    Self::default()
                }

                fn read_into<D>(
                    &mut self,
                    deserializer: D,
                    context: &Context,
                ) -> Result<Presence, D::Error>
                where
                    D: Deserializer<$lt>,
                {
                    deserializer.deserialize_any(ObjectVisitor(self, context))
                }
            }

            impl Serialize for $name<'_> {
                fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                    let form = self.unknown.wire_form();
                    if form.shape == $crate::model::Shape::Null && *self == Self::default() {
                        return serializer.serialize_unit();
                    }
                    let mut map = serializer.serialize_map(None)?;
                    $({
                        let field = Field::$field;
                        let name = field.name(form.alias & field.bit() != 0);
                        $crate::model::Write::write(&self.$field, &mut map, name, form, field.bit())?;
                    })*
                    self.unknown.write(&mut map)?;
                    map.end()
                }
            }
        };
    };
}

pub(crate) use object;

/// The table of an object's members.
pub(crate) trait Field: Copy {
    /// The member of this name, and whether the name is its second spelling.
    fn find(name: &str) -> Option<(Self, bool)>;
}

/// Reads a name and looks it up. It leaves an unknown name in `name`: as a part of the value it
/// would make each result too large for registers.
pub(crate) struct KeySeed<'k, 'de, F> {
    name: &'k mut Cow<'de, str>,
    table: PhantomData<F>,
}

impl<'k, 'de, F: Field> KeySeed<'k, 'de, F> {
    pub(crate) fn new(name: &'k mut Cow<'de, str>) -> Self {
        Self {
            name,
            table: PhantomData,
        }
    }
}

impl<'de, F: Field> DeserializeSeed<'de> for KeySeed<'_, 'de, F> {
    type Value = Option<(F, bool)>;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl<'de, F: Field> Visitor<'de> for KeySeed<'_, 'de, F> {
    type Value = Option<(F, bool)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a member")
    }

    #[inline]
    fn visit_borrowed_str<E: Error>(self, name: &'de str) -> Result<Self::Value, E> {
        let found = F::find(name);
        if found.is_none() {
            *self.name = Cow::Borrowed(name);
        }
        Ok(found)
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        let found = F::find(name);
        if found.is_none() {
            *self.name = Cow::Owned(name.to_owned());
        }
        Ok(found)
    }
}

/// The name of a member.
pub(crate) struct Name<'de>(pub(crate) Cow<'de, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_identifier(NameVisitor)
    }
}

struct NameVisitor;

impl<'de> Visitor<'de> for NameVisitor {
    type Value = Name<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a member")
    }

    fn visit_borrowed_str<E: Error>(self, name: &'de str) -> Result<Self::Value, E> {
        Ok(Name(Cow::Borrowed(name)))
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok(Name(Cow::Owned(name.to_owned())))
    }
}

/// Writes a field as it was read, see [`WireForm`].
pub(crate) trait Write {
    fn write<M: SerializeMap>(
        &self,
        map: &mut M,
        name: &'static str,
        form: &WireForm,
        bit: u32,
    ) -> Result<(), M::Error>;
}

impl<T: Serialize> Write for Option<T> {
    fn write<M: SerializeMap>(
        &self,
        map: &mut M,
        name: &'static str,
        form: &WireForm,
        bit: u32,
    ) -> Result<(), M::Error> {
        match self {
            Some(value) => map.serialize_entry(name, value),
            None if form.null & bit != 0 => map.serialize_entry(name, &()),
            None => Ok(()),
        }
    }
}

impl<T: Serialize> Write for Vec<T> {
    fn write<M: SerializeMap>(
        &self,
        map: &mut M,
        name: &'static str,
        form: &WireForm,
        bit: u32,
    ) -> Result<(), M::Error> {
        if !self.is_empty() || form.empty & bit != 0 {
            map.serialize_entry(name, self)
        } else if form.null & bit != 0 {
            map.serialize_entry(name, &())
        } else {
            Ok(())
        }
    }
}
