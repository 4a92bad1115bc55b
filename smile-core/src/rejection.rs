//! Why a delivery was refused, and how the sender is answered.

use std::{error::Error, fmt, sync::Arc, time::Duration};

use crate::reply::{Header, Reply};

mod reason;

pub use reason::Reason;

/// A delivery that was refused.
///
/// The sender learns the [`kind`](Self::kind): one status and one document for each, and the same
/// for all signature failures. Operators learn the [`reason`](Self::reason) and the
/// [`remedy`](Self::remedy). `Display` is for operators, too, and `{:#}` prints every cause. None
/// of them ever holds a secret, a computed signature or any of the body.
#[derive(Clone, Debug)]
pub struct Rejection {
    reason: Reason,
    retry_after: Option<Duration>,
    source: Option<Arc<dyn Error + Send + Sync>>,
    body_unread: bool,
}

impl Rejection {
    /// The kind, which decides the answer.
    pub fn kind(&self) -> RejectionKind {
        self.reason.kind()
    }

    /// The exact reason, for operators.
    pub fn reason(&self) -> &Reason {
        &self.reason
    }

    /// The remedy, for operators: one sentence.
    pub fn remedy(&self) -> &'static str {
        self.reason.remedy()
    }

    /// How long the sender is asked to wait before it sends again; whole seconds on the wire.
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.kind().status()
    }

    /// The answer as our own problem document (RFC 9457), `application/problem+json`.
    pub fn reply(&self) -> Reply {
        let kind = self.kind();
        let reply = Reply::new(kind.status(), kind.document())
            .header("content-type", Header::Text("application/problem+json"));
        let reply = match kind.header() {
            Some((name, value)) => reply.header(name, Header::Text(value)),
            None => reply,
        };
        let reply = if self.body_unread {
            reply.closing()
        } else {
            reply
        };
        match self.retry_after {
            Some(wait) => reply.header("retry-after", Header::Number(wait.as_secs().max(1))),
            None => reply,
        }
    }

    #[cfg(feature = "intake")]
    pub(crate) fn retry_in(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// Notes that some of the request's body was not read.
    #[cfg(feature = "intake")]
    pub(crate) fn with_body_unread(mut self) -> Self {
        self.body_unread = true;
        self
    }

    pub(crate) fn because(mut self, source: Arc<dyn Error + Send + Sync>) -> Self {
        self.source = Some(source);
        self
    }
}

impl From<Reason> for Rejection {
    fn from(reason: Reason) -> Self {
        Self {
            reason,
            retry_after: None,
            source: None,
            body_unread: false,
        }
    }
}

impl fmt::Display for Rejection {
    /// The reason; with `{:#}` every cause behind it, too, apart by colons.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reason.fmt(f)?;
        match self.source() {
            Some(cause) if f.alternate() => write!(f, ": {}", chain(cause)),
            _ => Ok(()),
        }
    }
}

/// An error and every cause behind it, apart by colons.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(err) = cause {
        text.push_str(": ");
        text.push_str(&err.to_string());
        cause = err.source();
    }
    text
}

impl Error for Rejection {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.source {
            Some(source) => Some(&**source),
            None => None,
        }
    }
}

/// Makes [`RejectionKind`] and the answer of each kind from one table.
macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $status:literal, $label:literal, $title:literal;)*) => {
        /// The kinds of refusals, each with one answer to the sender.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum RejectionKind {
            $(
                $(#[$doc])*
                #[doc = concat!("\n\nAnswered ", $status, ", \"", $title, "\".")]
                $kind,
            )*
        }

        impl RejectionKind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$kind),*];

            /// The HTTP status.
            pub fn status(self) -> u16 {
                match self { $(Self::$kind => $status),* }
            }

            /// A stable, short name for metrics and logs, such as `signature`.
            pub fn label(self) -> &'static str {
                match self { $(Self::$kind => $label),* }
            }

            /// One line for people, the `title` of the problem document.
            pub fn title(self) -> &'static str {
                match self { $(Self::$kind => $title),* }
            }

            /// The problem document (RFC 9457). It is the same for every delivery of the kind.
            pub fn document(self) -> &'static str {
                match self {
                    $(Self::$kind => concat!(
                        "{\"type\":\"https://docs.rs/smile-core/latest/smile_core/",
                        "enum.RejectionKind.html#variant.", stringify!($kind),
                        "\",\"title\":\"", $title, "\",\"status\":", $status, "}"
                    )),*
                }
            }
        }
    };
}

impl RejectionKind {
    /// The header that every answer of the kind has, where there is one.
    pub(crate) fn header(self) -> Option<(&'static str, &'static str)> {
        match self {
            // RFC 9110, section 15.5.6: a 405 must name the methods that are taken.
            Self::Method => Some(("allow", "POST")),
            // RFC 9110, section 15.5.2: a 401 must carry a challenge.
            Self::Signature => Some(("www-authenticate", "Smile-Signature")),
            // RFC 9110, section 15.5.16: names what would have been taken.
            Self::ContentEncoding => Some(("accept-encoding", "identity")),
            _ => None,
        }
    }
}

