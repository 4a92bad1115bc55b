//! Reading the first members of an object, and no further than needed.

use std::{borrow::Cow, fmt};

use memchr::memchr_iter;
use serde::{
    Deserialize,
    de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor},
};

use crate::EnvelopeError;

use super::{Field, KeySeed, Kind};

/// The members of an envelope, taken one by one.
pub(crate) trait Front: Default {
    type Member: Field;

    /// The name of the member that holds the data.
    const DATA: &'static str;

    /// Whether nothing more is needed.
    fn is_complete(&self) -> bool;

    /// Whether what must be there is.
    fn is_sufficient(&self) -> bool;

    fn take(&mut self, member: Self::Member, value: Loose<'_>) -> Result<(), EnvelopeError>;
}

/// Reads a body from its beginning until the front is complete, or the object ends, or its JSON
/// breaks, and tells where the data begins if it got there: behind the name of the first such member.
///
/// Nothing is looked at beyond the name after the point where the front is complete, and where it is
/// sufficient, broken JSON is the business of whoever reads the data.
///
/// Values of other members are skipped without recursion, however deep they are.
pub(crate) fn read_front<F: Front>(body: &[u8]) -> Result<(F, Option<usize>), EnvelopeError> {
    // The vendors send these members first, so a short look mostly finds them all.
    let head = body.get(..HEAD).unwrap_or(body);
    if let Some(front) = read_before_data(head) {
        return Ok(front);
    }
    // To see whether it is text costs less for all of it than for each string.
    let head = text_of(head);
    match read_front_exactly(serde_json::Deserializer::from_str(head), head.as_bytes()) {
        Ok((front, data_at)) if F::is_complete(&front) => Ok((front, data_at)),
        _ => read_front_exactly(serde_json::Deserializer::from_slice(body), body),
    }
}

/// Reads what stands before the data as an object of its own, with a brace in the place of the data:
/// to leave an object in its middle is an error to `serde_json`, and to make one costs as much as to
/// read two members.
///
/// None where that is no object, or not all of the front. A string cannot hold what is looked for,
/// since its quotes would be escaped; and where it belongs to an object further in, the brace is not
/// the last one.
fn read_before_data<F: Front>(head: &[u8]) -> Option<(F, Option<usize>)> {
    let ends_before_data = |comma: &usize| {
        let member = head
            .get(comma + 1..)
            .and_then(|rest| rest.strip_prefix(b"\""));
        let behind = member.and_then(|rest| rest.strip_prefix(F::DATA.as_bytes()));
        behind.is_some_and(|rest| rest.starts_with(b"\":"))
    };
    let comma = memchr_iter(b',', head).find(ends_before_data)?;
    let mut object = [0; HEAD];
    object.get_mut(..comma)?.copy_from_slice(head.get(..comma)?);
    *object.get_mut(comma)? = b'}';
    let object = std::str::from_utf8(object.get(..=comma)?).ok()?;

    let mut front = F::default();
    let (mut refusal, mut data_at) = (None, None);
    let visitor = FrontVisitor {
        body: object.as_bytes(),
        front: &mut front,
        refusal: &mut refusal,
        data_at: &mut data_at,
    };
    let mut deserializer = serde_json::Deserializer::from_str(object);
    deserializer.deserialize_any(visitor).ok()?;
    deserializer.end().ok()?;
    let is_all = refusal.is_none() && data_at.is_none() && front.is_complete();
    is_all.then_some((front, Some(comma + F::DATA.len() + r#",""#.len() + 1)))
}

fn read_front_exactly<'de, F, R>(
    mut deserializer: serde_json::Deserializer<R>,
    body: &'de [u8],
) -> Result<(F, Option<usize>), EnvelopeError>
where
    F: Front,
    R: serde_json::de::Read<'de>,
{
    let mut front = F::default();
    let mut refusal = None;
    let mut data_at = None;
    let visitor = FrontVisitor {
        body,
        front: &mut front,
        refusal: &mut refusal,
        data_at: &mut data_at,
    };
    // Leaving an object in its middle is an error to the reader, but none of ours.
    let result = deserializer.deserialize_any(visitor);
    match (refusal, result) {
        (Some(refusal), _) => Err(refusal),
        (None, Err(err)) if !front.is_sufficient() => Err(EnvelopeError::unreadable(&err)),
        _ => Ok((front, data_at.flatten())),
    }
}

struct FrontVisitor<'f, 'de, F> {
    body: &'de [u8],
    front: &'f mut F,
    refusal: &'f mut Option<EnvelopeError>,
    /// Where the first data begins, once it was seen, if it can be told.
    data_at: &'f mut Option<Option<usize>>,
}

impl<F> FrontVisitor<'_, '_, F> {
    fn refuse<E: Error>(self, found: Kind) -> Result<(), E> {
        *self.refusal = Some(EnvelopeError::not_an_object(found));
        Ok(())
    }
}

impl<'de, F: Front> Visitor<'de> for FrontVisitor<'_, 'de, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        self.refuse(Kind::Boolean)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        self.refuse(Kind::Number)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        self.refuse(Kind::Number)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        self.refuse(Kind::Number)
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        self.refuse(Kind::String)
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.refuse(Kind::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<(), A::Error> {
        self.refuse(Kind::Array)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut name = Cow::Borrowed("");
        loop {
            let found = map.next_key_seed(KeySeed::<F::Member>::new(&mut name))?;
            if matches!(found, Some(None)) && name == F::DATA {
                self.data_at.get_or_insert(end_of(&name, self.body));
            }
            if self.front.is_complete() {
                break;
            }
            match found {
                None => break,
                Some(None) => {
                    map.next_value::<IgnoredAny>()?;
                }
                Some(Some((member, _))) => {
                    let value = map.next_value::<Loose<'_>>()?;
                    if let Err(refusal) = self.front.take(member, value) {
                        *self.refusal = Some(refusal);
                        break;
                    }
                }
            }
        }
        Ok(())
    }
}

/// Where in the body a name ends, its quote included; none where it was written with escapes, and so
/// is a copy.
#[expect(clippy::ptr_arg, reason = "whether the name is a copy is the question")]
fn end_of(name: &Cow<'_, str>, body: &[u8]) -> Option<usize> {
    let Cow::Borrowed(name) = name else {
        return None;
    };
    let start = name.as_ptr().addr().checked_sub(body.as_ptr().addr())?;
    Some(start + name.len() + 1)
}

/// A value that is one of a few kinds, or skipped.
pub(crate) enum Loose<'de> {
    Null,
    Boolean,
    Integer(i64),
    /// A number that is no `i64`.
    Float(f64),
    Text(Cow<'de, str>),
    Array,
    Object,
}

impl Loose<'_> {
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Null => Kind::Null,
            Self::Boolean => Kind::Boolean,
            Self::Integer(_) | Self::Float(_) => Kind::Number,
            Self::Text(_) => Kind::String,
            Self::Array => Kind::Array,
            Self::Object => Kind::Object,
        }
    }

