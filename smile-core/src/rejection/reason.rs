//! The exact reasons of refusals, for operators.

use std::{fmt, net::IpAddr, time::Duration};

use super::RejectionKind;

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
        /// Whether one of the secrets has white space or quotes around it.
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
    /// The handler succeeded, but the store could not record it.
    ConfirmFailed,
    /// The inbox failed, or did not answer in time.
    InboxFailed,
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
            Self::ClaimFailed | Self::ConfirmFailed | Self::InboxFailed => Kind::StoreUnavailable,
            Self::HandlerSlow { .. } => Kind::HandlerTimeout,
            Self::HandlerPanicked | Self::DedupeByPanicked => Kind::HandlerPanicked,
            Self::LayerMissing => Kind::NotVerified,
        }
    }

    pub(super) fn remedy(&self) -> &'static str {
        match self {
            Self::NoPeerAddress => {
                "give the peer's address to the app: `smile_tower::serve` does, `axum::serve` with \
                 `into_make_service_with_connect_info::<SocketAddr>()`; with hyper or on a unix \
                 socket of actix-web put a `PeerAddr` into the request's extensions"
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
            } => {
                "remove the white space or the quotes around the secret: trim a file's text; \
                 `docker --env-file` keeps quotes"
            }
            Self::SignatureMismatch { .. } => {
                "compare the secret with the vendor's, and make sure that nothing in between \
                 rewrites the body; `smile verify` finds the usual causes"
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
            Self::InboxFailed => "is the inbox's database up and reachable? The vendor sends again",
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
                    f.write_str("; a secret has white space or quotes around it")?;
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
                f.write_str("the event was handled, but the store could not record it")
            }
            Self::InboxFailed => f.write_str("the event could not be stored in the inbox"),
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
