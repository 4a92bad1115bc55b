//! A clock that stands still.

use crate::Clock;

/// A clock that always shows the same time, in seconds since 1970.
///
/// ```
/// use smile_core::{Intake, Secret, testkit::{FixedClock, Signer}};
///
/// let secret = Secret::new("a little secret")?;
/// let signer = Signer::smile_io(&secret).at(1_700_000_000 - 301); // a second too old
/// let intake = Intake::smile_io(secret).clock(FixedClock(1_700_000_000)).build();
/// # let _ = (signer, intake);
/// # Ok::<(), smile_core::EmptySecret>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FixedClock(pub u64);

impl Clock for FixedClock {
    fn unix_seconds(&self) -> u64 {
        self.0
    }
}