    /// `1`, `1.0` and `"1"` are the same integer.
    pub(crate) fn to_integer(&self) -> Option<i64> {
        match self {
            Self::Integer(integer) => Some(*integer),
            Self::Float(float) => crate::model::Number::try_from(*float).ok()?.to_i64(),
            Self::Text(text) => crate::model::Number::new(text).ok()?.to_i64(),
            _ => None,
        }
    }
}

impl<'de> Deserialize<'de> for Loose<'de> {
    #[inline]
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LooseVisitor)
    }
}

struct LooseVisitor;

impl<'de> Visitor<'de> for LooseVisitor {
    type Value = Loose<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Loose::Null)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Loose::Boolean)
    }

    fn visit_i64<E: Error>(self, integer: i64) -> Result<Self::Value, E> {
        Ok(Loose::Integer(integer))
    }

    fn visit_u64<E: Error>(self, integer: u64) -> Result<Self::Value, E> {
        // Beyond i64 there is no version and no account.
        Ok(i64::try_from(integer).map_or(Loose::Float(f64::NAN), Loose::Integer))
    }

    fn visit_f64<E: Error>(self, float: f64) -> Result<Self::Value, E> {
        Ok(Loose::Float(float))
    }

    #[inline]
    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Loose::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Loose::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Self::Value, A::Error> {
        while sequence.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Loose::Array)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Loose::Object)
    }
}

/// What of the bytes is text, up to the first that is none.
fn text_of(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_else(|err| {
        let text = bytes.get(..err.valid_up_to()).unwrap_or_default();
        std::str::from_utf8(text).unwrap_or_default()
    })
}

const HEAD: usize = 512;
