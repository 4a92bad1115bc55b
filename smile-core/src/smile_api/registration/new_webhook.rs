use std::fmt;

use serde::{Serialize, Serializer, ser::SerializeMap};
use zeroize::Zeroizing;

use super::{InvalidInput, Subscription, invalid::check_length};

/// A webhook to create (`WebhookPostRequest`).
///
/// By default it is active, for all events, and events come without their payload.
#[derive(Clone)]
pub struct NewWebhook {
    name: String,
    url: String,
    secret: Zeroizing<String>,
    event_types: Vec<Subscription>,
    is_active: bool,
    includes_payload: bool,
}

impl NewWebhook {
    /// Takes a name for people (1 to 200 characters), the URL that receives events (1 to 500
    /// characters, `https://`), and the secret that signs them (1 to 64 characters; make it long
    /// and random).
    ///
    /// # Errors
    ///
    /// [`InvalidInput`] if one is outside these limits.
    pub fn new(name: &str, url: &str, secret: &str) -> Result<Self, InvalidInput> {
        check_length("name", name, 200)?;
        check_length("url", url, 500)?;
        check_length("secret", secret, 64)?;
        if !url.starts_with("https://") {
            return Err(InvalidInput::NotHttps);
        }
        Ok(Self {
            name: name.to_owned(),
            url: url.to_owned(),
            secret: Zeroizing::new(secret.to_owned()),
            event_types: vec![Subscription::All],
            is_active: true,
            includes_payload: false,
        })
    }

    /// Asks for these events only.
    ///
    /// # Errors
    ///
    /// [`InvalidInput::NoEventTypes`] if there is none.
    pub fn events<T: Into<Subscription>>(
        mut self,
        event_types: impl IntoIterator<Item = T>,
    ) -> Result<Self, InvalidInput> {
        self.event_types = event_types.into_iter().map(T::into).collect();
        if self.event_types.is_empty() {
            Err(InvalidInput::NoEventTypes)
        } else {
            Ok(self)
        }
    }

    /// Asks for the data itself in `TASK_FINISHED` and `ACCOUNT_SYNC_TASK_FINISHED`.
    #[must_use]
    pub fn include_payload(mut self) -> Self {
        self.includes_payload = true;
        self
    }

    /// Creates the webhook inactive: it gets no events, and no call can activate it later.
    #[must_use]
    pub fn inactive(mut self) -> Self {
        self.is_active = false;
        self
    }

    /// The URL that receives events.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    pub(super) fn secret(&self) -> &str {
        &self.secret
    }

    pub(super) fn event_types(&self) -> &[Subscription] {
        &self.event_types
    }

    pub(super) fn is_active(&self) -> bool {
        self.is_active
    }

    pub(super) fn includes_payload(&self) -> bool {
        self.includes_payload
    }

    /// The body of the request, which holds the secret.
    pub(super) fn to_body(&self) -> Zeroizing<Vec<u8>> {
        // Large enough for all escapes: growing would leave a copy of the secret behind.
        let room = 256 + 6 * (self.name.len() + self.url.len() + self.secret.len());
        let names: usize = self
            .event_types
            .iter()
            .map(|event| event.as_str().len() * 6 + 3)
            .sum();
        let mut body = Zeroizing::new(Vec::with_capacity(room + names));
        // Writing strings and flags into memory cannot fail.
        let _ = serde_json::to_writer(&mut *body, &Body(self));
        body
    }
}

/// Without the secret.
impl fmt::Debug for NewWebhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewWebhook")
            .field("name", &self.name)
            .field("url", &self.url)
            .field("event_types", &self.event_types)
            .field("is_active", &self.is_active)
            .field("includes_payload", &self.includes_payload)
            .finish_non_exhaustive()
    }
}

/// Kept apart so that a [`NewWebhook`] is not serialised by accident.
struct Body<'w>(&'w NewWebhook);

impl Serialize for Body<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(6))?;
        map.serialize_entry("name", &self.0.name)?;
        map.serialize_entry("url", &self.0.url)?;
        map.serialize_entry("eventTypes", &self.0.event_types)?;
        map.serialize_entry("active", &self.0.is_active)?;
        map.serialize_entry("secret", self.0.secret.as_str())?;
        map.serialize_entry("includePayload", &self.0.includes_payload)?;
        map.end()
    }
}
