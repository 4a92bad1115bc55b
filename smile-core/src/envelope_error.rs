use std::{error, fmt};

use crate::model::JsonType;

/// Why a body is no envelope: it is no JSON object, or what names the event is not in it.
///
/// The message never holds values of the body, so it is safe to log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvelopeError(Reason);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Reason {
    Unreadable {
        message: String,
    },
    NotAnObject {
        found: JsonType,
    },
    Missing {
        member: &'static str,
    },
    NotAString {
        member: &'static str,
        found: JsonType,
    },
}

impl EnvelopeError {
    /// serde_json's syntax errors say what they expected and where; none prints what it read.
    pub(crate) fn unreadable(err: &serde_json::Error) -> Self {
        Self(Reason::Unreadable {
            message: err.to_string(),
        })
    }

    pub(crate) fn not_an_object(found: JsonType) -> Self {
        Self(Reason::NotAnObject { found })
    }

    pub(crate) fn missing(member: &'static str) -> Self {
        Self(Reason::Missing { member })
    }

    pub(crate) fn not_a_string(member: &'static str, found: JsonType) -> Self {
        Self(Reason::NotAString { member, found })
    }
}

impl fmt::Display for EnvelopeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Reason::Unreadable { message } => write!(f, "expected json: {message}"),
            Reason::NotAnObject { found } => write!(f, "expected an object, found {found}"),
            Reason::Missing { member } => write!(f, "expected a member {member}, found none"),
            Reason::NotAString { member, found } => {
                write!(f, "{member}: expected a string, found {found}")
            }
        }
    }
}

impl error::Error for EnvelopeError {}
