//! What tells two bodies under one id apart.

use std::fmt;

/// 128 bits of a MAC over a delivery's body, and a name of the secret that it was made with.
///
/// Two deliveries of one id with fingerprints of the same secret that differ had different bodies.
/// For Smile API it is a part of the signature, so it is never shown; it is too short to be used as
/// one.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Fingerprint {
    key: KeyId,
    mac: [u8; 16],
}

/// A name for a secret that tells nothing about it: 64 bits of a MAC over a fixed text.
pub(crate) type KeyId = [u8; 8];

impl Fingerprint {
    pub(crate) fn new(key: KeyId, mac: &[u8]) -> Self {
        Self {
            key,
            mac: mac.first_chunk().copied().unwrap_or_default(),
        }
    }

    #[cfg(feature = "intake")]
    pub(crate) fn key(&self) -> KeyId {
        self.key
    }

    /// Whether the two show that one id was used for two bodies.
    ///
    /// Under different secrets the MACs say nothing, and neither does this.
    pub fn contradicts(&self, other: &Self) -> bool {
        self.key == other.key && self.mac != other.mac
    }

    /// The form in which a store keeps it: 48 hex digits.
    pub fn to_hex(&self) -> String {
        hex::encode(self.key) + &hex::encode(self.mac)
    }

    /// Reads what [`to_hex`](Self::to_hex) wrote; `None` for anything else.
    pub fn from_hex(text: &str) -> Option<Self> {
        let mut bytes = [0; 24];
        hex::decode_to_slice(text, &mut bytes).ok()?;
        let (key, mac) = bytes.split_at(8);
        Some(Self {
            key: key.try_into().ok()?,
            mac: mac.try_into().ok()?,
        })
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fingerprint(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_contradict_only_under_one_secret() {
        let print = |key: u8, mac: u8| Fingerprint {
            key: [key; 8],
            mac: [mac; 16],
        };
        assert!(print(1, 1).contradicts(&print(1, 2)));
        assert!(!print(1, 1).contradicts(&print(1, 1)));
        assert!(!print(1, 1).contradicts(&print(2, 2)));
        assert_eq!(
            Fingerprint::from_hex(&print(1, 2).to_hex()),
            Some(print(1, 2))
        );
        for text in ["00", &format!("0x{}", "0".repeat(46)), &"0".repeat(50)] {
            assert_eq!(Fingerprint::from_hex(text), None, "{text}");
        }
    }
}
