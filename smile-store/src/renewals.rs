//! A limit to how often connections are replaced.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Allows so many broken connections to be replaced each second: if a server refuses every call,
/// the store must not connect again for every call.
#[derive(Debug)]
pub(crate) struct Renewals {
    each_second: u32,
    second: Mutex<Second>,
}

#[derive(Debug)]
struct Second {
    start: Instant,
    renewals: u32,
}

impl Renewals {
    pub(crate) fn new(each_second: u32) -> Self {
        let second = Mutex::new(Second {
            start: Instant::now(),
            renewals: 0,
        });
        Self {
            each_second,
            second,
        }
    }

    /// Counts one more renewal, and refuses it past the limit of this second.
    pub(crate) fn allow(&self, now: Instant) -> bool {
        let mut second = self.second.lock().unwrap_or_else(PoisonError::into_inner);
        if now.saturating_duration_since(second.start) >= Duration::from_secs(1) {
            *second = Second {
                start: now,
                renewals: 0,
            };
        }
        let allowed = second.renewals < self.each_second;
        second.renewals += u32::from(allowed);
        allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_renewals_are_allowed_each_second() {
        let renewals = Renewals::new(2);
        let start = Instant::now();
        let allowed = |millis| renewals.allow(start + Duration::from_millis(millis));
        let expected = [(0, true), (10, true), (990, false), (1100, true)];
        for (millis, expected) in expected {
            assert_eq!(allowed(millis), expected, "after {millis} ms");
        }
        assert!(allowed(1200));
        assert!(!allowed(1300));
    }
}
