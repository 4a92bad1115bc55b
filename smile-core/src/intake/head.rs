//! Checks of a request's head, before anything of its body is read.

use std::{fmt, sync::Arc, time::Duration};

use tokio::time::timeout;

use super::Intake;
use crate::{
    Head, Reason, Rejection, Vendor, Verification,
    catch_panic::{Panicked, catch_panic, catch_panic_now},
    head::{Field, names},
    key_ring::{LookupFuture, Source},
    observe::Progress,
    verify::{Signature, decimal},
};

impl<V: Vendor> Intake<V> {
    pub(super) fn check_head(
        &self,
        head: &dyn Head,
        progress: &mut Progress,
    ) -> Result<PendingVerification<V>, Rejection> {
        let settings = &*self.0;
        // First: a sender that is not on the list learns nothing.
        settings.sources.check(head)?;
        if head.method() != "POST" {
            return Err(Reason::MethodNotPost.into());
        }
        let now = || settings.clock.unix_seconds();
        let signature = V::read_signature(head, &now, settings.tolerance)?;
        check_encoding(head)?;
        check_declared_length(head, settings.body_limit)?;
        progress.sent_at = signature.signed_at();
        let pending = match &settings.secrets {
            Source::Fixed(ring) => PendingVerification::Ready(Verification::begin(
                ring,
                signature,
                settings.body_limit,
            )),
            Source::Lookup(lookup) => {
                let secrets = catch_panic_now(|| lookup(head)).map_err(lookup_panicked)?;
                PendingVerification::Lookup(Box::new((secrets, signature)))
            }
        };
        if progress.span.is_some() {
            progress.link(trace_parent(head));
        }
        Ok(pending)
    }
}

/// The header `traceparent` of W3C Trace Context, version 00, where it is well formed and its ids are
/// not all zero.
pub(crate) fn trace_parent(head: &dyn Head) -> Option<Box<str>> {
    let Field::One(value) = head.field(names::TRACE_PARENT) else {
        return None;
    };
    let text = std::str::from_utf8(value).ok()?;
    let mut parts = text.split('-');
    let is_hex = |part: &str, length: usize| {
        part.len() == length
            && part
                .bytes()
                .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
    };
    let is_id = |part: &str, length| is_hex(part, length) && part.bytes().any(|byte| byte != b'0');
    let is_well_formed = parts.next() == Some("00")
        && parts.next().is_some_and(|trace| is_id(trace, 32))
        && parts.next().is_some_and(|parent| is_id(parent, 16))
        && parts.next().is_some_and(|flags| is_hex(flags, 2))
        && parts.next().is_none();
    is_well_formed.then(|| text.into())
}

/// A request whose head passed the checks: for [`Intake::receive`], which reads its body.
pub struct Admitted<V: Vendor> {
    pub(super) pending: PendingVerification<V>,
    /// In a box: it goes from hand to hand, and a slow sender keeps it.
    pub(crate) progress: Box<Progress>,
}

/// A verification that has begun, or the lookup of secrets that it waits for.
pub(super) enum PendingVerification<V: Vendor> {
    Ready(Verification<V>),
    Lookup(Box<(LookupFuture<V>, Signature<V>)>),
}

impl<V: Vendor> fmt::Debug for Admitted<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Admitted")
            .field("vendor", &V::NAME)
            .finish_non_exhaustive()
    }
}

fn check_encoding(head: &dyn Head) -> Result<(), Rejection> {
    let mut identity = true;
    head.fields(names::CONTENT_ENCODING, &mut |value| {
        identity &= value
            .split(|byte| *byte == b',')
            .map(<[u8]>::trim_ascii)
            .all(|coding| coding.is_empty() || coding.eq_ignore_ascii_case(b"identity"));
    });
    if identity {
        Ok(())
    } else {
        Err(Reason::ContentEncoded.into())
    }
}

/// The HTTP server refuses an unreadable length; the limit also holds for the bytes received.
fn check_declared_length(head: &dyn Head, limit: usize) -> Result<(), Rejection> {
    let Field::One(text) = head.field(names::CONTENT_LENGTH) else {
        return Ok(());
    };
    match decimal(text) {
        Some(declared) if usize::try_from(declared).map_or(true, |length| length > limit) => {
            Err(Reason::DeclaredTooLong { declared, limit }.into())
        }
        _ => Ok(()),
    }
}

pub(super) async fn look_up<V: Vendor>(
    (secrets, signature): (LookupFuture<V>, Signature<V>),
    deadline: Duration,
    limit: usize,
) -> Result<Verification<V>, Rejection> {
    let Ok(found) = timeout(deadline, catch_panic(|| secrets)).await else {
        return Err(unavailable(Reason::LookupSlow { deadline }));
    };
    match found.map_err(lookup_panicked)? {
        Ok(Some(ring)) => Ok(Verification::begin(&ring, signature, limit)),
        Ok(None) => Ok(Verification::begin_unknown(signature, limit)),
        Err(err) => Err(unavailable(Reason::LookupFailed).because(err.into())),
    }
}

fn lookup_panicked(err: Panicked) -> Rejection {
    unavailable(Reason::LookupPanicked).because(Arc::new(err))
}

fn unavailable(reason: Reason) -> Rejection {
    Rejection::from(reason).retry_in(LOOKUP_RETRY)
}

/// The `Retry-After` of a failed secret lookup.
const LOOKUP_RETRY: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Secret, SmileApi, head::Post};

    #[test]
    fn a_declared_length_past_the_limit_is_refused_before_any_body() {
        let intake = Intake::smile_api(Secret::new("secret").unwrap());
        let limit = 10;
        let intake: Intake<SmileApi> = intake.body_limit(limit).unwrap().build();
        let admit = |length: &str| {
            let head = Post {
                peer: None,
                headers: &[
                    ("smile-signature", &"0".repeat(128)),
                    ("content-length", length),
                ],
            };
            intake.admit(&head)
        };
        for length in ["0", "10", "ten", "99999999999999999999"] {
            admit(length).unwrap();
        }
        for declared in [11, u64::MAX] {
            let rejection = admit(&declared.to_string()).unwrap_err();
            let reason = Reason::DeclaredTooLong { declared, limit };
            assert_eq!(*rejection.reason(), reason);
        }
    }

    #[test]
    fn a_trace_parent_is_kept_where_it_is_well_formed() {
        let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let zero_trace = good.replace("4bf92f3577b34da6a3ce929d0e0e4736", &"0".repeat(32));
        let zero_parent = good.replace("00f067aa0ba902b7", &"0".repeat(16));
        let upper = good.to_uppercase();
        let longer = format!("{good}-x");
        let kept = |values: &[&str]| {
            let headers: Vec<_> = values.iter().map(|value| ("traceparent", *value)).collect();
            trace_parent(&Post {
                peer: None,
                headers: &headers,
            })
        };
        assert_eq!(kept(&[good]).as_deref(), Some(good));
        assert_eq!(kept(&[good, good]), None);
        for bad in [
            "",
            "00",
            &zero_trace,
            &zero_parent,
            &upper,
            &longer,
            &good[1..],
        ] {
            assert_eq!(kept(&[bad]), None, "{bad}");
        }
    }
}
