//! The trait behind every `Deserialize` of the models, and the visitors that they share.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::Context;

/// A type that a member can be read as.
///
/// It fills a value in place and does not return one: each layer would copy a returned model again.
pub(crate) trait Read<'de>: Sized {
    /// The expected type, as an error names it.
    const EXPECTED: &'static str;

    /// Whether the type can hold `null`, so that `null` may be an item of a list.
    const KEEPS_NULL: bool = false;

    /// An empty value, for [`read_into`](Self::read_into) to fill.
    fn blank() -> Self;

    /// Fills a blank value. After an error it may be partly filled.
    fn read_into<D: Deserializer<'de>>(
        &mut self,
        deserializer: D,
        context: &Context,
    ) -> Result<Presence, D::Error>;

    /// Reads a new value.
    fn read<D: Deserializer<'de>>(deserializer: D, context: &Context) -> Result<Self, D::Error> {
        let mut value = Self::blank();
        match value.read_into::<D>(deserializer, context)? {
            Presence::Null if !Self::KEEPS_NULL => Err(wrong_kind(Self::EXPECTED, JsonType::Null)),
            _ => Ok(value),
        }
    }
}

/// Whether the JSON had a value in a member's place.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Presence {
    Value,
    Null,
    /// A list without items.
    Empty,
}

impl<'de, T: Read<'de>> Read<'de> for Option<T> {
    const EXPECTED: &'static str = T::EXPECTED;
    const KEEPS_NULL: bool = true;

    #[inline]
    fn blank() -> Self {
        None
    }

    #[inline]
    fn read_into<D: Deserializer<'de>>(
        &mut self,
        deserializer: D,
        context: &Context,
    ) -> Result<Presence, D::Error> {
        deserializer.deserialize_option(OptionVisitor(self, context))
    }
}

impl<'de, T: Read<'de>> Read<'de> for Box<T> {
    const EXPECTED: &'static str = T::EXPECTED;
    const KEEPS_NULL: bool = T::KEEPS_NULL;

    fn blank() -> Self {
        Self::new(T::blank())
    }

    #[inline]
    fn read_into<D: Deserializer<'de>>(
        &mut self,
        deserializer: D,
        context: &Context,
    ) -> Result<Presence, D::Error> {
        context.allow(size_of::<T>())?;
        (**self).read_into::<D>(deserializer, context)
    }
}

impl<'de, T: Read<'de>> Read<'de> for Vec<T> {
    const EXPECTED: &'static str = "an array";

    #[inline]
    fn blank() -> Self {
        Self::new()
    }

    #[inline]
    fn read_into<D: Deserializer<'de>>(
        &mut self,
        deserializer: D,
        context: &Context,
    ) -> Result<Presence, D::Error> {
        deserializer.deserialize_any(VecVisitor(self, context))
    }
}

impl<'de> Read<'de> for bool {
    const EXPECTED: &'static str = "a boolean";

    #[inline]
    fn blank() -> Self {
        false
    }

    fn read_into<D: Deserializer<'de>>(
        &mut self,
        deserializer: D,
        _: &Context,
    ) -> Result<Presence, D::Error> {
        deserializer.deserialize_any(BoolVisitor(self))
    }
}

/// Reads into a place where serde asks for a seed.
pub(crate) struct ReadInto<'p, T>(pub(crate) &'p mut T, pub(crate) &'p Context);

impl<'de, T: Read<'de>> DeserializeSeed<'de> for ReadInto<'_, T> {
    type Value = Presence;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Presence, D::Error> {
        self.0.read_into::<D>(deserializer, self.1)
    }
}

/// Reads an item of a list into its place.
struct ItemInto<'p, T>(&'p mut T, &'p Context);

impl<'de, T: Read<'de>> DeserializeSeed<'de> for ItemInto<'_, T> {
    type Value = ();

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        match self.0.read_into::<D>(deserializer, self.1)? {
            Presence::Null if !T::KEEPS_NULL => Err(wrong_kind(T::EXPECTED, JsonType::Null)),
            _ => Ok(()),
        }
    }
}

/// Reads the items of a list.
pub(crate) fn read_items<'de, T: Read<'de>, A: SeqAccess<'de>>(
    items: &mut Vec<T>,
    mut sequence: A,
    context: &Context,
) -> Result<Presence, A::Error> {
    loop {
        let index = items.len();
        context
            .make_room(items)
            .inspect_err(|_| context.leave_item(index))?;
        // Pushed before the next item is known to exist, so that it is filled in place.
        items.push(T::blank());
        let Some(place) = items.last_mut() else { break };
        let item = sequence
            .next_element_seed(ItemInto(place, context))
            .inspect_err(|_| context.leave_item(index))?;
        if item.is_none() {
            break;
        }
    }
    items.pop();
    Ok(if items.is_empty() {
        Presence::Empty
    } else {
        Presence::Value
    })
}

/// The types of JSON values, as errors name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JsonType {
    Null,
    Boolean,
    Number,
    String,
    Array,
    Object,
}

