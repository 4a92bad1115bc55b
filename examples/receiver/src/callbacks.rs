//! Callbacks of the Wink widget that a page forwarded: unsigned hints.

use serde::Serialize;
use smile_core::smile_api::wink::{Callback, Hint, Payload};

use crate::log::{Log, Page, now};

/// The callbacks received.
#[derive(Default)]
pub(crate) struct Callbacks(Log);

impl Callbacks {
    /// The longest body accepted, since anybody can send one.
    pub(crate) const BODY_LIMIT: usize = 16 << 10;

    /// Adds a forwarded callback. An error is the text of the 400.
    pub(crate) fn receive(&self, body: &[u8]) -> Result<(), String> {
        let hint = Hint::parse(body).map_err(|err| err.to_string())?;
        self.0.add(|seq| Line {
            seq,
            callback: hint.callback(),
            known: !matches!(hint.callback(), Callback::Other(_)),
            payload: hint.payload(),
            received_at: now(),
        });
        Ok(())
    }

    pub(crate) fn list(&self, page: &Page) -> String {
        self.0.list(page)
    }
}

/// A page of any origin may forward: the callbacks are unsigned, and no cookie counts.
pub(crate) const CORS: [(&str, &str); 3] = [
    ("access-control-allow-origin", "*"),
    ("access-control-allow-headers", "content-type"),
    ("access-control-allow-methods", "POST"),
];

/// One element of `/callbacks`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    seq: u64,
    callback: Callback,
    known: bool,
    payload: &'a Payload<'a>,
    received_at: Option<String>,
}
