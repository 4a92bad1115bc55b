use std::{error, fmt};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _, ser::SerializeMap};
use serde_json::value::RawValue;

use crate::{
    DataError, EnvelopeError,
    model::{EnvelopeFields, Field, read_envelope, string},
};

use super::{Callback, Payload};

/// A forwarded callback: unsigned, so no more than a hint, see the [module](super).
///
/// Its serialised form is the forwarded one: `{"callback": .., "payload": ..}`.
#[derive(Clone, Debug, PartialEq)]
pub struct Hint<'a> {
    payload: Payload<'a>,
}

impl<'a> Hint<'a> {
    /// Reads a forwarded callback. Limit the size of the body first: anybody can send one.
    ///
    /// # Errors
    ///
    /// If the body names no callback, or its payload does not have the documented shape. An unknown
    /// callback is no error.
    pub fn parse(body: &'a [u8]) -> Result<Self, HintError> {
        let Members { callback } = read_envelope(body).map_err(HintError::Wrapper)?;
        let callback =
            callback.ok_or_else(|| HintError::Wrapper(EnvelopeError::missing(CALLBACK)))?;
        let payload = Payload::read(&callback, body).map_err(HintError::Payload)?;
        Ok(Self { payload })
    }

    /// Makes a hint, for tests and for forwarding.
    #[must_use]
    pub fn new(payload: Payload<'a>) -> Self {
        Self { payload }
    }

    /// The name of the callback.
    #[must_use]
    pub fn callback(&self) -> Callback {
        self.payload.callback()
    }

    /// The argument of the callback.
    #[must_use]
    pub fn payload(&self) -> &Payload<'a> {
        &self.payload
    }

    /// Copies what is borrowed.
    #[must_use]
    pub fn into_owned(self) -> Hint<'static> {
        Hint {
            payload: self.payload.into_owned(),
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Hint<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&'de RawValue>::deserialize(deserializer)?;
        Hint::parse(raw.get().as_bytes()).map_err(D::Error::custom)
    }
}

impl Serialize for Hint<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry(CALLBACK, &self.callback())?;
        map.serialize_entry("payload", &self.payload)?;
        map.end()
    }
}

/// A body is not a forwarded callback. The message never holds values of the body.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HintError {
    /// The body names no callback.
    Wrapper(EnvelopeError),
    /// The payload does not have the shape that the vendor documents for the callback.
    Payload(DataError),
}

impl fmt::Display for HintError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wrapper(err) => err.fmt(f),
            Self::Payload(err) => err.fmt(f),
        }
    }
}

impl error::Error for HintError {}

#[derive(Default)]
struct Members {
    callback: Option<Callback>,
}

impl EnvelopeFields for Members {
    type Member = Member;

    fn is_complete(&self) -> bool {
        self.callback.is_some()
    }

    fn is_sufficient(&self) -> bool {
        self.callback.is_some()
    }

    fn take(&mut self, _: Member, value: &RawValue) -> Result<(), EnvelopeError> {
        self.callback = Some(Callback::from(&*string(CALLBACK, value)?));
        Ok(())
    }
}

#[derive(Clone, Copy)]
struct Member;

impl Field for Member {
    fn find(name: &str) -> Option<(Self, bool)> {
        (name == CALLBACK).then_some((Self, false))
    }
}

const CALLBACK: &str = "callback";
