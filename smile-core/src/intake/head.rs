//! Checks of a request's head, before anything of its body is read.

use std::{fmt, sync::Arc, time::Duration};

use tokio::time::timeout;

use super::Intake;
use crate::{
    Head, Reason, Rejection, Vendor, Verification,
    catch_panic::{Panicked, catch_panic, catch_panic_now},
    head::{Field, names},
    key_ring::{LookupFuture, Source},
    verify::{Signature, decimal},
};

impl<V: Vendor> Intake<V> {
    pub(super) fn check_head(&self, head: &dyn Head) -> Result<Admitted<V>, Rejection> {
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
        Ok(Admitted(match &settings.secrets {
            Source::Fixed(ring) => PendingVerification::Ready(Verification::begin(
                ring,
                signature,
                settings.body_limit,
            )),
            Source::Lookup(lookup) => {
                let secrets = catch_panic_now(|| lookup(head)).map_err(lookup_panicked)?;
                PendingVerification::Lookup(Box::new((secrets, signature)))
            }
        }))
    }
}

/// A request whose head passed the checks: for [`Intake::receive`], which reads its body.
pub struct Admitted<V: Vendor>(pub(super) PendingVerification<V>);

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
}
