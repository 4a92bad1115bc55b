//! The name of one claim.

use std::{
    fmt,
    hash::{BuildHasher, RandomState},
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
    },
};

/// The name of one claim, so that nobody else's claim is finished or released: 128 bits, different
/// for every claim of every process.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Token([u8; 16]);

impl Token {
    /// A token that was never used before.
    pub fn unique() -> Self {
        // The randomness that the standard library seeds its hash maps with: it has to differ from
        // that of other processes, not to be secret.
        static FIRST: LazyLock<u128> = LazyLock::new(|| {
            let half = |n: u8| u128::from(RandomState::new().hash_one(n));
            (half(0) << 64) | half(1)
        });
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = u128::from(COUNT.fetch_add(1, Ordering::Relaxed));
        Self((*FIRST ^ count).to_be_bytes())
    }

    /// The token's bytes, for a store to keep.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// 32 hex digits, for a store that keeps text.
    pub fn to_hex(&self) -> String {
        hex::encode(self.0)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({})", self.to_hex())
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::HashSet, thread};

    use super::*;

    #[test]
    fn tokens_are_never_repeated() {
        let threads = [(); 4]
            .map(|()| thread::spawn(|| (0..10_000).map(|_| Token::unique()).collect::<Vec<_>>()));
        let tokens: HashSet<_> = threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect();
        assert_eq!(tokens.len(), 40_000);
    }

    #[test]
    fn both_halves_of_a_token_are_random() {
        let token = u128::from_be_bytes(*Token::unique().as_bytes());
        for half in [token >> 64, token & u128::from(u64::MAX)] {
            assert!(half > 1 << 32, "{half}");
        }
    }

    #[test]
    fn the_digits_of_a_token_are_those_of_its_bytes() {
        let token = Token::unique();
        assert_eq!(token.to_hex(), hex::encode(token.as_bytes()));
    }
}
