//! Reads an envelope from the front of a body, and no further than needed.

use std::{borrow::Cow, fmt};

use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::EnvelopeError;

use super::{
    Field, JsonType, KeySeed, Number,
    mend::{text_of, without_lone_surrogates, without_mark},
    scalar::Scalar,
};

/// The members of an envelope, filled one by one.
pub(crate) trait EnvelopeFields: Default {
    type Member: Field;

    /// Whether every member is found.
    fn is_complete(&self) -> bool;

    /// Whether every required member is found.
    fn is_sufficient(&self) -> bool;

    /// Takes a member whose value is not `null`.
    fn take(&mut self, member: Self::Member, value: &RawValue) -> Result<(), EnvelopeError>;
}

/// Reads a body from its beginning until the fields are complete, the object ends, or the JSON is
/// invalid.
///
/// It reads nothing after that point. If the required fields are there, invalid JSON after them is
/// no error here: reading the data will report it.
///
/// It skips the values of other members without recursion, however deep they are, and accepts bytes
/// that are not UTF-8 and lone surrogates in names.
pub(crate) fn read_envelope<F: EnvelopeFields>(body: &[u8]) -> Result<F, EnvelopeError> {
    read(without_mark(body)).or_else(|err| {
        let text = text_of(body);
        match (without_lone_surrogates(&text), text) {
            (Some(text), _) | (None, Cow::Owned(text)) => read(text.as_bytes()),
            (None, Cow::Borrowed(_)) => Err(err),
        }
    })
}

fn read<F: EnvelopeFields>(body: &[u8]) -> Result<F, EnvelopeError> {
    let mut fields = F::default();
    let mut refusal = None;
    let visitor = FieldsVisitor {
        fields: &mut fields,
        refusal: &mut refusal,
    };
    // To stop in the middle of an object is an error to serde_json, but not to us.
    let result = serde_json::Deserializer::from_slice(body).deserialize_map(visitor);
    match (refusal, result) {
        (Some(refusal), _) => Err(refusal),
        (None, Err(err)) if !fields.is_sufficient() => Err(match JsonType::of_json(body) {
            Some(found) if err.is_data() => EnvelopeError::not_an_object(found),
            _ => EnvelopeError::unreadable(&err),
        }),
        _ => Ok(fields),
    }
}

/// The value of a member that must be a string.
pub(crate) fn string<'a>(
    member: &'static str,
    value: &'a RawValue,
) -> Result<Cow<'a, str>, EnvelopeError> {
    optional_string(value).ok_or_else(|| EnvelopeError::not_a_string(member, JsonType::of(value)))
}

/// The value of a member, if it is a string. A string with a lone surrogate keeps its escapes:
/// U+FFFD would make two ids equal.
pub(crate) fn optional_string(value: &RawValue) -> Option<Cow<'_, str>> {
    match Scalar::of(value) {
        Some(scalar) if scalar.is_number() => None,
        Some(text) => Some(text.into()),
        None if JsonType::of(value) == JsonType::String => {
            Some(value.get().trim_matches('"').into())
        }
        None => None,
    }
}

/// The value of a member, if it is an integer: `1`, `1.0` and `"1"` are the same.
pub(crate) fn optional_integer(value: &RawValue) -> Option<i64> {
    Number::new(Scalar::of(value)?.as_str()).ok()?.to_i64()
}

struct FieldsVisitor<'f, F> {
    fields: &'f mut F,
    refusal: &'f mut Option<EnvelopeError>,
}

impl<'de, F: EnvelopeFields> Visitor<'de> for FieldsVisitor<'_, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut name = Cow::Borrowed("");
        while !self.fields.is_complete()
            && let Some(found) = map.next_key_seed(KeySeed::<F::Member>::new(&mut name))?
        {
            let Some((member, _)) = found else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            let value = map.next_value::<&RawValue>()?;
            if JsonType::of(value) != JsonType::Null
                && let Err(refusal) = self.fields.take(member, value)
            {
                *self.refusal = Some(refusal);
                break;
            }
        }
        Ok(())
    }
}
