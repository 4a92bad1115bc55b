use serde_json::value::RawValue;

use crate::{
    EnvelopeError,
    model::{EnvelopeFields, Field, optional_integer, read_envelope, string},
};

use super::Topic;

/// What all events have in common: the frame around the data (Smile.io webhooks guide).
///
/// Only `topic` must be there. There is no id of the event or of the delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    topic: Topic,
    account_id: Option<i64>,
}

impl Envelope {
    /// Reads the front of a body.
    ///
    /// # Errors
    ///
    /// Where the body is no JSON object, or has no `topic` that is a string.
    pub(crate) fn read(body: &[u8]) -> Result<Self, EnvelopeError> {
        let Members { topic, account_id } = read_envelope(body)?;
        Ok(Self {
            topic: topic.ok_or_else(|| EnvelopeError::missing(TOPIC))?,
            account_id: account_id.flatten(),
        })
    }

    /// What happened.
    #[must_use]
    pub fn topic(&self) -> &Topic {
        &self.topic
    }

    /// The account of the merchant that the event happened on.
    #[must_use]
    pub fn account_id(&self) -> Option<i64> {
        self.account_id
    }
}

#[derive(Default)]
struct Members {
    topic: Option<Topic>,
    account_id: Option<Option<i64>>,
}

impl EnvelopeFields for Members {
    type Member = Member;

    fn is_complete(&self) -> bool {
        self.is_sufficient() && self.account_id.is_some()
    }

    fn is_sufficient(&self) -> bool {
        self.topic.is_some()
    }

    fn take(&mut self, member: Member, value: &RawValue) -> Result<(), EnvelopeError> {
        match member {
            Member::Topic if self.topic.is_none() => {
                self.topic = Some(Topic::from(&*string(TOPIC, value)?));
            }
            Member::AccountId if self.account_id.is_none() => {
                self.account_id = Some(optional_integer(value));
            }
            // Of repeated members the first counts.
            _ => {}
        }
        Ok(())
    }
}

#[derive(Clone, Copy)]
enum Member {
    Topic,
    AccountId,
}

impl Field for Member {
    #[inline]
    fn find(name: &str) -> Option<(Self, bool)> {
        let member = match name {
            "topic" => Self::Topic,
            "account_id" => Self::AccountId,
            _ => return None,
        };
        Some((member, false))
    }
}

const TOPIC: &str = "topic";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topic_and_account_are_read_wherever_they_stand() {
        for (body, account_id) in [
            (r#"{"account_id":0,"data":{},"topic":"ping"}"#, Some(0)),
            (r#"{"topic":"ping","account_id":"42","#, Some(42)),
            (r#"{"topic":"ping","account_id":42.0,"data":"#, Some(42)),
            (r#"{"topic":"ping","account_id":{"id":42}}"#, None),
            (r#"{"topic":"ping","account_id":null}"#, None),
            (r#"{"topic":"ping"}"#, None),
            (r#"{"topic":"ping","data":{"#, None),
        ] {
            let envelope = Envelope::read(body.as_bytes()).unwrap();
            assert_eq!(envelope.topic(), &Topic::Ping, "{body}");
            assert_eq!(envelope.account_id(), account_id, "{body}");
        }
    }

    #[test]
    fn a_body_without_a_topic_is_refused() {
        for (body, expected) in [
            (r#"{"account_id":0}"#, "expected a member topic, found none"),
            (r#"{"topic":1}"#, "topic: expected a string, found a number"),
        ] {
            let err = Envelope::read(body.as_bytes()).unwrap_err();
            assert_eq!(err.to_string(), expected, "{body}");
        }
    }
}