impl JsonType {
    pub(crate) fn of(raw: &RawValue) -> Self {
        Self::of_json(raw.get().as_bytes()).unwrap_or(Self::Null)
    }

    /// The type of the value that the text begins with; `None` if the text is blank.
    pub(crate) fn of_json(json: &[u8]) -> Option<Self> {
        Some(match json.trim_ascii_start().first()? {
            b'n' => Self::Null,
            b't' | b'f' => Self::Boolean,
            b'"' => Self::String,
            b'[' => Self::Array,
            b'{' => Self::Object,
            _ => Self::Number,
        })
    }
}

impl fmt::Display for JsonType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Null => "null",
            Self::Boolean => "a boolean",
            Self::Number => "a number",
            Self::String => "a string",
            Self::Array => "an array",
            Self::Object => "an object",
        })
    }
}

/// The error of a value of the wrong type.
///
/// serde's `invalid_type` prints the value, which here is personal data.
#[cold]
pub(crate) fn wrong_kind<E: Error>(expected: &str, found: JsonType) -> E {
    E::custom(format_args!("expected {expected}, found {found}"))
}

/// Writes the visitor methods of the JSON types that a model does not accept.
macro_rules! refuse {
    ($expected:literal: $($kind:ident)*) => {
        fn expecting(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
            f.write_str($expected)
        }

        $($crate::model::refuse!(@ $kind $expected);)*
    };
    (@ bool $expected:literal) => {
        fn visit_bool<E: ::serde::de::Error>(self, _: bool) -> Result<Self::Value, E> {
            Err($crate::model::wrong_kind($expected, $crate::model::JsonType::Boolean))
        }
    };
    (@ number $expected:literal) => {
        fn visit_i64<E: ::serde::de::Error>(self, _: i64) -> Result<Self::Value, E> {
            Err($crate::model::wrong_kind($expected, $crate::model::JsonType::Number))
        }

        fn visit_u64<E: ::serde::de::Error>(self, _: u64) -> Result<Self::Value, E> {
            Err($crate::model::wrong_kind($expected, $crate::model::JsonType::Number))
        }

        fn visit_f64<E: ::serde::de::Error>(self, _: f64) -> Result<Self::Value, E> {
            Err($crate::model::wrong_kind($expected, $crate::model::JsonType::Number))
        }
    };
    (@ str $expected:literal) => {
        fn visit_str<E: ::serde::de::Error>(self, _: &str) -> Result<Self::Value, E> {
            Err($crate::model::wrong_kind($expected, $crate::model::JsonType::String))
        }
    };
    (@ null $expected:literal) => {
        fn visit_unit<E: ::serde::de::Error>(self) -> Result<Self::Value, E> {
            Err($crate::model::wrong_kind($expected, $crate::model::JsonType::Null))
        }
    };
    (@ array $expected:literal) => {
        fn visit_seq<A: ::serde::de::SeqAccess<'de>>(self, _: A) -> Result<Self::Value, A::Error> {
            Err($crate::model::wrong_kind($expected, $crate::model::JsonType::Array))
        }
    };
    (@ object $expected:literal) => {
        fn visit_map<A: ::serde::de::MapAccess<'de>>(self, _: A) -> Result<Self::Value, A::Error> {
            Err($crate::model::wrong_kind($expected, $crate::model::JsonType::Object))
        }
    };
}

pub(crate) use refuse;

struct OptionVisitor<'p, T>(&'p mut Option<T>, &'p Context);

impl<'de, T: Read<'de>> Visitor<'de> for OptionVisitor<'_, T> {
    type Value = Presence;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value or null")
    }

    #[inline]
    fn visit_none<E: Error>(self) -> Result<Presence, E> {
        Ok(Presence::Null)
    }

    #[inline]
    fn visit_unit<E: Error>(self) -> Result<Presence, E> {
        Ok(Presence::Null)
    }

    #[inline]
    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Presence, D::Error> {
        self.0
            .insert(T::blank())
            .read_into::<D>(deserializer, self.1)
    }
}

struct VecVisitor<'p, T>(&'p mut Vec<T>, &'p Context);

impl<'de, T: Read<'de>> Visitor<'de> for VecVisitor<'_, T> {
    type Value = Presence;

    refuse!("an array": bool number str object);

    #[inline]
    fn visit_unit<E: Error>(self) -> Result<Presence, E> {
        Ok(Presence::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, sequence: A) -> Result<Presence, A::Error> {
        read_items::<T, A>(self.0, sequence, self.1)
    }
}

struct BoolVisitor<'p>(&'p mut bool);

impl<'de> Visitor<'de> for BoolVisitor<'_> {
    type Value = Presence;

    refuse!("a boolean": number str array object);

    fn visit_unit<E: Error>(self) -> Result<Presence, E> {
        Ok(Presence::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Presence, E> {
        *self.0 = value;
        Ok(Presence::Value)
    }
}
