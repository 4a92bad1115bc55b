//! The body while it arrives.

use bytes::Bytes;

/// The bytes received so far. One chunk stays as it came; from the second on they are joined.
pub(super) enum Buffer {
    Empty,
    One(Bytes),
    Joined(Vec<u8>),
}

impl Buffer {
    const FIRST_ALLOCATION: usize = 1 << 10;

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Empty => 0,
            Self::One(bytes) => bytes.len(),
            Self::Joined(bytes) => bytes.len(),
        }
    }

    pub(super) fn push(&mut self, chunk: Bytes, limit: usize) {
        if chunk.is_empty() {
            return;
        }
        match self {
            Self::Empty => *self = Self::One(chunk),
            Self::One(first) => {
                let len = first.len() + chunk.len();
                let mut joined = Vec::with_capacity(len.max(Self::FIRST_ALLOCATION.min(limit)));
                joined.extend_from_slice(first);
                joined.extend_from_slice(&chunk);
                *self = Self::Joined(joined);
            }
            Self::Joined(joined) => {
                let len = joined.len() + chunk.len();
                if len > joined.capacity() {
                    // Doubles, but not past the limit, which is all that there can ever be.
                    let capacity = len.max(joined.capacity().saturating_mul(2).min(limit));
                    joined.reserve_exact(capacity - joined.len());
                }
                joined.extend_from_slice(&chunk);
            }
        }
    }

    pub(super) fn into_bytes(self) -> Bytes {
        match self {
            Self::Empty => Bytes::new(),
            Self::One(bytes) => bytes,
            Self::Joined(bytes) => Bytes::from(bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_buffer_starts_small_and_never_grows_past_the_limit() {
        let limit = 10_000;
        let mut buffer = Buffer::Empty;
        for _ in 0..limit {
            buffer.push(Bytes::from_static(b"x"), limit);
            if let Buffer::Joined(joined) = &buffer {
                assert!(joined.capacity() <= (2 * joined.len()).max(1024).min(limit));
            }
        }
        assert_eq!(buffer.into_bytes().len(), limit);
    }
}
