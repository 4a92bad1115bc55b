//! One delivery, and its forms in JSON.

use bytes::Bytes;
use serde::Serialize;
use serde_json::value::RawValue;
use smile_core::Outcome;

use super::Origin;
use crate::viewer::Viewer;

/// One request to a webhook's route, or one run of the worker.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) seq: u64,
    pub(crate) vendor: &'static str,
    pub(crate) origin: Origin,
    pub(crate) event: Option<EventFacts>,
    pub(crate) outcome: Outcome,
    pub(crate) status: Option<u16>,
    /// The kind of a refusal.
    pub(crate) kind: Option<&'static str>,
    pub(crate) reason: Option<String>,
    pub(crate) remedy: Option<&'static str>,
    pub(crate) attempt: Option<u64>,
    /// Bytes of the body that came.
    pub(crate) size: u64,
    pub(crate) duration_ms: f64,
    /// When the request came.
    pub(crate) received_at: Option<String>,
    /// When the worker's run began.
    pub(crate) started_at: Option<String>,
    pub(crate) content: Content,
}

/// What is known of a verified event.
#[derive(Debug)]
pub(crate) struct EventFacts {
    pub(crate) id: Option<String>,
    pub(crate) name: String,
    pub(crate) known: bool,
    pub(crate) tenant: Option<String>,
    pub(crate) secret_index: usize,
}

/// What was sent, and what was read from it.
#[derive(Debug, Default)]
pub(crate) struct Content {
    /// Without secrets.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Option<Bytes>,
    /// The typed view as JSON, where a handler ran.
    pub(crate) typed: Option<String>,
}

impl Entry {
    pub(crate) fn is_refused(&self) -> bool {
        self.outcome == Outcome::Rejected
    }

    /// The element of `/deliveries`.
    pub(crate) fn to_line(&self, viewer: Viewer) -> String {
        to_json(&self.line(viewer))
    }

    /// The answer of `/deliveries/{seq}`.
    pub(crate) fn to_detail(&self, viewer: Viewer, curl: Option<String>) -> String {
        const NONE: &Content = &Content {
            headers: Vec::new(),
            body: None,
            typed: None,
        };
        let content = match viewer {
            Viewer::Remote if self.is_refused() => NONE,
            _ => &self.content,
        };
        let (body, body_encoding) = content.body.as_deref().map(shown).unzip();
        let typed = content.typed.as_deref();
        to_json(&Detail {
            line: self.line(viewer),
            typed: typed.and_then(|text| serde_json::from_str(text).ok()),
            body,
            body_encoding,
            body_complete: self.has_whole_body(),
            headers: content
                .headers
                .iter()
                .filter(|(name, _)| viewer == Viewer::Local || name != SIGNATURE)
                .collect(),
            curl,
        })
    }

    /// The body, if all of it is kept.
    pub(crate) fn whole_body(&self) -> Option<&Bytes> {
        let body = self.content.body.as_ref();
        body.filter(|_| self.has_whole_body())
    }

    /// About how many bytes of memory it takes.
    pub(super) fn footprint(&self) -> usize {
        const FIELDS: usize = size_of::<Entry>() + 200;
        let Content {
            headers,
            body,
            typed,
        } = &self.content;
        let headers: usize = headers
            .iter()
            .map(|(name, value)| name.len() + value.len() + 48)
            .sum();
        FIELDS
            + headers
            + body.as_ref().map_or(0, Bytes::len)
            + typed.as_ref().map_or(0, String::len)
            + self.reason.as_ref().map_or(0, String::len)
    }

    fn has_whole_body(&self) -> bool {
        let kept = self.content.body.as_ref().map(Bytes::len);
        kept.is_some_and(|len| u64::try_from(len) == Ok(self.size))
    }

    fn line(&self, viewer: Viewer) -> Line<'_> {
        let event = self.event.as_ref();
        let local = viewer == Viewer::Local || !self.is_refused();
        Line {
            seq: self.seq,
            vendor: self.vendor,
            id: event.and_then(|event| event.id.as_deref()),
            event_type: event.map(|event| event.name.as_str()),
            known: event.map(|event| event.known),
            origin: self.origin,
            outcome: self.outcome.label(),
            status: self.status,
            kind: self.kind,
            reason: self.reason.as_deref().filter(|_| local),
            remedy: self.remedy.filter(|_| local),
            attempt: self.attempt,
            tenant: event.and_then(|event| event.tenant.as_deref()),
            secret_index: event.map(|event| event.secret_index),
            size: self.size,
            duration_ms: self.duration_ms,
            received_at: self.received_at.as_deref(),
            started_at: self.started_at.as_deref(),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    seq: u64,
    vendor: &'static str,
    id: Option<&'a str>,
    #[serde(rename = "type")]
    event_type: Option<&'a str>,
    known: Option<bool>,
    origin: Origin,
    outcome: &'static str,
    status: Option<u16>,
    kind: Option<&'static str>,
    reason: Option<&'a str>,
    remedy: Option<&'static str>,
    attempt: Option<u64>,
    tenant: Option<&'a str>,
    secret_index: Option<usize>,
    size: u64,
    duration_ms: f64,
    received_at: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    started_at: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Detail<'a> {
    #[serde(flatten)]
    line: Line<'a>,
    typed: Option<&'a RawValue>,
    body: Option<String>,
    body_encoding: Option<&'static str>,
    body_complete: bool,
    headers: Vec<&'a (String, String)>,
    curl: Option<String>,
}

/// Shown on the machine itself alone: with the body it makes a request that receivers take.
pub(super) const SIGNATURE: &str = "smile-signature";

fn to_json(value: &impl Serialize) -> String {
    // Nothing in it can fail: the keys are text, and the numbers finite.
    serde_json::to_string(value).unwrap_or_else(|_| "null".into())
}

/// A body as JSON can show it, and its encoding: `utf-8` or `base64`.
pub(crate) fn shown(body: &[u8]) -> (String, &'static str) {
    match std::str::from_utf8(body) {
        Ok(text) => (text.to_owned(), "utf-8"),
        Err(_) => (to_base64(body), "base64"),
    }
}

pub(crate) fn to_base64(bytes: &[u8]) -> String {
    use base64::{Engine, engine::general_purpose::STANDARD};
    STANDARD.encode(bytes)
}
