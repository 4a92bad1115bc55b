//! How long a failed event waits for its next run.

use std::{
    hash::{BuildHasher, RandomState},
    time::Duration,
};

/// Doubles with every attempt, up to a maximum, and varies by a fifth either way: events that failed
/// together do not come back together.
#[derive(Clone, Copy, Debug)]
pub(super) struct Backoff {
    pub(super) first: Duration,
    pub(super) longest: Duration,
}

impl Backoff {
    /// The wait after the attempt with this number, from 1.
    pub(super) fn after(self, attempt: u32) -> Duration {
        let doublings = attempt.saturating_sub(1).min(31);
        let wait = self.first.saturating_mul(1 << doublings).min(self.longest);
        // A new seed each time, from the randomness of the standard library's hash maps.
        let jitter = RandomState::new().hash_one(attempt) % 401;
        let jitter = u32::try_from(jitter).unwrap_or_default();
        wait.saturating_mul(800 + jitter) / 1000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_up_to_the_longest_and_varies_by_a_fifth() {
        let backoff = Backoff {
            first: Duration::from_secs(5),
            longest: Duration::from_secs(3600),
        };
        for (attempt, expected) in [(1, 5.0), (2, 10.0), (4, 40.0), (11, 3600.0), (99, 3600.0)] {
            let waits: Vec<_> = (0..50)
                .map(|_| backoff.after(attempt).as_secs_f64())
                .collect();
            for wait in &waits {
                assert!(
                    (0.799..=1.201).contains(&(wait / expected)),
                    "{attempt}: {wait}"
                );
            }
            assert!(waits.iter().any(|wait| (wait - waits[0]).abs() > 0.01));
        }
    }
}
