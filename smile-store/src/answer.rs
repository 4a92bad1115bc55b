//! The core's answers, made of the stores' rows.

use std::time::Duration;

use smile_core::{Claim, Fence, Fingerprint, Ownership, StoreError};

use crate::call::LONGEST;

/// The claim was granted, with this fence.
pub(crate) fn acquired(fence: i64) -> Result<Claim, StoreError> {
    let fence = u64::try_from(fence)
        .map_err(|_| StoreError::new(format!("expected a fence above zero, found {fence}")))?;
    Ok(Claim::Acquired {
        fence: Some(Fence(fence)),
    })
}

/// The claim was refused: the event is in this state for `left` more milliseconds.
pub(crate) fn refused(state: &str, left: i64, fingerprint: &str) -> Result<Claim, StoreError> {
    match state {
        "claimed" => Ok(Claim::InFlight {
            lease_left: Duration::from_millis(left.try_into().unwrap_or_default()).min(LONGEST),
        }),
        "done" => Ok(Claim::Done {
            fingerprint: Fingerprint::from_hex(fingerprint),
        }),
        // An error, since "done" could lose the event and "acquired" could run it twice.
        _ => Err(StoreError::new(format!(
            "expected an event that is claimed or done, found {state:?}"
        ))),
    }
}

/// Whether the one row was changed.
#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub(crate) fn held(changed: bool) -> Ownership {
    if changed {
        Ownership::Held
    } else {
        Ownership::Lost
    }
}

/// Whether the script changed anything.
#[cfg(feature = "redis")]
pub(crate) fn changed(answer: i64) -> Result<Ownership, StoreError> {
    match answer {
        0 => Ok(Ownership::Lost),
        1 => Ok(Ownership::Held),
        _ => Err(StoreError::new(format!("expected 0 or 1, found {answer}"))),
    }
}
