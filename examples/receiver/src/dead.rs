//! Dead letters, for `/dead` and the page.

use serde::Serialize;
use serde_json::value::RawValue;
use smile_core::{DeadLetter, StoreError};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{
    deliveries::shown,
    inbox::Inbox,
    log::Page,
    viewer::{Asker, FOREIGN_PAGE},
};

/// A status and its text.
pub(crate) type Answer = (u16, String);

/// The dead letters of an inbox, if there is one.
#[derive(Clone, Default)]
pub(crate) struct Dead(pub(crate) Option<Inbox>);

impl Dead {
    pub(crate) async fn list(&self, page: &Page) -> Answer {
        const MOST: u32 = 1000;
        let Some(inbox) = &self.0 else {
            return no_inbox();
        };
        let limit = page
            .limit()
            .map_or(MOST, |limit| u32::try_from(limit).unwrap_or(MOST).min(MOST));
        let after = page.after().try_into().unwrap_or(i64::MAX);
        match inbox.dead_letters(after, limit).await {
            Ok(letters) => {
                let lines: Vec<_> = letters.iter().map(Line::of).collect();
                json(&lines)
            }
            Err(err) => unavailable(&err),
        }
    }

    /// One, with its body.
    pub(crate) async fn show(&self, id: i64) -> Answer {
        let Some(inbox) = &self.0 else {
            return no_inbox();
        };
        match inbox.dead_letter(id).await {
            Ok(Some(letter)) => {
                let raw = std::str::from_utf8(&letter.body).ok();
                let raw = raw.and_then(|text| serde_json::from_str(text).ok());
                let (body, encoding) = shown(&letter.body);
                json(&Line {
                    raw,
                    body: Some(body),
                    body_encoding: Some(encoding),
                    ..Line::of(&letter)
                })
            }
            Ok(None) => (404, format!("no dead letter {id}")),
            Err(err) => unavailable(&err),
        }
    }

    pub(crate) async fn replay(&self, id: i64, asker: &Asker<'_>) -> Answer {
        if asker.is_cross_origin() {
            return (403, FOREIGN_PAGE.into());
        }
        let Some(inbox) = &self.0 else {
            return no_inbox();
        };
        match inbox.replay(id).await {
            Ok(true) => (204, String::new()),
            Ok(false) => (404, format!("no dead letter {id}")),
            Err(err) => unavailable(&err),
        }
    }
}

fn json(value: &impl Serialize) -> Answer {
    match serde_json::to_string(value) {
        Ok(text) => (200, text),
        Err(err) => (500, err.to_string()),
    }
}

fn no_inbox() -> Answer {
    (404, "there is no inbox: start with --inbox".into())
}

fn unavailable(err: &StoreError) -> Answer {
    tracing::error!(target: "smile", %err, "the inbox cannot be read");
    (503, err.to_string())
}

/// One element of `/dead`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    id: i64,
    vendor: &'a str,
    tenant: Option<&'a str>,
    event_id: Option<&'a str>,
    #[serde(rename = "type")]
    event_type: Option<&'a str>,
    reason: &'static str,
    error: &'a str,
    attempts: u32,
    received_at: Option<String>,
    died_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    raw: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body_encoding: Option<&'static str>,
}

impl<'a> Line<'a> {
    fn of(letter: &'a DeadLetter) -> Self {
        let text = |time| OffsetDateTime::from(time).format(&Rfc3339).ok();
        Self {
            id: letter.id,
            vendor: &letter.vendor,
            tenant: letter.tenant.as_deref(),
            event_id: letter.event_id.as_deref(),
            event_type: letter.name.as_deref(),
            reason: letter.reason.label(),
            error: &letter.error,
            attempts: letter.attempts,
            received_at: text(letter.received_at),
            died_at: text(letter.died_at),
            raw: None,
            body: None,
            body_encoding: None,
        }
    }
}
