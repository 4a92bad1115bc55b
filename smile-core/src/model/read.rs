//! Reading a model: the trait behind every `Deserialize` here, in a fast and an exact mode.

use std::{fmt, marker::PhantomData};

use serde::de::{DeserializeSeed, Deserializer, Error, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// What a member can be read as.
///
/// `EXACT` decides how texts are read. The fast mode takes them as `serde_json` hands them over,
/// and fails where that would lose digits (`1.50` in place of a string); its errors carry no useful
/// text either. The exact mode looks at the raw JSON of each value, keeps everything and names what
/// it refuses. So a caller in a hurry tries the fast mode, and on an error reads again exactly.
pub(crate) trait Read<'de>: Sized {
    fn read<const EXACT: bool, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error>;
}

impl<'de, T: Read<'de>> Read<'de> for Option<T> {
    #[inline]
    fn read<const EXACT: bool, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_option(OptionVisitor::<T, EXACT>(PhantomData))
    }
}

impl<'de, T: Read<'de>> Read<'de> for Box<T> {
    #[inline]
    fn read<const EXACT: bool, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::read::<EXACT, D>(deserializer).map(Self::new)
    }
}

impl<'de, T: Read<'de>> Read<'de> for Vec<T> {
    fn read<const EXACT: bool, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(VecVisitor::<T, EXACT>(PhantomData))
    }
}

impl<'de> Read<'de> for bool {
    fn read<const EXACT: bool, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(BoolVisitor)
    }
}

/// Reads a `T` in the given mode where serde asks for a seed.
pub(crate) struct Seed<T, const EXACT: bool>(PhantomData<T>);

impl<T, const EXACT: bool> Seed<T, EXACT> {
    #[inline]
    pub(crate) const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<'de, T: Read<'de>, const EXACT: bool> DeserializeSeed<'de> for Seed<T, EXACT> {
    type Value = T;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        T::read::<EXACT, D>(deserializer)
    }
}

/// The kinds of JSON values, as error messages name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Null,
    Boolean,
    Number,
    String,
    Array,
    Object,
}

impl Kind {
    pub(crate) fn of(raw: &RawValue) -> Self {
        match raw.get().as_bytes().first() {
            Some(b'n') => Self::Null,
            Some(b't' | b'f') => Self::Boolean,
            Some(b'"') => Self::String,
            Some(b'[') => Self::Array,
            Some(b'{') => Self::Object,
            _ => Self::Number,
        }
    }
}

impl fmt::Display for Kind {
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

/// The one error of a value of the wrong kind.
///
/// serde's `invalid_type` prints the value, which here is somebody's personal data.
#[cold]
pub(crate) fn wrong_kind<E: Error>(expected: &str, found: Kind) -> E {
    E::custom(format_args!("expected {expected}, found {found}"))
}

/// Writes the visitor methods of the kinds that a model does not take.
macro_rules! refuse {
    ($expected:literal: $($kind:ident)*) => {
        fn expecting(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
            f.write_str($expected)
        }

        $($crate::model::refuse!(@ $kind $expected);)*
    };
    (@ bool $expected:literal) => {
        fn visit_bool<E: ::serde::de::Error>(self, _: bool) -> Result<Self::Value, E> {
            Err($crate::model::wrong_kind($expected, $crate::model::Kind::Boolean))
        }
    };
    (@ number $expected:literal) => {
        fn visit_i64<E: ::serde::de::Error>(self, _: i64) -> Result<Self::Value, E> {
            Err($crate::model::wrong_kind($expected, $crate::model::Kind::Number))
        }

        fn visit_u64<E: ::serde::de::Error>(self, _: u64) -> Result<Self::Value, E> {
            Err($crate::model::wrong_kind($expected, $crate::model::Kind::Number))
        }

        fn visit_f64<E: ::serde::de::Error>(self, _: f64) -> Result<Self::Value, E> {
            Err($crate::model::wrong_kind($expected, $crate::model::Kind::Number))
        }
    };
    (@ str $expected:literal) => {
        fn visit_str<E: ::serde::de::Error>(self, _: &str) -> Result<Self::Value, E> {
            Err($crate::model::wrong_kind($expected, $crate::model::Kind::String))
        }
    };
    (@ null $expected:literal) => {
        fn visit_unit<E: ::serde::de::Error>(self) -> Result<Self::Value, E> {
            Err($crate::model::wrong_kind($expected, $crate::model::Kind::Null))
        }
    };
    (@ array $expected:literal) => {
        fn visit_seq<A: ::serde::de::SeqAccess<'de>>(self, _: A) -> Result<Self::Value, A::Error> {
            Err($crate::model::wrong_kind($expected, $crate::model::Kind::Array))
        }
    };
    (@ object $expected:literal) => {
        fn visit_map<A: ::serde::de::MapAccess<'de>>(self, _: A) -> Result<Self::Value, A::Error> {
            Err($crate::model::wrong_kind($expected, $crate::model::Kind::Object))
        }
    };
}

pub(crate) use refuse;

struct OptionVisitor<T, const EXACT: bool>(PhantomData<T>);

impl<'de, T: Read<'de>, const EXACT: bool> Visitor<'de> for OptionVisitor<T, EXACT> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value or null")
    }

    #[inline]
    fn visit_none<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    #[inline]
    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    #[inline]
    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        T::read::<EXACT, D>(deserializer).map(Some)
    }
}

struct VecVisitor<T, const EXACT: bool>(PhantomData<T>);

impl<'de, T: Read<'de>, const EXACT: bool> Visitor<'de> for VecVisitor<T, EXACT> {
    type Value = Vec<T>;

    refuse!("an array": bool number str null object);

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Vec<T>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = sequence.next_element_seed(Seed::<T, EXACT>::new())? {
            items.push(item);
        }
        Ok(items)
    }
}

struct BoolVisitor;

impl<'de> Visitor<'de> for BoolVisitor {
    type Value = bool;

    refuse!("a boolean": number str null array object);

    fn visit_bool<E: Error>(self, value: bool) -> Result<bool, E> {
        Ok(value)
    }
}
