use std::{borrow::Cow, fmt};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

use crate::{
    model::{Context, DateTime, IntoOwned, List, Presence, Read, Text, object},
    smile_api::EventType,
};

/// A page of webhooks; `next_cursor` leads to the next one.
pub type WebhookPage = List<'static, Webhook<'static>>;

object! {
    /// A registered webhook (`Webhook`).
    pub struct Webhook<'a> {
        /// The webhook; opaque.
        id: Option<Text<'a>> = "id",
        /// When it was registered, UTC.
        created_at: Option<DateTime<'a>> = "createdAt",
        /// Its name for people.
        name: Option<Text<'a>> = "name",
        /// The URL that receives events.
        url: Option<Text<'a>> = "url",
        /// The secret that signs events. The vendor returns it; `Debug` redacts it, and it is
        /// serialised as `"(redacted)"`.
        secret: Option<Redacted<'a>> = "secret",
        /// The events that it gets.
        event_types: Vec<Subscription> = "eventTypes",
        /// Whether the vendor sends events; the schema's default is true.
        active: Option<bool> = "active",
        /// Whether events carry their payload; the schema's default is false.
        include_payload: Option<bool> = "includePayload",
        /// When it was changed last, UTC.
        updated_at: Option<DateTime<'a>> = "updatedAt",
    }
}

/// The events that a webhook gets.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Subscription {
    /// All events, also of types yet to come.
    All,
    /// Events of this type.
    Only(EventType),
}

impl Subscription {
    /// The name as the vendor writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::All => ALL_EVENTS,
            Self::Only(event_type) => event_type.as_str(),
        }
    }
}

impl From<EventType> for Subscription {
    fn from(event_type: EventType) -> Self {
        if event_type.as_str() == ALL_EVENTS {
            Self::All
        } else {
            Self::Only(event_type)
        }
    }
}

impl From<&str> for Subscription {
    fn from(name: &str) -> Self {
        EventType::from(name).into()
    }
}

impl IntoOwned for Subscription {
    type Owned = Self;

    fn into_owned(self) -> Self {
        self
    }
}

#[cfg(feature = "schema")]
impl crate::model::Describe for Subscription {
    const TYPE: crate::model::Type = crate::model::Type::Text;
}

impl<'de> Read<'de> for Subscription {
    const EXPECTED: &'static str = <Text<'de> as Read<'de>>::EXPECTED;

    fn blank() -> Self {
        Self::All
    }

    fn read_into<D: Deserializer<'de>>(
        &mut self,
        deserializer: D,
        context: &Context,
    ) -> Result<Presence, D::Error> {
        let mut text = Text::blank();
        let presence = text.read_into(deserializer, context)?;
        *self = text.as_str().into();
        Ok(presence)
    }
}

impl<'de> Deserialize<'de> for Subscription {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<'de, str>::deserialize(deserializer).map(|name| (&*name).into())
    }
}

impl Serialize for Subscription {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// A secret text: redacted in `Debug` and when serialised. If owned, it is overwritten when
/// dropped.
#[derive(Clone)]
pub struct Redacted<'a>(Inner<'a>);

#[derive(Clone)]
enum Inner<'a> {
    Borrowed(&'a str),
    Owned(Zeroizing<String>),
}

impl Redacted<'_> {
    /// The text itself. Keep it out of logs.
    #[must_use]
    pub fn expose(&self) -> &str {
        match &self.0 {
            Inner::Borrowed(text) => text,
            Inner::Owned(text) => text,
        }
    }

    /// Copies the text where it is borrowed.
    #[must_use]
    pub fn into_owned(self) -> Redacted<'static> {
        Redacted(Inner::Owned(match self.0 {
            Inner::Borrowed(text) => Zeroizing::new(text.to_owned()),
            Inner::Owned(text) => text,
        }))
    }
}

impl IntoOwned for Redacted<'_> {
    type Owned = Redacted<'static>;

    fn into_owned(self) -> Redacted<'static> {
        Redacted::into_owned(self)
    }
}

#[cfg(feature = "schema")]
impl crate::model::Describe for Redacted<'_> {
    const TYPE: crate::model::Type = crate::model::Type::Text;
}

impl<'a> From<Text<'a>> for Redacted<'a> {
    fn from(text: Text<'a>) -> Self {
        Self(match Cow::from(text) {
            Cow::Borrowed(text) => Inner::Borrowed(text),
            Cow::Owned(text) => Inner::Owned(Zeroizing::new(text)),
        })
    }
}

impl PartialEq for Redacted<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl fmt::Debug for Redacted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

impl<'de> Read<'de> for Redacted<'de> {
    const EXPECTED: &'static str = <Text<'de> as Read<'de>>::EXPECTED;

    fn blank() -> Self {
        Self(Inner::Borrowed(""))
    }

    fn read_into<D: Deserializer<'de>>(
        &mut self,
        deserializer: D,
        context: &Context,
    ) -> Result<Presence, D::Error> {
        let mut text = Text::blank();
        let presence = text.read_into(deserializer, context)?;
        *self = text.into();
        Ok(presence)
    }
}

impl Serialize for Redacted<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(REDACTED)
    }
}

const ALL_EVENTS: &str = "ALL_EVENTS";
const REDACTED: &str = "(redacted)";
