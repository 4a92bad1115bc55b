use std::{error, fmt, mem};

use super::{
    ApiError, Call, NewWebhook, PageRequest, Registration, Request, Subscription, Webhook,
    WebhookPage,
};

/// Creates a webhook unless one like it is registered. An application can do this at each start.
///
/// It lists all webhooks. One is alike if it has the same URL, `active` and `include_payload`, and
/// at least the wanted events; the name does not matter. It never deletes a webhook: after a change
/// of settings, delete the old one yourself, or it sends events twice.
///
/// Two replicas that start at the same moment may both create one; events then come twice, under
/// two ids. If that matters, let one of them do it.
#[derive(Debug)]
pub struct EnsureCall {
    registration: Registration,
    webhook: NewWebhook,
    state: State,
}

#[derive(Debug)]
enum State {
    Listing {
        call: Call<WebhookPage>,
        cursor: String,
        pages: usize,
    },
    Creating {
        call: Call<Webhook<'static>>,
    },
}

impl EnsureCall {
    pub(super) fn new(registration: Registration, webhook: NewWebhook) -> Self {
        let call = registration.list(&PageRequest::first());
        let state = State::Listing {
            call,
            cursor: String::new(),
            pages: 1,
        };
        Self {
            registration,
            webhook,
            state,
        }
    }

    /// The request to send.
    #[must_use]
    pub fn request(&self) -> &Request {
        match &self.state {
            State::Listing { call, .. } => call.request(),
            State::Creating { call } => call.request(),
        }
    }

    /// Reads the answer and says what to do next.
    ///
    /// # Errors
    ///
    /// [`EnsureError`]. To try again, begin anew.
    pub fn receive(mut self, status: u16, body: &[u8]) -> Result<EnsureStep, EnsureError> {
        let (page, cursor, pages) = match &mut self.state {
            State::Creating { call } => {
                let webhook = call.parse(status, body).map_err(EnsureError::Api)?;
                return Ok(EnsureStep::Done(Ensured::Created(webhook)));
            }
            State::Listing {
                call,
                cursor,
                pages,
            } => (
                call.parse(status, body).map_err(EnsureError::Api)?,
                mem::take(cursor),
                *pages,
            ),
        };
        let next = page
            .next_cursor
            .as_deref()
            .filter(|next| !next.is_empty())
            .map(str::to_owned);
        if let Some(found) = page.into_iter().find(|found| is_same(found, &self.webhook)) {
            let secret = SecretMatch::of(&found, &self.webhook);
            return Ok(EnsureStep::Done(Ensured::Existing(found, secret)));
        }
        self.state = match next {
            None => State::Creating {
                call: self.registration.create(&self.webhook),
            },
            Some(next) if next == cursor || pages >= MOST_PAGES => {
                return Err(EnsureError::EndlessList);
            }
            Some(next) => State::Listing {
                call: self.registration.list(&PageRequest::at(&next)),
                cursor: next,
                pages: pages + 1,
            },
        };
        Ok(EnsureStep::Send(self))
    }
}

/// The next step. Exhaustive: there is a request to send, or there is none.
#[derive(Debug)]
pub enum EnsureStep {
    /// Send another request.
    Send(EnsureCall),
    /// The webhook is registered.
    Done(Ensured),
}

/// A registered webhook, and whether it is new.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Ensured {
    /// It was registered before. The second value compares its secret with the wanted one.
    Existing(Webhook<'static>, SecretMatch),
    /// It was created.
    Created(Webhook<'static>),
}

/// Whether a webhook that was registered before has the wanted secret.
///
/// A different secret does not make a different webhook: if the vendor masked it one day, each
/// start would create another webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SecretMatch {
    /// It has the wanted secret.
    Same,
    /// It has another secret, so its events would be refused: delete it and ensure again, or accept
    /// both secrets.
    Different,
    /// The vendor did not return its secret.
    NotTold,
}

impl SecretMatch {
    fn of(found: &Webhook<'_>, wanted: &NewWebhook) -> Self {
        match found.secret.as_ref() {
            None => Self::NotTold,
            Some(secret) if secret.expose() == wanted.secret() => Self::Same,
            Some(_) => Self::Different,
        }
    }
}

/// The webhook could not be looked up or created.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EnsureError {
    /// The vendor refused a request, or sent an unexpected answer.
    Api(ApiError),
    /// The list of webhooks does not end: a cursor leads to itself, or there are over 100 pages.
    EndlessList,
}

impl fmt::Display for EnsureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Api(_) => {
                f.write_str("the webhooks could not be listed, or the new one not created")
            }
            Self::EndlessList => f.write_str(
                "expected the list of webhooks to end, found a repeated cursor or over 100 pages",
            ),
        }
    }
}

impl error::Error for EnsureError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Api(err) => Some(err),
            Self::EndlessList => None,
        }
    }
}

fn is_same(found: &Webhook<'_>, wanted: &NewWebhook) -> bool {
    let gets = |event: &Subscription| {
        found.event_types.contains(event) || found.event_types.contains(&Subscription::All)
    };
    found.url.as_deref() == Some(wanted.url())
        && found.active.unwrap_or(true) == wanted.is_active()
        && found.include_payload.unwrap_or(false) == wanted.includes_payload()
        && wanted.event_types().iter().all(gets)
}

const MOST_PAGES: usize = 100;
