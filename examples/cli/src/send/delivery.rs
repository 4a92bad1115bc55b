//! An event to deliver, and the outcome of each attempt.

use bytes::Bytes;
use serde::{Serialize, Serializer};

use super::fault::{Fault, Limits};
use crate::vendor::Vendor;

/// An event to deliver, with or without a fault.
#[derive(Clone, Debug)]
pub(crate) struct Delivery {
    pub(crate) vendor: Vendor,
    pub(crate) event_type: String,
    /// The sample's name, which `--set type=..` does not change; empty for a recorded body.
    pub(crate) sample: String,
    pub(crate) body: Bytes,
    pub(crate) fault: Option<Fault>,
}

/// One attempt, as `--json` prints it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Outcome {
    pub(crate) vendor: Vendor,
    #[serde(rename = "type")]
    pub(crate) event_type: String,
    pub(crate) fault: Option<&'static str>,
    pub(crate) status: Option<u16>,
    pub(crate) expected: Expected,
    pub(crate) ok: bool,
    pub(crate) duplicate: bool,
    pub(crate) ms: f64,
    /// From 1.
    pub(crate) attempt: u32,
    /// Why there is no answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
    /// Whether a further attempt follows, so that this one decides nothing.
    #[serde(skip)]
    pub(crate) is_sent_again: bool,
}

/// The status that is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    /// Any from 200 to 299.
    Success,
    Status(u16),
}

impl Expected {
    pub(crate) fn of(fault: Option<Fault>, limits: Limits) -> Self {
        fault.map_or(Self::Success, |fault| Self::Status(fault.expected(limits)))
    }

    pub(crate) fn is_met_by(self, status: u16) -> bool {
        match self {
            Self::Success => (200..300).contains(&status),
            Self::Status(expected) => status == expected,
        }
    }
}

impl std::fmt::Display for Expected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Success => f.write_str("2xx"),
            Self::Status(status) => write!(f, "{status}"),
        }
    }
}

/// A number, or the text `2xx`.
impl Serialize for Expected {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Success => serializer.serialize_str("2xx"),
            Self::Status(status) => serializer.serialize_u16(*status),
        }
    }
}
