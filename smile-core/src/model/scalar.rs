use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Serialize, Serializer,
    de::{Deserializer, Error},
    ser::Error as _,
};
use serde_json::value::RawValue;

use super::{Context, JsonType, Presence, Read, wrong_kind};

/// A JSON string or the digits of a JSON number, borrowed or owned.
///
/// One flat enum with boxes and not two `Cow`s: it takes 24 bytes, and so does an `Option` of it.
#[derive(Clone)]
pub(super) enum Scalar<'a> {
    Text(&'a str),
    OwnedText(Box<str>),
    Digits(&'a str),
    OwnedDigits(Box<str>),
}

impl<'a> Scalar<'a> {
    #[inline]
    pub(super) fn as_str(&self) -> &str {
        match self {
            Self::Text(text) | Self::Digits(text) => text,
            Self::OwnedText(text) | Self::OwnedDigits(text) => text,
        }
    }

    pub(super) fn is_number(&self) -> bool {
        matches!(self, Self::Digits(_) | Self::OwnedDigits(_))
    }

    pub(super) fn into_owned(self) -> Scalar<'static> {
        match self {
            Self::Text(text) => Scalar::OwnedText(text.into()),
            Self::OwnedText(text) => Scalar::OwnedText(text),
            Self::Digits(digits) => Scalar::OwnedDigits(digits.into()),
            Self::OwnedDigits(digits) => Scalar::OwnedDigits(digits),
        }
    }

    /// The string or number of raw JSON; `None` if it is neither, or has a lone surrogate.
    #[inline]
    pub(super) fn of(raw: &'a RawValue) -> Option<Self> {
        let json = raw.get();
        match json.as_bytes() {
            [b'-' | b'0'..=b'9', ..] => Some(Self::Digits(json)),
            [b'"', inside @ .., b'"'] if !inside.contains(&b'\\') => {
                json.get(1..json.len() - 1).map(Self::Text)
            }
            [b'"', ..] => serde_json::from_str(json).ok().map(Self::OwnedText),
            _ => None,
        }
    }

    /// Takes the raw JSON of a string, a number or `null`.
    #[inline]
    pub(super) fn take_raw<E: Error>(
        &mut self,
        raw: &'a RawValue,
        expected: &str,
        context: &Context,
    ) -> Result<Presence, E> {
        if let Some(scalar) = Self::of(raw) {
            if let Self::OwnedText(text) = &scalar {
                context.allow(text.len() + ALLOCATION)?;
            }
            *self = scalar;
            return Ok(Presence::Value);
        }
        match JsonType::of(raw) {
            JsonType::Null => Ok(Presence::Null),
            JsonType::String => Err(E::custom(
                "expected a string, found one with a lone surrogate",
            )),
            found => Err(wrong_kind(expected, found)),
        }
    }
}

impl<'a> From<Scalar<'a>> for Cow<'a, str> {
    fn from(scalar: Scalar<'a>) -> Self {
        match scalar {
            Scalar::Text(text) | Scalar::Digits(text) => Self::Borrowed(text),
            Scalar::OwnedText(text) | Scalar::OwnedDigits(text) => Self::Owned(text.into()),
        }
    }
}

impl<'de> Read<'de> for Scalar<'de> {
    const EXPECTED: &'static str = "a string";

    #[inline]
    fn blank() -> Self {
        Self::Text("")
    }

    #[inline]
    fn read_into<D: Deserializer<'de>>(
        &mut self,
        deserializer: D,
        context: &Context,
    ) -> Result<Presence, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?;
        self.take_raw(raw, Self::EXPECTED, context)
    }
}

impl Serialize for Scalar<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = self.as_str();
        if !self.is_number() {
            return serializer.serialize_str(text);
        }
        match text.parse::<i64>() {
            // `-0` is the one JSON integer that an i64 prints differently.
            Ok(integer) if text != "-0" => serializer.serialize_i64(integer),
            _ => serde_json::from_str::<&RawValue>(text)
                .map_err(S::Error::custom)?
                .serialize(serializer),
        }
    }
}

impl fmt::Debug for Scalar<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_number() {
            f.write_str(self.as_str())
        } else {
            fmt::Debug::fmt(self.as_str(), f)
        }
    }
}

/// Roughly what an allocator needs for a short string beside its bytes.
const ALLOCATION: usize = 16;