kinds! {
    /// The source address is not on the allow-list.
    SourceAddress = 403, "source_address", "Source address not allowed";
    /// The method is another than POST, the only one that the vendors use.
    Method = 405, "method", "Method not allowed";
    /// The signature is missing, repeated, malformed or wrong, or the timestamp is.
    Signature = 401, "signature", "Signature not accepted";
    /// The body is encoded, and signatures are over the bytes on the wire.
    ContentEncoding = 415, "content_encoding", "Content-Encoding not accepted";
    /// The body is longer than the limit.
    BodyTooLarge = 413, "body_too_large", "Body too large";
    /// The body took longer than its deadline.
    BodyTimeout = 408, "body_timeout", "Body not received in time";
    /// The body broke off, or its framing is broken.
    BodyIncomplete = 400, "body_incomplete", "Body incomplete";
    /// The body is signed, but is no event.
    NotAnEvent = 422, "not_an_event", "Body is not an event";
    /// The same event is being handled at this moment.
    InFlight = 503, "in_flight", "Event is being handled";
    /// The secrets could not be looked up.
    SecretsUnavailable = 503, "secrets_unavailable", "Secrets unavailable";
    /// The store of seen events did not answer.
    StoreUnavailable = 503, "store_unavailable", "Store unavailable";
    /// The handler took longer than its deadline.
    HandlerTimeout = 503, "handler_timeout", "Handler timed out";
    /// The handler panicked, or the function given to `dedupe_by` did.
    HandlerPanicked = 500, "handler_panicked", "Handler failed";
    /// A handler asked for an event where no layer verifies any.
    NotVerified = 500, "not_verified", "Receiver not configured";
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn every_document_is_json_and_repeats_its_status() {
        for kind in RejectionKind::ALL {
            let document: serde_json::Value = serde_json::from_str(kind.document()).unwrap();
            assert_eq!(document["status"], kind.status(), "{kind:?}");
            assert_eq!(document["title"], kind.title(), "{kind:?}");
        }
    }

    #[test]
    fn the_rejection_names_what_was_found_and_what_was_expected() {
        let rejection = Rejection::from(Reason::SignatureLength {
            found: 44,
            expected: 128,
        });
        assert_eq!(
            rejection.to_string(),
            "smile-signature has 44 characters, expected 128; Smile.io's has 44"
        );
        assert_eq!(rejection.status(), 401);
    }

    #[test]
    fn a_signature_that_does_not_match_says_what_is_cheap_to_see() {
        let mismatch = |received, declared, padded_secret| {
            let reason = Reason::SignatureMismatch {
                received,
                declared,
                padded_secret,
            };
            (reason.to_string(), reason.remedy())
        };
        let compare = "compare the secret with the vendor's, and make sure that nothing in between \
                       rewrites the body; `smile verify` finds the usual causes";
        for (received, declared, padded_secret, expected) in [
            (
                0,
                Some(151),
                false,
                "0 bytes received of 151 declared: something read the body first",
            ),
            (151, Some(151), false, "151 bytes received"),
            (
                151,
                None,
                true,
                "151 bytes received; a secret has white space or quotes around it",
            ),
        ] {
            let (text, remedy) = mismatch(received, declared, padded_secret);
            assert_eq!(text, format!("the signature does not match the {expected}"));
            let is_plain = !padded_secret && declared == Some(151) && received == 151;
            assert_eq!(remedy == compare, is_plain, "{text}");
        }
    }

    #[test]
    fn a_length_that_is_the_other_vendors_is_named() {
        let length = |found, expected| Reason::SignatureLength { found, expected }.to_string();
        assert!(length(128, 44).ends_with("expected 44; Smile API's has 128"));
        assert!(length(127, 128).ends_with("expected 128"));
    }

    #[test]
    fn the_alternate_form_prints_every_cause() {
        let disk = io::Error::other("the disk is full");
        let store = io::Error::other(Wrapper(disk));
        let rejection = Rejection::from(Reason::ClaimFailed).because(Arc::new(store));
        assert_eq!(
            format!("{rejection:#}"),
            "the event could not be claimed in the store: wrapped: the disk is full"
        );
        assert_eq!(
            rejection.to_string(),
            "the event could not be claimed in the store"
        );

        #[derive(Debug)]
        struct Wrapper(io::Error);
        impl fmt::Display for Wrapper {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("wrapped")
            }
        }
        impl Error for Wrapper {
            fn source(&self) -> Option<&(dyn Error + 'static)> {
                Some(&self.0)
            }
        }
    }

    #[test]
    fn a_refusal_has_the_header_that_http_asks_of_its_status() {
        for (reason, name, value) in [
            (Reason::MethodNotPost, "allow", "POST"),
            (
                Reason::SignatureMissing,
                "www-authenticate",
                "Smile-Signature",
            ),
            (Reason::ContentEncoded, "accept-encoding", "identity"),
        ] {
            let reply = Rejection::from(reason.clone()).reply();
            let headers: Vec<_> = reply.headers().collect();
            let problem = ("content-type", Header::Text("application/problem+json"));
            let expected = [problem, (name, Header::Text(value))];
            assert_eq!(headers, expected, "{reason:?}");
        }
    }

    #[cfg(feature = "intake")]
    #[test]
    fn retry_after_is_at_least_one_second() {
        let rejection = Rejection::from(Reason::ClaimFailed).retry_in(Duration::from_millis(20));
        let headers: Vec<_> = rejection.reply().headers().collect();
        assert!(
            headers.contains(&("retry-after", Header::Number(1))),
            "{headers:?}"
        );
    }
}
