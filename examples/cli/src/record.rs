//! A delivery as a receiver's routes give it.

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{failure::Failure, vendor::Vendor};

/// An element of `/events`, or the answer of `/deliveries/N` or `/dead/N`.
#[derive(Deserialize)]
pub(crate) struct Record<'a> {
    pub(crate) vendor: Vendor,
    pub(crate) id: Option<serde_json::Value>,
    /// The body as JSON, in `/events` and `/dead`.
    #[serde(borrow)]
    raw: Option<&'a RawValue>,
    /// The body as text, in `/deliveries`.
    body: Option<String>,
    #[serde(rename = "bodyEncoding")]
    body_encoding: Option<String>,
    #[serde(rename = "bodyComplete")]
    body_complete: Option<bool>,
    /// Why the receiver, or the application behind it, did not take the delivery.
    pub(crate) reason: Option<String>,
    /// In `/deliveries/N`.
    #[serde(default)]
    headers: Vec<(String, String)>,
}

impl Record<'_> {
    /// The bytes that were received.
    pub(crate) fn body(&self) -> Result<Bytes, Failure> {
        if self.body_complete == Some(false) {
            return Err(Failure::failed("the receiver did not keep the whole body"));
        }
        match (&self.body, self.raw) {
            (Some(body), _) if self.body_encoding.as_deref() == Some("base64") => {
                Ok(STANDARD.decode(body).map_err(Failure::failed)?.into())
            }
            (Some(body), _) => Ok(Bytes::copy_from_slice(body.as_bytes())),
            (None, Some(raw)) => Ok(Bytes::copy_from_slice(raw.get().as_bytes())),
            (None, None) => Err(Failure::failed("the receiver kept no body of the delivery")),
        }
    }

    /// The first header of this name, in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers.find_map(|(found, value)| (found == name).then_some(&**value))
    }
}

pub(crate) fn parsed<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Result<T, Failure> {
    serde_json::from_slice(json)
        .map_err(|err| Failure::failed(format!("the receiver's answer has no deliveries: {err}")))
}
