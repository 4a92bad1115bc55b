//! The time that a delivery says it was signed at.

use std::time::Duration;

use crate::{
    Head, Reason, Rejection,
    head::{Field, names},
};

/// A timestamp's text as received, since that text was signed.
///
/// Re-printing the number would let `+17` or `0017` pass for `17`.
#[derive(Clone, Copy)]
pub(crate) struct Timestamp {
    digits: [u8; Self::MAX_DIGITS],
    len: usize,
}

impl Timestamp {
    /// The digits of the largest 64-bit number.
    const MAX_DIGITS: usize = 20;

    pub(crate) fn read(head: &dyn Head, now: u64, tolerance: Duration) -> Result<Self, Rejection> {
        let text = match head.field(names::TIMESTAMP) {
            Field::Absent => return Err(Reason::TimestampMissing.into()),
            Field::Repeated => return Err(Reason::TimestampRepeated.into()),
            Field::One(text) => text,
        };
        let mut digits = [0; Self::MAX_DIGITS];
        let (Some(to), false) = (digits.get_mut(..text.len()), text.is_empty()) else {
            return Err(Reason::TimestampMalformed.into());
        };
        to.copy_from_slice(text);
        let seconds = decimal(text).ok_or(Reason::TimestampMalformed)?;
        // `abs_diff` and no subtraction: `now - seconds` overflows for a timestamp near the ends of
        // its range, which panics in debug builds and passes the check in release builds.
        let off = now.abs_diff(seconds);
        if off > tolerance.as_secs() {
            return Err(if seconds < now {
                Reason::TimestampStale { age: off }.into()
            } else {
                Reason::TimestampAhead { by: off }.into()
            });
        }
        Ok(Self {
            digits,
            len: text.len(),
        })
    }

    #[cfg(feature = "intake")]
    pub(super) fn seconds(&self) -> Option<u64> {
        decimal(self.as_bytes())
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.digits.get(..self.len).unwrap_or_default()
    }
}

/// Reads ASCII digits and nothing else (`str::parse` would take a `+`); `None` past 64 bits.
pub(crate) fn decimal(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0_u64, |number, byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::head::Post;

    #[test]
    fn a_time_too_long_ago_is_told_from_one_ahead() {
        let reason = |text: &str| {
            let head = Post {
                peer: None,
                headers: &[("smile-timestamp", text)],
            };
            let read = Timestamp::read(&head, 1000, Duration::from_secs(300));
            read.err().unwrap().reason().clone()
        };
        assert_eq!(reason("699"), Reason::TimestampStale { age: 301 });
        assert_eq!(reason("1301"), Reason::TimestampAhead { by: 301 });
    }

    #[test]
    fn only_digits_make_a_timestamp() {
        assert_eq!(decimal(b"1700000000"), Some(1_700_000_000));
        assert_eq!(decimal(b"18446744073709551615"), Some(u64::MAX));
        for text in [
            "",
            "+1700000000",
            "-1",
            " 1",
            "1 ",
            "1e9",
            "18446744073709551616",
            "٣",
        ] {
            assert_eq!(decimal(text.as_bytes()), None, "{text:?}");
        }
    }
}
