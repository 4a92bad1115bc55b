//! The body while it arrives.

use bytes::Bytes;

/// A copy of the bytes received so far.
///
/// A copy, since a chunk keeps the server's whole buffer alive, which for a small event on a
/// connection that carried a large one is a thousand times its size.
#[derive(Default)]
pub(super) struct Buffer(Vec<u8>);

impl Buffer {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Takes the next bytes, of a body that has at most `limit`.
    pub(super) fn push(&mut self, chunk: &[u8], limit: usize) {
        let len = self.0.len() + chunk.len();
        if len > self.0.capacity() {
            // Doubles, but not past the limit, which is all that there can ever be.
            let capacity = len.max(self.0.capacity().saturating_mul(2).min(limit));
            self.0.reserve_exact(capacity - self.0.len());
        }
        self.0.extend_from_slice(chunk);
    }

    /// The bytes, without room for more.
    pub(super) fn into_bytes(self) -> Bytes {
        self.0.into_boxed_slice().into()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_buffer_grows_by_doubling_and_never_past_the_limit() {
        let limit = 10_000;
        for chunks in [
            vec![1; 10_000],
            vec![3; 3_333],
            vec![5_000; 2],
            vec![1, 9_999],
        ] {
            let mut buffer = Buffer::default();
            let mut capacities = HashSet::new();
            for len in &chunks {
                buffer.push(&vec![b'x'; *len], limit);
                let (len, capacity) = (buffer.len(), buffer.0.capacity());
                assert!(capacity <= limit, "{capacity}");
                assert!(
                    capacity == len || capacity < 2 * len,
                    "{capacity} for {len}"
                );
                capacities.insert(capacity);
            }
            assert!(capacities.len() <= 15, "it doubles: {capacities:?}");
            assert_eq!(buffer.into_bytes().len(), chunks.iter().sum::<usize>());
        }
    }

    #[test]
    fn a_body_of_one_chunk_takes_its_own_size() {
        let mut buffer = Buffer::default();
        buffer.push(&[7; 281], 1000);
        assert_eq!(buffer.0.capacity(), 281);
        assert_eq!(buffer.into_bytes(), vec![7; 281]);
    }
}
