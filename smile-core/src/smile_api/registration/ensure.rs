use std::{error, fmt, mem};

use super::{
    ApiError, Call, NewWebhook, PageRequest, Registration, Request, Subscription, Webhook,
    WebhookPage,
};

/// Makes sure that a webhook is registered, so that an application can do so each time it starts.
///
/// It lists all webhooks. One is taken for the same when it has the address and `active` and
/// `include_payload` as wanted, and gets at least the events that are wanted; the name does not
/// matter. If there is none, one is created. Nothing is ever deleted: a webhook that is left over
/// after a change of settings, and would send events twice, is yours to delete.
///
/// Two replicas that start at the same moment may both create one; events then come twice, under
/// two ids. Where that matters, let one of them do it.
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

    /// What to send.
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

/// What to do next. Exhaustive: either there is something to send, or there is not.
#[derive(Debug)]
pub enum EnsureStep {
    /// Send another request.
    Send(EnsureCall),
    /// Nothing: the webhook is registered.
    Done(Ensured),
}

/// How it comes that a webhook is registered.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Ensured {
    /// It was already, and its secret is as given here.
    Existing(Webhook<'static>, SecretMatch),
    /// It was created.
    Created(Webhook<'static>),
}

/// Whether a webhook that was already registered has the secret that is wanted.
///
/// A different secret does not make a different webhook: if the vendor masked it one day, each start
/// would create another webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SecretMatch {
    /// It has.
    Same,
    /// It has not, and its events will be refused: delete it and ensure again, or accept the old
    /// secret too.
    Different,
    /// The vendor did not tell.
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

/// Why it is not known whether a webhook is registered.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EnsureError {
    /// The vendor answered something else than what was asked for.
    Api(ApiError),
    /// The list of webhooks does not end: a cursor leads to itself, or there are over 100 pages.
    EndlessList,
}

impl fmt::Display for EnsureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Api(_) => f.write_str("expected to learn which webhooks are registered"),
            Self::EndlessList => f.write_str("expected the list of webhooks to end, found no end"),
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
