//! Why a delivery was refused, and how the sender is answered.

use std::{error::Error, fmt, net::IpAddr, sync::Arc, time::Duration};

use crate::reply::{Header, Reply};

/// A delivery that was refused.
///
/// The sender learns the [`kind`](Self::kind): one status and one document for each, and the same for
/// all signature failures. Operators learn the [`reason`](Self::reason) and the
/// [`remedy`](Self::remedy). `Display` is for operators, too, and `{:#}` prints every cause. None of them ever holds a secret, a
/// computed signature or any of the body.
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
        let reply = match kind {
            // RFC 9110, section 15.5.6: a 405 must name the methods that are taken.
            RejectionKind::Method => reply.header("allow", Header::Text("POST")),
            // RFC 9110, section 15.5.2: a 401 must carry a challenge.
            RejectionKind::Signature => {
                reply.header("www-authenticate", Header::Text("Smile-Signature"))
            }
            // RFC 9110, section 15.5.16: names what would have been taken.
            RejectionKind::ContentEncoding => {
                reply.header("accept-encoding", Header::Text("identity"))
            }
            _ => reply,
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
        if f.alternate() {
            let mut cause = self.source();
            while let Some(err) = cause {
                write!(f, ": {err}")?;
                cause = err.source();
            }
        }
        Ok(())
    }
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

/// The exact reason of a refusal, for operators: for logs and metrics, never for the sender.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// An allow-list is configured, but the server gave no peer address.
    NoPeerAddress,
    /// The address is not on the allow-list.
    AddressNotListed(IpAddr),
    /// `X-Forwarded-For` or `Forwarded` cannot be read, or the two disagree.
    ForwardedMalformed,
    /// The method is another than POST.
    MethodNotPost,
    /// No `Smile-Signature`.
    SignatureMissing,
    /// More than one `Smile-Signature`.
    SignatureRepeated,
    /// `Smile-Signature` has another number of characters than the scheme's.
    SignatureLength {
        /// Characters found.
        found: usize,
        /// Characters of the scheme: 128 (hex of SHA-512) or 44 (base64 of SHA-256).
        expected: usize,
    },
    /// `Smile-Signature` has the right length, but is not hex (Smile API) or base64 (Smile.io).
    SignatureEncoding,
    /// The signature is another one: the secret, the bytes or both are not the sender's.
    SignatureMismatch {
        /// Bytes of the body that were received.
        received: usize,
        /// Bytes declared by `Content-Length`. Where these are more, something read the body first.
        declared: Option<u64>,
        /// Whether one of the secrets begins or ends in white space.
        padded_secret: bool,
    },
    /// The secret lookup knows no tenant for this request.
    TenantUnknown,
    /// No `Smile-Timestamp`.
    TimestampMissing,
    /// More than one `Smile-Timestamp`.
    TimestampRepeated,
    /// `Smile-Timestamp` is not 1 to 20 decimal digits, or is past 64 bits.
    TimestampMalformed,
    /// `Smile-Timestamp` is older than the tolerance.
    TimestampStale {
        /// Seconds since.
        age: u64,
    },
    /// `Smile-Timestamp` is further in the future than the tolerance.
    TimestampAhead {
        /// Seconds until.
        by: u64,
    },
    /// The event's signed `createdAt` is older than the configured maximum.
    EventTooOld {
        /// Seconds since.
        age: u64,
    },
    /// The event's `createdAt` is missing or unreadable, and a maximum age is configured.
    EventAgeUnknown,
    /// `Content-Encoding` is other than `identity`.
    ContentEncoded,
    /// `Content-Length` is over the limit.
    DeclaredTooLong {
        /// Bytes declared.
        declared: u64,
        /// Bytes accepted.
        limit: usize,
    },
    /// The body went over the limit.
    BodyTooLong {
        /// Bytes accepted.
        limit: usize,
    },
    /// The body was not there at its deadline.
    BodySlow {
        /// The deadline, from the first wait for the body.
        deadline: Duration,
    },
    /// A layer outside limits the body to fewer bytes.
    TooLongForOuterLayer,
    /// A layer outside waited too long for the body.
    TooSlowForOuterLayer,
    /// The body broke off.
    BodyBroken,
    /// No JSON object with the members that make an event (Smile API: `id` and `type`, Smile.io:
    /// `topic`, each a string).
    NoEnvelope,
    /// The same event is in flight, and did not end within the wait.
    FirstRunPending,
    /// The same event was in flight, and its handler failed.
    FirstRunFailed,
    /// As many deliveries as may wait for this event already do.
    TooManyWaiting,
    /// The secret lookup failed.
    LookupFailed,
    /// The secret lookup did not return in time.
    LookupSlow {
        /// The deadline.
        deadline: Duration,
    },
    /// The secret lookup panicked.
    LookupPanicked,
    /// The store failed, or did not answer in time, before the handler ran.
    ClaimFailed,
    /// The handler succeeded, but the store could not note it.
    ConfirmFailed,
    /// The handler took longer than its deadline and was stopped.
    HandlerSlow {
        /// The deadline.
        deadline: Duration,
    },
    /// The handler panicked.
    HandlerPanicked,
    /// The function given to [`dedupe_by`](crate::IntakeBuilder::dedupe_by) panicked.
    DedupeByPanicked,
    /// An extractor found no verified event of its vendor.
    LayerMissing,
}

