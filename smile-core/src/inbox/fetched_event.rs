//! An event that the application makes of what a vendor's API lists.

use std::{fmt, marker::PhantomData, sync::Arc};

use bytes::Bytes;

use super::{Accepted, InboxIntake, NewEvent};
use crate::{
    DataError, Delivery, EventType, Fingerprint, Rejection, SmileApi, SmileIo, Vendor, Verified,
    clock,
    intake::InboxKey,
    smile_api,
    smile_io::{self, Topic},
};

/// An event that no webhook brought, made of what the application fetched from the vendor's API:
/// for [`InboxIntake::trust_fetched`].
///
/// ```
/// use smile_core::{EventType, FetchedEvent};
///
/// let account = r#"{"userId": "u-1", "accountId": "a-1", "providers": ["sss_ph"]}"#;
/// let event = FetchedEvent::smile_api(&EventType::AccountConnected, "a-1", account)?;
/// # Ok::<(), smile_core::DataError>(())
/// ```
#[derive(Clone)]
pub struct FetchedEvent<V: Vendor> {
    body: Bytes,
    tenant: Option<Arc<str>>,
    vendor: PhantomData<V>,
}

impl FetchedEvent<SmileApi> {
    /// An event of Smile API with this data, in the form of a webhook's `data`.
    ///
    /// Smile API lists accounts, tasks, archives and users, and never events, so the event's own id
    /// cannot be known. `name` stands in for it: the event's id becomes
    /// `fetched:ACCOUNT_CONNECTED:a-1`. Take what is the same on every fetch, such as the id of the
    /// account.
    ///
    /// # Errors
    ///
    /// [`DataError`] where the data is not what such an event has.
    pub fn smile_api(event_type: &EventType, name: &str, data: &str) -> Result<Self, DataError> {
        smile_api::Data::from_json(event_type, data)?;
        let id = string(&format!("fetched:{event_type}:{name}"))?;
        let event_type = string(event_type.as_str())?;
        Ok(Self::of(format!(
            r#"{{"id":{id},"version":1,"type":{event_type},"data":{data}}}"#
        )))
    }
}

impl FetchedEvent<SmileIo> {
    /// The event `customer/updated` with a customer as Smile.io's `GET /v1/customers` lists it.
    ///
    /// # Errors
    ///
    /// [`DataError`] where that is no customer.
    pub fn customer_updated(account_id: i64, customer: &str) -> Result<Self, DataError> {
        let data = format!(r#"{{"customer":{customer}}}"#);
        smile_io::Data::from_json(&Topic::CustomerUpdated, &data)?;
        let topic = string(Topic::CustomerUpdated.as_str())?;
        Ok(Self::of(format!(
            r#"{{"topic":{topic},"account_id":{account_id},"data":{data}}}"#
        )))
    }
}

impl<V: Vendor> FetchedEvent<V> {
    /// The tenant whose event it is, where the endpoint looks secrets up by tenant.
    #[must_use]
    pub fn tenant(self, tenant: &str) -> Self {
        let tenant = Some(tenant.into());
        Self { tenant, ..self }
    }

    /// The data in it was read before, so it is JSON and ends where it should.
    fn of(body: String) -> Self {
        Self {
            body: body.into(),
            tenant: None,
            vendor: PhantomData,
        }
    }
}

impl<V: Vendor> fmt::Debug for FetchedEvent<V> {
    /// Never shows the body, which is personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FetchedEvent")
            .field("vendor", &V::NAME)
            .field("tenant", &self.tenant)
            .finish_non_exhaustive()
    }
}

impl<V: Vendor> InboxIntake<V> {
    /// Stores an event that the application fetched from the vendor's API, **without a signature to
    /// check**, unless one with its key is stored already: for what was missed in an outage.
    ///
    /// The key is the endpoint's, made by [`dedupe_by`](crate::IntakeBuilder::dedupe_by) where it is
    /// set. Make it of the data there, and the event and its webhook are one, whichever comes first.
    /// Without it a fetched event is one with itself alone, on every later fetch.
    ///
    /// Smile.io's webhooks have no id, and a fetched body never equals the webhook's: without
    /// `dedupe_by`, a webhook that comes after all is an event of its own.
    ///
    /// There was no request, so the observer gets no report.
    ///
    /// # Errors
    ///
    /// Where the inbox fails or the function given to `dedupe_by` panics. Nothing is stored then, and
    /// the call can be repeated.
    pub async fn trust_fetched(&self, event: FetchedEvent<V>) -> Result<Accepted, Rejection> {
        let FetchedEvent { body, tenant, .. } = event;
        // A fingerprint of no secret contradicts no webhook's.
        let verified = Verified::trust_stored(body, 0, tenant, Fingerprint::default());
        let delivery = Delivery::read(verified.clone())?;
        let InboxKey::Event(key) = self.key(&delivery)? else {
            // A ping is nothing that could be missed.
            return Ok(Accepted::Duplicate);
        };
        let event = NewEvent {
            id: V::event_id(delivery.envelope()).map(Box::from),
            name: Some(delivery.event_name().into()),
            ..self.event(key, &verified, clock::now())
        };
        self.keep(event).await
    }
}

/// A text as JSON.
fn string(text: &str) -> Result<String, DataError> {
    serde_json::to_string(text).map_err(|err| DataError::new(String::new(), &err))
}