impl Reason {
    /// The kind, which decides the answer.
    pub fn kind(&self) -> RejectionKind {
        use RejectionKind as Kind;
        match self {
            Self::NoPeerAddress | Self::AddressNotListed(_) | Self::ForwardedMalformed => {
                Kind::SourceAddress
            }
            Self::MethodNotPost => Kind::Method,
            Self::SignatureMissing
            | Self::SignatureRepeated
            | Self::SignatureLength { .. }
            | Self::SignatureEncoding
            | Self::SignatureMismatch { .. }
            | Self::TenantUnknown
            | Self::TimestampMissing
            | Self::TimestampRepeated
            | Self::TimestampMalformed
            | Self::TimestampStale { .. }
            | Self::TimestampAhead { .. }
            | Self::EventTooOld { .. }
            | Self::EventAgeUnknown => Kind::Signature,
            Self::ContentEncoded => Kind::ContentEncoding,
            Self::DeclaredTooLong { .. }
            | Self::BodyTooLong { .. }
            | Self::TooLongForOuterLayer => Kind::BodyTooLarge,
            Self::BodySlow { .. } | Self::TooSlowForOuterLayer => Kind::BodyTimeout,
            Self::BodyBroken => Kind::BodyIncomplete,
            Self::NoEnvelope => Kind::NotAnEvent,
            Self::FirstRunPending | Self::FirstRunFailed | Self::TooManyWaiting => Kind::InFlight,
            Self::LookupFailed | Self::LookupSlow { .. } | Self::LookupPanicked => {
                Kind::SecretsUnavailable
            }
            Self::ClaimFailed | Self::ConfirmFailed => Kind::StoreUnavailable,
            Self::HandlerSlow { .. } => Kind::HandlerTimeout,
            Self::HandlerPanicked | Self::DedupeByPanicked => Kind::HandlerPanicked,
            Self::LayerMissing => Kind::NotVerified,
        }
    }

    fn remedy(&self) -> &'static str {
        match self {
            Self::NoPeerAddress => {
                "give the peer's address to the app: with axum by \
                 `into_make_service_with_connect_info::<SocketAddr>()`, with hyper or on a unix \
                 socket of actix-web by a `PeerAddr` in the request's extensions"
            }
            Self::AddressNotListed(_) => {
                "if the request came through your own proxy, name it with `trusted_proxies`; \
                 else the sender is not who you allow"
            }
            Self::ForwardedMalformed => {
                "make your proxy overwrite `X-Forwarded-For` and drop the `Forwarded` that it \
                 does not write itself"
            }
            Self::MethodNotPost => {
                "nothing: browsers and crawlers send such requests to any address"
            }
            Self::SignatureMissing => {
                "is the sender the vendor, and does a proxy in between drop `Smile-Signature`?"
            }
            Self::SignatureRepeated => "a proxy in between adds a header, or somebody is trying",
            Self::SignatureLength { .. } | Self::SignatureEncoding => {
                "is this the other vendor's route? Smile API signs in hex, Smile.io in base64"
            }
            Self::SignatureMismatch {
                received,
                declared: Some(declared),
                ..
            } if is_fewer(*received, *declared) => {
                "put the layer where nothing has read or changed the body before it"
            }
            Self::SignatureMismatch {
                padded_secret: true,
                ..
            } => "remove the white space around the secret: trim what you read from a file",
            Self::SignatureMismatch { .. } => {
                "compare the secret with the vendor's, and make sure that nothing in between \
                 rewrites the body"
            }
            Self::TenantUnknown => "the secret lookup has no tenant for this request",
            Self::TimestampMissing => {
                "is this the other vendor's route? Only Smile.io sends `Smile-Timestamp`"
            }
            Self::TimestampRepeated | Self::TimestampMalformed => {
                "`Smile-Timestamp` is one number of seconds since 1970, in decimal digits"
            }
            Self::TimestampStale { .. } | Self::TimestampAhead { .. } => {
                "compare this machine's clock with a time server; if it is right, an old request \
                 was replayed, or the sender counts milliseconds"
            }
            Self::EventTooOld { .. } | Self::EventAgeUnknown => {
                "an old delivery was replayed, or the maximum event age is too short"
            }
            Self::ContentEncoded => "switch off request compression between the vendor and here",
            Self::DeclaredTooLong { .. } | Self::BodyTooLong { .. } => {
                "raise `body_limit` if the vendor really sends this much"
            }
            Self::BodySlow { .. } => "raise `body_timeout` if the vendor's network really is slow",
            Self::TooLongForOuterLayer => {
                "raise the body limit of the layer outside if the vendor really sends this much"
            }
            Self::TooSlowForOuterLayer => {
                "raise the body time-out of the layer outside if the vendor's network really is slow"
            }
            Self::BodyBroken => "the sender went away or broke the framing; the vendor sends again",
            Self::NoEnvelope => {
                "the secret is right, but the body is no event: is something else signed with it?"
            }
            Self::FirstRunPending => {
                "the handler takes longer than the wait: answer faster, and work in the background"
            }
            Self::FirstRunFailed => "see why the handler failed; the vendor sends again",
            Self::TooManyWaiting => "the sender repeats one event without waiting for an answer",
            Self::LookupFailed => "see the error of the secret lookup",
            Self::LookupSlow { .. } => {
                "keep the secrets in memory, or raise `lookup_timeout` if the lookup has to take this \
                 long"
            }
            Self::LookupPanicked => "see the panic message of the secret lookup",
            Self::ClaimFailed => "is the store of seen events up and reachable?",
            Self::ConfirmFailed => {
                "is the store of seen events up? The vendor sends again, so the handler may run \
                 twice for this event"
            }
            Self::HandlerSlow { .. } => {
                "answer faster and work in the background, or raise `handler_timeout`"
            }
            Self::HandlerPanicked | Self::DedupeByPanicked => {
                "see the panic message; the vendor sends again"
            }
            Self::LayerMissing => "put the layer of this vendor in front of the handler",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoPeerAddress => f.write_str("no peer address to compare with the allow-list"),
            Self::AddressNotListed(address) => write!(f, "{address} is not on the allow-list"),
            Self::ForwardedMalformed => f.write_str("the forwarded addresses cannot be read"),
            Self::MethodNotPost => f.write_str("the method is not POST"),
            Self::SignatureMissing => f.write_str("no smile-signature header"),
            Self::SignatureRepeated => f.write_str("more than one smile-signature header"),
            Self::SignatureLength { found, expected } => {
                write!(
                    f,
                    "smile-signature has {found} characters, expected {expected}"
                )?;
                match found {
                    44 => f.write_str("; Smile.io's has 44"),
                    128 => f.write_str("; Smile API's has 128"),
                    _ => Ok(()),
                }
            }
            Self::SignatureEncoding => f.write_str("smile-signature cannot be decoded"),
            Self::SignatureMismatch {
                received,
                declared,
                padded_secret,
            } => {
                write!(
                    f,
                    "the signature does not match the {received} bytes received"
                )?;
                match declared {
                    Some(declared) if is_fewer(*received, *declared) => {
                        write!(f, " of {declared} declared: something read the body first")?;
                    }
                    _ => {}
                }
                if *padded_secret {
                    f.write_str("; a secret begins or ends in white space")?;
                }
                Ok(())
            }
            Self::TenantUnknown => f.write_str("no secret is known for this request"),
            Self::TimestampMissing => f.write_str("no smile-timestamp header"),
            Self::TimestampRepeated => f.write_str("more than one smile-timestamp header"),
            Self::TimestampMalformed => f.write_str("smile-timestamp is not a number of seconds"),
            Self::TimestampStale { age } => write!(f, "smile-timestamp is {age} s old"),
            Self::TimestampAhead { by } => write!(f, "smile-timestamp is {by} s in the future"),
            Self::EventTooOld { age } => write!(f, "the event is {age} s old"),
            Self::EventAgeUnknown => f.write_str("the event does not say when it was created"),
            Self::ContentEncoded => f.write_str("content-encoding is not identity"),
            Self::DeclaredTooLong { declared, limit } => {
                write!(
                    f,
                    "content-length is {declared}, the limit is {limit} bytes"
                )
            }
            Self::BodyTooLong { limit } => write!(f, "the body is longer than {limit} bytes"),
            Self::BodySlow { deadline } => {
                write!(f, "the body was not complete after {deadline:?}")
            }
            Self::TooLongForOuterLayer => {
                f.write_str("the body is longer than a layer outside accepts")
            }
            Self::TooSlowForOuterLayer => {
                f.write_str("a layer outside waited too long for the body")
            }
            Self::BodyBroken => f.write_str("the body broke off"),
            Self::NoEnvelope => f.write_str("the signed body is not an event"),
            Self::FirstRunPending => f.write_str("the same event is still being handled"),
            Self::FirstRunFailed => f.write_str("the same event was being handled and failed"),
            Self::TooManyWaiting => f.write_str("too many deliveries wait for the same event"),
            Self::LookupFailed => f.write_str("the secret lookup failed"),
            Self::LookupSlow { deadline } => {
                write!(f, "the secret lookup did not return within {deadline:?}")
            }
            Self::LookupPanicked => f.write_str("the secret lookup panicked"),
            Self::ClaimFailed => f.write_str("the event could not be claimed in the store"),
            Self::ConfirmFailed => {
                f.write_str("the event was handled, but the store could not note it")
            }
            Self::HandlerSlow { deadline } => {
                write!(f, "the handler did not answer within {deadline:?}")
            }
            Self::HandlerPanicked => f.write_str("the handler panicked"),
            Self::DedupeByPanicked => f.write_str("the function given to `dedupe_by` panicked"),
            Self::LayerMissing => f.write_str("no layer of this vendor verified the request"),
        }
    }
}

fn is_fewer(received: usize, declared: u64) -> bool {
    u64::try_from(received).is_ok_and(|received| received < declared)
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
                       rewrites the body";
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
                "151 bytes received; a secret begins or ends in white space",
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
